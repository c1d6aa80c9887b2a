import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct OperatorLogTests {
    @Test("the log is filtered by operator, organisation, action and time, newest first, page by page")
    func filters() async throws {
        let scene = try OperatorCase()
        let (admin, browser) = try await scene.signedIn(.operatorAdmin)
        let (other, otherBrowser) = try await scene.signedIn()
        let org = try await Given.organisation()
        #expect(await otherBrowser.send(.get, "/api/operator/orgs/\(org)").status == 200)
        func actions(_ query: String) async -> [String] {
            let answer = await browser.send(.get, "/api/operator/audit?\(query)")
            return answer.json["data"]?.array?.compactMap { $0["action"]?.string } ?? []
        }
        #expect(
            await actions("operator=\(other.id)") == [
                "organisation.read", "operator_session.create", "operator.set_up",
            ])
        #expect(await actions("org=\(org)") == ["organisation.read"])
        #expect(await actions("org=\(org)&action=organisation.suspend").isEmpty)
        #expect(await actions("action=operator_session.create&operator=\(admin.id)").count == 1)
        #expect(await actions("to=\(Given.start)").isEmpty)
        let first = await browser.send(.get, "/api/operator/audit?action=operator.create&limit=1")
        let cursor = try #require(first.json["nextCursor"]?.string)
        #expect(await actions("action=operator.create&limit=1&cursor=\(cursor)") == ["operator.create"])
        for (field, value) in [("operator", "x"), ("org", "x"), ("action", "x.y"), ("from", "x"), ("cursor", "x")] {
            let answer = await browser.send(.get, "/api/operator/audit?\(field)=\(value)")
            #expect(answer.json["field"]?.string == field)
        }
    }

    @Test(
        "a row changed, taken out or cut off shows",
        arguments: [
            ("UPDATE pulse.operator_log SET note = 'else' WHERE seq = 2", 2),
            ("UPDATE pulse.operator_log SET actor = 'operator:x' WHERE seq = 3", 3),
            ("DELETE FROM pulse.operator_log WHERE seq = 1", 1), ("DELETE FROM pulse.operator_log WHERE seq = 3", 3),
        ])
    func tampering(sql: String, broken: Int64) async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        let good = await browser.send(.get, "/api/operator/audit/verify")
        #expect(good.json["intact"]?.bool == true)
        #expect(good.json["entries"] == .integer(3))
        try await TestDatabase.current.superuser.executeGlobally(SQL(unsafeSQL: sql))
        let bad = await browser.send(.get, "/api/operator/audit/verify")
        #expect(bad.json["intact"]?.bool == false)
        #expect(bad.json["brokenSeq"] == .integer(broken))
    }
}
