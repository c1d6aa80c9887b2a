import Bus
import Ingest
import Kernel
import Metrics

/// Which monitors run here, and which of them have something to do.
actor MonitorDesk {
    /// Flushes under way at once: each is one pipelined transaction on a shared connection.
    private static let width = 64

    private struct Entry {
        let monitor: OrgMonitor
        let shard: Int16
        /// Of the configuration that it was last told to read.
        var generation: Int64
        let number: UInt64
    }

    private let outside: MonitorOutside
    private var held: [Int16: ShardLease] = [:]
    private var monitors: [OrgID: Entry] = [:]
    private var dirty: Set<OrgID> = []
    /// Organisations that were watched here until they were moved. Their reports come here until all servers know.
    private var moved: [OrgID: Int16] = [:]
    /// Monitors that were let go and may still be writing; looked through with every round over everyone.
    private var leaving: [OrgID: OrgMonitor] = [:]
    private var lastNumber: UInt64 = 0

    init(outside: MonitorOutside) { self.outside = outside }

    // MARK: Leases

    func begin(_ leases: Set<ShardLease>) async {
        // A later epoch of a shard that was held is another lease: others have written meanwhile.
        await stop(leases.compactMap { held[$0.shard] }.filter { !leases.contains($0) })
        for lease in leases { held[lease.shard] = lease }
        MonitoringMetrics.shards.record(held.count)
    }

    func stop(_ leases: some Sequence<ShardLease>) async {
        for lease in leases where held[lease.shard] == lease { held[lease.shard] = nil }
        MonitoringMetrics.shards.record(held.count)
        await forget(monitors.filter { held[$0.value.shard] == nil }.map(\.key))
    }

    /// Nothing comes in for these shards any more, and what has come in is written.
    func drain(_ shards: Set<Int16>) async {
        for shard in shards { held[shard] = nil }
        MonitoringMetrics.shards.record(held.count)
        let orgs = monitors.filter { shards.contains($0.value.shard) }.map(\.key)
        await outside.polls.drop(orgs.compactMap { org in monitors[org].map { (org, $0.number) } })
        await finish(orgs)
        await forget(orgs.filter { monitors[$0].map { shards.contains($0.shard) } ?? false })
    }

    private func forget(_ orgs: [OrgID]) async {
        var gone: [(OrgID, UInt64)] = []
        for org in orgs {
            guard let entry = monitors.removeValue(forKey: org) else { continue }
            gone.append((org, entry.number))
            leaving[org] = entry.monitor
            dirty.remove(org)
        }
        guard !gone.isEmpty else { return }
        MonitoringMetrics.monitors.record(monitors.count)
        await outside.polls.drop(gone)
    }

    // MARK: Work comes in

    func take(_ report: AcceptedReport, of shard: Int16) async {
        if let place = moved[report.org], place != shard {
            return outside.bus.publish(report.hint, to: .reports(shard: place))
        }
        guard let monitor = monitor(of: report.org, in: shard) else { return }
        await monitor.offer(report)
        dirty.insert(report.org)
    }

    func take(_ outcome: PollDesk.Outcome) async {
        guard let monitor = monitors[outcome.org]?.monitor else { return }
        await monitor.offer(outcome)
        dirty.insert(outcome.org)
    }

    func look(_ org: OrgID, in shard: Int16) async {
        guard let monitor = monitor(of: org, in: shard) else { return }
        await monitor.look()
        dirty.insert(org)
    }

    func lookEverywhere(in shard: Int16) async {
        for (org, entry) in monitors where entry.shard == shard {
            await entry.monitor.look()
            dirty.insert(org)
        }
    }

    // MARK: What there is

    /// An organisation is active, in this place, and configured so often: it is watched here if its shard is, and reads
    /// its configuration unless it has read it since.
    func place(_ place: OrgPlace) async {
        moved[place.org] = moved[place.org] == nil ? nil : place.shard
        if let entry = monitors[place.org], entry.shard != place.shard {
            // Some 50 bytes each; they are moved seldom.
            if moved.count >= 10_000 { moved.removeAll() }
            moved[place.org] = place.shard
            await forget([place.org])
        }
        let isNew = monitors[place.org] == nil
        guard let monitor = monitor(of: place.org, in: place.shard) else { return }
        guard isNew || (monitors[place.org]?.generation ?? 0) < place.generation else { return }
        monitors[place.org]?.generation = place.generation
        await monitor.reload()
        dirty.insert(place.org)
    }

    /// Of these only those are active. What is not active any more is not watched any more, from this moment on.
    func keepOnly(_ active: Set<OrgID>, among known: [OrgID]) async {
        await forget(known.filter { !active.contains($0) && monitors[$0] != nil })
    }

    var watched: [OrgID] { Array(monitors.keys) }

    private func monitor(of org: OrgID, in shard: Int16) -> OrgMonitor? {
        // Only `place` moves one: what else names another shard has not heard of it yet.
        if let entry = monitors[org] { return entry.shard == shard ? entry.monitor : nil }
        guard let lease = held[shard] else { return nil }
        lastNumber += 1
        let monitor = OrgMonitor(
            org: org, lease: lease, outside: outside, number: lastNumber,
            after: leaving.removeValue(forKey: org))
        monitors[org] = Entry(monitor: monitor, shard: shard, generation: 0, number: lastNumber)
        MonitoringMetrics.monitors.record(monitors.count)
        return monitor
    }

    // MARK: Work gets done

    /// - Parameter everyone: also those with nothing to do, for what has fallen silent.
    func round(everyone: Bool) async {
        if everyone { for (org, monitor) in leaving where await !monitor.isWorking { leaving[org] = nil } }
        let due = everyone ? Array(monitors.keys) : Array(dirty)
        dirty.removeAll()
        await work(due, closing: false)
    }

    /// One organisation after the other: this is housekeeping and must not crowd out flushes.
    func closeWindows() async { for entry in monitors.values { await entry.monitor.closeWindows() } }

    /// Writes everything; nothing comes in any more.
    func close() async {
        await outside.polls.close()
        await finish(Array(monitors.keys))
        (monitors, held) = ([:], [:])
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
                if monitors[org]?.monitor === monitor, await isUndone(outcome, of: org) { left.insert(org) }
                startNext()
            }
        }
        dirty.formUnion(left)
        return left
    }

    private func isUndone(_ outcome: OrgMonitor.Outcome, of org: OrgID) async -> Bool {
        switch outcome {
        case .done(let isDirty): return isDirty
        case .failed: return true
        case .fenced:
            MonitoringMetrics.fenced.increment()
            await forget([org])
            return false
        }
    }
}
