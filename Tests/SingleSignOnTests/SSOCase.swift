import Access
import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import OIDC
import Outbound
import Postgres
import ProviderKit
import SAML
import SAMLKit
import SignOnKit
import TestKit
import Testing

@testable import SingleSignOn

/// An organisation with a provider on the other side, behind the front door.
final class SSOCase {
    let time = ManualTime(now: ResponseDraft.now)
    let door: FrontDoor
    let context: SSOContext
    let provider: ScriptedProvider
    let org: OrgID
    let slug: String
    let owner: UserID
    let admin: Browser

    static let policy = OutboundPolicy(allowing: [NetworkRange("127.0.0.0/8")].compactMap(\.self))

    init() async throws {
        let time = time
        var made: SSOContext?
        door = try FrontDoor(time: time) { parts in
            let client = GuardedClient(AddressGuard(Self.policy))
            let dialogue = ProviderDialogue(
                oidc: OIDCClient(client, policy: Self.policy, time: time), saml: SAMLProviders(client, time: time),
                policy: Self.policy, time: time)
            let context = SSOContext(parts.context, dialogue, logger: .silent)
            made = context
            return context.endpoints + Self.probes
        }
        context = try #require(made)
        provider = try await ScriptedProvider(time)
        (owner, org) = try await Given.member(as: .owner)
        slug = try await Self.slug(of: org)
        admin = try await door.browser(of: owner)
    }

    private static let probes: [Endpoint] = [
        Endpoint(
            .get, "/api/try/org", summary: "Try", access: .permission(.readOrg), audit: .none(reason: "a test"),
            response: .anything, responseExample: "{}"
        ) { request in
            let caller = try request.caller()
            return .json { json in
                json.member("org", caller.org)
                json.member("role", caller.role?.rawValue)
                json.member("user", caller.user)
            }
        }
    ]

    static func slug(of org: OrgID) async throws -> String {
        try #require(
            try await TestDatabase.current.superuser.firstGlobally("SELECT slug FROM pulse.orgs WHERE id = \(org)") {
                try $0.next(String.self)
            })
    }

    // MARK: Setting up

    /// An OpenID provider of this organisation, on the other side of which is `provider`.
    @discardableResult
    func addOIDC(_ id: String = "main", by browser: Browser? = nil, _ more: [String: JSONValue] = [:]) async
        -> Browser.Answer
    {
        let own: [String: JSONValue] = [
            "id": .string(id), "name": "Main", "type": "oidc", "jit": true,
            "oidc": [
                "issuerUrl": .string(provider.issuer), "clientId": "pulse", "clientSecret": "a secret: of +both",
                "groupsClaim": "groups",
            ],
        ]
        return await (browser ?? admin).send(
            .post, "/api/security/sso/providers", .object(own.merging(more) { $1 }))
    }

    @discardableResult
    func addSAML(_ more: [String: JSONValue] = [:]) async throws -> Browser.Answer {
        let own: [String: JSONValue] = [
            "id": "saml", "name": "Saml", "type": "saml", "jit": true,
            "saml": [
                "idpEntityId": .string(ResponseDraft.issuer), "idpSsoUrl": "https://login.example.com/sso",
                "idpSloUrl": "https://login.example.com/slo",
                "idpCertificate": .string(try TestKeys.provider.certificate), "groupsAttr": "groups",
            ],
        ]
        return await admin.send(.post, "/api/security/sso/providers", .object(own.merging(more) { $1 }))
    }

    func verify(_ domain: String, isEnforced: Bool = false) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sso_domains (org_id, domain, state, token, is_enforced, created_at)
            VALUES (\(org), \(domain), 'verified', 't', \(isEnforced), \(time.now))
            """)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            UPDATE pulse.members SET must_sso = \(isEnforced)
            WHERE org_id = \(org) AND split_part(lower(email), '@', 2) = \(domain)
            """)
    }

    /// Who the provider vouches for from now on.
    func person(_ subject: String, email: String? = nil, groups: [String] = [], _ more: [String: JSONValue] = [:]) {
        provider.script { script in
            script.subject = subject
            script.claims = ["email": email.map { .string($0) } ?? .null]
            script.claims["groups"] = .array(groups.map { .string($0) })
            script.claims.merge(more) { $1 }
            script.userInfo = script.claims
        }
    }

    // MARK: What a browser does

    /// The way to the provider and back. Answers what the callback does.
    func signIn(
        _ browser: Browser, at id: String = "main", org slug: String? = nil, returnTo: String = "/"
    ) async throws -> Browser.Answer {
        let place = "/api/oidc/\(slug ?? self.slug)/\(id)"
        let left = await browser.send(.get, "\(place)/login?returnTo=\(returnTo)")
        #expect(left.status == 302, "\(left.text) \(left.headers["location"] ?? "")")
        return try await comeBack(browser, from: try #require(left.headers["location"]), to: place)
    }

    func comeBack(_ browser: Browser, from url: String, to place: String) async throws -> Browser.Answer {
        let query = try provider.signIn(at: url).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        return await browser.send(.get, "\(place)/callback?\(query)")
    }

    /// The newest line of the log.
    func lastAttempt() async throws -> JSONValue {
        try #require(await admin.send(.get, "/api/security/sso/attempts").json["data"]?.array?.first)
    }

    /// A member of it.
    func last(_ member: String) async throws -> JSONValue? { try await lastAttempt()[member] }

    func user(of browser: Browser) async throws -> UserID {
        let answer = await browser.send(.get, "/api/try/org")
        return try #require(answer.json["user"]?.string.flatMap { UserID($0) }, "\(answer.text)")
    }

    func email(of user: UserID) async throws -> String {
        try #require(
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT email FROM pulse.users WHERE id = \(user)"
            ) { try $0.next(String.self) })
    }

    func count(_ query: SQL) async throws -> Int {
        try await TestDatabase.current.superuser.firstGlobally(query) { try $0.next(Int.self) } ?? 0
    }
}
