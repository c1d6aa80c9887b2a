import Bus
import Ingest
import Kernel
import Metrics

/// The monitors that run here, and which of them have something to do. A thin shell around `WatchList`.
actor MonitorDesk {
    /// Flushes under way at once: each is one pipelined transaction on a shared connection.
    private static let width = 64

    private struct Running {
        let monitor: OrgMonitor
        /// Of this process's monitors of all organisations; a later one has a higher number.
        let number: UInt64
    }

    private let outside: MonitorOutside
    private var list = WatchList()
    private var monitors: [OrgID: Running] = [:]
    private var dirty: Set<OrgID> = []
    /// Monitors that were let go and may still be writing; looked through with every round over everyone.
    private var leaving: [OrgID: OrgMonitor] = [:]
    private var lastNumber: UInt64 = 0

    /// Those whose configuration has changed: they do not wait for the next round.
    private var urgent: Set<OrgID> = []
    /// Rings when there are some; one ring is as good as many.
    nonisolated let urges: AsyncStream<Void>
    private let urge: AsyncStream<Void>.Continuation

    init(outside: MonitorOutside) {
        self.outside = outside
        (urges, urge) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var watched: [OrgID] { Array(monitors.keys) }

    // MARK: What there is

    /// Does what follows from an event.
    /// - Returns: where it belongs that was heard, when that is elsewhere.
    @discardableResult
    func note(_ event: WatchList.Event) async -> Int16? {
        let effects = list.step(event)
        var (closed, reloads, place): ([(OrgID, UInt64)], [OrgMonitor], Int16?) = ([], [], nil)
        for effect in effects {
            switch effect {
            case .close(let org): if let gone = close(org) { closed.append((org, gone)) }
            case .open(let org, let lease): open(org, lease)
            case .reload(let org):
                if let monitor = monitors[org]?.monitor { reloads.append(monitor) }
                urgent.insert(org)
                dirty.insert(org)
            case .forward(let shard): place = shard
            }
        }
        if case .heard = event {} else { MonitoringMetrics.shards.record(list.held.count) }
        if !effects.isEmpty { MonitoringMetrics.monitors.record(monitors.count) }
        if !closed.isEmpty { await outside.polls.drop(closed) }
        for monitor in reloads { await monitor.reload() }
        if !reloads.isEmpty { urge.yield() }
        return place
    }

    private func open(_ org: OrgID, _ lease: ShardLease) {
        lastNumber += 1
        let monitor = OrgMonitor(
            org: org, lease: lease, outside: outside, number: lastNumber, after: leaving.removeValue(forKey: org))
        monitors[org] = Running(monitor: monitor, number: lastNumber)
    }

    private func close(_ org: OrgID) -> UInt64? {
        guard let gone = monitors.removeValue(forKey: org) else { return nil }
        leaving[org] = gone.monitor
        dirty.remove(org)
        return gone.number
    }

    /// Nothing comes in for these shards any more, and what has come in is written.
    func drain(_ shards: Set<Int16>) async {
        await note(.drain(shards))
        let orgs = list.watched.filter { shards.contains($0.value.lease.shard) }.map(\.key)
        await outside.polls.drop(orgs.compactMap { org in monitors[org].map { (org, $0.number) } })
        await finish(orgs)
        await note(.stop(Set(shards.compactMap { list.held[$0] })))
    }

    // MARK: Work comes in

    func take(_ report: AcceptedReport, of shard: Int16) async {
        if let place = await note(.heard(report.org, in: shard)) {
            return outside.bus.publish(report.hint, to: .reports(shard: place))
        }
        await monitors[report.org]?.monitor.offer(report)
        if monitors[report.org] != nil { dirty.insert(report.org) }
    }

    func take(_ outcome: PollDesk.Outcome) async {
        guard let monitor = monitors[outcome.org]?.monitor else { return }
        await monitor.offer(outcome)
        dirty.insert(outcome.org)
    }

    func look(_ org: OrgID, in shard: Int16) async {
        await note(.heard(org, in: shard))
        guard let monitor = monitors[org]?.monitor else { return }
        await monitor.look()
        dirty.insert(org)
    }

    func lookEverywhere(in shard: Int16) async {
        for (org, entry) in list.watched where entry.lease.shard == shard { await look(org, in: shard) }
    }

    // MARK: Work gets done

    /// - Parameter everyone: also those with nothing to do, for what has fallen silent.
    func round(everyone: Bool) async {
        if everyone { for (org, monitor) in leaving where await !monitor.isWorking { leaving[org] = nil } }
        let due = everyone ? Array(monitors.keys) : Array(dirty)
        dirty.removeAll()
        await work(due, closing: false)
    }

    /// Those that read their configuration anew.
    func hasten() async {
        let due = Array(urgent)
        urgent.removeAll()
        await work(due, closing: false)
    }

    /// One organisation after the other: this is housekeeping and must not crowd out flushes.
    func closeWindows() async { for running in monitors.values { await running.monitor.closeWindows() } }

    /// Writes everything; nothing comes in any more.
    func close() async {
        await outside.polls.close()
        await finish(Array(monitors.keys))
        (monitors, list) = ([:], WatchList())
    }

    /// Until nothing is unwritten, or three attempts have not achieved it: then the log and the next owner have the rest.
    private func finish(_ orgs: [OrgID]) async {
        var left = orgs
        for _ in 0..<3 where !left.isEmpty {
            left = Array(await work(left, closing: true))
            if !left.isEmpty { try? await outside.time.sleep(for: .milliseconds(50)) }
        }
    }

    /// - Returns: those that have more to do, or could not do it.
    @discardableResult
    private func work(_ orgs: [OrgID], closing: Bool) async -> Set<OrgID> {
        var left: Set<OrgID> = []
        await withTaskGroup(of: (OrgID, OrgMonitor, OrgMonitor.Outcome).self) { group in
            var waiting = orgs[...]
            func startNext() {
                guard let org = waiting.popFirst() else { return }
                guard let monitor = monitors[org]?.monitor else { return startNext() }
                group.addTask { (org, monitor, await monitor.work(closing: closing)) }
            }
            for _ in 0..<Self.width { startNext() }
            for await (org, monitor, outcome) in group {
                // Whoever has taken its place meanwhile has its own outcomes.
                if monitors[org]?.monitor === monitor, await isUndone(outcome, of: org, monitor) { left.insert(org) }
                startNext()
            }
        }
        dirty.formUnion(left)
        return left
    }

    private func isUndone(_ outcome: OrgMonitor.Outcome, of org: OrgID, _ monitor: OrgMonitor) async -> Bool {
        switch outcome {
        case .done(let isDirty): return isDirty
        case .failed: return true
        case .fenced:
            MonitoringMetrics.fenced.increment()
            await note(.fenced(org, monitor.lease))
            return false
        }
    }
}
