import Access
import Cryptography
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct OrganisationChoiceTests {
    @Test("the only membership needs no naming")
    func onlyMembership() async throws {
        let (user, org) = try await Given.member()
        let session = try await Given.session(of: user).token
        #expect(try await GateCase().outcome(GateCase.request(session: session)) == "ok in \(org)")
    }

    @Test("without a membership, or with two, the organisation has to be named")
    func noneOrSeveral() async throws {
        let gate = GateCase()
        let nobody = try await Given.session(of: Given.person()).token
        #expect(try await gate.outcome(GateCase.request(session: nobody)) == "400 organisation-required")

        let (user, _) = try await Given.member()
        let second = try await Given.organisation()
        try await Given.membership(of: user, in: second, as: .viewer)
        let session = try await Given.session(of: user).token
        #expect(try await gate.outcome(GateCase.request(session: session)) == "400 organisation-required")
        #expect(
            try await gate.outcome(GateCase.request(session: session, header: "\(second)")) == "ok in \(second)")
        #expect(
            try await gate.outcome(GateCase.request(session: session, cookie: "\(second)")) == "ok in \(second)")
    }

    @Test("the header wins over the cookie")
    func headerFirst() async throws {
        let (user, first) = try await Given.member()
        let second = try await Given.organisation()
        try await Given.membership(of: user, in: second)
        let session = try await Given.session(of: user).token
        let request = GateCase.request(session: session, header: "\(first)", cookie: "\(second)")
        #expect(try await GateCase().outcome(request) == "ok in \(first)")
    }

    @Test("unknown, malformed, foreign, deleted and foreign suspended organisations are one and the same 404")
    func notFound() async throws {
        let gate = GateCase()
        let (user, _) = try await Given.member()
        let session = try await Given.session(of: user).token
        let gone = try await Given.organisation(state: "deleted")
        try await Given.membership(of: user, in: gone)
        let names = [
            "\(OrgID.new(at: Given.start))", "default", "../etc", "0", "' OR 1=1 --", "\(gone)",
            "\(try await Given.organisation())", "\(try await Given.organisation(state: "suspended"))",
            String(repeating: "a", count: 5000),
        ]
        for name in names {
            #expect(
                try await gate.outcome(GateCase.request(session: session, header: name))
                    == "404 organisation-not-found", "header \(name.prefix(40))")
            #expect(
                try await gate.outcome(GateCase.request(session: session, cookie: name))
                    == "404 organisation-not-found", "cookie \(name.prefix(40))")
        }
    }

    @Test("a suspended organisation says so to its members", arguments: ["suspended", "pending_deletion"])
    func suspended(state: String) async throws {
        let user = try await Given.person()
        let org = try await Given.organisation(state: state)
        try await Given.membership(of: user, in: org)
        let session = try await Given.session(of: user).token
        #expect(try await GateCase().outcome(GateCase.request(session: session)) == "403 org-suspended")
        #expect(
            try await GateCase().outcome(GateCase.request(session: session, header: "\(org)")) == "403 org-suspended")
    }

    @Test("an endpoint that needs no organisation overlooks a stale cookie, but not a wrong header")
    func sessionEndpoints() async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member()
        let session = try await Given.session(of: user).token
        let foreign = "\(try await Given.organisation())"
        #expect(try await gate.outcome(GateCase.request(session: session), .session) == "ok in \(org)")
        #expect(try await gate.outcome(GateCase.request(session: session, cookie: foreign), .session) == "ok")
        #expect(
            try await gate.outcome(GateCase.request(session: session, header: foreign), .session)
                == "404 organisation-not-found")
        let nobody = try await Given.session(of: Given.person()).token
        #expect(try await gate.outcome(GateCase.request(session: nobody), .session) == "ok")
    }

    @Test("a role grants what it lists and nothing else", arguments: Role.allCases)
    func roles(role: Role) async throws {
        let gate = GateCase()
        let (user, org) = try await Given.member(as: role)
        let session = try await Given.session(of: user).token
        for permission in Permission.all + [Permission("fly", "rockets")] {
            let expected = role.allows(permission) ? "ok in \(org)" : "403 permission-denied"
            #expect(
                try await gate.outcome(GateCase.request(session: session), .permission(permission)) == expected,
                "\(permission)")
        }
    }
}
