import Inventory
import Kernel
import Resources
import Testing

@testable import Monitoring

/// A thing that is told of for the first time has appeared only where somebody had looked before.
@Suite struct FirstLooksTests {
    private let start = Timestamp(seconds: 1_795_253_400)
    private let org = OrgID.new(at: Timestamp(seconds: 1_795_253_400))
    private let connection = ConnectionID.new(at: Timestamp(seconds: 1_795_253_400))

    private func state(_ inventory: StoredInventory = StoredInventory()) -> OrgMonitorState {
        OrgMonitorState(org: org, epoch: 1, head: .none, inventory: inventory, now: start)
    }

    private func thing(_ type: ResourceType, _ key: String, in scope: String) -> Observation {
        Observation(
            connection: connection, source: .proxmox, type: type, key: key, scope: scope,
            evidence: [Evidence(.platformID, "pve:\(key)")], name: key, measuredAt: start, receivedAt: start)
    }

    /// The names that the timeline says have appeared.
    private func appeared(
        _ state: inout OrgMonitorState, _ things: [Observation], complete: Set<String>
    ) throws -> [String] {
        state.take(PollReport(observations: things, complete: complete), of: connection, now: start)
        state.settle(at: start)
        guard let flush = state.flush(at: start, closing: true) else { return [] }
        state.committed(flush)
        return flush.changes.told.filter { $0.reason == "appeared" }.map(\.name).sorted()
    }

    @Test("lists are met one after the other; only what joins one that was read has appeared") func lists() throws {
        var state = state()
        let nodes = [thing(.agent, "node/a", in: "nodes")]
        #expect(try appeared(&state, nodes, complete: ["nodes", "guests"]).isEmpty)
        let disks = [thing(.physicalDisk, "disk/a/1", in: "disks/a"), thing(.physicalDisk, "disk/a/2", in: "disks/a")]
        #expect(try appeared(&state, nodes + disks, complete: ["nodes", "guests", "disks/a"]).isEmpty)
        // The list of guests was read before, and was empty.
        let guest = thing(.vm, "qemu/100", in: "guests")
        #expect(try appeared(&state, nodes + [guest], complete: ["nodes", "guests"]) == ["qemu/100"])
        let another = thing(.physicalDisk, "disk/a/3", in: "disks/a")
        #expect(try appeared(&state, disks + [another], complete: ["disks/a"]) == ["disk/a/3"])
    }

    @Test("what was stored was looked at before") func restart() throws {
        var before = state()
        before.take(
            PollReport(observations: [thing(.vm, "qemu/100", in: "guests")], complete: ["guests"]), of: connection,
            now: start)
        before.settle(at: start)
        let stored = try #require(before.flush(at: start, closing: true))
        var after = state(StoredInventory(resources: stored.rows, claims: stored.claims, keys: stored.changes.keys))
        let now = ["qemu/100", "qemu/101"].map { thing(.vm, $0, in: "guests") }
        let disk = thing(.physicalDisk, "disk/a/1", in: "disks/a")
        #expect(try appeared(&after, now + [disk], complete: ["guests", "disks/a"]) == ["qemu/101"])
    }

    @Test("a connection that is gone is met anew") func gone() throws {
        var state = state()
        let guest = thing(.vm, "qemu/100", in: "guests")
        #expect(try appeared(&state, [guest], complete: ["guests"]).isEmpty)
        state.keepOnly([])
        state.settle(at: start)
        #expect(try appeared(&state, [guest], complete: ["guests"]).isEmpty)
    }

    @Test("names that a platform keeps inventing are not kept without end") func bound() throws {
        var looks = FirstLooks()
        for number in 0..<10_000 {
            looks.read("disks/\(number)", of: connection)
            looks.end()
        }
        #expect(looks.isOver(for: "disks/9999", of: connection))
        #expect(!looks.isOver(for: "disks/0", of: connection))
    }
}
