import Inventory
import Kernel
import Testing

@testable import History
@testable import Monitoring
@testable import Resources

/// What a node of a platform, a guest of it and the agents on both say, each under a number of its own.
private struct Speakers {
    static let org = OrgID(bytes: [UInt8](repeating: 7, count: 16))
    static let start = Timestamp(seconds: 1_795_253_400)
    static let platform = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
    static let inside = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))

    static func node(_ values: [MetricFamily: Double], at: Timestamp) -> Observation {
        said(platform, .proxmox, .agent, "node/pve1", scope: "nodes", values, at: at)
    }

    static func guest(_ values: [MetricFamily: Double], at: Timestamp) -> Observation {
        said(platform, .proxmox, .vm, "qemu/101", scope: "guests", values, at: at)
    }

    static func agent(_ values: [MetricFamily: Double], at: Timestamp) -> Observation {
        said(inside, .agent, .agent, "host", scope: "", values, at: at)
    }

    private static func said(
        _ connection: ConnectionID, _ source: InventorySource, _ type: ResourceType, _ key: String, scope: String,
        _ values: [MetricFamily: Double], at: Timestamp
    ) -> Observation {
        Observation(
            connection: connection, source: source, type: type, key: key, scope: scope,
            evidence: [Evidence(.machineID, "m-1")], name: "pve1", measuredAt: at, receivedAt: at,
            samples: values.map { (MetricName($0.key), $0.value) }.sorted { $0.0 < $1.0 })
    }
}

@Suite("Whose samples are the history of what several speak of") struct VoicesTests {
    /// A registry and the voices over it, as a monitor keeps them.
    private struct Scene {
        var registry = Registry(org: Speakers.org, claims: [], keys: [:], now: Speakers.start)
        var voices = Voices()

        /// - Returns: what of it is history.
        mutating func hear(_ said: Observation, isLate: Bool = false, now: Timestamp? = nil) -> [String: Double] {
            let now = now ?? said.receivedAt
            let place = Claim.Place(said.connection, said.key)
            let id =
                isLate ? registry.resource(of: place) ?? registry.take(said, now: now) : registry.take(said, now: now)
            registry.observeSilence(at: now)
            let samples = voices.samples(
                of: said, at: place, for: id, among: registry.claims(of: id), isLate: isLate, now: now)
            return Dictionary(uniqueKeysWithValues: samples.map { ($0.metric.text, $0.value) })
        }
    }

    private func at(_ seconds: Int64) -> Timestamp { Speakers.start + .seconds(seconds) }

    @Test("a node and the agent on it write one series, the agent's, whoever speaks first")
    func oneSeries() {
        for offset in [Int64(0), 5] {
            var scene = Scene()
            _ = scene.hear(Speakers.node([.cpu: 90], at: at(0)))
            _ = scene.hear(Speakers.agent([.cpu: 10], at: at(offset)))
            for round in Int64(1)...30 {
                #expect(scene.hear(Speakers.node([.cpu: 90], at: at(round * 10))).isEmpty)
                #expect(scene.hear(Speakers.agent([.cpu: 10], at: at(round * 10 + offset))) == ["cpu": 10])
            }
        }
    }

    @Test("each quantity has a voice of its own: what the agent does not tell, the platform does")
    func eachQuantity() {
        var scene = Scene()
        _ = scene.hear(Speakers.agent([.cpu: 10], at: at(0)))
        for round in Int64(1)...3 {
            let node = scene.hear(Speakers.node([.cpu: 90, .memory: 40], at: at(round * 10)))
            #expect(node == (round == 1 ? ["cpu": 90, "memory": 40] : ["memory": 40]))
            #expect(scene.hear(Speakers.agent([.cpu: 10], at: at(round * 10 + 1))) == ["cpu": 10])
        }
    }

