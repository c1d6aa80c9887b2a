import Inventory
import Kernel
import Postgres
import TestKit
import Testing

@testable import Resources

/// Rules about a guest that is no more go from storage with the write that stores the other one under its number.
@Suite(.postgres) struct OutlivedRulesTests {
    private let database = TestDatabase.current
    private let told = Told()
    private var store: IdentityStore { IdentityStore(database.app) }

    private func place(_ number: UInt8, _ key: String) -> Claim.Place { .init(told.connection(number), key) }

    private func say(
        _ kind: IdentityRules.Kind, _ left: Claim.Place, _ right: Claim.Place, in org: OrgID, at: Timestamp
    ) async throws {
        try await database.app.execute(
            in: org,
            """
            INSERT INTO identity_rules (org_id, id, kind, connection_id, key, other_connection, other_key, reason,
                                        made_by, made_at)
            VALUES (\(org), \(ID<IdentityRule>.new(at: at).uuid), \(kind.rawValue), \(left.connection), \(left.key),
                    \(right.connection), \(right.key), '', 'user:1', \(at))
            """)
    }

    private func generation(_ org: OrgID) async throws -> Int {
        let sql: SQL = "SELECT generation FROM pulse.orgs WHERE id = \(org)"
        return try await database.superuser.firstGlobally(sql) { try $0.next(Int.self) } ?? -1
    }

    @Test(
        "what was said before the other thing stood there goes, on either side; the rest stays, and so does everybody else's"
    )
    func end() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let (guest, now) = (place(5, "guest/101"), told.now)
        for org in [ours, theirs] {
            try await say(.same, guest, place(7, "host"), in: org, at: now)
            try await say(.different, place(2, "host"), guest, in: org, at: now)
            try await say(.same, guest, place(8, "host"), in: org, at: now + .seconds(60))
            try await say(.same, place(5, "guest/102"), place(7, "host"), in: org, at: now)
        }
        let before = try await generation(ours)
        let end = ResourceWrites.end([guest: now + .seconds(30)])
        for _ in 1...2 { _ = try await database.app.batch(in: ours, [end]) }
        let left = try await store.list(of: ours)
        #expect(Set(left.map(\.right)) == [place(8, "host"), place(7, "host")] && left.count == 2)
        #expect(try await store.list(of: theirs).count == 4)
        // Once, and not again where nothing went.
        #expect(try await generation(ours) == before + 1)
    }

    @Test("what was missed where people had spoken of it is known to the next monitor") func missed() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let guest = place(1, "guest/101")
        for org in [ours, theirs] {
            try await say(.same, guest, place(2, "host"), in: org, at: told.now)
            try await say(.same, place(0, "node"), guest, in: org, at: told.now)
        }
        var before = told.registry()
        before.take(told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:01"]), now: told.now)
        before.apply(try await store.rules(of: ours), now: told.now)
        for _ in 1...3 { before.close(scope: "guests", of: told.connection(1), told: []) }
        _ = try await database.app.batch(in: ours, ResourceWrites.miss(Array(before.drain().missed.values)))
        #expect(try await store.rules(of: ours).missed.keys.map(\.key) == ["guest/101"])
        #expect(try await store.rules(of: theirs).missed.isEmpty)

        var after = told.registry()
        after.apply(try await store.rules(of: ours), now: told.now)
        let inside = after.take(told.agent(2, "web", machine: "m"), now: told.now)
        let mail = told.guest(1, 101, "mail", dmi: "u-9", macs: ["bc:24:11:00:00:77"])
        #expect(after.take(mail, now: told.now) != inside)
        #expect(after.changes.outlived == [guest: told.now])
    }

    @Test("keys that nobody tells any more go, those of others stay") func keys() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        for org in [ours, theirs] {
            var registry = Registry(org: org, claims: [], keys: [:], now: told.now)
            let id = registry.take(told.agent(1, "web", machine: "m", dmi: "u"), now: told.now)
            let stored = StoredResource(
                ResourceMerge.record(id, from: registry.claims(of: id), now: told.now) { _ in nil })
            let keys = registry.drain().keys.map { (evidence: $0.key, resource: $0.value) }
            _ = try await database.app.batch(
                in: org,
                [ResourceWrites.upsert([stored], in: org, at: told.now), ResourceWrites.upsertKeys(keys, in: org)])
        }
        _ = try await database.app.batch(in: ours, [ResourceWrites.removeKeys([Evidence(.dmiUUID, "u")])])
        let kept = try await ResourceStore(database.app).keys(of: ours)
        #expect(Set(kept.keys) == [Evidence(.machineID, "m"), Evidence(.agentID, "agent-1")])
        #expect(try await ResourceStore(database.app).keys(of: theirs).count == 3)
    }
}
