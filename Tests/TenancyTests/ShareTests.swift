import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct ShareTests {
    private func slug(of org: OrgID) async throws -> String {
        let slug = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT slug FROM pulse.orgs WHERE id = \(org)"
        ) {
            try $0.next(String.self)
        }
        return try #require(slug)
    }

    private func resource(in org: OrgID, _ name: String = "web-1") async throws -> ResourceID {
        let id = ResourceID.new(at: Given.start)
        try await TestDatabase.current.app.execute(
            in: org,
            """
            INSERT INTO resources (org_id, id, connection_id, type, source, name, name_key, status, facts, first_seen_at,
                                   changed_at)
            VALUES (\(org), \(id), \(id), 'host', 'agent', \(name), \(name), 'online', '', \(Given.start), \(Given.start))
            """)
        return id
    }

    private func offer(
        _ source: TenancyCase, _ resource: ResourceID, to slug: String, as role: String = "viewer"
    ) async -> Browser.Answer {
        await source.ownerBrowser.send(
            .post, "\(source.path)/shares",
            ["target": .string(slug), "resourceId": .string("\(resource)"), "accessRole": .string(role)])
    }

    private func incoming(_ browser: Browser, _ place: TenancyCase) async -> [JSONValue] {
        await browser.send(.get, "\(place.path)/shares/incoming").json["data"]?.array ?? []
    }

    @Test("a resource is shown once the other side accepts, as it is now, until it is taken back")
    func life() async throws {
        let (source, target, stranger) = (
            try await TenancyCase(), try await TenancyCase(), try await TenancyCase()
        )
        let resource = try await resource(in: source.org)
        _ = try await self.resource(in: source.org, "secret-2")
        let made = await offer(source, resource, to: try await slug(of: target.org))
        #expect(made.status == 201 && made.json["status"]?.string == "pending")
        let id = made.json["id"]?.string ?? ""
        let (_, viewer) = try await target.join(as: .viewer)
        #expect(await incoming(viewer, target).isEmpty)
        #expect(await incoming(target.ownerBrowser, target).first?["resourceStatus"] == nil)
        #expect(await incoming(stranger.ownerBrowser, stranger).isEmpty)
        let accept = "shares/incoming/\(id)/accept"
        #expect(await stranger.ownerBrowser.send(.post, "\(stranger.path)/\(accept)").slug == "share-not-found")
        #expect(await viewer.send(.post, "\(target.path)/\(accept)").slug == "permission-denied")
        #expect(await target.ownerBrowser.send(.post, "\(target.path)/\(accept)").status == 204)
        let (_, auditor) = try await target.join(as: .auditor)
        let seen = await incoming(auditor, target)
        #expect(seen.map { $0["resourceName"]?.string } == ["web-1"])
        #expect(seen.first?["resourceStatus"]?.string == "online")
        #expect(await source.ownerBrowser.send(.delete, "\(source.path)/shares/\(id)").status == 204)
        #expect(await incoming(auditor, target).isEmpty)
        #expect(try await source.trail() == ["share.accept", "share.create", "share.revoke"])
    }

    @Test("another role has to be accepted again, the same one stays accepted")
    func renewal() async throws {
        let (source, target) = (try await TenancyCase(), try await TenancyCase())
        let (resource, slug) = (try await resource(in: source.org), try await slug(of: target.org))
        let id = await offer(source, resource, to: slug).json["id"]?.string ?? ""
        let accept = "\(target.path)/shares/incoming/\(id)/accept"
        #expect(await target.ownerBrowser.send(.post, accept).status == 204)
        let same = await offer(source, resource, to: slug)
        #expect(same.status == 200 && same.json["status"]?.string == "accepted")
        let stronger = await offer(source, resource, to: slug, as: "admin")
        #expect(stronger.status == 200 && stronger.json["status"]?.string == "pending")
        #expect(await target.ownerBrowser.send(.post, accept).status == 204)
        let (_, editor) = try await target.join(as: .editor)
        #expect(await incoming(editor, target).isEmpty)
        let decline = "\(target.path)/shares/incoming/\(id)"
        #expect(await target.ownerBrowser.send(.delete, decline).status == 204)
        #expect(await source.ownerBrowser.send(.get, "\(source.path)/shares").json["data"]?.array?.isEmpty == true)
    }

    @Test("what does not fit is refused, and nobody learns which organisations there are")
    func refused() async throws {
        let (source, other) = (try await TenancyCase(), try await TenancyCase())
        let resource = try await resource(in: source.org)
        let foreign = try await self.resource(in: other.org)
        #expect(await offer(source, foreign, to: "somebody").slug == "resource-not-found")
        #expect(await offer(source, resource, to: try await slug(of: source.org)).slug == "invalid-field")
        #expect(await offer(source, resource, to: "No Slug").slug == "invalid-field")
        #expect(await offer(source, resource, to: "somebody", as: "owner").slug == "invalid-field")
        let real = await offer(source, resource, to: try await slug(of: other.org))
        let unreal = await offer(source, resource, to: "no-such-organisation")
        #expect(real.status == unreal.status)
        #expect(real.json["targetOrgId"] == unreal.json["targetOrgId"])
    }
}
