import Access
import HTTPKit
import Inventory
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Resources

/// A node with an agent on it, two guests and two storages, as their monitor would have stored them.
private struct Estate {
    let org: OrgID
    let platform = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
    let inside: ConnectionID
    let now = Timestamp(seconds: 1_795_253_400)
    private(set) var ids: [String: ResourceID] = [:]

    init(in org: OrgID, inside: ConnectionID = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))) async throws {
        (self.org, self.inside) = (org, inside)
        var registry = Registry(org: org, claims: [], keys: [:], now: now)
        var node = claim("node/pve1", .agent, "nodes", parent: nil, tags: [])
        node.evidence = [Evidence(.machineID, "m-1")]
        var agent = Observation(
            connection: inside, source: .agent, type: .agent, key: "host", name: "pve1", measuredAt: now,
            receivedAt: now)
        agent.evidence = [Evidence(.machineID, "m-1")]
        let said = [
            node, agent, claim("qemu/101", .vm, "guests", parent: "node/pve1", tags: ["prod", "web"]),
            claim("qemu/102", .vm, "guests", parent: "node/pve1", tags: ["test"]),
            storage("local", used: 20, total: 100, parent: "node/pve1"),
            storage("shared", used: 90, total: 100, parent: nil), storage("tape", used: nil, total: nil, parent: nil),
        ]
        let places = said.map { ($0, registry.take($0, now: now)) }
        for (claim, id) in places { ids[claim.name] = id }
        let resources = Set(places.map(\.1)).map { id in
            StoredResource(
                ResourceMerge.record(id, from: registry.claims(of: id), now: now) { claim in
                    let (connection, parent) = (claim.said.connection, claim.said.parent)
                    return parent.flatMap { registry.resource(of: .init(connection, $0)) }
                        .map { .init(id: $0, name: "pve1", connection: connection, key: parent ?? "") }
                })
        }
        let live = Dictionary(grouping: resources, by: \.connection).map { connection, resources in
            (connection: connection, at: now, blob: LiveBlob.encode(resources.map { (id: $0.id, live: $0.live) }))
        }
        _ = try await TestDatabase.current.app.batch(
            in: org,
            [
                ResourceWrites.upsert(resources, in: org, at: now), ResourceWrites.upsertLive(live, in: org),
                ResourceWrites.upsertClaims(
                    places.compactMap { registry.claim(at: .init($0.0.connection, $0.0.key)) }, in: org),
                ResourceWrites.append(
                    resources.filter { $0.type == "vm" }.map { ResourceChange(of: $0, at: now, .restart) }, in: org),
            ])
    }

    private func claim(
        _ key: String, _ type: ResourceType, _ scope: String, parent: String?, tags: [String]
    ) -> Observation {
        Observation(
            connection: platform, source: .proxmox, type: type, key: key, scope: scope, parent: parent,
            name: String(key.split(separator: "/").last ?? ""), status: key == "qemu/102" ? .offline : .online,
            identity: ResourceIdentity(clusterNames: ["West"]), tags: tags, measuredAt: now, receivedAt: now)
    }

    private func storage(_ name: String, used: Int64?, total: Int64?, parent: String?) -> Observation {
        var said = claim("storage/\(name)", .storage, "storages", parent: parent, tags: [])
        if let used, let total {
            said.metrics.disk = .init(percent: Double(used) / Double(total) * 100, usedBytes: used, totalBytes: total)
        }
        said.facts = [ResourceBlock("storage", json: Array("{\"type\":\"\(name == "local" ? "dir" : "nfs")\"}".utf8))]
        return said
    }

    func ask(_ statements: [SQL], as reader: OrgID? = nil, seenBy visibility: Visibility? = nil) async throws
        -> [ResultSet]
    {
        let all = try await TestDatabase.current.app.batch(in: reader ?? org, visibility.narrowing(statements))
        return Array(all.suffix(statements.count))
    }

    static func json(_ bytes: [UInt8]?) throws -> JSONValue {
        var reader = JSONReader(try #require(bytes))
        return try reader.decode(JSONValue.self)
    }
}

