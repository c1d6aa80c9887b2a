import Connections
import History
import Inventory
import Kernel
import Logging
import Metrics

/// Asks the platforms of all organisations that this worker watches. A thin shell around `PollPlan`: collectors live here,
/// one for each connection, and go on living while a connection's way of being reached stays the same.
actor PollDesk {
    /// What a poll found, for the organisation's monitor.
    struct Outcome: Sendable {
        let org: OrgID
        let report: PollReport
        let checked: CheckedConnection
        /// Somebody asked for this poll.
        var isWished = false
        /// A part of what the platform remembers from before it was watched.
        var past: PastReport?
    }

    /// Connections whose past is read at once, and questions after one of their polls. 50 guests are through their last day
    /// within two minutes, their last year in six; of many connections at once `PastTurns` says who goes on.
    private static let pastsAtOnce = 32
    private static let pastRequests = 8
    /// Between two connections of a worker that is gone: 500 a second, twice what a process asks at 2,000 of 10 s.
    private static let takeOverPace: Duration = .milliseconds(2)
    /// How far the wall clock may go from the monotonic one before it is said to have stepped.
    private static let step: Duration = .seconds(1)

    private struct Asked {
        var connection: WatchedConnection
        var collector: (any Collector)?
        /// The collector has not heard yet what is configured now.
        var mustFollow = false
        var pace = AdaptiveCadence()
        var health: ConnectionHealth
        var task: Task<Void, Never>?
        /// The next poll, or the one under way, is one that somebody wished for.
        var isWished = false
        /// Somebody wished for a poll after this one had begun.
        var isWanted = false
        /// Where the reading of the past goes on; `nil` when there is none to be read, or some on its way to be stored.
        var past: String?
        /// Parts of it that were read here.
        var pastParts = 0
    }

    private let makers: [ConnectionKind: any CollectorMaker]
    private let time: any TimeSource
    private let randomness: Randomness
    private let logger: Logger
    private var pastTurns = PastTurns()
    private var tell: @Sendable (Outcome) async -> Void = { _ in }
    private var plan = PollPlan()
    private var asked: [PollPlan.Place: Asked] = [:]
    /// Which monitor of an organisation was heard last, by its number: one that was let go may still be speaking.
    private var speakers: [OrgID: UInt64] = [:]
    /// Pasts that are being read.
    private var remembering = 0
    /// Of the last connection that was taken over.
    private var lastTurn = Timestamp(milliseconds: 0)
    /// Both clocks, when the times of `plan` were last right by them.
    private var anchor: (wall: Timestamp, monotonic: Duration)

    init(
        makers: [any CollectorMaker], time: any TimeSource, randomness: Randomness = .system, logger: Logger
    ) {
        self.makers = Dictionary(makers.map { ($0.kind, $0) }) { first, _ in first }
        self.time = time
        self.randomness = randomness
        self.logger = logger
        anchor = (time.now, time.monotonic)
    }

    func deliver(to tell: @escaping @Sendable (Outcome) async -> Void) { self.tell = tell }

    // MARK: What there is

    /// An organisation's connections as they are configured now. Only what has changed is replaced.
    /// - Parameter pasts: how far the reading of each one's past has come; `nil`: nobody's is read.
    func reload(
        _ connections: [WatchedConnection], of org: OrgID, pasts: [ConnectionID: Backfill]? = nil,
        by speaker: UInt64 = 0
    ) {
        guard speaker >= speakers[org, default: 0] else { return }
        speakers[org] = speaker
        followClock()
        let places = Set(connections.map { PollPlan.Place(org: org, connection: $0.id) })
        for place in asked.keys where place.org == org && !places.contains(place) { forget(place) }
        for connection in connections {
            let past = pasts.map { $0[connection.id] ?? Backfill(cursor: "", isFinished: false) }
            let cursor = past.flatMap { $0.isFinished ? nil : $0.cursor }
            enter(connection, at: PollPlan.Place(org: org, connection: connection.id), past: cursor)
        }
        count()
    }

    /// Somebody else watches them now, or nobody may. What a later monitor has asked for stays.
    func drop(_ orgs: [(OrgID, UInt64)]) {
        var gone: Set<OrgID> = []
        for (org, speaker) in orgs where speaker >= speakers[org, default: 0] {
            speakers[org] = speaker + 1
            gone.insert(org)
        }
        for place in asked.keys where gone.contains(place.org) { forget(place) }
        count()
    }

    /// Somebody wants it asked now.
    func hurry(_ connection: ConnectionID, of org: OrgID) {
        let place = PollPlan.Place(org: org, connection: connection)
        followClock()
        hurry(place, at: time.now)
    }

    private func hurry(_ place: PollPlan.Place, at when: Timestamp) {
        guard let entry = asked[place] else { return }
        // What is under way began before the wish: it is not what was wished for.
        guard entry.task == nil else {
            asked[place]?.isWanted = true
            return
        }
        asked[place]?.health.hurry(at: when)
        asked[place]?.isWished = true
        schedule(place)
    }

    // MARK: Wishes that were not heard

    /// Those that are not asked for a while, and so would not fulfil a wish that was not heard: parked ones first.
    func lingering(limit: Int) -> [LingeringPoll] {
        followClock()
        let soon = time.now + MissedWishes.lookEvery
        var (parked, waiting): ([LingeringPoll], [LingeringPoll]) = ([], [])
        for (place, entry) in asked where entry.task == nil && entry.connection.isEnabled {
            let due = Self.due(entry, at: time.now)
            guard due.map({ $0 > soon }) ?? true else { continue }
            let one = LingeringPoll(
                org: place.org, connection: place.connection, checkedAt: entry.health.checkedAt, isParked: due == nil)
            if due == nil { parked.append(one) } else { waiting.append(one) }
        }
        let all = parked + waiting
        guard all.count > limit else { return all }
        // With more than that each has its turn by chance.
        let first = Int(randomness.fraction() * Double(all.count))
        return Array((all[first...] + all[..<first]).prefix(limit))
    }

    /// Wishes that are in the database and were not heard; one after the other, should they be many.
    func obey(_ missed: [LingeringPoll]) {
        for one in missed {
            let place = PollPlan.Place(org: one.org, connection: one.connection)
            // Asked since: that was what was wished for.
            guard let entry = asked[place], entry.task == nil, entry.health.checkedAt == one.checkedAt else { continue }
            hurry(place, at: turnAfterTakeOver(of: entry.connection))
        }
    }

    /// Waits for nothing: what is under way is given up, the next worker asks again.
    func close() {
        for place in asked.keys { forget(place) }
        count()
    }

    private func enter(_ connection: WatchedConnection, at place: PollPlan.Place, past: String?) {
        guard var entry = asked[place] else {
            asked[place] = Asked(
                connection: connection, collector: nil, health: takenOver(connection.health, of: connection), past: past
            )
            return schedule(place)
        }
        guard entry.connection.revision != connection.revision else { return opened(connection, at: place) }
        let mayGoOn = Self.reachesLike(entry.connection, connection)
        let isOftener = connection.longestPause < entry.connection.longestPause
        entry.connection = connection
        entry.mustFollow = true
        if !mayGoOn || !connection.isEnabled { entry.task?.cancel() }
        if !mayGoOn {
            entry.collector = nil
            entry.pace = AdaptiveCadence()
            entry.health = takenOver(connection.health, of: connection)
        } else if !connection.isEnabled || connection.health.state == .pending {
            // Saved anew, perhaps with the very same secret: what was refused before is asked once more.
            entry.health = connection.health
        } else if isOftener, entry.health.consecutiveFailures == 0, entry.health.nextPollAt != nil {
            // Not only after the old, longer wait.
            entry.health.hurry(at: time.now + connection.cadence)
        }
        asked[place] = entry
        schedule(place)
    }

    /// As it was stored, by a worker that is gone and had a clock of its own.
    private func takenOver(_ stored: ConnectionHealth, of connection: WatchedConnection) -> ConnectionHealth {
        var health = stored
        switch (health.state, health.nextPollAt) {
        case (.disabled, _), (.parked, nil): break
        // It fails and nobody has said until when: it could not be asked by who stored it.
        case (.failing, nil): health.hurry(at: turnAfterTakeOver(of: connection))
        // After a take-over everything is due.
        case (_, let due?) where due < time.now && health.checkedAt != nil:
            health.postpone(to: turnAfterTakeOver(of: connection))
        // A clock that was ahead: nobody waits until ours is there.
        case (_, let due?) where due > health.latestPoll(after: time.now, pause: connection.longestPause) + Self.step:
            health.hurry(at: turnAfterTakeOver(of: connection))
        default: break
        }
        return health
    }

    /// The same configuration once more. One that did not open when it was read, its key being away, may do so now.
    private func opened(_ connection: WatchedConnection, at place: PollPlan.Place) {
        guard case .failure = asked[place]?.connection.spec else { return }
        asked[place]?.connection = connection
        guard case .success = connection.spec else { return }
        hurry(place, at: turnAfterTakeOver(of: connection))
    }

    /// The wall clock has stepped: whoever waits goes on waiting for as long as there was left, by the monotonic one.
    private func followClock() {
        let (now, monotonic) = (time.now, time.monotonic)
        let stepped = (now - anchor.wall) - (monotonic - anchor.monotonic)
        guard stepped > Self.step || stepped < .zero - Self.step else { return }
        anchor = (now, monotonic)
        lastTurn = lastTurn + stepped
        for place in Array(asked.keys) {
            guard let entry = asked[place], entry.task == nil else { continue }
            asked[place]?.health.shift(by: stepped, at: now, pause: entry.connection.longestPause)
            schedule(place)
        }
        logger.warning("the clock has stepped", metadata: [LogKey.seconds: "\(stepped.inSeconds)"])
    }

    /// One after the other, at a pace that a process keeps up with; a large estate within half a cadence. No longer: an
    /// organisation that changes hands several times in a row must not be put off each time.
    private func turnAfterTakeOver(of connection: WatchedConnection) -> Timestamp {
        let now = time.now
        lastTurn = max(lastTurn, now) + Self.takeOverPace
        let latest = now + connection.cadence * 0.5
        return lastTurn <= latest ? lastTurn : now + connection.cadence * (randomness.fraction() / 2)
    }

    private static func reachesLike(_ old: WatchedConnection, _ new: WatchedConnection) -> Bool {
        guard case .success(let before) = old.spec, case .success(let after) = new.spec else { return false }
        return before.reachesLike(after)
    }

    private func forget(_ place: PollPlan.Place) {
        asked.removeValue(forKey: place)?.task?.cancel()
        plan.remove(place)
    }

    private func schedule(_ place: PollPlan.Place) {
        guard let entry = asked[place] else { return }
        plan.set(place, dueAt: Self.due(entry, at: time.now), lane: Self.lane(entry))
    }

    private static func due(_ entry: Asked, at now: Timestamp) -> Timestamp? {
        guard entry.connection.isEnabled, entry.health.state != .disabled else { return nil }
        return entry.health.nextPollAt ?? (entry.health.state == .parked ? nil : now)
    }

    private static func lane(_ entry: Asked) -> PollPlan.LaneName {
        entry.health.consecutiveFailures > 0 ? .failing : .healthy
    }

    private func count() {
        PollMetrics.connections.record(asked.count)
        PollMetrics.running.record(plan.running)
    }

    // MARK: Asking

    /// Begins what is due.
    func tick() {
        followClock()
        let now = time.now
        for (place, dueAt) in plan.begin(at: now) {
            let lateness = PollMetrics.lateness(asked[place].map(Self.lane) ?? .healthy)
            lateness.recordNanoseconds(max(0, (now - dueAt).milliseconds) * 1_000_000)
            begin(place, dueAt: dueAt, at: now)
        }
    }

    private func begin(_ place: PollPlan.Place, dueAt: Timestamp, at now: Timestamp) {
        guard var entry = asked[place] else { return plan.ended(place, dueAt: nil, lane: .healthy) }
        // The beat is kept: a poll that begins a moment late is not followed by one that is later still.
        let beat = now - dueAt < entry.connection.cadence ? dueAt : now
        let revision = entry.connection.revision
        switch collector(of: &entry) {
        case .failure(let fault):
            asked[place] = entry
            asked[place]?.task = Task { await self.ended(place, revision, PollReport(fault: fault), startedAt: beat) }
        case .success(let collector):
            let news = entry.mustFollow ? try? entry.connection.spec.get() : nil
            entry.mustFollow = false
            entry.task = Task {
                if let news { await collector.follow(news) }
                let report = await collector.poll(PollBudget(), at: now)
                let past = report.fault == nil ? await self.past(of: collector, at: place) : nil
                await self.ended(place, revision, report, startedAt: beat, past: past)
            }
            asked[place] = entry
        }
    }

    private func collector(of entry: inout Asked) -> Result<any Collector, ConnectionFault> {
        if let collector = entry.collector { return .success(collector) }
        do throws(ConnectionFault) {
            let spec = try entry.connection.spec.get()
            guard let maker = makers[spec.kind] else {
                throw ConnectionFault(
                    .unsupported, "This Pulse does not ask platforms of the kind \(spec.kind.rawValue) yet.")
            }
            let collector = try maker.collector(for: spec)
            entry.collector = collector
            entry.mustFollow = false
            return .success(collector)
        } catch {
            return .failure(error)
        }
    }

    /// A little of what the platform remembers, while there is some and few others are read.
    private func past(of collector: any Collector, at place: PollPlan.Place) async -> PastReport? {
        guard let entry = asked[place], let cursor = entry.past, remembering < Self.pastsAtOnce,
            pastTurns.take(had: entry.pastParts, at: time.monotonic)
        else { return nil }
        remembering += 1
        asked[place]?.pastParts += 1
        // Whoever has had a turn waits with the others for the next one.
        defer { remembering -= 1 }
        let budget = PollBudget(time: min(entry.connection.cadence * 0.3, .seconds(10)), requests: Self.pastRequests)
        return await collector.past(budget, after: cursor)
    }

    /// What was told of a connection's past is stored.
    func kept(_ backfill: Backfill, of connection: ConnectionID, in org: OrgID) {
        let place = PollPlan.Place(org: org, connection: connection)
        asked[place]?.past = backfill.isFinished ? nil : backfill.cursor
    }

    private func ended(
        _ place: PollPlan.Place, _ revision: Int64, _ report: PollReport, startedAt: Timestamp, past: PastReport? = nil
    ) async {
        followClock()
        guard var entry = asked[place] else { return plan.ended(place, dueAt: nil, lane: .healthy) }
        entry.task = nil
        // Asked under a configuration that is no more: what it said may not be so, and it is asked again at once.
        guard entry.connection.revision == revision, !Task.isCancelled else {
            asked[place] = entry
            plan.ended(place, dueAt: Self.due(entry, at: time.now), lane: Self.lane(entry))
            return
        }
        let before = entry.health
        entry.health.take(
            report, cadence: pause(of: &entry, after: report), startedAt: min(startedAt, time.now), at: time.now,
            jitter: randomness.fraction())
        // It goes on when this part is stored.
        if past != nil { entry.past = nil }
        if entry.isWanted { entry.health.hurry(at: time.now) }
        let wasWished = entry.isWished
        (entry.isWished, entry.isWanted) = (entry.isWanted, false)
        asked[place] = entry
        plan.ended(place, dueAt: Self.due(entry, at: time.now), lane: Self.lane(entry))
        PollMetrics.count(report.fault)
        if entry.health.isNews(after: before) { log(entry, at: place) }
        await tell(
            Outcome(
                org: place.org, report: report,
                checked: CheckedConnection(id: place.connection, revision: revision, health: entry.health),
                isWished: wasWished, past: past))
    }

    /// Until it is asked again, should it have answered.
    private func pause(of entry: inout Asked, after report: PollReport) -> Duration {
        let cadence = entry.connection.cadence
        // Its past is read beside its polls.
        guard entry.connection.isAdaptive, report.fault == nil, entry.past == nil else { return cadence }
        let seen = AdaptiveCadence.Seen(
            at: time.now, state: report.state, failures: entry.health.consecutiveFailures, waiting: plan.waiting)
        return entry.pace.next(seen, cadence: cadence, jitter: randomness.fraction())
    }

    private func log(_ entry: Asked, at place: PollPlan.Place) {
        logger.info(
            "connection is \(entry.health.state.rawValue)",
            metadata: [
                LogKey.org: "\(place.org)", LogKey.connection: "\(place.connection)",
                LogKey.reason: "\(entry.health.fault?.reason.rawValue ?? "-")",
            ])
    }
}
