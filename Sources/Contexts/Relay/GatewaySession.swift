internal import AgentProtocol
internal import CoreMetrics
internal import HTTPKit
internal import Kernel
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Outbound

/// One gateway's connection: its streams and the channels behind which they lie, and the questions that wait.
///
/// Any thread may change them; what they want to be said goes out in the order in which they decided it.
final class GatewaySession: Sendable {
    private struct State {
        var mux: StreamMux
        var bridges: [UInt32: StreamBridge] = [:]
        var opening: [UInt32: EventLoopPromise<Void>] = [:]
        var book = QuestionBook(.opener)
        var asked: [UInt32: EventLoopPromise<[GatewayAnswer]>] = [:]
        /// Decided and not handed to the socket.
        var outbox: [GatewayFrame] = []
        var isSending = false
        /// Why it may not go on.
        var ending: Problem?
        var heardAt: Duration
        var told: (received: UInt64, sent: UInt64) = (0, 0)

        var bytes: (received: UInt64, sent: UInt64) {
            (mux.received + book.received, mux.sent + book.sent)
        }
    }

    private static let greetTimeout: Duration = .seconds(5)
    private static let beat: Duration = .seconds(1)
    private static let pingEvery = 15
    /// The agent pings every 15 s too.
    private static let silence: Duration = .seconds(40)

    let agent: AgentID
    let org: OrgID
    let epoch: Int64
    let hello: GatewayHello
    private let socket: Socket
    private let time: any TimeSource
    private let logger: Logger
    private let state: NIOLockedValueBox<State>

    init(
        agent: AgentID, org: OrgID, epoch: Int64, hello: GatewayHello, socket: Socket, time: any TimeSource,
        logger: Logger
    ) {
        (self.agent, self.org, self.epoch, self.hello) = (agent, org, epoch, hello)
        (self.socket, self.time, self.logger) = (socket, time, logger)
        let rules = StreamMux.Rules(
            streams: Switchboard.streamsPerGateway, mine: Switchboard.credit, theirs: hello.credit)
        state = NIOLockedValueBox(State(mux: StreamMux(.opener, rules), heardAt: time.monotonic))
    }

    var isOver: Bool { state.withLockedValue { $0.ending != nil } }
    var streams: Int { state.withLockedValue { $0.mux.count } }
    /// That wait for their answers.
    var waiting: Int { state.withLockedValue { $0.book.count } }
    /// Since the connection came about.
    var questions: Int { state.withLockedValue { Int($0.book.total) } }
    /// Of data and datagrams, since the connection came about.
    var bytes: (received: UInt64, sent: UInt64) { state.withLockedValue { $0.bytes } }
    /// What came in and was not taken yet.
    var held: Int { state.withLockedValue { $0.mux.held } }

    // MARK: Its life

