import Access
import Cryptography
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct CredentialTests {
    @Test("nothing, nonsense and strangers' sessions are all 401")
    func unauthenticated() async throws {
        let gate = GateCase()
        #expect(try await gate.outcome(GateCase.request()) == "401 authentication-required")
        let stranger = BearerToken.new(.session)
        #expect(try await gate.outcome(GateCase.request(session: stranger)) == "401 authentication-required")
        var nonsense = GateCase.request()
        nonsense.headers["cookie"] = "pulse_session=x; pulse_session_=\(stranger.text.reveal())"
        #expect(try await gate.outcome(nonsense) == "401 authentication-required")
    }

    @Test("a bad token is refused even beside a good session")
    func badTokenWins() async throws {
        let gate = GateCase()
        let (user, _) = try await Given.member()
        let session = try await Given.session(of: user).token
        for token in [
            "", "nonsense", BearerToken.new(.runtime).text.reveal(), BearerToken.new(.enrollment).text.reveal(),
        ] {
            let request = GateCase.request(session: session, token: token)
            #expect(try await gate.outcome(request) == "401 invalid-token", "\(token)")
        }
        var both = GateCase.request(session: session)
        both.headers["x-api-token"] = "nonsense"
        #expect(try await gate.outcome(both) == "401 invalid-token")
    }

    @Test("X-API-Token wins over Authorization")
    func headerOrder() async throws {
        let gate = GateCase()
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org)
        var request = GateCase.request(token: "nonsense")
        request.headers["x-api-token"] = agent.token.text.reveal()
        #expect(try await gate.outcome(request, .agent) == "ok in \(org)")
        var other = GateCase.request(token: agent.token.text.reveal())
        other.headers["x-api-token"] = "nonsense"
        #expect(try await gate.outcome(other, .agent) == "401 invalid-token")
    }

    @Test("an agent may report and nothing else; a person is no agent")
    func agentsAndPeople() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let session = try await Given.session(of: user).token
        let token = try await Given.agent(in: org).token.text.reveal()
        #expect(try await gate.outcome(GateCase.request(token: token), .agent) == "ok in \(org)")
        #expect(try await gate.outcome(GateCase.request(token: token), .session) == "403 permission-denied")
        #expect(try await gate.outcome(GateCase.request(token: token)) == "403 permission-denied")
        #expect(try await gate.outcome(GateCase.request(session: session), .agent) == "401 authentication-required")
        #expect(try await gate.outcome(GateCase.request(token: token), .operator(.operator)) == "403 permission-denied")
        #expect(try await gate.outcome(GateCase.request(), .public(reason: "a test")) == "ok")
    }

    @Test("a revoked agent and one of a suspended organisation are refused from the next request on")
    func revokedAgent() async throws {
        let gate = GateCase()
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org)
        let request = GateCase.request(token: agent.token.text.reveal())
        #expect(try await gate.outcome(request, .agent) == "ok in \(org)")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(org)")
        #expect(try await gate.outcome(request, .agent) == "403 org-suspended")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.agents SET revoked_at = now() WHERE id = \(agent.id)")
        #expect(try await gate.outcome(request, .agent) == "401 agent-revoked")
    }

    @Test("on https only the cookie that a sibling domain cannot set counts")
    func hostCookie() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let session = try await Given.session(of: user).token
        #expect(try await gate.outcome(GateCase.request(session: session, isSecure: true)) == "ok in \(org)")
        var plain = GateCase.request(session: session)
        plain.isSecure = true
        #expect(try await gate.outcome(plain) == "401 authentication-required")
    }

    @Test("changing something needs the session's own CSRF token", arguments: Endpoint.Method.allCases)
    func csrf(method: Endpoint.Method) async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let right = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: right.hash).token
        let other = BearerToken.new(.csrf).text.reveal()
        for wrong in [nil, "", "x", other] {
            let request = GateCase.request(method, session: session, csrf: wrong)
            #expect(try await gate.outcome(request) == (method.isSafe ? "ok in \(org)" : "403 csrf-failed"))
        }
        let request = GateCase.request(method, session: session, csrf: right.text.reveal())
        #expect(try await gate.outcome(request) == "ok in \(org)")
    }

    @Test("the CSRF token follows from the session token and tells nothing of it")
    func derivedCSRF() {
        let session = BearerToken.new(.session)
        let token = SessionCookies.csrfToken(for: session.text).reveal()
        #expect(token == SessionCookies.csrfToken(for: session.text).reveal())
        #expect(BearerToken(token, kind: .csrf) != nil)
        #expect(token != SessionCookies.csrfToken(for: BearerToken.new(.session).text).reveal())
    }

    @Test("a glance refuses what needs no database")
    func glance() {
        let gate = GateCase()
        let endpoint = GateCase.endpoint(.session)
        #expect(throws: Problem.unauthenticated) { try gate.gate.glance(at: GateCase.request(), for: endpoint) }
        #expect(throws: Problem.invalidToken) {
            try gate.gate.glance(at: GateCase.request(token: "x"), for: endpoint)
        }
        #expect(throws: Never.self) {
            try gate.gate.glance(at: GateCase.request(session: BearerToken.new(.session)), for: endpoint)
        }
    }
}
