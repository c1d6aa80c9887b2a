import HTTPKit
import Inventory
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Resources

@Suite struct ResourceQueryTests {
    @Test(
        "types have their plural and their aliases",
        arguments: [
            ("agents", ["agent"]), ("node,vms", ["agent", "vm"]), ("physical_disk", ["physical_disk"]),
            ("pods", ["pod"]), ("", []),
        ])
    func types(text: String, expected: [String]) throws {
        #expect(try ResourceQuery(["type": text]).types == expected)
    }

    @Test(
        "what cannot be meant is refused by its name",
        arguments: [
            ("type", "spaceship"), ("sort", "colour"), ("order", "sideways"), ("cursor", "abc"), ("page", "x"),
            ("limit", "many"), ("cursor", "00000000-0000-0000-0000-000000000000.zz."),
        ])
    func refused(name: String, value: String) {
        let problem = #expect(throws: Problem.self) { try ResourceQuery([(name): value]) }
        #expect(problem?.status == 400)
        #expect(problem?.field == name)
    }

    @Test("unknown sources and statuses are left out, limits are clamped") func lax() throws {
        let query = try ResourceQuery(["source": "agent,martian", "status": "online,purple", "limit": "5000"])
        #expect(query.sources == ["agent"])
        #expect(query.statuses == ["online"])
        #expect(query.paging.limit == 100)
    }
}