    /// The first word of an agent; whoever says another, or none in time, is none.
    static func greeting(
        _ messages: inout SocketMessages.AsyncIterator, on socket: Socket
    ) async throws -> GatewayHello {
        let first = await withTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                // Closing the socket ends the wait for its messages.
                if (try? await Task.sleep(for: greetTimeout)) != nil { socket.close(.protocolError, "no greeting") }
            }
            return await messages.next()
        }
        guard case .binary(let bytes)? = first else { throw Problem.gatewayViolation("a greeting is wanted") }
        return try hello(in: bytes)
    }

    private static func hello(in bytes: [UInt8]) throws(Problem) -> GatewayHello {
        do throws(GatewayViolation) {
            guard case .hello(let hello) = try GatewayFrame(bytes), hello.version >= GatewayLimits.oldestVersion else {
                throw GatewayViolation("a greeting in a version that we speak is wanted")
            }
            return hello
        } catch {
            throw .gatewayViolation(error.description)
        }
    }

    /// Carries until the connection ends; throws why.
    func run(_ messages: inout SocketMessages.AsyncIterator) async throws {
        socket.send(
            SocketFrame(
                binary: GatewayFrame.welcome(
                    GatewayWelcome(
                        version: min(hello.version, GatewayLimits.version),
                        streams: UInt16(Switchboard.streamsPerGateway), credit: Switchboard.credit)
                ).bytes))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await self.watch() }
            while let message = await messages.next() {
                guard case .binary(let bytes) = message else { throw Problem.gatewayViolation("text") }
                do throws(GatewayViolation) {
                    try take(try GatewayFrame(bytes))
                } catch {
                    throw Problem.gatewayViolation(error.description)
                }
            }
        }
        throw state.withLockedValue { $0.ending } ?? .gatewayGone
    }

    private func take(_ frame: GatewayFrame) throws(GatewayViolation) {
        let now = time.monotonic
        typealias Step = (streams: StreamMux.Outcome?, questions: QuestionBook.Outcome?)
        let outcome = state.withLockedValue { state -> Result<Step, GatewayViolation> in
            state.heardAt = now
            do throws(GatewayViolation) {
                if let outcome = try state.book.receive(frame, at: now) {
                    state.outbox += outcome.frames
                    return .success((nil, outcome))
                }
                let outcome = try state.mux.receive(frame, at: now)
                state.outbox += outcome.frames
                return .success((outcome, nil))
            } catch {
                return .failure(error)
            }
        }
        let step = try outcome.get()
        if let outcome = step.questions { perform(outcome) }
        if let outcome = step.streams { perform(outcome) }
    }

    private func watch() async throws {
        var beats = 0
        while true {
            try await time.sleep(for: Self.beat)
            beats += 1
            let now = time.monotonic
            guard now - state.withLockedValue({ $0.heardAt }) < Self.silence else { return end(.gatewaySilent) }
            if beats % Self.pingEvery == 0 {
                state.withLockedValue { $0.outbox.append(.ping(UInt64(beats))) }
                send()
            }
            step { $0.tick(at: $1) }
            stepQuestions { $0.tick(at: $1) }
            count()
        }
    }

    private func count() {
        let more = state.withLockedValue { state in
            let bytes = state.bytes
            defer { state.told = bytes }
            return (bytes.received - state.told.received, bytes.sent - state.told.sent)
        }
        RelayMetrics.received.increment(by: Int64(more.0))
        RelayMetrics.sent.increment(by: Int64(more.1))
    }

    /// It may not go on: everything behind it ends now, and the socket is closed with the reason.
    func end(_ why: Problem) {
        let (bridges, opening, asked) = state.withLockedValue { state in
            state.ending = state.ending ?? why
            defer { (state.bridges, state.opening, state.asked) = ([:], [:], [:]) }
            return (state.bridges, state.opening, state.asked)
        }
        for promise in asked.values { promise.fail(OutboundError.noGateway) }
        for promise in opening.values { promise.fail(OutboundError.noGateway) }
        for bridge in bridges.values { bridge.cut() }
        socket.close(SocketCloseCode(for: why), why.slug)
    }

    // MARK: Streams

    /// - Throws: `OutboundError`, `CancellationError`.
    func open(_ target: GatewayTarget, behind bridge: StreamBridge, timeout: Duration) async throws {
        let (now, promise) = (time.monotonic, bridge.eventLoop.makePromise(of: Void.self))
        let stream = state.withLockedValue { state -> Result<UInt32, OutboundError> in
            guard state.ending == nil else { return .failure(.noGateway) }
            guard let (stream, outcome) = state.mux.open(target, at: now) else { return .failure(.gatewayBusy) }
            state.outbox += outcome.frames
            state.opening[stream] = promise
            state.bridges[stream] = bridge
            return .success(stream)
        }
        let number: UInt32
        do {
            number = try stream.get()
        } catch {
            promise.fail(error)
            throw error
        }
        bridge.begin(number)
        send()
        let alarm = bridge.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            promise.fail(OutboundError.timeout)
        }
        defer { alarm.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                promise.fail(CancellationError())
            }
        } catch {
            reset(number)
            throw error
        }
    }

    func send(_ bytes: [UInt8], in stream: UInt32) { step { $0.send(bytes, in: stream, at: $1) } }
    func isReady(_ stream: UInt32) -> Bool { state.withLockedValue { $0.mux.isReady(stream) } }
    func took(_ count: Int, from stream: UInt32) { step { $0.took(count, from: stream, at: $1) } }
    func close(_ stream: UInt32) { step { $0.close(stream, at: $1) } }

    /// Whoever wanted it does so no more.
    func reset(_ stream: UInt32) {
        state.withLockedValue { state in
            state.bridges[stream] = nil
            state.opening[stream] = nil
        }
        step { mux, _ in mux.reset(stream, .cancelled) }
    }

    private func step(_ change: (inout StreamMux, _ now: Duration) -> StreamMux.Outcome) {
        let now = time.monotonic
        let outcome = state.withLockedValue { state in
            let outcome = change(&state.mux, now)
            state.outbox += outcome.frames
            return outcome
        }
        perform(outcome)
    }

    private func perform(_ outcome: StreamMux.Outcome) {
        send()
        for event in outcome.events {
            switch event {
            case .opened(let stream):
                bridge(stream)?.opened()
                opening(stream)?.succeed()
            case .refused(let stream, let why):
                // Whoever wanted it looks after the channel.
                _ = bridge(stream, isLast: true)
                opening(stream)?.fail(why.error)
            case .data(let stream, let bytes): bridge(stream)?.write(bytes)
            case .finished(let stream): bridge(stream)?.finish()
            case .ready(let stream): bridge(stream)?.read()
            case .failed(let stream, _):
                let bridge = bridge(stream, isLast: true)
                if let opening = opening(stream) { opening.fail(OutboundError.unreachable) } else { bridge?.cut() }
            case .ended(let stream): bridge(stream, isLast: true)?.end()
            case .wanted, .pong: break
            }
        }
    }

    // MARK: Questions

    /// Waits for the answers as long as the target, the agent and the way may take.
    /// - Throws: `OutboundError`, `NoEchoSocket`, `CancellationError`.
    func ask(_ question: GatewayQuestion) async throws -> [GatewayAnswer] {
        guard hello.version >= GatewayLimits.versionOfQuestions else { throw OutboundError.gatewayTooOld }
        let now = time.monotonic
        let promise = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: [GatewayAnswer].self)
        let asked = state.withLockedValue { state -> Result<UInt32, OutboundError> in
            guard state.ending == nil else { return .failure(.noGateway) }
            guard let (number, outcome) = state.book.ask(question, at: now) else { return .failure(.gatewayBusy) }
            state.outbox += outcome.frames
            state.asked[number] = promise
            return .success(number)
        }
        let number: UInt32
        do {
            number = try asked.get()
        } catch {
            promise.fail(error)
            throw error
        }
        send()
        return try await withTaskCancellationHandler {
            try await promise.futureResult.get()
        } onCancel: {
            state.withLockedValue { $0.asked.removeValue(forKey: number) }?.fail(CancellationError())
            stepQuestions { book, _ in book.cancel(number) }
        }
    }

    private func stepQuestions(_ change: (inout QuestionBook, _ now: Duration) -> QuestionBook.Outcome) {
        let now = time.monotonic
        let outcome = state.withLockedValue { state in
            let outcome = change(&state.book, now)
            state.outbox += outcome.frames
            return outcome
        }
        perform(outcome)
    }

    private func perform(_ outcome: QuestionBook.Outcome) {
        send()
        for event in outcome.events {
            switch event {
            case .answered(let number, let answers):
                state.withLockedValue { $0.asked.removeValue(forKey: number) }?.succeed(answers)
            case .declined(let number, let why):
                state.withLockedValue { $0.asked.removeValue(forKey: number) }?.fail(why.error)
            case .asked, .cancelled: break
            }
        }
    }

    // MARK: Parts

    private func opening(_ stream: UInt32) -> EventLoopPromise<Void>? {
        state.withLockedValue { $0.opening.removeValue(forKey: stream) }
    }

    private func bridge(_ stream: UInt32, isLast: Bool = false) -> StreamBridge? {
        state.withLockedValue { isLast ? $0.bridges.removeValue(forKey: stream) : $0.bridges[stream] }
    }

    /// One thread at a time hands over what all have decided, in its order; no lock is held meanwhile, since closing a
    /// socket may lead back here.
    private func send() {
        let isOurs = state.withLockedValue { state in
            guard !state.isSending, !state.outbox.isEmpty else { return false }
            state.isSending = true
            return true
        }
        guard isOurs else { return }
        while true {
            let batch = state.withLockedValue { state in
                defer { state.outbox = [] }
                if state.outbox.isEmpty { state.isSending = false }
                return state.outbox
            }
            guard !batch.isEmpty else { return }
            for frame in batch { socket.send(SocketFrame(binary: frame.bytes)) }
        }
    }
}

extension GatewayRefusal {
    /// What whoever wanted it is told.
    var error: any Error {
        switch self {
        case .notAllowed: OutboundError.gatewayRefused
        case .unknownName, .unreachable: OutboundError.unreachable
        case .timeout: OutboundError.timeout
        case .tooMany: OutboundError.gatewayBusy
        case .noEchoSocket: NoEchoSocket.atAgent
        }
    }
}
