internal import Cryptography
internal import Kernel
internal import NIOCore
internal import Outbound

/// The side that asks: reads the nonce, sends the ask, believes only a proved answer, and then leaves the channel to whoever
/// wanted it.
final class RelayCaller: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ask: RelayAsk
    private let key: Secret<[UInt8]>
    private let prepare: @Sendable (any Channel) -> EventLoopFuture<Void>
    private let verdict: EventLoopPromise<Void>
    private var inbox = ByteBuffer()
    private var nonce: [UInt8]?
    private var isDone = false

    init(
        _ ask: RelayAsk, key: Secret<[UInt8]>,
        prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>, verdict: EventLoopPromise<Void>
    ) {
        (self.ask, self.key, self.prepare, self.verdict) = (ask, key, prepare, verdict)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return context.fireChannelRead(data) }
        inbox.writeImmutableBuffer(unwrapInboundIn(data))
        if nonce == nil, let nonce = inbox.readBytes(length: RelayAsk.nonceBytes) {
            self.nonce = nonce
            let bytes = ask.bytes
            var out = ByteBuffer(integer: UInt16(bytes.count))
            out.writeBytes(bytes + ask.proof(nonce, key: key))
            context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        }
        guard let nonce, inbox.readableBytes > RelayAsk.proofBytes, let status: UInt8 = inbox.readInteger(),
            let proof = inbox.readBytes(length: RelayAsk.proofBytes)
        else { return }
        guard Digests.constantTimeEqual(proof, ask.proof(of: status, [], nonce, key: key)) else {
            return fail(OutboundError.noGateway, context)
        }
        guard status == RelayStatus.open else { return fail(RelayStatus.error(of: status), context) }
        hand(context)
    }

    private func hand(_ context: ChannelHandlerContext) {
        isDone = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        prepare(context.channel).whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .failure(let error):
                handler.verdict.fail(error)
                context.close(promise: nil)
            case .success:
                if handler.inbox.readableBytes > 0 { context.fireChannelRead(handler.wrapInboundOut(handler.inbox)) }
                context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
                handler.verdict.succeed()
            }
        }
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        verdict.fail(error)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(OutboundError.noGateway, context) }

    func channelInactive(context: ChannelHandlerContext) {
        verdict.fail(OutboundError.noGateway)
        context.fireChannelInactive()
    }
}
