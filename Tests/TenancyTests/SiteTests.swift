import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct SiteTests {
    @Test("a site is made, changed and removed, each with its entry")
    func life() async throws {
        let place = try await TenancyCase()
        let browser = place.ownerBrowser
        let made = await browser.send(.post, "/api/sites", ["name": " Bremen ", "tags": ["b", "a", "a"]])
        #expect(made.status == 201)
        #expect(made.json["name"]?.string == "Bremen")
        #expect(made.json["tags"]?.array?.compactMap(\.string) == ["a", "b"])
        let path = "/api/sites/\(made.json["id"]?.string ?? "")"
        #expect(await browser.send(.patch, path, ["description": "by the river"]).json["name"]?.string == "Bremen")
        #expect(await browser.send(.get, path).json["description"]?.string == "by the river")
        #expect(await browser.send(.delete, path).status == 204)
        #expect(await browser.send(.get, path).slug == "site-not-found")
        #expect(try await place.trail() == ["site.create", "site.delete", "site.update"])
    }

    @Test("the trail says what of a site changed, and nothing else")
    func trail() async throws {
        let place = try await TenancyCase()
        let made = await place.ownerBrowser.send(.post, "/api/sites", ["name": "Bremen", "tags": ["a"]])
        let path = "/api/sites/\(made.json["id"]?.string ?? "")"
        #expect(await place.ownerBrowser.send(.patch, path, ["name": "Hamburg"]).status == 200)
        let told = try await TestDatabase.current.app.first(
            in: place.org, "SELECT before, after FROM audit_entries WHERE action = 'site.update'"
        ) { [try $0.next(String?.self), try $0.next(String?.self)] }
        #expect(told == [#"{"name":"Bremen"}"#, #"{"name":"Hamburg"}"#])
    }

    @Test("when a site goes, what stood there stands nowhere; one that a role is limited to stays")
    func references() async throws {
        let place = try await TenancyCase()
        let database = TestDatabase.current.superuser
        let agent = try await Given.agent(in: place.org).id
        let made = await place.ownerBrowser.send(.post, "/api/sites", ["name": "Bremen"])
        let id = try #require(made.json["id"]?.string.flatMap { SiteID($0) })
        try await database.executeGlobally("UPDATE pulse.agents SET site_id = \(id) WHERE id = \(agent)")
        try await database.executeGlobally(
            """
            INSERT INTO pulse.enrollment_tokens (org_id, id, name, token_hash, created_by, created_at, expires_at, site_id)
            VALUES (\(place.org), gen_random_uuid(), 'racks', '\\x00', \(place.owner), now(), now(), \(id))
            """)
        try await database.executeGlobally(
            """
            INSERT INTO pulse.custom_roles (org_id, id, name, name_key, description, rules, created_at, updated_at)
            VALUES (\(place.org), gen_random_uuid(), 'Night shift', 'night shift', '',
                    \("[{\"conditions\":{\"sites\":[\"\(id)\"]}}]"), now(), now())
            """)
        let refused = await place.ownerBrowser.send(.delete, "/api/sites/\(id)")
        #expect(refused.slug == "site-in-use")
        #expect(refused.json["role"]?.string == "Night shift")
        #expect(await place.ownerBrowser.send(.get, "/api/sites/\(id)").status == 200)
        try await database.executeGlobally("DELETE FROM pulse.custom_roles WHERE org_id = \(place.org)")
        #expect(await place.ownerBrowser.send(.delete, "/api/sites/\(id)").status == 204)
        for table in ["agents", "enrollment_tokens"] {
            let left = try await database.firstGlobally(
                SQL(unsafeSQL: "SELECT count(*) FROM pulse.\(table) WHERE site_id IS NOT NULL")
            ) { try $0.next(Int.self) }
            #expect(left == 0, "\(table)")
        }
    }

    @Test("names are there once, whatever their case, and fit")
    func names() async throws {
        let place = try await TenancyCase()
        let browser = place.ownerBrowser
        #expect(await browser.send(.post, "/api/sites", ["name": "Bremen"]).status == 201)
        #expect(await browser.send(.post, "/api/sites", ["name": "BREMEN"]).slug == "site-name-taken")
        let other = await browser.send(.post, "/api/sites", ["name": "Kiel"]).json["id"]?.string ?? ""
        #expect(await browser.send(.patch, "/api/sites/\(other)", ["name": "bremen"]).slug == "site-name-taken")
        for body in [["name": ""], ["name": "a\nb"], ["description": "x"]] as [JSONValue] {
            #expect(await browser.send(.post, "/api/sites", body).slug == "invalid-field")
        }
    }

    @Test("another organisation's sites are not found, and viewers only look")
    func isolation() async throws {
        let (ours, theirs) = (try await TenancyCase(), try await TenancyCase())
        let id = await ours.ownerBrowser.send(.post, "/api/sites", ["name": "Bremen"]).json["id"]?.string ?? ""
        let (_, viewer) = try await ours.join(as: .viewer)
        #expect(await viewer.send(.get, "/api/sites").json["data"]?.array?.count == 1)
        #expect(await viewer.send(.post, "/api/sites", ["name": "Kiel"]).slug == "permission-denied")
        #expect(await theirs.ownerBrowser.send(.get, "/api/sites").json["data"]?.array?.isEmpty == true)
        for method in [Endpoint.Method.get, .delete] {
            #expect(await theirs.ownerBrowser.send(method, "/api/sites/\(id)").slug == "site-not-found")
        }
        #expect(await theirs.ownerBrowser.send(.patch, "/api/sites/\(id)", ["name": "x"]).slug == "site-not-found")
    }
}
