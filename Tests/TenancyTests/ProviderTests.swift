import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct ProviderTests {
    private func slug(of org: OrgID) async throws -> String {
        let slug = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT slug FROM pulse.orgs WHERE id = \(org)"
        ) {
            try $0.next(String.self)
        }
        return try #require(slug)
    }

    private func offer(
        _ customer: TenancyCase, to slug: String, role: String = "editor", days: Int = 30
    ) async -> Browser.Answer {
        let until = customer.door.time.now + .seconds(days * 86_400)
        return await customer.ownerBrowser.send(
            .post, "/api/provider-grants",
            ["provider": .string(slug), "role": .string(role), "expiresAt": .string("\(until)")])
    }

    private func summary(of org: OrgID, online: Int, offline: Int) async throws {
        try await TestDatabase.current.app.execute(
            in: org,
            """
            INSERT INTO org_summaries (org_id, resources, online, offline, warning, unknown, updated_at)
            VALUES (\(org), \(online + offline), \(online), \(offline), 0, 0, \(Given.start))
            """)
    }

    @Test("an offer that is taken shows the customer in numbers, until it is taken back")
    func grant() async throws {
        let (customer, provider, stranger) = (
            try await TenancyCase(), try await TenancyCase(), try await TenancyCase()
        )
        try await summary(of: customer.org, online: 3, offline: 1)
        try await summary(of: stranger.org, online: 9, offline: 9)
        let given = await offer(customer, to: try await slug(of: provider.org))
        #expect(given.status == 201 && given.json["status"]?.string == "offered")
        let id = given.json["id"]?.string ?? ""
        #expect(await provider.ownerBrowser.send(.get, "/api/provider/customers").json["data"]?.array?.isEmpty == true)
        let received = await provider.ownerBrowser.send(.get, "/api/provider/grants").json["data"]?.array ?? []
        #expect(received.map { $0["customer"]?["orgId"]?.string } == ["\(customer.org)"])

        #expect(await stranger.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 404)
        #expect(await provider.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 204)
        let overview = await provider.ownerBrowser.send(.get, "/api/provider/customers").json
        #expect(overview["data"]?.array?.map { $0["slug"]?.string } == [try await slug(of: customer.org)])
        #expect(overview["totals"]?["online"]?.int == 3)
        #expect(overview["totals"]?["offline"]?.int == 1)
        #expect(await stranger.ownerBrowser.send(.get, "/api/provider/customers").json["data"]?.array?.isEmpty == true)

        #expect(await customer.ownerBrowser.send(.delete, "/api/provider-grants/\(id)").status == 204)
        #expect(await provider.ownerBrowser.send(.get, "/api/provider/customers").json["data"]?.array?.isEmpty == true)
        #expect(await provider.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 404)
        let trail = ["provider_grant.accept", "provider_grant.create", "provider_grant.revoke"]
        #expect(try await customer.trail() == trail)
    }

    @Test("a grant ends at its time")
    func expiry() async throws {
        let (customer, provider) = (try await TenancyCase(), try await TenancyCase())
        let id = await offer(customer, to: try await slug(of: provider.org), days: 1).json["id"]?.string ?? ""
        #expect(await provider.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 204)
        provider.door.time.advance(by: .seconds(86_400))
        let later = try await provider.door.browser(of: provider.owner)
        #expect(await later.send(.get, "/api/provider/customers").json["data"]?.array?.isEmpty == true)
    }

    @Test("an offer that was taken back, or whose time is over, cannot be taken")
    func staleOffers() async throws {
        let (customer, provider) = (try await TenancyCase(), try await TenancyCase())
        let slug = try await slug(of: provider.org)
        let revoked = await offer(customer, to: slug).json["id"]?.string ?? ""
        #expect(await customer.ownerBrowser.send(.delete, "/api/provider-grants/\(revoked)").status == 204)
        #expect(await provider.ownerBrowser.send(.post, "/api/provider/grants/\(revoked)/accept").status == 404)
        let old = await offer(customer, to: slug, days: 1).json["id"]?.string ?? ""
        provider.door.time.advance(by: .seconds(86_400))
        let later = try await provider.door.browser(of: provider.owner)
        #expect(await later.send(.post, "/api/provider/grants/\(old)/accept").status == 404)
        #expect(await later.send(.get, "/api/provider/customers").json["data"]?.array?.isEmpty == true)
    }

    @Test("an offer to nobody is answered like any other")
    func oracle() async throws {
        let (customer, provider) = (try await TenancyCase(), try await TenancyCase())
        func shape(_ answer: Browser.Answer) -> [String?] {
            ["\(answer.status)", answer.json["status"]?.string, answer.json["provider"]?["orgId"]?.string]
        }
        let real = await offer(customer, to: try await slug(of: provider.org))
        let unreal = await offer(customer, to: "no-such-organisation")
        #expect(shape(real) == shape(unreal))
    }

    @Test("what does not fit is refused", arguments: ["owner", "custom", "nobody"])
    func roles(role: String) async throws {
        let (customer, provider) = (try await TenancyCase(), try await TenancyCase())
        let slug = try await slug(of: provider.org)
        #expect(await offer(customer, to: slug, role: role).slug == "invalid-field")
        #expect(await offer(customer, to: slug, days: 400).slug == "invalid-field")
        #expect(await offer(customer, to: slug, days: -1).slug == "invalid-field")
        #expect(await offer(customer, to: "No Slug").slug == "invalid-field")
        #expect(await offer(customer, to: slug).status == 201)
        #expect(await offer(customer, to: slug).slug == "provider-grant-open")
        let (_, editor) = try await customer.join(as: .editor)
        #expect(await editor.send(.delete, "/api/provider-grants/\(OrgID.new(at: Given.start))").status == 403)
    }

    @Test("nobody grants themselves another organisation: not by its slug, not by writing the row")
    func misuse() async throws {
        let (victim, attacker) = (try await TenancyCase(), try await TenancyCase())
        // An offer always gives away the organisation it was made in.
        let id = await offer(attacker, to: try await slug(of: victim.org)).json["id"]?.string ?? ""
        #expect(await attacker.ownerBrowser.send(.post, "/api/provider/grants/\(id)/accept").status == 404)
        await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.app.execute(
                in: victim.org,
                "UPDATE provider_grants SET provider_org_id = \(attacker.org), accepted_at = now() WHERE true")
        }
        await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.app.execute(
                in: attacker.org,
                """
                INSERT INTO provider_grants (org_id, id, provider_slug, role, created_at, created_by, expires_at)
                VALUES (\(victim.org), gen_random_uuid(), 'attacker', 'admin', now(), gen_random_uuid(), now())
                """)
        }
    }
}
