import Foundation
import Inventory
import Kernel
import Postgres
import Resources
import TestKit
import Testing

@testable import Monitoring

/// What a platform, or somebody inside one of its guests, says in words that nobody can store.
@Suite(.postgres) struct HostileTextTests {
    private let now = Timestamp(seconds: 1_795_253_400)

    /// Does not compress, so that an index row of it would be too long.
    private static let long = (0..<400).map { _ in UUID().uuidString }.joined()
    private static let words = [
        "\0", "a\0b", "\u{1}\u{202E}\n", long, "\0" + long, String(repeating: "\u{301}", count: 9000),
    ]

    @Test("is stored as plain text, and keeps nothing else from being stored", arguments: words.indices)
    func stored(number: Int) async throws {
        let word = Self.words[number]
        let database = TestDatabase.current
        let org = try await Given.organisation()
        let lease = try await Held.lease(of: org)
        let connection = ConnectionID.new(at: now)
        var state = OrgMonitorState(org: org, epoch: lease.epoch, head: .none, inventory: StoredInventory(), now: now)
        func thing(_ key: String, _ word: String, parent: String? = nil) -> Observation {
            Observation(
                connection: connection, source: .proxmox, type: .vm, key: key, scope: "guests\(word)",
                evidence: [Evidence(.platformID, "pve:1/\(key)")], parent: parent, name: "web\(word)",
                technology: "qemu\(word)",
                identity: ResourceIdentity(
                    machineID: "m\(key)", hostnames: [word], ipAddresses: [word], macAddresses: [word],
                    clusterNames: [word]),
                tags: [word], measuredAt: now, receivedAt: now)
        }
        let things = [
            thing("qemu/100", ""), thing("qemu/\(word)1", word), thing("qemu/\(word)2", word, parent: "qemu/\(word)1"),
        ]
        for round in 0..<2 {
            state.take(
                PollReport(observations: round == 0 ? things : Array(things.prefix(1)), complete: ["guests\(word)"]),
                of: connection, now: now)
            state.settle(at: now)
            let flush = try #require(state.flush(at: now, closing: true))
            _ = try await database.app.batch(
                in: org, [ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch)] + flush.statements(in: org))
            state.committed(flush)
        }
        let kept = try await database.app.rows(
            in: org, "SELECT r.name FROM resources r WHERE r.org_id = \(org) ORDER BY r.id"
        ) { try $0.next(String.self) }
        #expect(kept.count == 3)
        #expect(kept.allSatisfy { $0.isPlainLine && $0.utf8.count <= 256 && $0.hasPrefix("we") })
    }
}
