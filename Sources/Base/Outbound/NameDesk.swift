internal import Kernel
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// Looks names up for everybody: each once, however many ask; what was said is kept for a little while, that nothing was
/// said too. Names that nobody knows yet wait for each other, and so do those that have kept a thread waiting: nobody's dead
/// zone is in front of anybody's living one, also not one that is made of new names without end.
///
/// A name that has answered well and does not answer any more is given as it was, for a bounded time: what it leads to is
/// judged anew at every use, of whatever age the answer is.
///
/// getaddrinfo blocks and cannot be stopped, so it runs on threads of its own, and who waits longer than the timeout goes
/// without the answer.
final class NameDesk: Sendable {
    typealias Answer = Result<[String], OutboundError>

    /// What is known of how long a name takes. Each has threads and a queue of its own.
    private enum Manner: CaseIterable {
        /// It has not been asked for yet.
        case new
        /// Its last answer came as one does.
        case quick
        case slow

        /// Names that may wait for a thread.
        var mostQueued: Int {
            switch self {
            case .new: 1024
            case .quick: 4096
            case .slow: 512
            }
        }
    }

    private struct Entry {
        var answer: Answer?
        /// Until when the answer is given without asking again.
        var until = NIODeadline.uptimeNanoseconds(0)
        /// The addresses that were found last, and until when they are better than nothing.
        var good: (addresses: [String], until: NIODeadline)?
        var manner = Manner.new
        var isAsked = false
        /// Somebody went with the old answer, so the new one is still wanted, and nobody else waits for it first.
        var isLate = false
        var waiting: [(number: Int, promise: EventLoopPromise<[String]>)] = []

        func addresses(at now: NIODeadline) -> [String]? { good.flatMap { $0.until > now ? $0.addresses : nil } }

        /// Who says at once that a name is not known is believed. Who says so after a long time has not found anybody to ask.
        /// - Returns: what is told from now on.
        mutating func take(_ answer: Answer?, isSlow: Bool, at now: NIODeadline) -> Answer {
            let told: Answer
            switch answer {
            case .success(let found)?:
                told = .success(found)
                until = now + keptFor
                good = (found, until + staleFor)
            case .failure(let error)? where !isSlow:
                told = .failure(error)
                until = now + failureKeptFor
                good = nil
            case .failure, nil:
                let old = addresses(at: now)
                told = old.map { .success($0) } ?? answer ?? .failure(.timeout)
                until = now + failureKeptFor
                if let good, old != nil { until = min(until, good.until) }
            }
            self.answer = told
            return told
        }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var lastNumber = 0
        /// Names that wait for a thread.
        var queued: [Manner: Int] = [:]

        /// Names that nobody waits for go until a quarter is free: those first of which there is nothing to tell, then what
        /// never answered well, then what is old. So names that are made up go before those that somebody lives on.
        mutating func makeRoom(at now: NIODeadline, most: Int) {
            guard entries.count >= most else { return }
            let goes: [(Entry) -> Bool] = [
                { $0.until <= now && $0.addresses(at: now) == nil }, { $0.good == nil }, { $0.until <= now },
                { _ in true },
            ]
            for goes in goes where entries.count > most / 4 * 3 {
                entries = entries.filter { $0.value.isAsked || !goes($0.value) }
            }
        }
    }

    /// DNS that is changed by hand is looked at again within a minute.
    private static let keptFor: TimeAmount = .seconds(60)
    private static let failureKeptFor: TimeAmount = .seconds(15)
    /// After that, while nothing newer comes: a resolver that is started anew, a zone's servers that are away.
    private static let staleFor: TimeAmount = .minutes(10)
    /// A new answer is waited for so long where there is an old one: most come within a tenth of it.
    private static let patience: Duration = .seconds(1)
    /// Longer than any resolver that is well.
    private static let slow: TimeAmount = .seconds(2)

    private let mostNames: Int
    private let lookUp: @Sendable (String) -> Answer
    private let clock: @Sendable () -> NIODeadline
    private let state = NIOLockedValueBox(State())
    private let pools: [Manner: NIOThreadPool]

