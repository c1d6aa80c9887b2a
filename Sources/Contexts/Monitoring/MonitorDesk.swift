import Bus
import Ingest
import Kernel
import Metrics

/// The monitors that run here, and which of them have something to do. A thin shell around `WatchList` and `MonitorTurns`.
actor MonitorDesk {
    /// For a hand-over to have everything written, rounds that are under way included. While it lasts nobody polls these
    /// organisations; a flush that waits for a busy database takes tenths of a second.
    private static let patience: Duration = .seconds(3)
    private static let tries = 3
    private static let betweenTries: Duration = .milliseconds(50)

    private struct Running {
        let monitor: OrgMonitor
        /// Of this process's monitors of all organisations; a later one has a higher number.
        let number: UInt64
    }

    private let outside: MonitorOutside
    private var list = WatchList()
    private var turns = MonitorTurns()
    private var monitors: [OrgID: Running] = [:]
    /// With something to do, and not begun since.
    private var dirty: Set<OrgID> = []
    /// How many rounds of each are under way: one of its turn, one that finishes it.
    private var atWork: [ObjectIdentifier: Int] = [:]
    /// Monitors that were let go and may still be writing; of several of one organisation the last, which waits for those
    /// before it.
    private var leaving: [OrgID: OrgMonitor] = [:]
    private var lastNumber: UInt64 = 0
    /// Rings when somebody may begin; one ring is as good as many.
    private nonisolated let bell: AsyncStream<Void>
    private nonisolated let ring: AsyncStream<Void>.Continuation

    init(outside: MonitorOutside) {
        self.outside = outside
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var watched: [OrgID] { Array(monitors.keys) }
    /// Turns that have begun and not ended.
    var working: Int { turns.working }

    // MARK: What there is

    /// Does what follows from an event.
    /// - Returns: where it belongs that was heard, when that is elsewhere.
    @discardableResult
    func note(_ event: WatchList.Event) async -> Int16? {
        let effects = list.step(event)
        var (closed, reloads, place): ([(OrgID, UInt64)], [(OrgID, OrgMonitor)], Int16?) = ([], [], nil)
        for effect in effects {
            switch effect {
            case .close(let org): if let gone = close(org) { closed.append((org, gone)) }
            case .open(let org, let lease): open(org, lease)
            case .reload(let org):
                if let monitor = monitors[org]?.monitor { reloads.append((org, monitor)) }
                dirty.insert(org)
            case .forward(let shard): place = shard
            }
        }
        if case .heard = event {} else { MonitoringMetrics.shards.record(list.held.count) }
        if !effects.isEmpty { MonitoringMetrics.monitors.record(monitors.count) }
        if !closed.isEmpty { await outside.polls.drop(closed) }
        for (org, monitor) in reloads {
            // First told, then begun: a turn that began in between would read what was so before.
            await monitor.reload()
            turns.wantSoon(org)
        }
        if !reloads.isEmpty { ring.yield() }
        return place
    }

    private func open(_ org: OrgID, _ lease: ShardLease) {
        lastNumber += 1
        let monitor = OrgMonitor(
            org: org, lease: lease, outside: outside, number: lastNumber, after: leaving[org])
        monitors[org] = Running(monitor: monitor, number: lastNumber)
    }

    private func close(_ org: OrgID) -> UInt64? {
        guard let gone = monitors.removeValue(forKey: org) else { return nil }
        // One that is not at work never will be; whoever it would have waited for stays.
        if atWork[ObjectIdentifier(gone.monitor)] != nil { leaving[org] = gone.monitor }
        dirty.remove(org)
        return gone.number
    }

    /// Nothing comes in for these shards any more, and what has come in is written.
    func drain(_ shards: Set<Int16>) async {
        await note(.drain(shards))
        let orgs = list.watched.filter { shards.contains($0.value.lease.shard) }.map(\.key)
        await outside.polls.drop(orgs.compactMap { org in monitors[org].map { (org, $0.number) } })
        await finish(orgs)
        // The process ends: `close` writes what this could not, and must still find it.
        guard !Task.isCancelled else { return }
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

    /// Gives monitors their turns until it is cancelled; what is under way then is cancelled too, and waited for.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await _ in bell {
                while let org = turns.next(at: outside.time.monotonic) {
                    guard let monitor = monitors[org]?.monitor else {
                        turns.ended(org)
                        continue
                    }
                    dirty.remove(org)
                    begin(monitor)
                    group.addTask { await self.ended(await monitor.work(), of: org, monitor) }
                }
                MonitoringMetrics.working.record(turns.working)
            }
        }
    }

    private func ended(_ outcome: OrgMonitor.Outcome, of org: OrgID, _ monitor: OrgMonitor) async {
        end(monitor, of: org)
        turns.ended(org)
        ring.yield()
        // Whoever has taken its place meanwhile has its own outcomes.
        if monitors[org]?.monitor === monitor, await isUndone(outcome, of: org, monitor) { dirty.insert(org) }
    }

    /// Has those that have something to do begin, and waits for none of them: one that hangs holds up nobody else.
    /// - Parameter everyone: also those with nothing to do, for what has fallen silent.
    func round(everyone: Bool) {
        turns.observe(outside.time.monotonic)
        if everyone {
            for org in monitors.keys { turns.want(org) }
        } else {
            for org in dirty { turns.want(org) }
        }
        ring.yield()
    }

    /// One organisation after the other: this is housekeeping and must not crowd out flushes.
    func closeWindows() async { for running in monitors.values { await running.monitor.closeWindows() } }

    /// Writes everything; nothing comes in any more.
    func close() async {
        await outside.polls.close()
        await finish(Array(monitors.keys))
        (monitors, list) = ([:], WatchList())
    }

    // MARK: The last round

    /// Until nothing is unwritten, or several tries have not achieved it in time: then the log and the next owner have the
    /// rest. Each has one try at least, however late its turn comes.
    private func finish(_ orgs: [OrgID]) async {
        let end = outside.time.monotonic + Self.patience
        await withTaskGroup(of: Void.self) { group in
            for (index, org) in orgs.enumerated() {
                if index >= MonitorTurns.width { await group.next() }
                guard let monitor = monitors[org]?.monitor else { continue }
                group.addTask { await self.finish(monitor, of: org, until: end) }
            }
        }
    }

    private func finish(_ monitor: OrgMonitor, of org: OrgID, until end: Duration) async {
        var tries = 0
        while monitors[org]?.monitor === monitor {
            begin(monitor)
            let outcome = await monitor.work(closing: true)
            self.end(monitor, of: org)
            // A round that is under way is waited for: what has come in since it began it does not write.
            if case .busy = outcome {} else { tries += 1 }
            guard await isUndone(outcome, of: org, monitor), tries < Self.tries, outside.time.monotonic < end else {
                return
            }
            do { try await outside.time.sleep(for: Self.betweenTries) } catch { return }
        }
    }

    private func begin(_ monitor: OrgMonitor) { atWork[ObjectIdentifier(monitor), default: 0] += 1 }

    private func end(_ monitor: OrgMonitor, of org: OrgID) {
        let left = atWork[ObjectIdentifier(monitor), default: 1] - 1
        atWork[ObjectIdentifier(monitor)] = left > 0 ? left : nil
        if left <= 0, leaving[org] === monitor { leaving[org] = nil }
    }

    /// - Returns: whether it has more to do, or could not do it.
    private func isUndone(_ outcome: OrgMonitor.Outcome, of org: OrgID, _ monitor: OrgMonitor) async -> Bool {
        switch outcome {
        case .done(let isDirty): return isDirty
        case .failed, .busy: return true
        case .fenced:
            MonitoringMetrics.fenced.increment()
            await note(.fenced(org, monitor.lease))
            return false
        }
    }
}