@Suite struct LiveBlobTests {
    @Test("a blob gives back what went in, and a damaged one what is whole") func roundTrip() {
        let now = SystemTime().now
        let members = (0..<50).map { (id: ResourceID.new(at: now), live: Array("{\"n\":\($0)}".utf8)) }
        let blob = LiveBlob.encode(members)
        let decoded = LiveBlob.members(Set(members.map(\.id)), of: blob)
        #expect(decoded.count == 50)
        for member in members { #expect(decoded[member.id] == member.live) }
        #expect(LiveBlob.members([members[49].id], of: blob) == [members[49].id: members[49].live])
        for damaged in [[], [1, 2, 3]] as [[UInt8]] { #expect(LiveBlob.members([members[0].id], of: damaged).isEmpty) }
    }
}

@Suite(.postgres) struct ResourceStoreTests {
    let database = TestDatabase.current
    let now = Timestamp(seconds: 1_795_253_400)
    private var store: ResourceStore { ResourceStore(database.app) }

    private func record(
        _ name: String, status: ResourceStatus = .online, of connection: ConnectionID? = nil, in org: OrgID
    ) -> StoredResource {
        let id = ResourceMint.id(in: org, type: .agent, key: Evidence(.machineID, name))
        let connection = connection ?? .new(at: now)
        let record = ResourceRecord(
            id: id, connection: connection, type: .agent, technology: "linux", name: name,
            status: status, lastSeen: now, updatedAt: now,
            sources: [.init(.agent, connection: connection, isStale: false, lastSeen: now)],
            identity: ResourceIdentity(hostnames: [name]))
        return StoredResource(
            id: id, connection: record.connection, type: "agent", source: "agent", name: name, status: status.rawValue,
            lastSeen: now, facts: record.factsJSON, live: record.liveJSON)
    }

    private func store(_ resources: [StoredResource], in org: OrgID) async throws {
        let live = Dictionary(grouping: resources, by: \.connection).map { connection, resources in
            (connection: connection, at: now, blob: LiveBlob.encode(resources.map { (id: $0.id, live: $0.live) }))
        }
        _ = try await database.app.batch(
            in: org,
            [
                ResourceWrites.upsert(resources, in: org, at: now), ResourceWrites.upsertLive(live, in: org),
                ResourceWrites.upsertKeys(resources.map { (Evidence(.machineID, $0.name), $0.id) }, in: org),
                ResourceWrites.advance(OrgHead(epoch: 1, seq: 7), in: org, at: now),
            ])
    }

    @Test("what is written is read back whole, and writing it twice changes nothing") func roundTrip() async throws {
        let org = try await Given.organisation()
        let resource = record("web-1", in: org)
        for _ in 0..<2 { try await store([resource], in: org) }
        #expect(try await store.resource(resource.id, in: org) == resource)
        let snapshot = try await store.snapshot(of: org)
        #expect(snapshot.head == OrgHead(epoch: 1, seq: 7))
        #expect(snapshot.resources == [resource])
        #expect(try await store.keys(of: org) == [Evidence(.machineID, "web-1"): resource.id])
        var reader = JSONReader(resource.wire)
        let wire = try reader.decode(JSONValue.self)
        #expect(wire["status"] == "online")
        #expect(wire["name"] == "web-1")
    }

    @Test("what one connection reports together is read apart, on every page") func shared() async throws {
        let org = try await Given.organisation()
        let connection = ConnectionID.new(at: now)
        let all = (0..<5).map {
            record("guest-\($0)", status: $0 == 3 ? .warning : .online, of: $0 == 4 ? nil : connection, in: org)
        }
        try await store(all, in: org)
        #expect(try await store.snapshot(of: org).resources == all)
        #expect(try await store.resource(all[3].id, in: org) == all[3])
        var query = ResourceQuery()
        query.paging = Paging(page: 2, limit: 2)
        #expect(try await store.page(query, in: org).resources == Array(all[2...3]))
    }

    @Test("an organisation without anything has an empty list and no head") func empty() async throws {
        let org = try await Given.organisation()
        #expect(try await store.snapshot(of: org).resources.isEmpty)
        let page = try await store.page(ResourceQuery(), in: org)
        #expect(page.total == 0)
        #expect(page.head == .none)
        #expect(page.nextCursor == nil)
    }

    @Test("lists filter, sort and count", arguments: [false, true]) func lists(descending: Bool) async throws {
        let org = try await Given.organisation()
        let names = ["delta", "Alpha", "charlie", "bravo"]
        try await store(
            names.map { record($0, status: $0 == "bravo" ? .offline : .online, in: org) }, in: org)
        var query = ResourceQuery()
        query.isDescending = descending
        let page = try await store.page(query, in: org)
        let expected = ["Alpha", "bravo", "charlie", "delta"]
        #expect(page.resources.map(\.name) == (descending ? expected.reversed() : expected))
        query.statuses = ["offline"]
        let offline = try await store.page(query, in: org)
        #expect(offline.resources.map(\.name) == ["bravo"])
        #expect(offline.total == 1)
        #expect(offline.counts.reduce(0) { $0 + $1.count } == 4)
        query.statuses = []
        query.text = "ha"
        #expect(Set(try await store.page(query, in: org).resources.map(\.name)) == ["Alpha", "charlie"])
    }

    @Test("cursors walk every sort to its end without a double", arguments: ResourceQuery.Sort.allCases)
    func cursors(sort: ResourceQuery.Sort) async throws {
        let org = try await Given.organisation()
        try await store(
            (0..<23).map { record("host-\($0)", status: $0 % 3 == 0 ? .offline : .online, in: org) }, in: org)
        for descending in [false, true] {
            var seen: [String] = []
            var cursor: String?
            repeat {
                var query = ResourceQuery()
                query.sort = sort
                query.isDescending = descending
                query.paging = Paging(limit: 5, cursor: cursor)
                let page = try await store.page(query, in: org)
                seen += page.resources.map(\.name)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen.count == 23)
            #expect(Set(seen).count == 23)
        }
    }

    @Test("a succeeded id leads to the resource it became") func successions() async throws {
        let org = try await Given.organisation()
        let resource = record("web-1", in: org)
        try await store([resource], in: org)
        let old = ResourceID.new(at: now)
        try await database.app.execute(
            in: org, "INSERT INTO resource_successions VALUES (\(org), \(old), \(resource.id), \(now))")
        #expect(try await store.resource(old, in: org)?.id == resource.id)
        _ = try await database.app.batch(in: org, [ResourceWrites.revive([old])])
        #expect(try await store.resource(old, in: org) == nil)
    }

    @Test("the timeline of a resource has what was told under its ids of before, by each of them")
    func lineage() async throws {
        let (org, theirs) = (try await Given.organisation(), try await Given.organisation())
        let resource = record("web-1", in: org)
        let other = record("web-2", in: org)
        try await store([resource, other], in: org)
        let old = record("web-0", in: org)
        _ = try await database.app.batch(
            in: org,
            [
                ResourceWrites.append(
                    [
                        ResourceChange(of: old, at: now, .restart), ResourceChange(of: resource, at: now, .activity),
                        ResourceChange(of: other, at: now, .restart),
                    ], in: org)
            ] + ResourceWrites.succeed([(old.id, resource.id)], in: org, at: now))
        for id in [old.id, resource.id] {
            let statement = Timeline.statement(try Timeline.Query([:]), of: id)
            for (reader, count) in [(org, 2), (theirs, 0)] {
                let result = try await database.app.batch(in: reader, [statement])[0]
                #expect(try result.rows { _ = try $0.next(ResourceChangeID.self) }.count == count)
            }
            let existence = try await database.app.batch(in: org, [ResourceStore.existence(of: id)])[0]
            #expect(try existence.first { try $0.next(Bool.self) } == true)
        }
    }

    @Test("another organisation sees nothing, by list, id, snapshot, key or head") func isolation() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let resource = record("web-1", in: ours)
        try await store([resource], in: ours)
        #expect(try await store.page(ResourceQuery(), in: theirs).total == 0)
        #expect(try await store.resource(resource.id, in: theirs) == nil)
        #expect(try await store.snapshot(of: theirs).resources.isEmpty)
        #expect(try await store.keys(of: theirs).isEmpty)
        #expect(try await store.head(of: theirs) == .none)
    }
}
