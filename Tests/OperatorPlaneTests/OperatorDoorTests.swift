import Access
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

/// Who gets through which of the two doors.
@Suite(.postgres) struct OperatorDoorTests {
    private func gate(_ scene: OperatorCase) -> OperatorGate {
        OperatorGate(staff: scene.staff, app: TestDatabase.current.app, time: scene.door.time)
    }

    /// `in`, or the slug of the gate's refusal.
    private func outcome(
        _ endpoint: Endpoint, _ gate: OperatorGate, _ browser: Browser, in org: OrgID
    ) async throws -> String {
        var headers: Headers = ["cookie": browser.cookies.map { "\($0)=\($1)" }.joined(separator: "; ")]
        if let token = browser.csrf ?? nil { headers["x-csrf-token"] = token }
        let request = APIRequest(
            method: endpoint.method, path: "/somewhere",
            parameters: ["id": "\(ResourceID.new(at: Given.start))", "orgId": "\(org)"], headers: headers)
        do {
            _ = try await gate.admit(request, to: endpoint)
            return "in"
        } catch let error as any Explained {
            return error.problem.slug
        }
    }

    @Test("every operator meets every route as the table declares", arguments: OperatorRole.allCases)
    func matrix(role: OperatorRole) async throws {
        let scene = try OperatorCase()
        let org = try await Given.organisation()
        let (_, browser) = try await scene.signedIn(role)
        for endpoint in scene.table {
            let wanted =
                switch endpoint.access {
                case .public: "in"
                case .operator(let needed): role.includes(needed) ? "in" : "permission-denied"
                default: "support-access-required"
                }
            #expect(
                try await outcome(endpoint, gate(scene), browser, in: org) == wanted, "\(role) at \(endpoint.name)")
        }
        #expect(scene.table.count { $0.access == .operator(.operatorAdmin) } >= 7)
    }

    @Test("without an operator's session no route but signing in and setting up opens, whatever else is brought")
    func others() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let customer = try await scene.door.browser(of: user)
        let session = try #require(customer.cookies["pulse_session"])
        let forged = scene.browser()
        forged.cookies = ["pulse_operator_session": session]
        let made = scene.browser()
        made.cookies = ["pulse_operator_session": BearerToken.new(.operatorSession).text.reveal()]
        for endpoint in scene.table where !endpoint.access.isPublic {
            for browser in [scene.browser(), customer, forged, made] {
                #expect(
                    try await outcome(endpoint, gate(scene), browser, in: org) == "authentication-required",
                    "\(endpoint.name)")
            }
        }
    }

    @Test("an operator's session opens no route of customers, by neither name of the cookie")
    func notCustomers() async throws {
        let scene = try OperatorCase()
        let (_, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        let token = try #require(browser.cookies["pulse_operator_session"])
        for cookies in [browser.cookies, ["pulse_session": token]] {
            let intruder = scene.door.browser()
            intruder.cookies = cookies
            intruder.csrf = browser.csrf
            for path in ["/api/me", "/api/orgs/\(org)", "/api/orgs/\(org)/members", "/api/orgs/\(org)/support-access"] {
                #expect(await intruder.send(.get, path).status == 401, "\(path)")
            }
        }
        let bearer = await scene.door.browser().send(.get, "/api/me", headers: ["authorization": "Bearer \(token)"])
        #expect(bearer.status == 401)
        #expect(await scene.door.browser().send(.get, "/api/operator/me").status == 404)
        #expect(await scene.browser().send(.get, "/api/me").status == 404)
        #expect(await scene.browser().send(.post, "/api/login", ["username": "a", "password": "b"]).status == 404)
    }

    @Test("no operator makes an operator, raises one, or works on their own account")
    func escalation() async throws {
        let scene = try OperatorCase()
        let (person, browser) = try await scene.signedIn()
        let (admin, adminBrowser) = try await scene.signedIn(.operatorAdmin)
        #expect(await browser.send(.post, "/api/operator/operators", ["email": "x@host.example"]).status == 405)
        for verb in ["disable", "enable", "reset"] {
            let refused = await browser.send(.post, "/api/operator/operators/\(admin.id)/\(verb)", [:])
            #expect(refused.slug == "permission-denied")
            let own = await adminBrowser.send(.post, "/api/operator/operators/\(admin.id)/\(verb)", [:])
            #expect(own.slug == "not-yourself")
        }
        let shut = await adminBrowser.send(.post, "/api/operator/operators/\(person.id)/disable", [:])
        #expect(shut.status == 204)
        #expect(await browser.send(.get, "/api/operator/me").status == 401)
        let list = await adminBrowser.send(.get, "/api/operator/operators")
        let states = list.json["data"]?.array?.compactMap { $0["status"]?.string }
        #expect(states?.sorted() == ["active", "disabled"])
        let nobody = await adminBrowser.send(
            .post, "/api/operator/operators/\(OperatorID.new(at: Given.start))/reset", [:])
        #expect(nobody.slug == "operator-not-found")
    }

    @Test("the tenants' role reaches no operator: no table, and none of the functions but admission by consent")
    func grants() async throws {
        let database = TestDatabase.current
        let tables = try await database.superuser.rowsGlobally(
            """
            SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind = 'r'
              AND c.relname LIKE 'operator%'
              AND has_table_privilege('pulse_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            """
        ) { try $0.next(String.self) }
        #expect(tables.isEmpty)
        let functions = try await database.superuser.rowsGlobally(
            """
            SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'pulse'::regnamespace
              AND p.proname ~ 'operator|vouched|recover_(link|owner)|recovery_of|_support|suspend_org|enter_life'
              AND has_function_privilege('pulse_app', p.oid, 'EXECUTE') ORDER BY 1
            """
        ) { try $0.next(String.self) }
        let sealed = [
            "operator_providers_secrets", "operator_sso_flows_kept", "operator_sso_sessions_logout",
            "operator_totp_secret",
        ]
        #expect(functions == ["admit_support"] + sealed.flatMap { ["\($0)_reseal", "\($0)_stale"] })
        await #expect(throws: DatabaseError.self) {
            try await database.app.rowsGlobally("SELECT email FROM operators") { try $0.next(String.self) }
        }
    }

    @Test("operators' role appends to the log and changes nothing in it")
    func appendOnly() async throws {
        let scene = try OperatorCase()
        _ = try await scene.signedIn()
        for sql in [
            "UPDATE operator_log SET note = 'never'", "DELETE FROM operator_log",
            "UPDATE operator_log_head SET seq = 0", "SELECT password_hash FROM operators",
        ] as [SQL] {
            await #expect(throws: DatabaseError.self) { try await scene.staff.executeGlobally(sql) }
        }
    }
}
