import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct InvitationTests {
    private let password: JSONValue = "a long enough password 7"

    @Test("an invited stranger gets an account, a session and the role that was promised")
    func stranger() async throws {
        let place = try await TenancyCase()
        let token = try await place.invite("ben@example.org", as: .editor)
        let browser = place.door.browser()
        let checked = await browser.send(.post, "/api/public/invitations/check", ["token": .string(token)]).json
        #expect(checked["organizationName"]?.string == "Nordwind")
        #expect(checked["existingAccount"]?.bool == false)
        let joined = await browser.send(
            .post, "/api/public/invitations/accept",
            ["token": .string(token), "password": password, "displayName": "Ben"])
        #expect(joined.status == 201)
        #expect(joined.json["role"]?.string == "editor")
        #expect(await browser.send(.get, "/api/me").json["organization"]?["id"]?.string == "\(place.org)")
        #expect(try await place.trail() == ["invitation.accept", "invitation.create"])
        let again = await place.door.browser().send(
            .post, "/api/public/invitations/accept", ["token": .string(token), "password": password])
        #expect(again.slug == "invitation-link-used")
    }

    @Test("an account that is there joins, but the mailbox alone does not sign it in")
    func knownAccount() async throws {
        let place = try await TenancyCase()
        let user = try await Given.person(email: "ben@example.org")
        let token = try await place.invite("Ben@Example.org", as: .viewer)
        let browser = place.door.browser()
        let joined = await browser.send(.post, "/api/public/invitations/accept", ["token": .string(token)])
        #expect(joined.status == 200)
        #expect(joined.json["signedIn"]?.bool == false)
        #expect(joined.setCookies.isEmpty)
        #expect(try await place.role(of: user) == "viewer")
    }

    @Test(
        "who is signed in with the invited address sees the invitation and takes or declines it",
        arguments: [true, false])
    func signedIn(accepts: Bool) async throws {
        let place = try await TenancyCase()
        let user = try await Given.person(email: "ben@example.org")
        let browser = try await place.door.browser(of: user)
        _ = try await place.invite("ben@example.org")
        let listed = await browser.send(.get, "/api/org-invitations").json["data"]?.array ?? []
        #expect(listed.count == 1)
        let id = listed.first?["id"]?.string ?? ""
        if accepts {
            let joined = await browser.send(.post, "/api/org-invitations/\(place.org)/accept")
            #expect(joined.json["role"]?.string == "editor")
        } else {
            #expect(await browser.send(.delete, "/api/org-invitations/\(id)").status == 204)
        }
        #expect(try await place.role(of: user) == (accepts ? "editor" : nil))
        #expect(await browser.send(.get, "/api/org-invitations").json["data"]?.array?.isEmpty == true)
        #expect(try await place.trail().contains(accepts ? "invitation.accept" : "invitation.decline"))
        #expect(await browser.send(.post, "/api/org-invitations/\(id)/accept").slug == "invitation-not-found")
    }

    @Test("somebody else's invitation is not found")
    func notTheirs() async throws {
        let place = try await TenancyCase()
        _ = try await place.invite("ben@example.org")
        let list = await place.ownerBrowser.send(.get, "\(place.path)/invitations").json["data"]?.array
        let id = list?.first?["id"]?.string ?? ""
        let (_, other) = try await Given.member()
        let browser = try await place.door.browser(of: Given.person())
        for path in ["/api/org-invitations/\(id)", "/api/org-invitations/\(other)"] {
            #expect(await browser.send(.post, path + "/accept").slug == "invitation-not-found")
            #expect(await browser.send(.delete, path).slug == "invitation-not-found")
        }
        let theirs = try await TenancyCase()
        let foreign = await theirs.ownerBrowser.send(.delete, "\(theirs.path)/invitations/\(id)")
        #expect(foreign.slug == "invitation-not-found")
    }

    @Test("of an organisation's invitations everybody gets their own")
    func ownInvitation() async throws {
        let place = try await TenancyCase()
        for (address, role) in [
            ("anna@example.org", Role.admin), ("ben@example.org", .viewer), ("carl@example.org", .admin),
        ] {
            _ = try await place.invite(address, as: role)
        }
        let user = try await Given.person(email: "ben@example.org")
        let browser = try await place.door.browser(of: user)
        #expect(await browser.send(.post, "/api/org-invitations/\(place.org)/accept").json["role"]?.string == "viewer")
        #expect(try await place.role(of: user) == "viewer")
        #expect(await browser.send(.post, "/api/org-invitations/\(place.org)/accept").status == 404)
    }

    @Test("into an organisation that is suspended nobody is let, by link or signed in")
    func suspended() async throws {
        let place = try await TenancyCase()
        let token = try await place.invite("ben@example.org")
        let user = try await Given.person(email: "ben@example.org")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'billing' WHERE id = \(place.org)")
        let browser = try await place.door.browser(of: user)
        let invited = await browser.send(.post, "/api/org-invitations/\(place.org)/accept")
        #expect(invited.slug == "org-suspended")
        let byLink = await place.door.browser().send(.post, "/api/public/invitations/accept", ["token": .string(token)])
        #expect(byLink.slug == "org-suspended")
        #expect(try await place.role(of: user) == nil)
    }

    @Test("a link ends after seven days, when it is taken back, and when a newer one is sent")
    func endings() async throws {
        let place = try await TenancyCase()
        func slug(_ token: String) async -> String {
            await place.door.browser().send(.post, "/api/public/invitations/check", ["token": .string(token)]).slug
        }
        let first = try await place.invite("ben@example.org")
        let second = try await place.invite("ben@example.org", as: .viewer)
        #expect(await slug(first) == "invitation-link-invalid")
        #expect(await slug(second) == "")
        let list = await place.ownerBrowser.send(.get, "\(place.path)/invitations").json["data"]?.array ?? []
        #expect(list.map { $0["role"]?.string } == ["viewer"])
        let id = list.first?["id"]?.string ?? ""
        #expect(await place.ownerBrowser.send(.delete, "\(place.path)/invitations/\(id)").status == 204)
        #expect(await slug(second) == "invitation-link-revoked")
        let third = try await place.invite("cem@example.org")
        place.door.time.advance(by: .seconds(7 * 86_400))
        #expect(await slug(third) == "invitation-link-expired")
        #expect(await slug("inv_nonsense") == "invitation-link-invalid")
    }

    @Test(
        "what somebody invited others to be ends when they may not give it any more", arguments: ["remove", "demote"])
    func inviterGone(how: String) async throws {
        let place = try await TenancyCase()
        let (admin, browser) = try await place.join(as: .admin)
        let sent = await browser.send(
            .post, "\(place.path)/invitations", ["email": "ben@example.org", "role": "admin"])
        #expect(sent.status == 201)
        let member = "\(place.path)/members/\(admin)"
        let ended =
            how == "remove"
            ? await place.ownerBrowser.send(.delete, member)
            : await place.ownerBrowser.send(.patch, member, ["role": "editor"])
        #expect(ended.status < 300)
        let token = place.door.mail.token(to: "ben@example.org", prefix: "inv_") ?? ""
        let accepted = await place.door.browser().send(
            .post, "/api/public/invitations/accept", ["token": .string(token), "password": password])
        #expect(accepted.slug == "invitation-link-revoked")
        // Ended for good: who may give it again later has not invited anybody again.
        if how == "remove" {
            try await Given.membership(of: admin, in: place.org, as: .admin)
        } else {
            #expect(await place.ownerBrowser.send(.patch, member, ["role": "admin"]).status == 200)
        }
        let later = await place.door.browser().send(
            .post, "/api/public/invitations/accept", ["token": .string(token), "password": password])
        #expect(later.slug == "invitation-link-revoked")
    }

    @Test("an invitation never raises somebody who is in already, and two at once let one person in once")
    func raises() async throws {
        let place = try await TenancyCase()
        let token = try await place.invite("ben@example.org", as: .admin)
        let user = try await Given.person(email: "ben@example.org")
        try await Given.membership(of: user, in: place.org, as: .viewer)
        let accepted = await place.door.browser().send(
            .post, "/api/public/invitations/accept", ["token": .string(token)])
        #expect(accepted.json["role"]?.string == "viewer")
        #expect(try await place.role(of: user) == "viewer")
    }

    @Test("who may not invite is refused, and nobody is invited as owner", arguments: [Role.editor, .viewer, .auditor])
    func refused(role: Role) async throws {
        let place = try await TenancyCase()
        let (_, browser) = try await place.join(as: role)
        let body: JSONValue = ["email": "ben@example.org", "role": "viewer"]
        #expect(await browser.send(.post, "\(place.path)/invitations", body).slug == "permission-denied")
        let owner: JSONValue = ["email": "ben@example.org", "role": "owner"]
        #expect(await place.ownerBrowser.send(.post, "\(place.path)/invitations", owner).slug == "owner-required")
        let odd: JSONValue = ["email": "ben@example.org", "role": "member"]
        #expect(
            await place.ownerBrowser.send(.post, "\(place.path)/invitations", odd).json["code"]?.string
                == "invalid_role")
        #expect(place.door.mail.all.isEmpty)
    }

    @Test("a member is not invited again, and a hundred invitations are enough for a day")
    func limits() async throws {
        let place = try await TenancyCase()
        let user = try await Given.person(email: "ben@example.org")
        try await Given.membership(of: user, in: place.org, as: .viewer)
        func invite(_ address: String) async -> String {
            await place.ownerBrowser.send(
                .post, "\(place.path)/invitations", ["email": .string(address), "role": "viewer"]
            ).slug
        }
        #expect(await invite("ben@example.org") == "already-member")
        for number in 0..<100 { #expect(await invite("p\(number)@example.org") == "") }
        #expect(await invite("late@example.org") == "invitation-limit")
        place.door.time.advance(by: .seconds(86_400))
        place.ownerBrowser.cookies = try await place.door.browser(of: place.owner).cookies
        #expect(await invite("late@example.org") == "")
    }

    @Test("the old way of adding: a member's role is changed, somebody else is asked in")
    func add() async throws {
        let place = try await TenancyCase()
        let (user, _) = try await place.join(as: .viewer)
        let members = "\(place.path)/members"
        let changed = await place.ownerBrowser.send(.post, members, ["userId": .string("\(user)"), "role": "editor"])
        #expect(changed.status == 200 && changed.json["kind"]?.string == "member")
        let asked = await place.ownerBrowser.send(.post, members, ["email": "cem@example.org", "role": "viewer"])
        #expect(asked.status == 202 && asked.json["kind"]?.string == "invitation")
        let stranger = await place.ownerBrowser.send(
            .post, members, ["userId": .string("\(UserID.new(at: Given.start))"), "role": "viewer"])
        #expect(stranger.slug == "member-not-found")
        let handedOver = await place.ownerBrowser.send(.post, members, ["userId": .string("\(user)"), "role": "owner"])
        #expect(handedOver.json["member"]?["role"]?.string == "owner")
        #expect(try await place.role(of: place.owner) == "admin")
    }

    @Test("invitations of one organisation are not seen by another")
    func isolation() async throws {
        let (ours, theirs) = (try await TenancyCase(), try await TenancyCase())
        _ = try await ours.invite("ben@example.org")
        for (place, count) in [(ours, 1), (theirs, 0)] {
            let seen = await place.ownerBrowser.send(.get, "\(place.path)/invitations").json["data"]?.array?.count
            #expect(seen == count)
        }
    }
}
