internal import Cryptography
package import JSONKit
package import Kernel
package import OIDC
package import SAML

/// What a provider has said of one person, once it was proved that it said so. It waits sealed for the browser where the
/// browser has to come back first.
package struct ProvenPerson: Sendable {
    package var subject: String
    package var username: String?
    package var email: String?
    /// `nil`: the provider does not say.
    package var emailVerified: Bool?
    package var displayName: String?
    package var groups: [String] = []
    /// Everything it told, for the log and the live test.
    package var claims: [(name: String, values: [String])] = []
    package var provedAt: Timestamp?
    /// How the person proved it there: OpenID's `amr`, or SAML's classes of the authentication context.
    package var methods: [String] = []
    /// OpenID's `acr`.
    package var contextClass: String?
    /// The provider's own name for its session, and its name for the person in it.
    package var sessionName: String?
    package var personName: String?
    package var endsAt: Timestamp?
    /// When the provider is asked whether the session may go on; `nil`: it gave no leave to.
    package var renewAt: Timestamp?
    /// What logging out over there needs.
    package var logout: JSONValue = .null

    package init(subject: String) { self.subject = subject }

    /// What links are found by: nobody else's subject, nor this one's elsewhere, has the same.
    /// - Parameters:
    ///   - provider: its id, which is its own among those of one installation or organisation.
    ///   - type: of its protocol.
    package func subjectHash(at provider: String, speaking type: String) -> [UInt8] {
        Digests.sha256("\(type)\0\(provider)\0\(subject)")
    }

    package var address: EmailAddress? { email.flatMap { EmailAddress($0) } }
}

extension ProvenPerson {
    package init(_ login: OIDCLogin, at now: Timestamp) {
        self.init(subject: login.subject)
        (username, email, emailVerified) = (login.username, login.email, login.emailVerified)
        (displayName, groups) = (login.displayName, login.groups)
        claims = login.claims.map { ($0.name, $0.values) }
        (provedAt, methods, contextClass) = (login.authenticatedAt, login.methods, login.contextClass)
        sessionName = login.sessionID
        renewAt = login.refreshable.map { _ in OIDCRenewal.due(endsAt: login.accessEndsAt, now: now) }
        logout = LogoutNote.note(of: login)
    }

    package init(_ login: SAMLLogin) {
        self.init(subject: login.subject.stable)
        (username, email, emailVerified) = (login.username, login.email, login.emailVerified)
        (displayName, groups, claims) = (login.displayName, login.groups, login.attributes)
        (provedAt, methods) = (login.authenticatedAt, login.methods)
        (sessionName, personName, endsAt) = (login.sessionIndex, login.subject.name?.value, login.endsAt)
        logout = login.logoutSession.map { ["session": .string($0.text)] } ?? .null
    }
}

// Sealed text while it waits.
extension ProvenPerson {
    package var text: Secret<String> {
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

    package init?(text: Secret<String>) {
        guard let json = try? JSONValue(json: Array(text.reveal().utf8)), let subject = json["subject"]?.string else {
            return nil
        }
        func moment(_ name: String) -> Timestamp? {
            json[name]?.int.map { Timestamp(milliseconds: Int64($0)) }
        }
        self.init(subject: subject)
        (username, email) = (json["username"]?.string, json["email"]?.string)
        (emailVerified, displayName) = (json["emailVerified"]?.bool, json["displayName"]?.string)
        groups = json["groups"]?.array?.compactMap(\.string) ?? []
        claims = (json["claims"]?.array ?? []).compactMap { claim in
            claim["name"]?.string.map { ($0, claim["values"]?.array?.compactMap(\.string) ?? []) }
        }
        provedAt = moment("provedAtMilliseconds")
        methods = json["methods"]?.array?.compactMap(\.string) ?? []
        contextClass = json["contextClass"]?.string
        (sessionName, personName) = (json["sessionName"]?.string, json["personName"]?.string)
        (endsAt, logout) = (moment("endsAt"), json["logout"] ?? .null)
    }

    /// What an administrator may see of it: nothing that opens anything.
    package func write(to json: inout JSONWriter) {
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
        json.member("contextClass", contextClass)
    }
}
