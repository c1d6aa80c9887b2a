internal import Cryptography
internal import JSONKit
internal import Kernel
internal import OIDC
internal import SAML

/// What a provider has said of one person, once it was proved that it said so. It waits sealed for the browser where the
/// browser has to come back first.
struct ProvenPerson: Sendable {
    var subject: String
    var username: String?
    var email: String?
    /// `nil`: the provider does not say.
    var emailVerified: Bool?
    var displayName: String?
    var groups: [String] = []
    /// Everything it told, for the log and the live test.
    var claims: [(name: String, values: [String])] = []
    var provedAt: Timestamp?
    var methods: [String] = []
    /// The provider's own name for its session, and its name for the person in it.
    var sessionName: String?
    var personName: String?
    var endsAt: Timestamp?
    /// When the provider is asked whether the session may go on; `nil`: it gave no leave to.
    var renewAt: Timestamp?
    /// What logging out over there needs.
    var logout: JSONValue = .null

    /// The key of `sso_links`: nobody else's subject, nor this one's elsewhere, has the same.
    func subjectHash(at provider: IdentityProvider) -> [UInt8] {
        Digests.sha256("\(provider.speech.type)\0\(provider.id)\0\(subject)")
    }

    var address: EmailAddress? { email.flatMap { EmailAddress($0) } }
}

extension ProvenPerson {
    init(_ login: OIDCLogin, at now: Timestamp) {
        self.init(
            subject: login.subject, username: login.username, email: login.email, emailVerified: login.emailVerified,
            displayName: login.displayName, groups: login.groups,
            claims: login.claims.map { ($0.name, $0.values) }, provedAt: login.authenticatedAt,
            methods: login.methods, sessionName: login.sessionID, personName: nil, endsAt: nil,
            renewAt: login.refreshable.map { _ in OIDCRenewal.due(endsAt: login.accessEndsAt, now: now) },
            logout: LogoutNote.note(of: login))
    }

    init(_ login: SAMLLogin) {
        self.init(
            subject: login.subject.stable, username: login.username, email: login.email,
            emailVerified: login.emailVerified, displayName: login.displayName, groups: login.groups,
            claims: login.attributes, provedAt: login.authenticatedAt, methods: login.methods,
            sessionName: login.sessionIndex, personName: login.subject.name?.value, endsAt: login.endsAt,
            logout: login.logoutSession.map { ["session": .string($0.text)] } ?? .null)
    }
}

// Sealed text while it waits.
extension ProvenPerson {
    var text: Secret<String> {
        var json = JSONWriter()
        json.object { json in
            write(to: &json)
            json.member("personName", personName)
            json.member("sessionName", sessionName)
            json.member("endsAt", endsAt?.milliseconds)
            json.key("logout")
            logout.encode(to: &json)
        }
        return Secret(String(decoding: json.bytes, as: UTF8.self))
    }

    init?(text: Secret<String>) {
        guard let json = try? JSONValue(json: Array(text.reveal().utf8)), let subject = json["subject"]?.string else {
            return nil
        }
        func moment(_ name: String) -> Timestamp? {
            json[name]?.int.map { Timestamp(milliseconds: Int64($0)) }
        }
        self.init(
            subject: subject, username: json["username"]?.string, email: json["email"]?.string,
            emailVerified: json["emailVerified"]?.bool, displayName: json["displayName"]?.string,
            groups: json["groups"]?.array?.compactMap(\.string) ?? [],
            claims: (json["claims"]?.array ?? []).compactMap { claim in
                claim["name"]?.string.map { ($0, claim["values"]?.array?.compactMap(\.string) ?? []) }
            },
            provedAt: moment("provedAtMilliseconds"), methods: json["methods"]?.array?.compactMap(\.string) ?? [],
            sessionName: json["sessionName"]?.string, personName: json["personName"]?.string, endsAt: moment("endsAt"),
            logout: json["logout"] ?? .null)
    }

    /// What an administrator may see of it: nothing that opens anything.
    func write(to json: inout JSONWriter) {
        json.member("subject", subject)
        json.member("username", username)
        json.member("email", email)
        json.member("emailVerified", emailVerified)
        json.member("displayName", displayName)
        json.member("groups", groups)
        json.array("claims") { json in
            for claim in claims {
                json.object { json in
                    json.member("name", claim.name)
                    json.member("values", claim.values)
                }
            }
        }
        json.member("provedAtMilliseconds", provedAt?.milliseconds)
        json.member("methods", methods)
    }
}
