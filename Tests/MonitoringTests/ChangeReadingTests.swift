import Inventory
import Kernel
import Resources
import Testing

@testable import Monitoring

@Suite("What a person would call a change") struct ChangeReadingTests {
    private let now = Timestamp(seconds: 1_795_253_400)
    private let id = ResourceID(bytes: [UInt8](repeating: 1, count: 16))
    private let connection = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))
    private let nodes = [
        ResourceID(bytes: [UInt8](repeating: 3, count: 16)), ResourceID(bytes: [UInt8](repeating: 4, count: 16)),
    ]

    private func state(
        _ status: String = "online", name: String = "web", node: Int = 0, uptime: Int64? = 1000,
        heard: ResourceStatus? = nil, isGuess: Bool = false, movedBefore: Int64? = nil,
        of connection: ConnectionID? = nil,
        facts: String = #"{"id":"x","proxmox":{"cpus":2,"os":"l26"},"tags":["prod"]}"#
    ) -> ChangeReading.State {
        let connection = connection ?? self.connection
        let stored = StoredResource(
            id: id, connection: connection, type: "vm", source: "proxmox", parent: nodes[node], name: name,
            status: status, lastSeen: now, facts: Array(facts.utf8), live: [])
        return .init(
            stored: stored, sources: [.init(.proxmox, connection: connection, isStale: isGuess, lastSeen: now)],
            heard: heard ?? ResourceStatus(rawValue: status), isGuess: isGuess,
            uptime: uptime.map { .init(.proxmox, connection: connection, seconds: $0) }, uptimes: [],
            movedAt: movedBefore.map { now - .seconds($0) })
    }

    private func changes(
        _ before: ChangeReading.State, _ after: ChangeReading.State, move: ChangeReading.Move? = nil
    ) -> [ResourceChange] {
        ChangeReading.changes(from: before, to: after, move: move, at: now)
    }

    @Test("the same is no change, and neither are values that move") func nothing() {
        #expect(changes(state(), state(uptime: 1010)).isEmpty)
    }

    @Test("a guest that is stopped and started has two transitions") func transitions() {
        let down = changes(state(), state("offline", uptime: nil))
        #expect(down.map(\.kind) == [.stateTransition])
        #expect(down[0].from == "online" && down[0].to == "offline")
        #expect(changes(state("offline", uptime: nil), state()).map(\.to) == ["online"])
    }

    @Test("that nobody could be asked happened to us, not to the guest") func hearsay() {
        let unheard = state("warning", heard: .online, isGuess: true)
        #expect(changes(state(), unheard).isEmpty)
        #expect(changes(unheard, state()).isEmpty)
        let stopped = changes(unheard, state("offline", uptime: nil))
        #expect(stopped.map(\.from) == ["online"] && stopped.map(\.to) == ["offline"])
        // A machine that reports by itself and does not any more is offline, and that is told.
        #expect(changes(state(), state("offline")).map(\.kind) == [.stateTransition])
    }

    @Test("a reboot is a restart, a clock that is set back a little is none") func restart() {
        #expect(changes(state(uptime: 90_000), state(uptime: 12)).map(\.kind) == [.restart])
        #expect(changes(state(uptime: 90_000), state(uptime: 89_990)).isEmpty)
    }

    @Test("an uptime that nothing can have is compared all the same")
    func hostileUptime() {
        #expect(changes(state(uptime: .max), state(uptime: .max)).isEmpty)
        #expect(changes(state(uptime: 10), state(uptime: .max)).isEmpty)
        #expect(changes(state(uptime: .min), state(uptime: .min)).isEmpty)
        #expect(changes(state(uptime: .max), state(uptime: .min)).map(\.kind) == [.restart])
    }

    @Test("a migration names where from and where to") func migration() {
        let move = ChangeReading.Move(from: "pve1", to: "pve2", onto: nodes[1])
        let facts = ["pve1", "pve2"].map { #"{"id":"x","proxmox":{"cpus":2,"node":"\#($0)"},"tags":[]}"# }
        let moved = changes(state(facts: facts[0]), state(node: 1, movedBefore: 0, facts: facts[1]), move: move)
        #expect(moved.map(\.kind) == [.relationshipChange])
        #expect(moved[0].from == "pve1" && moved[0].to == "pve2" && moved[0].related == nodes[1])
    }

    @Test(
        "a process that began before the move was seen is no restart, a later one is",
        arguments: [
            (0, 0, false), (0, 5, false), (20, 12, false), (600, 610, false), (600, 575, false), (600, 30, true),
        ]
    )
    func afterTheMove(movedBefore: Int64, uptime: Int64, isRestart: Bool) {
        let told = changes(state(uptime: 90_000), state(uptime: uptime, movedBefore: movedBefore))
        #expect(told.map(\.kind) == (isRestart ? [.restart] : []))
    }

    @Test("what another source calls it, or how long it has been up there, is no change") func anotherTeller() {
        let other = ConnectionID(bytes: [UInt8](repeating: 9, count: 16))
        let facts = #"{"id":"x","technology":"linux","proxmox":{"cpus":4,"os":"l26"},"tags":[]}"#
        #expect(changes(state(uptime: 90_000), state(name: "www", uptime: 12, of: other, facts: facts)).isEmpty)
    }

    @Test("a changed setting is named with both values, a source that comes or goes is none") func configuration() {
        let more = changes(state(), state(facts: #"{"id":"x","proxmox":{"cpus":4,"os":"l26"},"tags":["prod"]}"#))
        #expect(more.map(\.reason) == ["proxmox.cpus"])
        #expect(more[0].from == "2" && more[0].to == "4")
        #expect(changes(state(), state(facts: #"{"id":"x","tags":["prod"]}"#)).isEmpty)
        let tags = changes(state(), state(facts: #"{"id":"x","proxmox":{"cpus":2,"os":"l26"},"tags":[]}"#))
        #expect(tags.map(\.reason) == ["tags"])
        #expect(changes(state(), state(name: "www")).map(\.reason) == ["name"])
    }
}
