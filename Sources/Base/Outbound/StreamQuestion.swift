package import Inventory
internal import NIOCore
internal import NIOPosix

/// One question and one answer over a byte stream, each behind its length: how name servers are asked where no datagram
/// passes.
extension OutboundReach {
    /// - Parameter bytes: less than 64 KiB, without the length before them.
    /// - Returns: the answer, without the length before it; `nil` when none came whole in time.
    /// - Throws: `OutboundError`; `.unreachable` when nobody accepts the connection, or it ends before the answer.
    package func ask(
        _ bytes: [UInt8], of host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> [UInt8]? {
        guard let length = UInt16(exactly: bytes.count) else { throw OutboundError.tooLarge }
        let end = NIODeadline.now() + TimeAmount(timeout)
        let answer = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: [UInt8]?.self)
        // Nobody waits for it any more.
        defer { answer.fail(OutboundError.unreachable) }
        let channel = try await dialer(route).open(host, port, end) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(FirstAnswer(answer))
            }
        }
        defer { channel.close(promise: nil) }
        let alarm = channel.eventLoop.scheduleTask(deadline: end) { answer.succeed(nil) }
        defer { alarm.cancel() }
        var question = channel.allocator.buffer(capacity: bytes.count + 2)
        question.writeInteger(length)
        question.writeBytes(bytes)
        channel.writeAndFlush(question).whenFailure { _ in answer.fail(OutboundError.unreachable) }
        return try await withTaskCancellationHandler {
            try await answer.futureResult.get()
        } onCancel: {
            answer.succeed(nil)
        }
    }
}

/// Tells the first answer that came whole.
private final class FirstAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let answer: EventLoopPromise<[UInt8]?>
    private var inbox = ByteBuffer()

    init(_ answer: EventLoopPromise<[UInt8]?>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        // Two bytes of length bound what is held; what comes after the first answer goes with the stream.
        guard inbox.readableBytes < 2 + Int(UInt16.max) else { return }
        inbox.writeBuffer(&bytes)
        guard let length = inbox.getInteger(at: inbox.readerIndex, as: UInt16.self),
            let whole = inbox.getBytes(at: inbox.readerIndex + 2, length: Int(length))
        else { return }
        answer.succeed(whole)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(OutboundError.unreachable)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(OutboundError.unreachable) }
}
