internal import Kernel
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// Looks names up for everybody: each once, however many ask; what was said is kept for a little while, that nothing was
/// said too. Names that have kept a thread waiting wait for each other from then on: nobody's dead zone is in front of
/// anybody's living one.
///
/// getaddrinfo blocks and cannot be stopped, so it runs on threads of its own, and who waits longer than the timeout goes
/// without the answer. What it leads to is judged anew at every use.
final class NameDesk: Sendable {
    typealias Answer = Result<[String], OutboundError>

    private struct Entry {
        var answer: Answer?
        /// Until when the answer is given without asking again.
        var until = NIODeadline.uptimeNanoseconds(0)
        var isAsked = false
        var isSlow = false
        var waiting: [(number: Int, promise: EventLoopPromise<[String]>)] = []
    }

    private struct State {
        var entries: [String: Entry] = [:]
        var lastNumber = 0
        /// Names that wait for a thread.
        var (queuedQuick, queuedSlow) = (0, 0)

        mutating func count(_ isSlow: Bool, by step: Int) {
            if isSlow { queuedSlow += step } else { queuedQuick += step }
        }

        /// Names that nobody waits for go, those whose answer is old first.
        mutating func makeRoom(at now: NIODeadline, most: Int) {
            guard entries.count >= most else { return }
            entries = entries.filter { $0.value.isAsked || $0.value.until > now }
            guard entries.count >= most else { return }
            entries = entries.filter { $0.value.isAsked }
        }
    }

    /// DNS that is changed by hand is looked at again within a minute.
    private static let keptFor: TimeAmount = .seconds(60)
    private static let failureKeptFor: TimeAmount = .seconds(15)
    /// Longer than any resolver that is well.
    private static let slow: TimeAmount = .seconds(2)
    private static let mostNames = 8192
    private static let (mostQuick, mostSlow) = (4096, 512)

    private let lookUp: @Sendable (String) -> Answer
    private let clock: @Sendable () -> NIODeadline
    private let state = NIOLockedValueBox(State())
    private let quickThreads: NIOThreadPool
    private let slowThreads: NIOThreadPool

    init(
        threads: Int = 4, clock: @escaping @Sendable () -> NIODeadline = { .now() },
        lookUp: @escaping @Sendable (String) -> Answer
    ) {
        (self.lookUp, self.clock) = (lookUp, clock)
        (quickThreads, slowThreads) = (NIOThreadPool(numberOfThreads: threads), NIOThreadPool(numberOfThreads: threads))
        quickThreads.start()
        slowThreads.start()
    }

    deinit {
        quickThreads.shutdownGracefully { _ in }
        slowThreads.shutdownGracefully { _ in }
    }

    /// - Throws: `OutboundError.timeout`, and what the look-up said.
    func addresses(of name: String, timeout: Duration) async throws -> [String] {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: [String].self)
        let now = clock()
        let (number, known, mustAsk): (Int, Answer?, Bool) = state.withLockedValue { state in
            state.makeRoom(at: now, most: Self.mostNames)
            var entry = state.entries.removeValue(forKey: name) ?? Entry()
            defer { state.entries[name] = entry }
            if let answer = entry.answer, entry.until > now { return (0, answer, false) }
            state.lastNumber += 1
            entry.waiting.append((state.lastNumber, promise))
            defer { entry.isAsked = true }
            return (state.lastNumber, nil, !entry.isAsked)
        }
        if let known {
            promise.completeWith(known.mapError { $0 })
            return try await promise.futureResult.get()
        }
        let alarm = loop.scheduleTask(in: TimeAmount(timeout)) { self.giveUp(number, name) }
        defer { alarm.cancel() }
        if mustAsk { ask(name) }
        return try await promise.futureResult.get()
    }

    private func giveUp(_ number: Int, _ name: String) {
        let gone = state.withLockedValue { state -> EventLoopPromise<[String]>? in
            guard let place = state.entries[name]?.waiting.firstIndex(where: { $0.number == number }) else {
                return nil
            }
            return state.entries[name]?.waiting.remove(at: place).promise
        }
        gone?.fail(OutboundError.timeout)
    }

    private func ask(_ name: String) {
        let (isSlow, hasRoom) = state.withLockedValue { state in
            let isSlow = state.entries[name]?.isSlow ?? false
            let hasRoom = isSlow ? state.queuedSlow < Self.mostSlow : state.queuedQuick < Self.mostQuick
            if hasRoom { state.count(isSlow, by: 1) }
            return (isSlow, hasRoom)
        }
        guard hasRoom else { return answered(name, .failure(.timeout), tookLong: isSlow) }
        (isSlow ? slowThreads : quickThreads).submit { _ in
            self.state.withLockedValue { $0.count(isSlow, by: -1) }
            // Whoever wanted it may have gone while it waited for a thread.
            guard self.state.withLockedValue({ $0.entries[name]?.waiting.isEmpty == false }) else {
                return self.state.withLockedValue { $0.entries[name]?.isAsked = false }
            }
            let start = self.clock()
            let answer = self.lookUp(name)
            self.answered(name, answer, tookLong: self.clock() - start > Self.slow)
        }
    }

    private func answered(_ name: String, _ answer: Answer, tookLong: Bool) {
        let now = clock()
        let waiting = state.withLockedValue { state -> [EventLoopPromise<[String]>] in
            guard var entry = state.entries[name] else { return [] }
            defer { state.entries[name] = entry }
            let waiting = entry.waiting.map(\.promise)
            (entry.answer, entry.isAsked, entry.isSlow, entry.waiting) = (answer, false, tookLong, [])
            entry.until = now + ((try? answer.get()) == nil ? Self.failureKeptFor : Self.keptFor)
            return waiting
        }
        for promise in waiting { promise.completeWith(answer.mapError { $0 }) }
    }
}
