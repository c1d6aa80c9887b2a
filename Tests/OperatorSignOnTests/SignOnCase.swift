import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OIDC
import OperatorKit
import OperatorPlane
import Outbound
import Postgres
import ProviderKit
import SAML
import SAMLKit
import SignOnKit
import TestKit
import Testing

@testable import OperatorSignOn

/// The operators' door with a provider on the other side, and an admin who has just signed in with password and code.
final class SignOnCase {
    static let url = "https://ops.example.com"
    private static let policy = OutboundPolicy(allowing: [NetworkRange("127.0.0.0/8")].compactMap(\.self))

    let time = ManualTime(now: ResponseDraft.now)
    let scene: OperatorCase
    let provider: ScriptedProvider
    let chief: OperatorCase.Person
    let admin: Browser

    init() async throws {
        let time = time
        scene = try OperatorCase(time: time) { context in
            let client = GuardedClient(AddressGuard(Self.policy))
            let dialogue = ProviderDialogue(
                oidc: OIDCClient(client, policy: Self.policy, time: time), saml: SAMLProviders(client, time: time),
                policy: Self.policy, time: time)
            return OperatorSignOn(context, dialogue).endpoints
        }
        provider = try await ScriptedProvider(time)
        (chief, admin) = try await scene.signedIn(.operatorAdmin)
    }

    /// The provider says that it asked for a second factor, unless the test makes it not.
    @discardableResult
    func addOIDC(_ id: String = "main", _ more: [String: JSONValue] = [:]) async -> Browser.Answer {
        let own: [String: JSONValue] = [
            "id": .string(id), "type": "oidc", "displayName": "Company", "secondFactorAmr": ["mfa"],
            "oidc": [
                "issuerUrl": .string(provider.issuer), "clientId": "pulse", "clientSecret": "a secret: of +both",
                "groupsClaim": "groups",
            ],
        ]
        return await admin.send(.post, "/api/operator/providers", .object(own.merging(more) { $1 }))
    }

    @discardableResult
    func addSAML(_ more: [String: JSONValue] = [:]) async throws -> Browser.Answer {
        let own: [String: JSONValue] = [
            "id": "saml", "type": "saml", "displayName": "Saml",
            "saml": [
                "idpEntityId": .string(ResponseDraft.issuer), "idpSsoUrl": "https://login.example.com/sso",
                "idpSloUrl": "https://login.example.com/slo",
                "idpCertificate": .string(try TestKeys.provider.certificate), "groupsAttr": "groups",
            ],
        ]
        return await admin.send(.post, "/api/operator/providers", .object(own.merging(more) { $1 }))
    }

    /// Who the provider vouches for from now on, with a second factor unless told otherwise.
    func person(
        _ subject: String, email: String? = nil, groups: [String] = [], _ more: [String: JSONValue] = [:]
    ) {
        provider.script { script in
            script.subject = subject
            script.claims = ["email": email.map { .string($0) } ?? .null, "amr": ["pwd", "mfa"]]
            script.claims["groups"] = .array(groups.map { .string($0) })
            script.claims.merge(more) { $1 }
            script.userInfo = script.claims
        }
    }

    /// An admin says that this subject is this operator.
    @discardableResult
    func name(_ subject: String, _ person: OperatorCase.Person, at id: String = "main") async -> Browser.Answer {
        await admin.send(
            .post, "/api/operator/operators/\(person.id)/links",
            ["providerId": .string(id), "subject": .string(subject)])
    }

    // MARK: What a browser does

    func leave(_ browser: Browser, _ query: String = "", at id: String = "main") async throws -> String {
        let left = await browser.send(.get, "/api/operator/oidc/\(id)/login\(query)")
        #expect(left.status == 302, "\(left.text) \(left.headers["location"] ?? "")")
        return try #require(left.headers["location"])
    }

    /// The query that the provider sends the browser back with.
    func answer(to url: String) throws -> String {
        try provider.signIn(at: url).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    @discardableResult
    func comeBack(_ browser: Browser, from url: String, at id: String = "main") async throws -> String {
        let back = await browser.send(.get, "/api/operator/oidc/\(id)/callback?\(try answer(to: url))")
        #expect(back.status == 303, "\(back.text)")
        adopt(browser)
        return back.headers["location"] ?? ""
    }

    /// The way there and back.
    /// - Returns: where it led.
    @discardableResult
    func signIn(_ browser: Browser, _ query: String = "", at id: String = "main") async throws -> String {
        try await comeBack(browser, from: try await leave(browser, query, at: id), at: id)
    }

    /// The page reads its token from the cookie that scripts may read.
    func adopt(_ browser: Browser) {
        if let token = browser.cookies["pulse_operator_csrf"] { browser.csrf = .some(token) }
    }

    func me(_ browser: Browser) async -> Browser.Answer { await browser.send(.get, "/api/operator/me") }

    /// A browser that came in by the provider, as this operator.
    func cameBy(_ subject: String, _ person: OperatorCase.Person) async throws -> Browser {
        await name(subject, person)
        self.person(subject)
        let browser = scene.browser()
        #expect(try await signIn(browser) == "/?sso=success")
        return browser
    }

    /// The newest line of the operators' log.
    func lastEntry() async throws -> (action: String, note: String?) {
        try #require(
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT action, note FROM pulse.operator_log ORDER BY seq DESC LIMIT 1"
            ) { (action: try $0.next(String.self), note: try $0.next(String?.self)) })
    }

    func count(_ query: SQL) async throws -> Int {
        try await TestDatabase.current.superuser.firstGlobally(query) { try $0.next(Int.self) } ?? 0
    }
}