@Suite("What is shown around and above resources", .postgres) struct ResourceViewsTests {
    /// Sees nothing: of the connections here none is tagged.
    private let blind = Visibility(text: #"{"any":[{"tags":["berlin"]}]}"#)

    @Test(
        "lists are narrowed by any of several tags and by cluster, in whatever case",
        arguments: [
            ("tags=prod", ["101"]), ("tags=TEST,%20nothing", ["102"]), ("tags=prod,test", ["101", "102"]),
            ("tags=nothing", []), ("cluster=WEST&type=vm", ["101", "102"]), ("cluster=we", []),
            ("tags=web&cluster=west&status=online", ["101"]), ("tags=web&status=offline", []),
        ])
    func filters(query: String, expected: [String]) async throws {
        let estate = try await Estate(in: try await Given.organisation())
        let asked = try ResourceQuery(try Query(parsing: query[...]))
        let page = try await ResourceStore(TestDatabase.current.app).page(asked, in: estate.org)
        #expect(page.resources.map(\.name) == expected)
        #expect(page.total == expected.count)
    }

    @Test("facets tell of what a resource runs on, what runs on it, and what changed, each counted")
    func facets() async throws {
        let estate = try await Estate(in: try await Given.organisation())
        let node = try #require(estate.ids["pve1"])
        let told = try Estate.json(try Facets.encode(try await estate.ask(try Facets.statements(of: node))))
        #expect(told["resourceId"]?.string == node.description)
        #expect(told["capabilities"] == [] && told["earlierIds"] == [])
        // The stopped one first.
        #expect(told["relationships"]?.array?.compactMap { $0["resourceName"]?.string } == ["102", "101", "local"])
        #expect(told["counts"]?["children"] == ["vm": 2, "storage": 1])
        #expect(told["counts"]?["relationships"] == 3)

        let guest = try #require(estate.ids["101"])
        let around = try Estate.json(try Facets.encode(try await estate.ask(try Facets.statements(of: guest))))
        #expect(around["relationships"]?.array?.compactMap { $0["kind"]?.string } == ["runs-on"])
        #expect(around["counts"]?["changes"] == ["restart": 1])
        #expect(around["recentChanges"]?.array?.compactMap { $0["kind"]?.string } == ["restart"])
    }

    @Test(
        "the timeline narrows by kind, by how it was found out and by who told it, repeated or with commas",
        arguments: [
            ("kind=restart", 2), ("kind=restart,activity&kind=config_update", 2), ("kind=alert_fired", 0),
            ("sourceType=pulse_diff", 2), ("sourceType=user_action&sourceType=platform_event", 0),
            ("source=proxmox", 2), ("source=agent", 0), ("sourceAdapter=proxmox_adapter", 2),
            ("sourceAdapter=agent:ops-helper&source=docker", 0),
            ("kind=restart&source=proxmox&sourceType=pulse_diff", 2),
        ])
    func timeline(query: String, count: Int) async throws {
        let estate = try await Estate(in: try await Given.organisation())
        let asked = try Timeline.Query(try Query(parsing: query[...]))
        let told = try Estate.json(
            try Timeline.encode(try await estate.ask([Timeline.statement(asked, of: nil)])[0], asked))
        #expect(told["data"]?.array?.count == count)
    }

    @Test("a kind or a way of finding out that there is not is refused by its name", arguments: ["kind", "sourceType"])
    func strange(name: String) throws {
        let query = try Query(parsing: "\(name)=restart,sideways"[...])
        #expect(throws: Problem.self) { _ = try Timeline.Query(query) }
    }

    @Test("the storage summary counts what is shared once and what has no size as unknown")
    func storageSummary() async throws {
        let estate = try await Estate(in: try await Given.organisation())
        let summary = try StorageSummary(try await estate.ask([StorageSummary.statement])[0])
        let told = try Estate.json(summary.encoded(top: 1))
        #expect(told["storages"]?["totalBytes"] == 200)
        #expect(told["storages"]?["usedBytes"] == 110)
        #expect(told["storages"]?["freeBytes"] == 90)
        #expect(told["storages"]?["percent"] == 55)
        #expect(told["unknown"] == 1 && told["complete"] == true)
        #expect(told["byType"]?.array?.compactMap { $0["type"]?.string } == ["dir", "nfs"])
        #expect(told["fullest"]?.array?.compactMap { $0["name"]?.string } == ["shared"])
        // Nothing known is no share of nothing.
        #expect(try Estate.json(StorageSummary().encoded(top: 5))["storages"]?["percent"] == nil)
    }

    @Test("storages of absurd sizes stay at the bound of what can be counted, and what is below zero is no size")
    func absurdStorages() throws {
        let org = OrgID.new(at: Timestamp(seconds: 1))
        let now = Timestamp(seconds: 1_795_253_400)
        var registry = Registry(org: org, claims: [], keys: [:], now: now)
        var summary = StorageSummary()
        for (name, used, total) in [
            ("a", Int64.max - 1, Int64.max), ("b", .max, .max), ("c", .max, 1), ("d", .min, .max), ("e", 1, .min),
        ] {
            var said = Observation(
                connection: ConnectionID(bytes: [UInt8](repeating: 1, count: 16)), source: .proxmox, type: .storage,
                key: "storage/\(name)", scope: "storages", name: name, measuredAt: now, receivedAt: now)
            said.metrics.disk = .init(percent: 50, usedBytes: used, totalBytes: total)
            let id = registry.take(said, now: now)
            let record = ResourceMerge.record(id, from: registry.claims(of: id), now: now) { _ in nil }
            summary.add(StoredResource(record))
        }
        #expect(summary.all == .init(count: 3, total: .max, used: .max) && summary.unknown == 2)
        let told = try Estate.json(summary.encoded(top: 5))
        #expect(told["storages"]?["freeBytes"] == 0 && told["storages"]?["percent"] == 100)
    }

    @Test("who sees a part is not told of connections behind it, nor that those beside it have not answered")
    func narrowedLedger() async throws {
        let database = TestDatabase.current.app
        let org = try await Given.organisation()
        let (inside, beside) = (try await Given.agent(in: org).id, try await Given.agent(in: org).id)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.agents SET tags = '{berlin}' WHERE org_id = \(org) AND id = \(inside)")
        let silent = [
            LedgerRoutes.Silent(connection: ConnectionID(inside.uuid), name: "shown-platform", reason: "timeout"),
            LedgerRoutes.Silent(connection: ConnectionID(beside.uuid), name: "hidden-platform", reason: "auth"),
        ]
        func ask(_ silent: [LedgerRoutes.Silent], seenBy visibility: Visibility?) async throws -> String {
            let ledger = try #require(LedgerRoutes(database) { _ in silent }.endpoints.first)
            let caller = Caller(
                principal: .user(
                    UserID.new(at: Timestamp(seconds: 1)), session: SessionID.new(at: Timestamp(seconds: 1))),
                org: org, authority: Authority(role: .viewer, visibility: visibility))
            let request = APIRequest(path: ledger.path, parameters: [:], query: [:], admitted: caller)
            guard case .bytes(let bytes) = try await ledger.handler(request).body else { throw Problem.notFound }
            return String(decoding: bytes, as: UTF8.self)
        }
        let berlin = Visibility(text: #"{"any":[{"tags":["berlin"]}]}"#)
        // Before anything is counted, too, what one does not see is not waited for.
        #expect(try await ask([silent[1]], seenBy: berlin).contains(#""total":0,"complete":true"#))
        await #expect(throws: Problem.self) { _ = try await ask(silent, seenBy: berlin) }
        _ = try await database.batch(
            in: org, [ResourceWrites.advance(OrgHead(epoch: 1, seq: 1), in: org, at: Timestamp(seconds: 1))])
        for (some, isComplete) in [(silent, false), ([silent[1]], true)] {
            let told = try await ask(some, seenBy: berlin)
            #expect(told.contains(#""complete":\#(isComplete),"unavailable":[]"#), "\(told)")
            for secret in ["hidden-platform", "\(beside)"] { #expect(!told.contains(secret), "\(told)") }
        }
        let whole = try await ask(silent, seenBy: nil)
        #expect(whole.contains("hidden-platform") && whole.contains("shown-platform"), "\(whole)")
        let elsewhere = try await ask(silent, seenBy: Visibility(text: #"{"any":[{"tags":["paris"]}]}"#))
        #expect(elsewhere.contains(#""complete":true,"unavailable":[]"#), "\(elsewhere)")
    }

    @Test("what is connected is told by connection, with the systems and what is told of by others, page by page")
    func connected() async throws {
        let estate = try await Estate(in: try await Given.organisation())
        var cursor: String?
        var told: [JSONValue] = []
        repeat {
            let text = cursor.map { "limit=1&cursor=\($0)" } ?? "limit=1"
            let query = try ConnectedInfrastructure.Query(try Query(parsing: text[...]))
            let page = try Estate.json(
                try ConnectedInfrastructure.encode(
                    try await estate.ask(ConnectedInfrastructure.statements(query)), query))
            told += page["data"]?.array ?? []
            cursor = page["nextCursor"]?.string
        } while cursor != nil
        #expect(told.map { $0["connectionId"]?.string } == [estate.platform.description, estate.inside.description])
        #expect(told.map { $0["resources"]?.int } == [6, 1])
        #expect(told.map { $0["shared"]?.int } == [1, 1])
        #expect(told.first?["byType"] == ["agent": 1, "vm": 2, "storage": 3])
        for one in told {
            #expect(one["systems"]?.array?.first?["name"] == "pve1")
            #expect(one["systems"]?.array?.first?["sources"] == ["agent", "proxmox"])
        }
    }

    @Test("who sees a part is told of no connection beside it: not by what is connected, not by why something is one")
    func narrowedConnections() async throws {
        let database = TestDatabase.current.app
        let org = try await Given.organisation()
        let (inside, near) = (try await Given.agent(in: org).id, try await Given.agent(in: org).id)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.agents SET tags = '{berlin}' WHERE org_id = \(org)")
        let estate = try await Estate(in: org, inside: ConnectionID(inside.uuid))
        let store = IdentityStore(database)
        let host = Claim.Place(estate.inside, "host")
        let user = UserID.new(at: estate.now)
        let principal = Principal.user(user, session: SessionID.new(at: estate.now))
        for (other, reason) in [
            (Claim.Place(estate.platform, "node/pve1"), "hidden-reason"),
            (Claim.Place(ConnectionID(near.uuid), "host"), "shown-reason"),
        ] {
            _ = try await store.say(
                .different, of: [(host, other)], reason: reason, by: principal, in: org, at: estate.now,
                entry: "SELECT 1")
        }
        let node = try #require(estate.ids["pve1"])
        func explained(_ visibility: Visibility?) async throws -> String {
            let routes = IdentityRoutes(store, time: ManualTime(now: estate.now)).endpoints
            let explain = try #require(routes.first { $0.path == "/api/resources/{id}/identity" })
            let caller = Caller(
                principal: principal, org: org, authority: Authority(role: .viewer, visibility: visibility))
            let request = APIRequest(
                path: explain.path, parameters: ["id": node.description], query: [:], admitted: caller)
            guard case .bytes(let bytes) = try await explain.handler(request).body else { throw Problem.notFound }
            return String(decoding: bytes, as: UTF8.self)
        }
        func connected(_ visibility: Visibility?) async throws -> JSONValue {
            let query = try ConnectedInfrastructure.Query([:])
            let answers = try await estate.ask(ConnectedInfrastructure.statements(query), seenBy: visibility)
            return try Estate.json(try ConnectedInfrastructure.encode(answers, query))
        }
        let berlin = blind
        let shown = try await connected(berlin)["data"]?.array
        #expect(shown?.map { $0["connectionId"]?.string } == [estate.inside.description])
        #expect(shown?.first?["resources"] == 1 && shown?.first?["shared"] == 0)
        let told = try await explained(berlin)
        #expect(told.contains(estate.inside.description) && told.contains("shown-reason"), "\(told)")
        for secret in [estate.platform.description, "node/pve1", "hidden-reason"] {
            #expect(!told.contains(secret), "\(told)")
        }
        // Who sees everything is told everything.
        #expect(try await connected(nil)["data"]?.array?.map { $0["shared"]?.int } == [1, 1])
        let whole = try await explained(nil)
        for part in [estate.platform.description, "node/pve1", "hidden-reason", "shown-reason"] {
            #expect(whole.contains(part), "\(whole)")
        }
    }

    @Test("neither another organisation nor who sees another part is told any of it")
    func isolation() async throws {
        let estate = try await Estate(in: try await Given.organisation())
        let theirs = try await Given.organisation()
        let query = try ConnectedInfrastructure.Query([:])
        for (reader, visibility) in [(theirs, nil), (estate.org, blind)] as [(OrgID, Visibility?)] {
            for id in estate.ids.values {
                let facets = try await estate.ask(try Facets.statements(of: id), as: reader, seenBy: visibility)
                #expect(try Facets.encode(facets) == nil)
            }
            let storages = try await estate.ask([StorageSummary.statement], as: reader, seenBy: visibility)
            #expect(try StorageSummary(storages[0]).byStatus.isEmpty)
            let connected = try await estate.ask(
                ConnectedInfrastructure.statements(query), as: reader, seenBy: visibility)
            #expect(try Estate.json(try ConnectedInfrastructure.encode(connected, query))["data"] == [])
        }
        var tagged = ResourceQuery()
        tagged.tags = ["prod"]
        #expect(try await ResourceStore(TestDatabase.current.app).page(tagged, in: theirs).total == 0)
    }
}
