package import Inventory
package import Kernel

/// How well a connection answers, and when it is asked again. Pure: told what happened and when, it says what follows.
package struct ConnectionHealth: Sendable, Hashable {
    /// The raw values are the wire's.
    package enum State: String, Sendable, Hashable, CaseIterable {
        /// Not asked yet under its present configuration.
        case pending
        case ok
        /// It answers, and parts of it cannot be read.
        case degraded
        /// It does not answer, and is tried again.
        case failing
        /// Trying again would do harm, or cannot help, until somebody changes the configuration.
        case parked
        case disabled
    }

    package enum Breaker: Sendable, Hashable { case closed, open, halfOpen }

    package internal(set) var state: State = .pending
    package internal(set) var checkedAt: Timestamp?
    package internal(set) var okAt: Timestamp?
    /// Why the last try failed; `nil` after one that did not.
    package internal(set) var fault: ConnectionFault?
    /// Ascending by part; each part once.
    package internal(set) var degraded: [DegradedPart] = []
    package internal(set) var latency: Duration?
    package internal(set) var nextPollAt: Timestamp?
    package internal(set) var version: String?
    package internal(set) var instanceName: String?
    package internal(set) var discovered: [ResourceType: Int]?
    package internal(set) var consecutiveFailures = 0

    /// Never asked, and due at once.
    package init() {}

    /// Of a connection that somebody has switched off.
    package static let disabled: ConnectionHealth = {
        var health = ConnectionHealth()
        health.state = .disabled
        return health
    }()

    // MARK: What happened

    /// - Parameters:
    ///   - discovered: what is known of the platform by now; `nil`: what the report tells.
    ///   - startedAt: when the poll began, from which the cadence counts.
    ///   - jitter: 0..<1, from the caller's randomness.
    package mutating func take(
        _ report: PollReport, discovered: [ResourceType: Int]? = nil, cadence: Duration, startedAt: Timestamp,
        at now: Timestamp, jitter: Double
    ) {
        name(report.version, report.instanceName)
        latency = report.latency ?? latency
        if let fault = report.fault { return fail(fault, cadence: cadence, at: now, jitter: jitter) }
        let told = report.observations.reduce(into: [:]) { $0[$1.type, default: 0] += 1 }
        let stillThere = (self.discovered ?? [:]).filter { !report.absent.contains($0.key) }
        self.discovered = discovered ?? stillThere.merging(told) { _, new in new }
        succeed(without: report.degraded, at: now)
        nextPollAt = max(startedAt + cadence, now)
    }

    /// A test is a poll that asks for less.
    package mutating func take(
        _ probe: Result<ConnectionProbe, ConnectionFault>, cadence: Duration, at now: Timestamp, jitter: Double
    ) {
        switch probe {
        case .failure(let fault): fail(fault, cadence: cadence, at: now, jitter: jitter)
        case .success(let found):
            name(found.version, found.instanceName)
            latency = found.latency
            discovered = found.discovered
            succeed(without: found.degraded, at: now)
            nextPollAt = now + cadence
        }
    }

    private mutating func name(_ version: String?, _ instanceName: String?) {
        self.version = version?.asLine(limit: 128) ?? self.version
        self.instanceName = instanceName?.asLine(limit: 256) ?? self.instanceName
    }

    package mutating func fail(_ fault: ConnectionFault, cadence: Duration, at now: Timestamp, jitter: Double) {
        checkedAt = now
        self.fault = fault.shortened
        consecutiveFailures += 1
        state = fault.parks ? .parked : .failing
        nextPollAt =
            switch state {
            case .parked: nil
            default: now + PollBackoff.delay(after: consecutiveFailures, of: fault, cadence: cadence, jitter: jitter)
            }
    }

    private mutating func succeed(without parts: [DegradedPart], at now: Timestamp) {
        let byPart = Dictionary(parts.map { ($0.part, $0) }) { first, _ in first }
        degraded = byPart.values.map { DegradedPart($0.part.asLine(limit: 128), $0.fault.shortened) }.sorted {
            $0.part < $1.part
        }
        state = degraded.isEmpty ? .ok : .degraded
        (checkedAt, okAt, fault, consecutiveFailures) = (now, now, nil, 0)
    }

    /// Somebody asks for a poll now, whatever the schedule says; one that is parked is tried once more.
    package mutating func hurry(at now: Timestamp) {
        guard state != .disabled else { return }
        nextPollAt = now
    }

    /// Due later than it says, because everything is due at once.
    package mutating func postpone(to later: Timestamp) {
        if let due = nextPollAt, due < later { nextPollAt = later }
    }

    /// The wall clock has stepped: what was left to wait is left to wait still, and no more than there ever is.
    package mutating func shift(by step: Duration, at now: Timestamp, pause: Duration) {
        guard let due = nextPollAt else { return }
        nextPollAt = min(due + step, latestPoll(after: now, pause: pause))
    }

    // MARK: What follows

    /// No poll is planned for later than that, as long as one clock counts.
    /// - Parameter pause: the longest from one poll to the next while all is well.
    package func latestPoll(after now: Timestamp, pause: Duration) -> Timestamp {
        now + (consecutiveFailures > 0 ? max(PollBackoff.most * (1 + PollBackoff.jitter), pause) : pause)
    }

    package func isDue(at now: Timestamp) -> Bool {
        switch state {
        case .disabled: false
        case .pending, .failing: nextPollAt.map { $0 <= now } ?? true
        case .ok, .degraded, .parked: nextPollAt.map { $0 <= now } ?? false
        }
    }

    /// Opens after three failures in a row; once its delay is over one try decides.
    package func breaker(at now: Timestamp) -> Breaker {
        guard consecutiveFailures >= PollBackoff.tripsAfter else { return .closed }
        return isDue(at: now) ? .halfOpen : .open
    }

    /// Whether a poll may begin now. A try through a half-open breaker whose outcome is never told (its worker died) is
    /// not repeated for 30 s.
    package mutating func admit(at now: Timestamp) -> Bool {
        guard isDue(at: now) else { return false }
        if breaker(at: now) == .halfOpen { nextPollAt = now + PollBackoff.halfOpen }
        return true
    }
}
