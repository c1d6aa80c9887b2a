import Bus
import Connections
import History
import Ingest
import Inventory
import Kernel
import Logging
import NIOConcurrencyHelpers
import Postgres
import Resources
import TestKit
import Testing

@testable import Monitoring

/// Monitors beside each other: one that hangs, those that do not, and what becomes of it at the end.
@Suite(.postgres, .timeLimit(.minutes(2))) struct MonitorDeskTests {
    private let time = ManualTime()
    private let database = TestDatabase.current
    private let bus = LocalBus()
    private let connection = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))

    /// Where the monitor of one organisation waits whenever it reads its configuration.
    private struct Gate {
        let org: OrgID
        let begun = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let opened = AsyncStream.makeStream(of: Void.self)

        /// Its monitor waits here.
        func untilReached() async { for await _ in begun.stream { return } }
        func open() { opened.continuation.finish() }
    }

    private func desk(_ gate: Gate) -> MonitorDesk {
        let (logger, connection) = (Logger(label: "test"), connection)
        return MonitorDesk(
            outside: MonitorOutside(
                database: database.app, resources: ResourceStore(database.app), identity: IdentityStore(database.app),
                log: IngestStore(database.app),
                keeper: HistoryKeeper(HistoryStore(database.app, logger: logger), logger: logger), bus: bus,
                time: time, logger: logger, agents: { _ in [connection] },
                connections: { org in
                    if org == gate.org {
                        gate.begun.continuation.yield()
                        for await _ in gate.opened.stream {}
                    }
                    return []
                }, polls: PollDesk(makers: [], time: time, logger: logger)))
    }

    /// A guest as a poll finds it.
    private func told(cpu: Double, of org: OrgID) -> PollDesk.Outcome {
        var metrics = ResourceMetrics()
        metrics.cpuPercent = cpu
        let said = Observation(
            connection: connection, source: .proxmox, type: .vm, key: "qemu/101", scope: "guests",
            evidence: [Evidence(.platformID, "pve:one/guest/101")], name: "web", metrics: metrics, measuredAt: time.now,
            receivedAt: time.now, samples: [(metric: MetricName(.cpu), value: cpu)])
        return PollDesk.Outcome(
            org: org, report: PollReport(observations: [said], complete: ["guests"]),
            checked: CheckedConnection(id: connection, revision: 1, health: ConnectionHealth()))
    }

    /// Turns that are under way come to their end, but for so many.
    private func settle(_ desk: MonitorDesk, but hanging: Int = 0) async {
        while await desk.working > hanging, !Task.isCancelled { await Task.yield() }
    }

    /// A hand-over on its way.
    private struct Draining {
        let task: Task<Void, Never>
        let isDone = NIOLockedValueBox(false)

        init(_ shard: Int16, by desk: MonitorDesk) {
            task = Task { [isDone] in
                await desk.drain([shard])
                isDone.withLockedValue { $0 = true }
            }
        }
    }

    /// Until the hand-over waits between two tries, or is over.
    private func untilWaiting(_ draining: Draining) async {
        while time.sleepers == 0, !draining.isDone.withLockedValue({ $0 }), !Task.isCancelled { await Task.yield() }
    }

    private func samples(of org: OrgID) async throws -> Int {
        try await database.app.first(in: org, "SELECT coalesce(sum(n), 0) FROM history_heads") {
            try $0.next(Int.self)
        } ?? 0
    }

    @Test("one that hangs keeps nobody else from being written, and is written itself when it goes on")
    func hanging() async throws {
        let (slow, other) = (
            try await Given.organisation(shard: 40), try await Given.organisation(shard: 41)
        )
        let gate = Gate(org: slow)
        let desk = desk(gate)
        let leases: Set = [try await Held.lease(of: slow), try await Held.lease(of: other)]
        await desk.note(.begin(leases))
        let running = Task { await desk.run() }
        await desk.look(slow, in: 40)
        await desk.look(other, in: 41)
        await desk.round(everyone: false)
        await gate.untilReached()
        await settle(desk, but: 1)

        let deltas = bus.subscribe(to: .deltas(of: other), capacity: 16)
        var heard = deltas.makeAsyncIterator()
        for number in 1...3 {
            time.advance(by: .seconds(10))
            await desk.take(told(cpu: Double(number), of: other))
            await desk.take(told(cpu: Double(number), of: slow))
            await desk.round(everyone: number == 3)
            guard case .payload(let bytes) = await heard.next() else { throw CancellationError() }
            #expect(Delta(payload: bytes)?.head.seq == Int64(number))
            await settle(desk, but: 1)
        }
        // Whoever looks for those whose configuration has changed is not held up either.
        await desk.note(.place(OrgPlace(org: other, shard: 41, generation: 7)))
        await settle(desk, but: 1)

        gate.open()
        await settle(desk)
        await desk.round(everyone: false)
        await settle(desk)
        #expect(try await ResourceStore(database.app).snapshot(of: slow).resources.map(\.name) == ["web"])
        running.cancel()
        await running.value
        deltas.cancel()
    }

    @Test("what hangs when the process ends is cancelled and waited for: nothing goes on afterwards")
    func shutdown() async throws {
        let slow = try await Given.organisation(shard: 42)
        let gate = Gate(org: slow)
        let desk = desk(gate)
        await desk.note(.begin([try await Held.lease(of: slow)]))
        let running = Task { await desk.run() }
        await desk.look(slow, in: 42)
        await desk.round(everyone: false)
        await gate.untilReached()
        running.cancel()
        await running.value
        #expect(await desk.working == 0)
    }

    @Test("a hand-over waits for the round that is under way, and writes what came in since it began")
    func handOver() async throws {
        let slow = try await Given.organisation(shard: 43)
        let gate = Gate(org: slow)
        let desk = desk(gate)
        await desk.note(.begin([try await Held.lease(of: slow)]))
        let running = Task { await desk.run() }
        await desk.look(slow, in: 43)
        await desk.round(everyone: false)
        await gate.untilReached()
        await desk.take(told(cpu: 10, of: slow))
        let draining = Draining(43, by: desk)
        // A flush that takes half a second.
        for _ in 0..<10 {
            await untilWaiting(draining)
            time.advance(by: .milliseconds(50))
        }
        await untilWaiting(draining)
        gate.open()
        await settle(desk)
        time.advance(by: .milliseconds(50))
        await draining.task.value
        #expect(await desk.watched.isEmpty)
        #expect(try await samples(of: slow) == 1)
        running.cancel()
        await running.value
    }

    @Test("a hand-over does not wait without end for a round that does not end")
    func handOverGivesUp() async throws {
        let slow = try await Given.organisation(shard: 44)
        let gate = Gate(org: slow)
        let desk = desk(gate)
        await desk.note(.begin([try await Held.lease(of: slow)]))
        let running = Task { await desk.run() }
        await desk.look(slow, in: 44)
        await desk.round(everyone: false)
        await gate.untilReached()
        let draining = Draining(44, by: desk)
        for _ in 0..<60 {
            await untilWaiting(draining)
            time.advance(by: .milliseconds(50))
        }
        await draining.task.value
        #expect(await desk.watched.isEmpty)
        running.cancel()
        await running.value
    }

    @Test("a hand-over that the end of the process interrupts leaves what is unwritten to that end")
    func handOverInterrupted() async throws {
        let slow = try await Given.organisation(shard: 45)
        let gate = Gate(org: slow)
        let desk = desk(gate)
        await desk.note(.begin([try await Held.lease(of: slow)]))
        let running = Task { await desk.run() }
        await desk.look(slow, in: 45)
        await desk.round(everyone: false)
        await gate.untilReached()
        await desk.take(told(cpu: 10, of: slow))
        let draining = Draining(45, by: desk)
        await untilWaiting(draining)
        draining.task.cancel()
        running.cancel()
        await draining.task.value
        await running.value
        gate.open()
        await desk.close()
        #expect(try await samples(of: slow) == 1)
    }
}
