internal import DequeModule
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// What a host is told, on which connection is not the caller's concern.
package struct OutboundRequest: Sendable {
    package var method: String
    /// Path and query, from the first slash on, as they go over the wire.
    package var path: String
    package var headers: [(String, String)]
    package var body: [UInt8]?
    /// For all of it: waiting for a connection, opening it, asking, answering.
    package var timeout: Duration
    /// Until the answer's head is there.
    package var headerTimeout: Duration
    /// Of the answer's body; more is `tooLarge`.
    package var maxBytes: Int
    /// Asking twice does no harm: it is asked again when a kept connection turns out to be closed.
    package var isRepeatable: Bool

    package init(
        _ path: String, method: String = "GET", headers: [(String, String)] = [], body: [UInt8]? = nil,
        timeout: Duration, headerTimeout: Duration = .seconds(10), maxBytes: Int, isRepeatable: Bool? = nil
    ) {
        self.isRepeatable = isRepeatable ?? (method == "GET")
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.headerTimeout = headerTimeout
        self.maxBytes = maxBytes
    }
}

/// Talks HTTP/1.1 to one host: keeps connections for the next request, opens at most `width`, follows no redirect.
///
/// Who finds all connections taken waits, first come first served, for no longer than the request's own timeout. A
/// connection goes to the one address that was checked when it was opened; idle ones close after `idle`.
package final class HostClient: Sendable {
    private struct State {
        var idle: [Idle] = []
        /// Open, or being opened.
        var taken = 0
        var waiting: Deque<Waiting> = []
        var waiters = 0
        var isClosed = false
    }

    private struct Idle {
        let channel: any Channel
        let alarm: Scheduled<Void>
    }

    private struct Waiting {
        let number: Int
        let turn: EventLoopPromise<(any Channel)?>
    }

    private struct Lease {
        let channel: any Channel
        let isFresh: Bool
    }

    private let host: String
    private let port: Int
    private let tls: ClientTLS?
    private let dialer: Dialer
    private let width: Int
    private let idle: Duration
    private let state = NIOLockedValueBox(State())

    /// - Parameter tls: `nil` talks in the clear.
    init(host: String, port: Int, tls: ClientTLS?, dialer: Dialer, width: Int, idle: Duration) {
        (self.host, self.port, self.tls, self.dialer) = (host, port, tls, dialer)
        (self.width, self.idle) = (max(width, 1), idle)
    }

    deinit { close() }

    /// Connections in use finish what they do; no new ones come.
    package func close() {
        let idle = state.withLockedValue { state in
            state.isClosed = true
            defer { state.idle = [] }
            return state.idle
        }
        for one in idle {
            one.alarm.cancel()
            one.channel.close(promise: nil)
        }
    }

    /// - Throws: `OutboundError`, `CancellationError`.
    package func send(_ request: OutboundRequest) async throws -> OutboundAnswer {
        let end = NIODeadline.now() + TimeAmount(request.timeout)
        while true {
            try Task.checkCancellation()
            let lease = try await lease(until: end)
            do {
                return try await exchange(request, on: lease.channel, until: end)
            } catch is Exchange.Unanswered {
                // The host may have hung up while nobody looked; that is no answer to what can be asked twice.
                guard !lease.isFresh, request.isRepeatable else { throw OutboundError.unreachable }
            }
        }
    }

    private func exchange(
        _ request: OutboundRequest, on channel: any Channel, until end: NIODeadline
    ) async throws -> OutboundAnswer {
        let exchange = Exchange(
            head: head(of: request), body: request.body.map { ByteBuffer(bytes: $0) }, maxBytes: request.maxBytes,
            headerTimeout: TimeAmount(request.headerTimeout), end: end,
            outcome: channel.eventLoop.makePromise())
        channel.writeAndFlush(exchange).whenFailure { _ in exchange.outcome.fail(Exchange.Unanswered()) }
        let outcome = try await withTaskCancellationHandler {
            do {
                return try await exchange.outcome.futureResult.get()
            } catch {
                channel.triggerUserOutboundEvent(HangUp(), promise: nil)
                try Task.checkCancellation()
                throw error
            }
        } onCancel: {
            channel.triggerUserOutboundEvent(HangUp(), promise: nil)
        }
        if outcome.keepsConnection { giveBack(channel) }
        return outcome.answer
    }

    private func head(of request: OutboundRequest) -> HTTPRequestHead {
        var head = HTTPRequestHead(version: .http1_1, method: .init(rawValue: request.method), uri: request.path)
        let name = host.contains(":") ? "[\(host)]" : host
        head.headers.add(name: "host", value: port == (tls == nil ? 80 : 443) ? name : "\(name):\(port)")
        head.headers.add(name: "accept-encoding", value: "identity")
        for (name, value) in request.headers { head.headers.replaceOrAdd(name: name, value: value) }
        if let body = request.body { head.headers.replaceOrAdd(name: "content-length", value: "\(body.count)") }
        return head
    }

    // MARK: Connections

    private enum Turn {
        case kept(Idle)
        case open
        case wait(Int, EventLoopFuture<(any Channel)?>)
        case never
    }

    private func lease(until end: NIODeadline) async throws -> Lease {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let turn: Turn = state.withLockedValue { state in
            guard !state.isClosed else { return .never }
            if let kept = state.idle.popLast() { return .kept(kept) }
            if state.taken < width {
                state.taken += 1
                return .open
            }
            state.waiters += 1
            let promise = loop.makePromise(of: (any Channel)?.self)
            state.waiting.append(Waiting(number: state.waiters, turn: promise))
            return .wait(state.waiters, promise.futureResult)
        }
        switch turn {
        case .never: throw OutboundError.unreachable
        case .kept(let kept):
            kept.alarm.cancel()
            return Lease(channel: kept.channel, isFresh: false)
        case .open: return try await opened(until: end)
        case .wait(let number, let future):
            let alarm = loop.scheduleTask(deadline: end) { self.giveUp(number, OutboundError.timeout) }
            defer { alarm.cancel() }
            let channel = try await withTaskCancellationHandler {
                try await future.get()
            } onCancel: {
                giveUp(number, CancellationError())
            }
            if let channel { return Lease(channel: channel, isFresh: false) }
            return try await opened(until: end)
        }
    }

    private func giveUp(_ number: Int, _ error: any Error) {
        let waiting = state.withLockedValue { state -> Waiting? in
            guard let index = state.waiting.firstIndex(where: { $0.number == number }) else { return nil }
            return state.waiting.remove(at: index)
        }
        waiting?.turn.fail(error)
    }

    /// The place of a connection that is gone goes to who waits longest.
    private func release() {
        let next = state.withLockedValue { state -> Waiting? in
            if let next = state.waiting.popFirst() { return next }
            state.taken -= 1
            return nil
        }
        next?.turn.succeed(nil)
    }

    private func giveBack(_ channel: any Channel) {
        let name = ObjectIdentifier(channel)
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(idle)) { channel.close(promise: nil) }
        let (waiting, isKept) = state.withLockedValue { state -> (Waiting?, Bool) in
            if let next = state.waiting.popFirst() { return (next, true) }
            guard !state.isClosed, channel.isActive else { return (nil, false) }
            state.idle.append(Idle(channel: channel, alarm: alarm))
            return (nil, true)
        }
        if waiting != nil || !isKept { alarm.cancel() }
        waiting?.turn.succeed(channel)
        if !isKept { channel.close(promise: nil) }
        // It may have closed between the look and the append.
        if !channel.isActive { forget(name) }
    }

    private func forget(_ name: ObjectIdentifier) {
        state.withLockedValue { state in state.idle.removeAll { ObjectIdentifier($0.channel) == name } }
    }

    /// Owns a place in `taken`, which the connection's end gives back.
    private func opened(until end: NIODeadline) async throws -> Lease {
        let channel: any Channel
        do {
            channel = try await connected(until: end)
        } catch {
            release()
            throw error
        }
        let name = ObjectIdentifier(channel)
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.forget(name)
            self?.release()
        }
        return Lease(channel: channel, isFresh: true)
    }

    private func connected(until end: NIODeadline) async throws -> any Channel {
        try await SecuredStream.open(host, port, tls, by: dialer, until: end) { channel in
            channel.eventLoop.makeCompletedFuture {
                let meter = WireMeter()
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(meter)
                try pipeline.addHandler(HTTPRequestEncoder())
                try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
                try pipeline.addHandler(ExchangeHandler(meter))
            }
        }
    }
}
