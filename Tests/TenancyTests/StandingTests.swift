import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

/// Managing people is one thing, holding what one hands out another: the database weighs both.
@Suite(.postgres) struct StandingTests {
    /// Somebody whose custom roles let them manage members, and nothing else.
    private func steward(of place: TenancyCase) async throws -> (user: UserID, browser: Browser) {
        let steward = try await place.join(as: .viewer)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            UPDATE pulse.members SET role = 'custom', granted = '{manage:members,read:members,read:org}'
            WHERE org_id = \(place.org) AND user_id = \(steward.user)
            """)
        return steward
    }

    @Test("who manages members and is no admin makes nobody one, neither a member nor by invitation")
    func stewards() async throws {
        let place = try await TenancyCase()
        let steward = try await steward(of: place)
        let (viewer, _) = try await place.join(as: .viewer)
        let (admin, _) = try await place.join(as: .admin)
        for (user, role) in [(viewer, "admin"), (viewer, "editor"), (admin, "viewer"), (steward.user, "admin")] {
            let answer = await steward.browser.send(
                .patch, "\(place.path)/members/\(user)", ["role": .string(role)])
            #expect(answer.status == 403, "\(role): \(answer.text)")
        }
        for role in ["admin", "editor", "auditor"] {
            let answer = await steward.browser.send(
                .post, "\(place.path)/invitations", ["email": "accomplice@example.org", "role": .string(role)])
            #expect(answer.status == 403, "\(role): \(answer.text)")
        }
        #expect(await steward.browser.send(.delete, "\(place.path)/members/\(admin)").status == 403)
        #expect(try await place.role(of: viewer) == "viewer")
        #expect(try await place.role(of: admin) == "admin")
        #expect(place.door.mail.token(to: "accomplice@example.org", prefix: "inv_") == nil)
        let plain = await steward.browser.send(
            .post, "\(place.path)/invitations", ["email": "ben@example.org", "role": "viewer"])
        #expect(plain.status == 201, "what anybody may give they give: \(plain.text)")
    }

    @Test("who is put down takes back what they could not give any more")
    func invitations() async throws {
        let place = try await TenancyCase()
        let (admin, browser) = try await place.join(as: .admin)
        for (mail, role) in [("ann@example.org", "admin"), ("ben@example.org", "viewer")] {
            let sent = await browser.send(
                .post, "\(place.path)/invitations", ["email": .string(mail), "role": .string(role)])
            #expect(sent.status == 201, "\(sent.text)")
        }
        let (strong, weak) = (
            try #require(place.door.mail.token(to: "ann@example.org", prefix: "inv_")),
            try #require(place.door.mail.token(to: "ben@example.org", prefix: "inv_"))
        )
        let down = await place.ownerBrowser.send(
            .patch, "\(place.path)/members/\(admin)", ["role": "viewer"])
        #expect(down.status == 200, "\(down.text)")
        let check = "/api/public/invitations/check"
        #expect(await place.door.browser().send(.post, check, ["token": .string(strong)]).status != 200)
        #expect(await place.door.browser().send(.post, check, ["token": .string(weak)]).status == 200)
    }

    @Test("a provider that does not want a grant says so, and it is over")
    func declining() async throws {
        let (customer, provider) = (try await TenancyCase(), try await TenancyCase())
        let slug = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT slug FROM pulse.orgs WHERE id = \(provider.org)"
        ) { try $0.next(String.self) }
        let until = customer.door.time.now + .seconds(86_400)
        let offered = await customer.ownerBrowser.send(
            .post, "/api/provider-grants",
            ["provider": .string(try #require(slug)), "role": "viewer", "expiresAt": .string("\(until)")])
        let id = try #require(offered.json["id"]?.string)
        #expect(await provider.ownerBrowser.send(.delete, "/api/provider/grants/\(id)").status == 204)
        #expect(await provider.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 404)
        let given = await customer.ownerBrowser.send(.get, "/api/provider-grants").json["data"]?.array ?? []
        #expect(given.map { $0["status"]?.string } == ["declined"])
    }
}
