import Bus
import Connections
import DequeModule
import History
import Ingest
import Inventory
import Kernel
import Logging
import Metrics
import Postgres
import Resources

/// One organisation's monitor: a thin shell around `OrgMonitorState` that loads, writes and tells.
actor OrgMonitor {
    /// Reports that may wait for a monitor; the log has them all, so what does not fit is read again from there.
    private static let inboxLimit = 5000
    /// Reports that one round reads from the log.
    static let lookLimit = 2000
    /// Rounds that may read on before what a backlog has told so far is written: 20,000 reports. Their samples wait in memory,
    /// and a log that grows faster than it is read must not hide everything for ever.
    private static let looksAtOnce = 10
    /// Observations of polls that may wait: some 2 KB each.
    private static let polledLimit = 50_000
    /// How often the log is searched for reports whose hint was lost.
    private static let lookEvery: Duration = .seconds(60)
    /// How often a connection is tried to be opened whose key was away.
    private static let openEvery: Duration = .seconds(30)
    private static let observeEvery: Duration = .seconds(4)
    private static let timelineKept: Duration = .seconds(90 * 86_400)

    let org: OrgID
    nonisolated let lease: ShardLease
    private let outside: MonitorOutside
    /// Of this process's monitors of all organisations; a later one has a higher number.
    private let number: UInt64
    /// The monitor of this organisation before this one, as long as it may still be writing.
    private var predecessor: OrgMonitor?
    private var state: OrgMonitorState?
    private var inbox: [AcceptedReport] = []
    private var polled: Deque<PollDesk.Outcome> = []
    private var polledThings = 0
    /// Agents and connections that were there when the configuration was read last.
    private var present: Set<ConnectionID> = []
    /// Of connections, as it was stored last.
    private var health: [ConnectionID: ConnectionHealth] = [:]
    private var unwritten: [ConnectionID: CheckedConnection] = [:]
    /// What platforms remember, to be stored.
    private var remembered: [(connection: ConnectionID, past: PastReport)] = []
    private var mustLook = true
    /// Rounds in a row after which the log had more.
    private var looksBehind = 0
    private var mustReload = true
    private var reloadWantedAt: Duration?
    /// When connections that did not open are read again.
    private var nextOpening: Duration?
    private var nextLook: Duration = .zero
    private var nextSilence: Duration = .zero
    private var nextForgetting: Duration = .zero
    private(set) var isWorking = false

    init(
        org: OrgID, lease: ShardLease, outside: MonitorOutside, number: UInt64 = 0, after predecessor: OrgMonitor? = nil
    ) {
        self.number = number
        self.predecessor = predecessor
        self.org = org
        self.lease = lease
        self.outside = outside
    }

    /// Takes a report into the inbox.
    func offer(_ report: AcceptedReport) {
        if inbox.count < Self.inboxLimit { inbox.append(report) } else { mustLook = true }
    }

    /// Takes what a poll found. A monitor that cannot work for long keeps the newest: what is so is told again by the next
    /// poll, and the samples between are a gap of our own making.
    func offer(_ outcome: PollDesk.Outcome) {
        polled.append(outcome)
        polledThings += outcome.report.observations.count
        while polledThings > Self.polledLimit, polled.count > 1, let oldest = polled.popFirst() {
            polledThings -= oldest.report.observations.count
            // At most one a connection: the next is asked for when this one is stored.
            if let past = oldest.past { remembered.append((oldest.checked.id, past)) }
        }
    }

    /// Something may have been missed: search the log.
    func look() { mustLook = true }

    /// The organisation's configuration has changed.
    func reload() {
        mustReload = true
        reloadWantedAt = reloadWantedAt ?? outside.time.monotonic
    }

    enum Outcome: Sendable {
        /// `isDirty`: there is more to do soon.
        case done(isDirty: Bool)
        /// The database did not take it; everything is kept for the next try.
        case failed
        /// Another worker has the shard.
        case fenced
        /// A round of it is under way, so this one was none.
        case busy
    }

    /// One round: what has come in, what has fallen silent, what must be written.
    func work(closing: Bool = false) async -> Outcome {
        guard !isWorking else { return .busy }
        isWorking = true
        defer { isWorking = false }
        do {
            let isCaughtUp = try await takeIn(closing: closing)
            return try await write(inventory: isCaughtUp, closing: closing)
        } catch let error as DatabaseError where error.sqlState == SQLState.fenced {
            state = nil
            return .fenced
        } catch {
            MonitoringMetrics.failures.increment()
            outside.logger.warning(
                "monitor could not work", metadata: [LogKey.org: "\(org)", LogKey.reason: "\(error)"])
            return .failed
        }
    }

    /// The state is taken out while it changes: with a second holder the first change would copy all that is known.
    /// - Returns: whether it may be told and written. Half a backlog is not: it would show machines as they were, some of them
    ///   silent, and put on the timeline as of now what happened while nobody listened.
    private func takeIn(closing: Bool) async throws -> Bool {
        var state = try await loaded()
        self.state = nil
        defer { self.state = state }
        try await catchUp(&state)
        guard closing || looksBehind % Self.looksAtOnce == 0 else { return false }
        if looksBehind == 0 { observeSilence(&state) }
        state.settle(at: outside.time.now)
        return true
    }

    /// Silence is told in minutes; it is not looked for in every round.
    private func observeSilence(_ state: inout OrgMonitorState) {
        guard outside.time.monotonic >= nextSilence else { return }
        nextSilence = outside.time.monotonic + Self.observeEvery
        state.observeSilence(at: outside.time.now)
    }

    /// Closes the windows of history that have ended, and forgets the end of the timeline.
    func closeWindows() async {
        let fence = ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch)
        do {
            try await outside.keeper.beat(in: org, now: outside.time.now, fence: fence)
            try await outside.keeper.close(in: org, now: outside.time.now, fence: fence)
        } catch {
            outside.logger.warning(
                "history windows stay open", metadata: [LogKey.org: "\(org)", LogKey.reason: "\(error)"])
        }
        // What cannot be closed must not keep what is over.
        guard outside.time.monotonic >= nextForgetting else { return }
        nextForgetting = outside.time.monotonic + .seconds(3600)
        do {
            let end = outside.time.now - Self.timelineKept
            _ = try await outside.database.batch(
                in: org, [fence, ResourceWrites.forgetChanges(before: end)], timeout: .seconds(10))
            try await outside.keeper.forget(in: org, now: outside.time.now, fence: fence)
        } catch {
            outside.logger.warning(
                "old history is not forgotten yet", metadata: [LogKey.org: "\(org)", LogKey.reason: "\(error)"])
        }
    }

    private func loaded() async throws -> OrgMonitorState {
        if let state { return state }
        // Under the same lease the fence would let both write, with the same numbers.
        while let before = predecessor {
            if await before.isWorking {
                try await outside.time.sleep(for: .milliseconds(20))
            } else {
                predecessor = nil
            }
        }
        let (head, resources) = try await outside.resources.snapshot(of: org)
        let inventory = StoredInventory(
            resources: resources, claims: try await outside.resources.claims(of: org),
            keys: try await outside.resources.keys(of: org))
        mustLook = true
        return OrgMonitorState(
            org: org, epoch: lease.epoch, head: head, inventory: inventory, now: outside.time.now)
    }

    private func catchUp(_ state: inout OrgMonitorState) async throws {
        let now = outside.time.monotonic
        if let nextOpening, now >= nextOpening { mustReload = true }
        if mustReload {
            mustReload = false
            try await reload(&state)
        }
        if mustLook || now >= nextLook {
            nextLook = now + Self.lookEvery
            try await look(&state)
        }
        if looksBehind == 0 { try await takeHinted(into: &state) }
        let outcomes = polled
        (polled, polledThings) = ([], 0)
        // Whoever is asked was there; one that is not any more was removed while its answer was on its way.
        for outcome in outcomes where present.contains(outcome.checked.id) {
            state.take(outcome.report, of: outcome.checked.id, now: outside.time.now)
            note(outcome)
            if let past = outcome.past { remembered.append((outcome.checked.id, past)) }
        }
    }

    /// Those that were hinted at since the log was read to its end.
    private func takeHinted(into state: inout OrgMonitorState) async throws {
        let reports = inbox
        inbox = []
        do {
            try await take(reports, into: &state)
        } catch {
            inbox = reports + inbox
            throw error
        }
    }

    /// What a removed agent has told is not taken, or it would come back; its rows go from the log like those of others.
    /// - Throws: nothing is taken when it cannot be said who is there.
    private func take(_ reports: [AcceptedReport], into state: inout OrgMonitorState) async throws {
        func isPresent(_ report: AcceptedReport) -> Bool { present.contains(ConnectionID(report.agent.uuid)) }
        // One that is not known has just come, or has gone. It is there before its first report is accepted.
        if !reports.allSatisfy(isPresent) { try await reload(&state) }
        for report in reports {
            if isPresent(report) { state.take(report, now: outside.time.now) } else { state.leave(report) }
        }
    }

    /// Takes what the log has, oldest first. A hint is sent when its row is committed, so what was hinted at before this is in
    /// the log still, and read now or with the rest of it, or in history already, by this monitor or by the one before it:
    /// hints are left out, or newer reports would be taken before older ones.
    private func look(_ state: inout OrgMonitorState) async throws {
        let hinted = inbox
        (mustLook, inbox) = (false, [])
        let rows: [AcceptedReport]
        do {
            rows = try await outside.log.uncovered(of: org, except: state.knownRows, limit: Self.lookLimit)
            try await take(rows, into: &state)
        } catch {
            (mustLook, inbox) = (true, hinted + inbox)
            throw error
        }
        guard rows.count == Self.lookLimit else {
            looksBehind = 0
            return
        }
        // The rest of the log is read in the next round.
        mustLook = true
        looksBehind += 1
    }

    /// Configuration has changed, or is read for the first time: what is not there any more goes from the inventory, and
    /// what is asked is asked as it says now.
    private func reload(_ state: inout OrgMonitorState) async throws {
        do {
            let agents = try await outside.agents(org)
            let connections = try await outside.connections(org)
            let rules = try await outside.identity.rules(of: org)
            present = agents.union(connections.map(\.id))
            state.keepOnly(present)
            state.apply(rules, now: outside.time.now)
            health = Dictionary(connections.map { ($0.id, $0.health) }) { first, _ in first }
            unwritten = unwritten.filter { health[$0.key] != nil }
            remembered.removeAll { !present.contains($0.connection) }
            nextOpening =
                connections.contains(where: \.waitsForItsKey) ? outside.time.monotonic + Self.openEvery : nil
            let pasts = try await outside.keeper.backfills(of: org)
            await outside.polls.reload(connections, of: org, pasts: pasts, by: number)
            if let wanted = reloadWantedAt, !mustReload {
                MonitoringMetrics.reload.recordSeconds((outside.time.monotonic - wanted).inSeconds)
                reloadWantedAt = nil
            }
        } catch {
            mustReload = true
            throw error
        }
    }

    /// Who has wished for a poll waits for its outcome, and a test may have written its own into the row meanwhile.
    private func note(_ outcome: PollDesk.Outcome) {
        let checked = outcome.checked
        guard outcome.isWished || checked.health.isWorthWriting(after: health[checked.id]) else { return }
        unwritten[checked.id] = checked
    }

    /// - Parameter inventory: what is known of resources, too; reports leave the log only together with what they told.
    private func write(inventory: Bool, closing: Bool) async throws -> Outcome {
        let now = outside.time.now
        let told = unwritten
        let flush = inventory ? state?.flush(at: now, closing: closing) : nil
        let pasts = remembered
        guard flush != nil || !told.isEmpty || !pasts.isEmpty else { return .done(isDirty: hasMore) }
        var statements = [ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch)]
        if let flush { statements += flush.statements(in: org) }
        if !told.isEmpty { statements.append(ConnectionStore.record(Array(told.values), in: org)) }
        for (connection, past) in pasts {
            let frames = past.frames.compactMap { frame in
                state?.resource(of: connection, frame.key).map { (resource: $0, frame: frame) }
            }
            statements += HistoryStore.remembering(frames, of: connection, Backfill(past), in: org, at: now)
        }
        _ = try await outside.database.batch(in: org, statements, timeout: .seconds(10))
        remembered.removeFirst(pasts.count)
        for (connection, past) in pasts { await outside.polls.kept(Backfill(past), of: connection, in: org) }
        for (id, checked) in told {
            health[id] = checked.health
            unwritten[id] = nil
        }
        guard let flush else { return .done(isDirty: hasMore) }
        state?.committed(flush)
        if let delta = flush.delta { outside.bus.publish(delta.payload, to: .deltas(of: org)) }
        MonitoringMetrics.flushes.increment()
        if let checkpoint = flush.checkpoint { MonitoringMetrics.samples.increment(by: Int64(checkpoint.sampleCount)) }
        return .done(isDirty: hasMore)
    }

    private var hasMore: Bool {
        mustLook || mustReload || !inbox.isEmpty || !polled.isEmpty || state?.hasUnstored == true
    }
}

/// What a monitor needs of the world.
struct MonitorOutside: Sendable {
    let database: Database
    let resources: ResourceStore
    let identity: IdentityStore
    let log: IngestStore
    let keeper: HistoryKeeper
    let bus: any MessageBus
    let time: any TimeSource
    let logger: Logger
    var terms = LeaseKeeper.Terms()
    /// An organisation's connections that report by themselves, and those that are asked.
    let agents: @Sendable (OrgID) async throws -> Set<ConnectionID>
    let connections: @Sendable (OrgID) async throws -> [WatchedConnection]
    let polls: PollDesk
}
