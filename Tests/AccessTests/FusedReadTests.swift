import Access
import Cryptography
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct FusedReadTests {
    private func endpoint(_ gate: GateCase, permission: Permission = .readMonitoring) -> Endpoint {
        FusedRead(gate: gate.gate).endpoint(
            "/api/try", summary: "Members", permission: permission, response: .anything, responseExample: "[]",
            queries: { _ in ["SELECT email FROM members ORDER BY email"] },
            answer: { request, caller, answers in
                let emails = try answers[0].rows { try $0.next(String.self) }
                #expect(request.admitted?.org == caller.org)
                return .text(emails.joined(separator: ","))
            })
    }

    private func emails(_ endpoint: Endpoint, _ request: APIRequest) async throws -> String {
        guard case .bytes(let bytes) = try await endpoint.handler(request).body else { return "?" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("admission and query travel together, and the query sees the admitted organisation alone")
    func sees() async throws {
        let gate = GateCase()
        let ours = try await Given.organisation()
        let theirs = try await Given.organisation()
        let ana = try await Given.person(email: "ana@example.org")
        let ben = try await Given.person(email: "ben@example.org")
        try await Given.membership(of: ana, in: ours)
        try await Given.membership(of: ben, in: theirs)
        let session = try await Given.session(of: ana).token
        #expect(try await emails(endpoint(gate), GateCase.request(session: session)) == "ana@example.org")
        await #expect(throws: Problem.organisationNotFound) {
            try await emails(endpoint(gate), GateCase.request(session: session, header: "\(theirs)"))
        }
    }

    @Test("the query is told which part of the inventory the caller sees")
    func sight() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member(as: .viewer)
        let sight = #"{"any":[{"tags":["berlin"]}]}"#
        try await TestDatabase.current.superuser.executeGlobally(
            """
            UPDATE pulse.members SET role = 'custom', granted = '{read:monitoring}', sight = \(sight)
            WHERE org_id = \(org) AND user_id = \(user)
            """)
        let endpoint = FusedRead(gate: gate.gate).endpoint(
            "/api/try", summary: "Sight", permission: .readMonitoring, narrows: true, response: .anything,
            responseExample: "[]", queries: { _ in ["SELECT current_setting('pulse.sight', true)"] },
            answer: { _, _, answers in .text(try answers[0].first { try $0.next(String.self) } ?? "?") })
        let session = try await Given.session(of: user).token
        #expect(try await emails(endpoint, GateCase.request(session: session)) == sight)
    }

    @Test("whoever is not admitted leaves the query without rows, and gets the gate's refusal")
    func refusals() async throws {
        let gate = GateCase()
        let (user, _) = try await Given.member(as: .viewer)
        let session = try await Given.session(of: user)
        await #expect(throws: Problem.forbidden) {
            try await emails(endpoint(gate, permission: .manageAgents), GateCase.request(session: session.token))
        }
        await #expect(throws: Problem.unauthenticated) { try await emails(endpoint(gate), GateCase.request()) }
        _ = try await TestDatabase.current.app.executeGlobally("SELECT end_session(\(user), \(session.id))")
        await #expect(throws: Problem.unauthenticated) {
            try await emails(endpoint(gate), GateCase.request(session: session.token))
        }
        let answers = try await TestDatabase.current.app.batch(
            in: nil,
            [
                "SELECT outcome FROM admit_session(\(session.token.hash), \(OrgID?.none), \(OrgID?.none), true, NULL, NULL, '{active}', false, \(Given.start))",
                "SELECT count(*) FROM members",
            ])
        #expect(try answers[1].first { try $0.next(Int.self) } == 0)
    }

    @Test("a refusal leaves no organisation behind for the next statement of the connection")
    func nothingStays() async throws {
        let (user, _) = try await Given.member()
        let session = try await Given.session(of: user).token
        let gate = GateCase()
        for _ in 0..<20 { _ = try await emails(endpoint(gate), GateCase.request(session: session)) }
        let seen = try await TestDatabase.current.app.firstGlobally("SELECT count(*) FROM members") {
            try $0.next(Int.self)
        }
        #expect(seen == 0)
    }
}