    @Test("case 77: when the agent is silent the platform goes on, until the agent speaks again")
    func takenOver() {
        var scene = Scene()
        _ = scene.hear(Speakers.node([.cpu: 90], at: at(0)))
        _ = scene.hear(Speakers.agent([.cpu: 10], at: at(1)))
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(60))).isEmpty)
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(70))) == ["cpu": 90])
        #expect(scene.hear(Speakers.node([.cpu: 91], at: at(80))) == ["cpu": 91])
        #expect(scene.hear(Speakers.agent([.cpu: 11], at: at(85))) == ["cpu": 11])
        #expect(scene.hear(Speakers.node([.cpu: 92], at: at(90))).isEmpty)
    }

    @Test(
        "a takeover leaves a gap of no more than the silence of the one and a round of the other, whenever it happens",
        arguments: [Int64(10), 30, 60, 300], [Int64(0), 3, 29, 59])
    func gap(cadence: Int64, phase: Int64) throws {
        // The agent speaks every ten seconds and may be silent for 60; the platform is asked once a round.
        let (silence, lastWord) = (Int64(60), 600 + phase)
        for isRestarted in [false, true] {
            var scene = Scene()
            var told: [Int64] = []
            for second in Int64(0)...(lastWord + silence + 2 * cadence + silence) {
                if isRestarted, second == lastWord + 1 {
                    // The monitor itself begins anew in that moment, with what it had stored.
                    let id = try #require(scene.registry.resource(of: .init(Speakers.inside, "host")))
                    let stored = scene.registry.claims(of: id).map {
                        Claim(said: $0.said, resource: id, isHeard: false)
                    }
                    scene = Scene(
                        registry: Registry(
                            org: Speakers.org, claims: stored, keys: scene.registry.drain().keys, now: at(second)))
                }
                if second <= lastWord, (lastWord - second) % 10 == 0,
                    scene.hear(Speakers.agent([.cpu: 10], at: at(second))) == ["cpu": 10]
                {
                    told.append(second)
                }
                if second % cadence == 0, scene.hear(Speakers.node([.cpu: 90], at: at(second))) == ["cpu": 90] {
                    told.append(second)
                }
            }
            let longest = zip(told, told.dropFirst()).map { $1 - $0 }.max()
            let bound = silence + cadence + (isRestarted ? 1 : 0)
            #expect(longest.map { $0 <= bound } == true, "\(longest ?? -1) s, restarted: \(isRestarted)")
            #expect(try #require(told.last) > lastWord + silence)
        }
    }

    @Test("what an agent tells late fills what nobody told, and not what the platform told meanwhile")
    func backlog() {
        var scene = Scene()
        _ = scene.hear(Speakers.node([.cpu: 90], at: at(0)))
        _ = scene.hear(Speakers.agent([.cpu: 10], at: at(1)))
        for second in stride(from: Int64(10), through: 300, by: 10) {
            _ = scene.hear(Speakers.node([.cpu: 90], at: at(second)))
        }
        let back = at(310)
        #expect(scene.hear(Speakers.agent([.cpu: 10], at: back)) == ["cpu": 10])
        #expect(scene.hear(Speakers.agent([.cpu: 12], at: at(40)), isLate: true, now: back) == ["cpu": 12])
        #expect(scene.hear(Speakers.agent([.cpu: 12], at: at(200)), isLate: true, now: back).isEmpty)
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(320))).isEmpty)
    }

    @Test("fact 10: the CPU of a guest is the hypervisor's, silent or not; what only the agent tells is the agent's")
    func guests() {
        var scene = Scene()
        _ = scene.hear(Speakers.guest([.cpu: 50, .memory: 60], at: at(0)))
        for second in [Int64(1), 11, 200] {
            let said = scene.hear(Speakers.agent([.cpu: 99, .memory: 61, .load1: 2], at: at(second)))
            #expect(said["cpu"] == nil)
            #expect(said["load1"] == 2)
            // Its memory counts once the hypervisor is silent.
            #expect(said["memory"] == (second == 1 || second == 200 ? 61 : nil))
            if second < 100 { _ = scene.hear(Speakers.guest([.cpu: 50, .memory: 60], at: at(second + 5))) }
        }
    }

    @Test("after a restart the platform waits for the agent, and no longer than an agent may be silent")
    func restart() throws {
        var before = Scene()
        _ = before.hear(Speakers.node([.cpu: 90], at: at(0)))
        _ = before.hear(Speakers.agent([.cpu: 10], at: at(1)))
        let id = try #require(before.registry.resource(of: .init(Speakers.platform, "node/pve1")))
        let stored = before.registry.claims(of: id).map { Claim(said: $0.said, resource: id, isHeard: false) }
        var scene = Scene(
            registry: Registry(org: Speakers.org, claims: stored, keys: before.registry.drain().keys, now: at(100)))
        #expect(scene.hear(Speakers.node([.cpu: 90, .usage: 5], at: at(105))) == ["usage": 5])
        // A backlog of before is the agent's as far as anybody knows.
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(50)), isLate: true, now: at(106)).isEmpty)
        #expect(scene.hear(Speakers.agent([.cpu: 10], at: at(50)), isLate: true, now: at(106)) == ["cpu": 10])
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(165))) == ["cpu": 90])
    }

    @Test("one that speaks alone is never asked to wait")
    func alone() {
        var scene = Scene()
        #expect(scene.hear(Speakers.node([.cpu: 90], at: at(0))) == ["cpu": 90])
        #expect(scene.hear(Speakers.node([.cpu: 91], at: at(1)), isLate: true) == ["cpu": 91])
    }

    @Test("the monitor stores one value a moment of what two tell of")
    func stored() throws {
        var state = OrgMonitorState(
            org: Speakers.org, epoch: 1, head: .none, inventory: StoredInventory(), now: Speakers.start)
        for round in Int64(0)..<20 {
            let now = at(round * 10)
            state.take(PollReport(observations: [Speakers.node([.cpu: 90], at: now)]), of: Speakers.platform, now: now)
            let later = at(round * 10 + 4)
            state.take(
                PollReport(observations: [Speakers.agent([.cpu: 10], at: later)]), of: Speakers.inside, now: later)
        }
        state.settle(at: at(200))
        let flush = try #require(state.flush(at: at(200), closing: true))
        var values: [Int64: Int64] = [:]
        for row in flush.checkpoint?.rows ?? [] {
            let chunk = try ChunkCodec.read(row.data, codec: row.codec)
            for (time, value) in zip(chunk.times, try #require(chunk.column(ColumnID("cpu"))).values) {
                values[time] = value
            }
        }
        let ordered = values.sorted { $0.key < $1.key }.map(\.value)
        let changes = zip(ordered, ordered.dropFirst()).filter { $0 != $1 }.count
        #expect(ordered.count == 21)
        // From the platform to the agent, when the agent came, and never back.
        #expect(changes == 1)
    }
}
