import Access
import HTTPKit
import Inventory
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Resources

@Suite("What people say about identity is in the timeline", .postgres) struct IdentityStoreTests {
    private let database = TestDatabase.current
    private let told = Told()
    private let person = Principal.user(
        UserID(bytes: [UInt8](repeating: 5, count: 16)), session: SessionID(bytes: [UInt8](repeating: 6, count: 16)))
    private var store: IdentityStore { IdentityStore(database.app) }
    private let pair = (
        Claim.Place(Told().connection(1), "host"), Claim.Place(Told().connection(2), "host")
    )

    /// Two machines that report by themselves, stored; the first one's id, then the other's.
    private func machines(in org: OrgID) async throws -> [ResourceID] {
        var registry = Registry(org: org, claims: [], keys: [:], now: told.now)
        let said = [told.agent(1, "web", machine: "m-1"), told.agent(2, "intranet", machine: "m-2")]
        let ids = said.map { registry.take($0, now: told.now) }
        let resources = ids.map { id in
            StoredResource(ResourceMerge.record(id, from: registry.claims(of: id), now: told.now) { _ in nil })
        }
        _ = try await database.app.batch(
            in: org,
            [
                ResourceWrites.upsert(resources, in: org, at: told.now),
                ResourceWrites.upsertClaims(ids.flatMap { registry.claims(of: $0) }, in: org),
            ])
        return ids
    }

    private func timeline(of id: ResourceID?, in org: OrgID) async throws -> [JSONValue] {
        let query = try Timeline.Query(["sourceType": "user_action"])
        let result = try await database.app.batch(
            in: org, Optional<Visibility>.none.narrowing([Timeline.statement(query, of: id)]))
        var reader = JSONReader(try Timeline.encode(result[result.count - 1], query))
        return try reader.decode(JSONValue.self)["data"]?.array ?? []
    }

    @Test("a word about two has a line at each of them, with who said it; another organisation sees none")
    func lines() async throws {
        let (org, other) = (try await Given.organisation(), try await Given.organisation())
        let ids = try await machines(in: org)
        _ = try await machines(in: other)
        let rules = try await store.say(
            .same, of: [pair], reason: "renamed", by: person, in: org, at: told.now, entry: "SELECT 1")
        for (index, name) in ["web", "intranet"].enumerated() {
            let lines = try await timeline(of: ids[index], in: org)
            #expect(lines.count == 1)
            let line = try #require(lines.first)
            #expect(line["kind"] == "activity" && line["reason"] == "linked" && line["sourceType"] == "user_action")
            #expect(line["actor"]?.string == person.label && line["confidence"] == "high")
            #expect(line["resourceName"]?.string == name && line["source"] == "agent")
            #expect(line["relatedResources"]?.array?.compactMap(\.string) == [ids[1 - index].description])
        }
        #expect(try await timeline(of: nil, in: other).isEmpty)
        try await store.takeBack(rules[0].id, by: person, in: org, at: told.now, entry: "SELECT 1")
        _ = try await store.say(
            .different, of: [pair], reason: "", by: person, in: org, at: told.now, entry: "SELECT 1")
        #expect(
            try await timeline(of: ids[0], in: org).compactMap { $0["reason"]?.string }.sorted()
                == ["link-withdrawn", "linked", "unlinked"])
    }

    @Test("of several claims of one resource there is one line, about nothing else") func one() async throws {
        let org = try await Given.organisation()
        let ids = try await machines(in: org)
        try await database.app.execute(in: org, "UPDATE resource_claims SET resource_id = \(ids[0])")
        _ = try await store.say(
            .different, of: [pair], reason: "", by: person, in: org, at: told.now, entry: "SELECT 1")
        let lines = try await timeline(of: nil, in: org)
        #expect(lines.map { $0["reason"] } == ["unlinked"] && lines[0]["relatedResources"] == [])
    }

    @Test("what cannot be audited is neither said nor told") func together() async throws {
        let org = try await Given.organisation()
        _ = try await machines(in: org)
        await #expect(throws: DatabaseError.self) {
            _ = try await store.say(
                .same, of: [pair], reason: "", by: person, in: org, at: told.now, entry: "SELECT 1/0")
        }
        #expect(try await timeline(of: nil, in: org).isEmpty)
        #expect(try await store.list(of: org).isEmpty)
    }
}
