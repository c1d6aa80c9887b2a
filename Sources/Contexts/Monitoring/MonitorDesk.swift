import Ingest
import Kernel
import Metrics

/// Which monitors run here, and which of them have something to do.
actor MonitorDesk {
    /// Flushes under way at once: each is one pipelined transaction on a shared connection.
    private static let width = 64

    private let outside: MonitorOutside
    private var leases: LeaseState
    private var held: [Int16: ShardLease] = [:]
    private var monitors: [OrgID: (monitor: OrgMonitor, shard: Int16)] = [:]
    private var dirty: Set<OrgID> = []

    init(outside: MonitorOutside, terms: LeaseState.Terms) {
        self.outside = outside
        leases = LeaseState(terms: terms)
    }

    // MARK: Leases

    /// - Returns: what was gained.
    func renewed(_ renewed: Set<ShardLease>, sentAt sent: Duration) async -> Set<ShardLease> {
        let (gained, lost) = leases.renewed(renewed, sentAt: sent)
        await drop(lost)
        for lease in gained { held[lease.shard] = lease }
        MonitoringMetrics.shards.record(held.count)
        return gained
    }

    var holdsNothing: Bool { held.isEmpty }

    func expire() async { await drop(leases.expire(at: outside.time.monotonic)) }

    private func drop(_ lost: Set<ShardLease>) async {
        guard !lost.isEmpty else { return }
        for lease in lost where held[lease.shard] == lease { held[lease.shard] = nil }
        await forget(monitors.filter { held[$0.value.shard] == nil }.map(\.key))
    }

    private func forget(_ orgs: [OrgID]) async {
        for org in orgs {
            monitors[org] = nil
            dirty.remove(org)
        }
        if !orgs.isEmpty { await outside.polls.drop(Set(orgs)) }
    }

    // MARK: Work comes in

    func take(_ report: AcceptedReport, of shard: Int16) async {
        guard let monitor = monitor(of: report.org, in: shard) else { return }
        await monitor.offer(report)
        dirty.insert(report.org)
    }

    func take(_ outcome: PollDesk.Outcome) async {
        guard let monitor = monitors[outcome.org]?.monitor else { return }
        await monitor.offer(outcome)
        dirty.insert(outcome.org)
    }

    func wake(_ org: OrgID, in shard: Int16) {
        if monitor(of: org, in: shard) != nil { dirty.insert(org) }
    }

    func lookEverywhere(in shard: Int16) async {
        for (org, entry) in monitors where entry.shard == shard {
            await entry.monitor.look()
            dirty.insert(org)
        }
    }

    func reload(_ org: OrgID) async {
        guard let entry = monitors[org] else { return }
        await entry.monitor.reload()
        dirty.insert(org)
    }

    /// What is not active any more is not watched any more, from this moment on.
    func keepOnly(_ active: Set<OrgID>, among known: [OrgID]) async {
        await forget(known.filter { !active.contains($0) && monitors[$0] != nil })
        MonitoringMetrics.monitors.record(monitors.count)
    }

    var watched: [OrgID] { Array(monitors.keys) }

    func reloadAll() async { for org in monitors.keys { await reload(org) } }

    private func monitor(of org: OrgID, in shard: Int16) -> OrgMonitor? {
        if let entry = monitors[org], entry.shard == shard { return entry.monitor }
        guard let lease = held[shard] else { return nil }
        let monitor = OrgMonitor(org: org, lease: lease, outside: outside)
        monitors[org] = (monitor, shard)
        MonitoringMetrics.monitors.record(monitors.count)
        return monitor
    }

    // MARK: Work gets done

    /// - Parameter everyone: also those with nothing to do, for what has fallen silent.
    func round(everyone: Bool) async {
        let due = everyone ? Array(monitors.keys) : Array(dirty)
        dirty.removeAll()
        await work(due, closing: false)
    }

    /// One organisation after the other: this is housekeeping and must not crowd out flushes.
    func closeWindows() async { for (monitor, _) in monitors.values { await monitor.closeWindows() } }

    /// Writes everything; nothing comes in any more.
    func close() async {
        await outside.polls.close()
        await work(Array(monitors.keys), closing: true)
        monitors = [:]
        held = [:]
    }

    private func work(_ orgs: [OrgID], closing: Bool) async {
        await withTaskGroup(of: (OrgID, OrgMonitor.Outcome).self) { group in
            var waiting = orgs[...]
            func startNext() {
                guard let org = waiting.popFirst() else { return }
                guard let monitor = monitors[org]?.monitor else { return startNext() }
                group.addTask { (org, await monitor.work(closing: closing)) }
            }
            for _ in 0..<Self.width { startNext() }
            for await (org, outcome) in group {
                switch outcome {
                case .done(let isDirty): if isDirty { dirty.insert(org) }
                case .failed: dirty.insert(org)
                case .fenced: await forget([org])
                }
                startNext()
            }
        }
    }
}