    /// - Parameters:
    ///   - threads: of names that are known, quick ones and slow ones; those that are not have twice as many, as all are new
    ///     after a start.
    ///   - mostNames: that are remembered; more than can wait for a thread.
    init(
        threads: Int = 4, mostNames: Int = 8192, clock: @escaping @Sendable () -> NIODeadline = { .now() },
        lookUp: @escaping @Sendable (String) -> Answer
    ) {
        (self.lookUp, self.clock, self.mostNames) = (lookUp, clock, mostNames)
        pools = Dictionary(
            uniqueKeysWithValues: Manner.allCases.map {
                ($0, NIOThreadPool(numberOfThreads: $0 == .new ? 2 * threads : threads))
            })
        for pool in pools.values { pool.start() }
    }

    deinit {
        for pool in pools.values { pool.shutdownGracefully { _ in } }
    }

    private enum Turn {
        case known(Answer)
        case wait(number: Int, patience: Duration, mustAsk: Bool)
    }

    /// - Throws: `OutboundError.timeout`, and what the look-up said.
    func addresses(of name: String, timeout: Duration) async throws -> [String] {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: [String].self)
        switch turn(name, timeout, promise) {
        case .known(let answer):
            promise.completeWith(answer.mapError { $0 })
            return try await promise.futureResult.get()
        case .wait(let number, let patience, let mustAsk):
            let alarm = loop.scheduleTask(in: TimeAmount(patience)) { self.giveUp(number, name) }
            defer { alarm.cancel() }
            if mustAsk { ask(name) }
            return try await promise.futureResult.get()
        }
    }

    private func turn(_ name: String, _ timeout: Duration, _ promise: EventLoopPromise<[String]>) -> Turn {
        let now = clock()
        return state.withLockedValue { state in
            state.makeRoom(at: now, most: mostNames)
            var entry = state.entries.removeValue(forKey: name) ?? Entry()
            defer { state.entries[name] = entry }
            if let answer = entry.answer, entry.until > now { return .known(answer) }
            let old = entry.addresses(at: now)
            if let old, entry.isLate { return .known(.success(old)) }
            state.lastNumber += 1
            entry.waiting.append((state.lastNumber, promise))
            defer { entry.isAsked = true }
            return .wait(
                number: state.lastNumber, patience: old == nil ? timeout : min(timeout, Self.patience),
                mustAsk: !entry.isAsked)
        }
    }

    private func giveUp(_ number: Int, _ name: String) {
        let now = clock()
        let (gone, old) = state.withLockedValue { state -> (EventLoopPromise<[String]>?, [String]?) in
            guard let place = state.entries[name]?.waiting.firstIndex(where: { $0.number == number }) else {
                return (nil, nil)
            }
            let old = state.entries[name]?.addresses(at: now)
            if old != nil { state.entries[name]?.isLate = true }
            return (state.entries[name]?.waiting.remove(at: place).promise, old)
        }
        if let old { gone?.succeed(old) } else { gone?.fail(OutboundError.timeout) }
    }

    private func ask(_ name: String) {
        let (manner, hasRoom) = state.withLockedValue { state in
            let manner = state.entries[name]?.manner ?? .new
            let hasRoom = state.queued[manner, default: 0] < manner.mostQueued
            if hasRoom { state.queued[manner, default: 0] += 1 }
            return (manner, hasRoom)
        }
        guard hasRoom else { return answered(name, nil, manner) }
        pools[manner]?.submit { _ in
            let isWanted = self.state.withLockedValue { state in
                state.queued[manner, default: 0] -= 1
                guard let entry = state.entries[name] else { return false }
                // Whoever wanted it may have gone while it waited for a thread.
                let isWanted = !entry.waiting.isEmpty || entry.isLate
                if !isWanted { state.entries[name]?.isAsked = false }
                return isWanted
            }
            guard isWanted else { return }
            let start = self.clock()
            let answer = self.lookUp(name)
            self.answered(name, answer, self.clock() - start > Self.slow ? .slow : .quick)
        }
    }

    /// - Parameter answer: `nil`: it was not even asked for, as too many others are.
    private func answered(_ name: String, _ answer: Answer?, _ manner: Manner) {
        let now = clock()
        let (told, waiting) = state.withLockedValue { state -> (Answer, [EventLoopPromise<[String]>]) in
            guard var entry = state.entries[name] else { return (.failure(.timeout), []) }
            defer { state.entries[name] = entry }
            let waiting = entry.waiting.map(\.promise)
            (entry.manner, entry.isAsked, entry.isLate, entry.waiting) = (manner, false, false, [])
            let told = entry.take(answer, isSlow: manner == .slow, at: now)
            return (told, waiting)
        }
        for promise in waiting { promise.completeWith(told.mapError { $0 }) }
    }
}
