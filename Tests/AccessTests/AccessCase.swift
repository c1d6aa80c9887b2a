import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

/// Access behind the front door, with routes to try what somebody may do.
struct AccessCase {
    let door: FrontDoor

    init() throws {
        door = try FrontDoor { parts in
            let (database, time) = (TestDatabase.current.app, parts.context.time)
            return APITokenRoutes(database: database, time: time).endpoints
                + RoleRoutes(database: database, time: time).endpoints + Self.probes
        }
    }

    /// `/api/try/<action>/<resource>` for each permission, open to tokens with the scope of its action.
    private static let probes: [Endpoint] =
        Permission.all.map { permission in
            Endpoint(
                .get, "/api/try/\(permission.action)/\(permission.resource)", summary: "Try",
                access: .permission(permission), scope: scope(of: permission), audit: .none(reason: "a test"),
                response: .anything, responseExample: "{}"
            ) { request in .text(try request.caller().principal.label) }
        } + [
            Endpoint(
                .get, "/api/try/people", summary: "Try", access: .permission(.readMonitoring),
                audit: .none(reason: "a test"), response: .anything, responseExample: "{}"
            ) { _ in .text("people") }
        ]

    static func scope(of permission: Permission) -> Scope {
        if permission == .readMonitoring { return .monitoringRead }
        if permission == .readAudit { return .auditRead }
        return permission.action == "read" ? .settingsRead : .settingsWrite
    }

    /// Somebody who is signed in.
    struct Actor {
        let browser: Browser
        let user: UserID
        let org: OrgID
    }

    func member(as role: Role, of org: OrgID? = nil) async throws -> Actor {
        let place = if let org { org } else { try await Given.organisation() }
        let user = try await Given.person()
        try await Given.membership(of: user, in: place, as: role)
        return Actor(browser: try await signIn(user), user: user, org: place)
    }

    func signIn(_ user: UserID) async throws -> Browser {
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: door.time.now)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return browser
    }

    /// A program that calls with a token, from an address.
    func program(_ token: String, at address: String = "192.0.2.10") -> Program {
        Program(browser: door.browser(at: address), token: token)
    }

    struct Program {
        let browser: Browser
        let token: String

        @discardableResult
        func send(_ method: Endpoint.Method, _ path: String, _ body: JSONValue? = nil) async -> Browser.Answer {
            await browser.send(method, path, body, headers: ["x-api-token": token])
        }
    }

    /// - Returns: the token and its id.
    func mint(_ actor: Actor, _ body: JSONValue) async throws -> (token: String, id: String) {
        let made = await actor.browser.send(.post, "/api/security/tokens", body)
        #expect(made.status == 201, "\(made.text)")
        return (
            try #require(made.json["token"]?.string), try #require(made.json["record"]?["id"]?.string)
        )
    }

    func auditedActions(in org: OrgID) async throws -> [String] {
        try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries ORDER BY action") {
            try $0.next(String.self)
        }
    }
}
