import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct AuditPeopleTests {
    private var database: TestDatabase { TestDatabase.current }

    private func name(of user: UserID, in org: OrgID) async throws -> String?? {
        try await database.app.first(in: org, "SELECT display_name FROM audit_people WHERE user_id = \(user)") {
            try $0.next(String?.self)
        }
    }

    private func blank(_ user: UserID, in org: OrgID) async throws -> String? {
        try await database.app.first(in: org, "SELECT blank_audit_person(\(user))") { try $0.next(String.self) }
    }

    private func leave(_ user: UserID, _ org: OrgID) async throws {
        try await database.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE org_id = \(org) AND user_id = \(user)")
    }

    @Test("members are named, renamed, and stay named when they leave") func follows() async throws {
        let (user, org) = try await Given.member()
        #expect(try await name(of: user, in: org) == "Ana")
        try await database.app.executeGlobally("SELECT rename_person(\(user), 'Ana Maria')")
        #expect(try await name(of: user, in: org) == "Ana Maria")
        try await leave(user, org)
        #expect(try await name(of: user, in: org) == "Ana Maria")
    }

    @Test("someone who has left can be forgotten, a member cannot, a stranger is unknown") func blanks() async throws {
        let (user, org) = try await Given.member()
        #expect(try await blank(user, in: org) == "member")
        try await leave(user, org)
        let other = try await Given.organisation()
        #expect(try await blank(user, in: other) == "unknown")
        #expect(try await name(of: user, in: org) == "Ana")
        #expect(try await blank(user, in: org) == "ok")
        #expect(try await name(of: user, in: org) == .some(nil))
        try await Given.membership(of: user, in: org)
        #expect(try await name(of: user, in: org) == "Ana")
    }
}
