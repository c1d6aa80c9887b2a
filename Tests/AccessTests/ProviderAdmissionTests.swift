import Access
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

/// Admission trusts tenancy's `provider_entry`; here it says what the test wants it to say.
@Suite(.postgres) struct ProviderAdmissionTests {
    private func grant(_ role: Role?, in customer: OrgID, of provider: OrgID? = nil) async throws {
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally("DROP FUNCTION IF EXISTS pulse.provider_entry(uuid, uuid, timestamptz)")
        try await superuser.executeGlobally("SET ROLE pulse_lookup")
        let source = provider.map { "'\($0)'" } ?? "NULL"
        let row = role.map {
            "SELECT '\(ProviderGrantID.new(at: Given.start))'::uuid, \(source)::uuid, '\($0.rawValue)'::text"
        }
        try await superuser.executeGlobally(
            SQL(
                unsafeSQL: """
                    CREATE FUNCTION pulse.provider_entry(person uuid, customer uuid, moment timestamptz)
                    RETURNS TABLE (grant_id uuid, provider_org_id uuid, role text) LANGUAGE sql STABLE AS $$
                        SELECT * FROM (\(row ?? "SELECT NULL::uuid, NULL::uuid, NULL::text WHERE false")) AS entry
                        WHERE customer = '\(customer)'
                    $$
                    """))
        try await superuser.executeGlobally("RESET ROLE")
    }

    @Test(
        "through a grant a person has its role, but nothing by which they could stay or reach secrets",
        arguments: Role.allCases)
    func role(role: Role) async throws {
        let gate = GateCase()
        let (user, own) = try await Given.member()
        let customer = try await Given.organisation()
        try await grant(role, in: customer)
        let session = try await Given.session(of: user).token
        let request = GateCase.request(session: session, header: "\(customer)")
        for permission in Permission.all {
            let may = role.allows(permission) && !Permission.beyondProviders.contains(permission)
            #expect(
                try await gate.outcome(request, .permission(permission))
                    == (may ? "ok in \(customer)" : "403 permission-denied"), "\(role) \(permission)")
            let authority = Authority(role: role, isProvider: true)
            #expect(authority.allows(permission) == may)
        }
        #expect(try await gate.outcome(GateCase.request(session: session)) == "ok in \(own)")
    }

    @Test("whoever has only custom roles at the provider has nothing at its customers", arguments: Role.allCases)
    func custom(role: Role) async throws {
        let gate = GateCase()
        let (user, provider) = try await Given.member(as: role)
        let customer = try await Given.organisation()
        try await grant(.viewer, in: customer, of: provider)
        let request = GateCase.request(session: try await Given.session(of: user).token, header: "\(customer)")
        let expected = role == .custom ? "404 organisation-not-found" : "ok in \(customer)"
        #expect(try await gate.outcome(request) == expected)
    }

    @Test("a session bound to one organisation uses what that one was granted, and nothing that another was")
    func bound() async throws {
        let gate = GateCase()
        let (user, own) = try await Given.member()
        let (provider, customer) = (try await Given.organisation(), try await Given.organisation())
        try await Given.membership(of: user, in: provider, as: .admin)
        try await grant(.viewer, in: customer, of: provider)
        let request = GateCase.request(session: try await Given.session(of: user).token, header: "\(customer)")
        for (place, outcome) in [(own, "404 organisation-not-found"), (provider, "ok in \(customer)")] {
            try await TestDatabase.current.superuser.executeGlobally(
                "UPDATE pulse.sessions SET bound_org = \(place) WHERE user_id = \(user)")
            #expect(try await gate.outcome(request) == outcome)
        }
    }

    @Test("whoever has to come to the provider by single sign-on comes to its customers so, too")
    func enforced() async throws {
        let gate = GateCase()
        let (user, provider) = try await Given.member(as: .admin)
        let customer = try await Given.organisation()
        try await grant(.viewer, in: customer, of: provider)
        let request = GateCase.request(session: try await Given.session(of: user).token, header: "\(customer)")
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally("UPDATE pulse.members SET must_sso = true WHERE user_id = \(user)")
        #expect(try await gate.outcome(request) == "403 sso-required")
        try await superuser.executeGlobally(
            "UPDATE pulse.sessions SET bound_org = \(provider) WHERE user_id = \(user)")
        #expect(try await gate.outcome(request) == "ok in \(customer)")
    }

    @Test("the caller is known to come through the grant, and a grant that has ended lets nobody in")
    func principal() async throws {
        let gate = GateCase()
        let (user, _) = try await Given.member()
        let customer = try await Given.organisation()
        let request = GateCase.request(session: try await Given.session(of: user).token, header: "\(customer)")
        #expect(try await gate.outcome(request) == "404 organisation-not-found")
        try await grant(.admin, in: customer)
        let caller = try await gate.gate.admit(request, to: GateCase.endpoint(.permission(.readMonitoring)))
        guard case .provider(user, _, _) = caller?.principal else {
            Issue.record("\(String(describing: caller?.principal)) is no provider")
            return
        }
        #expect(caller?.authority?.isProvider == true)
        try await grant(nil, in: customer)
        #expect(try await gate.outcome(request) == "404 organisation-not-found")
    }
}
