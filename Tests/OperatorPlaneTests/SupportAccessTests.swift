import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Mail
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct SupportAccessTests {
    @Test("an operator asks, the owners hear of it, one agrees, and the operator reads as a viewer does")
    func consent() async throws {
        let scene = try OperatorCase()
        let user = try await Given.person(email: "ana@nordwind.example")
        let org = try await Given.organisation("Nordwind")
        try await Given.membership(of: user, in: org)
        let (_, browser) = try await scene.signedIn()
        let view = "/api/operator/orgs/\(org)/view"
        #expect(await browser.send(.get, view + "/members").slug == "support-access-required")

        let asked = await browser.send(
            .post, "/api/operator/orgs/\(org)/support-access",
            ["reason": "The graphs stand still", "minutes": 60])
        #expect(asked.status == 201)
        #expect(asked.json["status"]?.string == "pending")
        let id = try #require(asked.json["id"]?.string)
        let letter = try #require(scene.door.mail.all.last)
        #expect(letter.to.text == "ana@nordwind.example")
        #expect(letter.text.contains("The graphs stand still") && letter.text.contains("60 minutes"))
        #expect(await browser.send(.get, view + "/members").slug == "support-access-required")

        let owner = try await scene.door.browser(of: user)
        let seen = await owner.send(.get, "/api/orgs/\(org)/support-access")
        #expect(seen.json["data"]?.array?.first?["operatorName"]?.string == "Mira")
        let agreed = await owner.send(.post, "/api/orgs/\(org)/support-access/\(id)/approve", ["minutes": 30])
        #expect(agreed.json["status"]?.string == "active")
        #expect(agreed.json["expiresAt"]?.string == "\(scene.door.time.now + .seconds(1800))")

        let members = await browser.send(.get, view + "/members")
        #expect(members.json["data"]?.array?.count == 1)
        let organisation = await browser.send(.get, view + "/organisation")
        #expect(organisation.json["displayName"]?.string == "Nordwind")
        #expect(
            try await scene.trail(of: org) == [
                "support_access.request operator", "support_access.approve user", "support_access.read operator",
                "support_access.read operator",
            ])
        let through = try await TestDatabase.current.app.rows(
            in: org, "SELECT through, object FROM audit_entries WHERE action = 'support_access.read' ORDER BY seq"
        ) { "\(try $0.next(String.self)) \(try $0.next(String.self))" }
        #expect(through.first == "consent:\(id) request:GET \(view)/members")
        #expect(try await scene.log().suffix(2) == ["support_access.read", "support_access.read"])
    }

    @Test("nothing but what a viewer reads is there: no tokens, no audit, no keys, and no verb that changes")
    func readsOnly() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        _ = try await scene.letIn(browser, to: org, by: user)
        for endpoint in scene.table {
            guard case .support(let permission) = endpoint.access else { continue }
            #expect(endpoint.method == .get)
            #expect(Role.viewer.allows(permission))
        }
        let view = "/api/operator/orgs/\(org)/view"
        #expect(await browser.send(.get, view + "/support-access").status == 404)
        #expect(await browser.send(.patch, view + "/organisation", ["displayName": "Ours now"]).status == 405)
        #expect(await browser.send(.delete, view + "/members/\(user)").status == 404)
        #expect(await browser.send(.post, view + "/sites", ["name": "Ours"]).status == 405)
    }

    @Test(
        "access ends by itself, when it is taken back, and when it is given up",
        arguments: ["time", "owner", "operator"])
    func ends(how: String) async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (person, browser) = try await scene.signedIn()
        let id = try await scene.letIn(browser, to: org, by: user, minutes: 15)
        let view = "/api/operator/orgs/\(org)/view/members"
        #expect(await browser.send(.get, view).status == 200)
        switch how {
        case "time": scene.door.time.advance(by: .seconds(900))
        case "owner":
            let owner = try await scene.door.browser(of: user)
            #expect(await owner.send(.delete, "/api/orgs/\(org)/support-access/\(id)").status == 204)
        default: #expect(await browser.send(.delete, "/api/operator/support-access/\(id)").status == 204)
        }
        #expect(await browser.send(.get, view).slug == "support-access-required")
        let list = await browser.send(.get, "/api/operator/support-access")
        let state = ["time": "expired", "owner": "revoked", "operator": "withdrawn"][how]
        #expect(list.json["data"]?.array?.first?["status"]?.string == state)
        #expect(await browser.send(.delete, "/api/operator/support-access/\(id)").slug == "support-access-not-found")
        // What has ended can be asked for anew.
        _ = try await scene.letIn(browser, to: org, by: user)
        #expect(await browser.send(.get, view).status == 200)
        #expect(person.email.isEmpty == false)
    }

    @Test("one organisation's consent is no other's, and one operator's is no other's")
    func isolation() async throws {
        let scene = try OperatorCase()
        let (ours, theirs) = (try await Given.member(), try await Given.member())
        let (_, browser) = try await scene.signedIn()
        let (_, colleague) = try await scene.signedIn(.operatorAdmin)
        let id = try await scene.letIn(browser, to: ours.org, by: ours.user)
        let nowhere = OrgID.new(at: Given.start)
        #expect(
            await browser.send(.get, "/api/operator/orgs/\(theirs.org)/view/members").slug == "support-access-required")
        #expect(
            await colleague.send(.get, "/api/operator/orgs/\(ours.org)/view/members").slug == "support-access-required")
        #expect(
            await browser.send(.get, "/api/operator/orgs/\(nowhere)/view/members").slug == "organisation-not-found")
        #expect(await browser.send(.get, "/api/operator/orgs/x/view/members").slug == "organisation-not-found")
        #expect(await colleague.send(.delete, "/api/operator/support-access/\(id)").slug == "support-access-not-found")

        let stranger = try await scene.door.browser(of: theirs.user)
        #expect(
            await stranger.send(.get, "/api/orgs/\(theirs.org)/support-access").json["data"]?.array?.isEmpty == true)
        for (method, path) in [(Endpoint.Method.post, "/approve"), (.post, "/decline"), (.delete, "")] {
            let foreign = await stranger.send(method, "/api/orgs/\(ours.org)/support-access/\(id)\(path)", [:])
            #expect(foreign.slug == "organisation-not-found")
            let within = await stranger.send(method, "/api/orgs/\(theirs.org)/support-access/\(id)\(path)", [:])
            #expect(within.slug == "support-access-not-found")
        }
        #expect(try await scene.trail(of: theirs.org).isEmpty)
        #expect(await browser.send(.get, "/api/operator/orgs/\(ours.org)/view/members").status == 200)
    }

    @Test("only an owner agrees, lately signed in, to no more than was asked for, and once")
    func escalation() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        let asked = await browser.send(
            .post, "/api/operator/orgs/\(org)/support-access", ["reason": "A look", "minutes": 30])
        let id = try #require(asked.json["id"]?.string)
        let path = "/api/orgs/\(org)/support-access/\(id)/approve"
        // The operator has no way to agree for the customer.
        #expect(await browser.send(.post, path, [:]).status == 404)
        #expect(await browser.send(.post, "/api/operator" + path.dropFirst(4), [:]).status == 404)
        for role in [Role.viewer, .auditor, .editor, .admin] {
            let member = try await Given.person()
            try await Given.membership(of: member, in: org, as: role)
            #expect(await (try await scene.door.browser(of: member)).send(.post, path, [:]).slug == "permission-denied")
        }
        let owner = try await scene.door.browser(of: user)
        #expect(await owner.send(.post, path, ["minutes": 60]).json["field"]?.string == "minutes")
        #expect(await owner.send(.post, path, ["minutes": 1]).json["field"]?.string == "minutes")
        let stale = try await scene.door.browser(of: user, at: scene.door.time.now + .seconds(-3600))
        #expect(await stale.send(.post, path, [:]).slug == "fresh-session-required")
        #expect(await owner.send(.post, path, [:]).status == 200)
        #expect(await owner.send(.post, path, ["minutes": 30]).slug == "support-access-state")
        // The database holds to it as well.
        await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.app.execute(
                in: org, "UPDATE support_access SET expires_at = expires_at + interval '1 day'")
        }
        #expect(try await scene.trail(of: org) == ["support_access.request operator", "support_access.approve user"])
    }

    @Test("a request waits a week, is asked once, and can be declined")
    func requests() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn()
        let path = "/api/operator/orgs/\(org)/support-access"
        for (body, field) in [
            (["reason": "", "minutes": 30], "reason"), (["reason": "two\nlines", "minutes": 30], "reason"),
            (["reason": "why", "minutes": 14], "minutes"), (["reason": "why", "minutes": 10_081], "minutes"),
        ] as [(JSONValue, String)] {
            #expect(await browser.send(.post, path, body).json["field"]?.string == field)
        }
        let first = await browser.send(.post, path, ["reason": "why", "minutes": 30])
        let second = await browser.send(.post, path, ["reason": "why else", "minutes": 60])
        #expect(second.status == 200)
        #expect(second.json == first.json)
        let id = try #require(first.json["id"]?.string)
        let owner = try await scene.door.browser(of: user)
        let declined = await owner.send(.post, "/api/orgs/\(org)/support-access/\(id)/decline", [:])
        #expect(declined.json["status"]?.string == "declined")
        #expect(
            await owner.send(.post, "/api/orgs/\(org)/support-access/\(id)/approve", [:]).slug == "support-access-state"
        )
        #expect(await browser.send(.get, "/api/operator/orgs/\(org)/view/members").status == 403)

        let third = await browser.send(.post, path, ["reason": "please", "minutes": 30])
        #expect(third.status == 201)
        scene.door.time.advance(by: .seconds(8 * 86_400))
        let late = try await scene.door.browser(of: user)
        let void = try #require(third.json["id"]?.string)
        #expect(
            await late.send(.post, "/api/orgs/\(org)/support-access/\(void)/approve", [:]).slug
                == "support-access-state")
        #expect(
            try await scene.trail(of: org) == [
                "support_access.request operator", "support_access.decline user", "support_access.request operator",
            ])
    }

    @Test("a suspended organisation is not looked into either")
    func suspended() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        _ = try await scene.letIn(browser, to: org, by: user)
        let done = await browser.send(
            .post, "/api/operator/orgs/\(org)/suspend", ["reason": "abuse", "note": "sends spam"])
        #expect(done.json["supportAccess"]?["status"]?.string == "active")
        #expect(await browser.send(.get, "/api/operator/orgs/\(org)/view/members").slug == "org-suspended")
    }
}
