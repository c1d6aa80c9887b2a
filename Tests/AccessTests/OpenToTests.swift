import Access
import Cryptography
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct OpenToTests {
    private static let conditions: [(OrgCondition, state: String, suspension: String?)] = [
        (.active, "active", nil), (.provisioning, "provisioning", nil), (.suspendedForBilling, "suspended", "billing"),
        (.suspendedForAbuse, "suspended", "abuse"), (.pendingDeletion, "pending_deletion", nil),
    ]

    @Test(
        "an endpoint is open to organisations in the states it names, and to no other", arguments: OrgCondition.allCases
    )
    func states(condition: OrgCondition) async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let (_, state, suspension) = try #require(Self.conditions.first { $0.0 == condition })
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = \(state), suspension = \(suspension) WHERE id = \(org)")
        let person = GateCase.request(session: try await Given.session(of: user).token)
        let machine = GateCase.request(token: try await Given.agent(in: org).token.text.reveal())
        for open in [Set([condition]), Set(OrgCondition.allCases), Set(OrgCondition.allCases).subtracting([condition])]
        {
            let expected = open.contains(condition) ? "ok in \(org)" : "403 org-suspended"
            let (read, report) = (AccessRule.permission(.readMonitoring), AccessRule.agent)
            #expect(try await gate.outcome(person, at: GateCase.endpoint(read, openTo: open)) == expected)
            #expect(try await gate.outcome(machine, at: GateCase.endpoint(report, openTo: open)) == expected)
        }
    }

    @Test("a foreign organisation in any state is not found, however open the endpoint")
    func foreign() async throws {
        let gate = GateCase()
        let (user, _) = try await Given.member()
        let session = try await Given.session(of: user).token
        let endpoint = GateCase.endpoint(.permission(.readMonitoring), openTo: Set(OrgCondition.allCases))
        for state in ["active", "suspended", "pending_deletion", "deleted"] {
            let request = GateCase.request(session: session, header: "\(try await Given.organisation(state: state))")
            #expect(try await gate.outcome(request, at: endpoint) == "404 organisation-not-found")
        }
    }

    @Test("the organisation of the path is the organisation of the request, whatever header and cookie say")
    func path() async throws {
        let gate = GateCase()
        let (user, ours) = try await Given.member()
        let other = try await Given.organisation()
        try await Given.membership(of: user, in: other)
        let foreign = try await Given.organisation()
        var request = GateCase.request(
            session: try await Given.session(of: user).token, header: "\(other)", cookie: "\(other)")
        for (id, expected) in [
            ("\(ours)", "ok in \(ours)"), ("\(foreign)", "404 organisation-not-found"),
            ("x", "404 organisation-not-found"),
        ] {
            request.path = "/api/orgs/\(id)/members"
            request.parameters = ["id": id]
            #expect(try await gate.outcome(request) == expected)
        }
    }
}
