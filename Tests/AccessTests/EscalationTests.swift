import FrontDoorKit
import HTTPKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

/// Everything somebody could try to come away with more than they were given. Each attempt is refused, and who may do
/// what is the same afterwards.
@Suite(.postgres) struct EscalationTests {
    @Test("no attempt to gain permissions succeeds, and none changes anything", arguments: Escalation.all)
    func attempt(escalation: Escalation) async throws {
        let scene = try await EscalationScene()
        let attempt = try await escalation.prepare(scene)
        let before = try await Self.fingerprint()
        let answer = await attempt()
        #expect((400..<500).contains(answer.status), "\(escalation.name): \(answer.status) \(answer.text)")
        if let slug = escalation.slug { #expect(answer.slug == slug, "\(escalation.name): \(answer.text)") }
        #expect(try await Self.fingerprint() == before, "\(escalation.name) changed something")
    }

    @Test("there are more than forty of them, and the same calls succeed for those who may")
    func positiveControl() async throws {
        #expect(Escalation.all.count > 40)
        let scene = try await EscalationScene()
        let strong = try await scene.role("Strong", ["manage:keys"])
        #expect(await scene.assign(scene.owner, [strong], to: scene.friend).status == 200)
        #expect(await scene.assign(scene.admin, [strong], to: scene.manager).status == 200)
        #expect(await scene.create(scene.admin, "Mine", ["manage:keys"]).status == 201)
        for kind: [String] in [["*"], ["audit:read"]] {
            #expect(await scene.mintAnswer(scene.admin.browser, scopes: kind).status == 201)
        }
    }

    /// Who may do what in the whole database, as one text.
    private static func fingerprint() async throws -> [String] {
        try await TestDatabase.current.superuser.rowsGlobally(
            """
            SELECT m::text FROM pulse.members m
            UNION ALL SELECT t.id::text || t.scopes::text || t.networks::text || coalesce(t.expires_at::text, '')
                             || coalesce(t.revoked_at::text, '') || coalesce(t.role, '') FROM pulse.api_tokens t
            UNION ALL SELECT r::text FROM pulse.custom_roles r
            UNION ALL SELECT r::text FROM pulse.member_roles r
            UNION ALL SELECT e.id::text FROM pulse.enrollment_tokens e
            ORDER BY 1
            """
        ) { try $0.next(String.self) }
    }
}
