// Datagrams: one question by datagram and what comes back for it, and pings without privileges, from this machine.
// Owns: the sockets, how long is waited, how much is held, and whose answers count: those of the address that was asked.
// Leaves to others: which addresses may be asked at all (Outbound on the server, the allow-list on an agent), and names.
// Tempting wrong step: taking a raw socket for pings. It wants a privilege that neither a server nor an agent should have.
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix

/// What came back for one question.
package struct DatagramAnswer: Sendable, Hashable {
    /// Since the question was sent.
    package let took: Duration
    package let bytes: [UInt8]

    package init(took: Duration, bytes: [UInt8]) { (self.took, self.bytes) = (took, bytes) }
}

package enum DatagramError: Error, Sendable, Hashable {
    /// The host says that nobody listens there, or there is no way to it.
    case unreachable
    /// The system lends us no socket for pings: its `net.ipv4.ping_group_range` leaves our groups out.
    case noEchoSocket
}

package enum Datagrams {
    /// Of an answer; what is longer is cut.
    package static let mostBytes = 2048

    /// Sends one datagram to an address and waits for answers of that address and port.
    /// - Parameters:
    ///   - address: by number.
    ///   - most: ends as soon as so many have come, at least 1.
    ///   - loop: `nil`: one of this process's.
    /// - Returns: what came in time, in its order; empty when nothing did.
    /// - Throws: `DatagramError.unreachable`, `CancellationError`.
    package static func ask(
        _ bytes: [UInt8], at address: String, port: Int, most: Int = 1, timeout: Duration,
        on loop: (any EventLoop)? = nil
    ) async throws -> [DatagramAnswer] {
        let loop = loop ?? MultiThreadedEventLoopGroup.singleton.next()
        let ended = loop.makePromise(of: Void.self)
        let inbox = Inbox(most: most)
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: loop)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: mostBytes))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Answers(inbox, ended))
                    }
                }
                .connect(host: address, port: port).get()
        } catch {
            ended.succeed()
            throw DatagramError.unreachable
        }
        defer { channel.close(promise: nil) }
        let alarm = loop.scheduleTask(in: TimeAmount(timeout)) { ended.succeed() }
        defer { alarm.cancel() }
        inbox.begin()
        do {
            let datagram = AddressedEnvelope(
                remoteAddress: try SocketAddress(ipAddress: address, port: port), data: ByteBuffer(bytes: bytes))
            channel.writeAndFlush(datagram).whenFailure { _ in ended.fail(DatagramError.unreachable) }
            try await withTaskCancellationHandler {
                try await ended.futureResult.get()
            } onCancel: {
                ended.succeed()
            }
        } catch {
            ended.succeed()
            // A host that answers and then hangs up has answered.
            guard inbox.answers.isEmpty else { return inbox.answers }
            throw DatagramError.unreachable
        }
        try Task.checkCancellation()
        return inbox.answers
    }
}

/// What has come so far.
private final class Inbox: Sendable {
    private let most: Int
    private let state = NIOLockedValueBox<(start: ContinuousClock.Instant, answers: [DatagramAnswer])>((.now, []))

    init(most: Int) { self.most = max(most, 1) }

    var answers: [DatagramAnswer] { state.withLockedValue { $0.answers } }

    func begin() { state.withLockedValue { $0.start = .now } }

    /// - Returns: whether these are all.
    func take(_ bytes: [UInt8]) -> Bool {
        state.withLockedValue { state in
            guard state.answers.count < most else { return true }
            state.answers.append(DatagramAnswer(took: ContinuousClock.now - state.start, bytes: bytes))
            return state.answers.count == most
        }
    }
}

/// The socket is connected, so the system drops what others send.
private final class Answers: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let inbox: Inbox
    private let ended: EventLoopPromise<Void>

    init(_ inbox: Inbox, _ ended: EventLoopPromise<Void>) { (self.inbox, self.ended) = (inbox, ended) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if inbox.take(Array(unwrapInboundIn(data).data.readableBytesView)) { ended.succeed() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended.fail(DatagramError.unreachable)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { ended.fail(DatagramError.unreachable) }
}
