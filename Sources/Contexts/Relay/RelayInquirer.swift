internal import AgentProtocol
internal import Cryptography
internal import Kernel
internal import NIOCore
internal import Outbound

/// The side that asks a question: reads the nonce, sends the ask, and believes only answers that are proved.
///
/// After the nonce come status (1 byte), bytes of the answers (4), the answers as the gateway's frame has them, and the proof.
final class RelayInquirer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let ask: RelayAsk
    private let key: Secret<[UInt8]>
    private let answers: EventLoopPromise<[GatewayAnswer]>
    private var inbox = ByteBuffer()
    private var nonce: [UInt8]?

    init(_ ask: RelayAsk, key: Secret<[UInt8]>, answers: EventLoopPromise<[GatewayAnswer]>) {
        (self.ask, self.key, self.answers) = (ask, key, answers)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.writeImmutableBuffer(unwrapInboundIn(data))
        if nonce == nil, let nonce = inbox.readBytes(length: RelayAsk.nonceBytes) {
            self.nonce = nonce
            let bytes = ask.bytes
            var out = ByteBuffer(integer: UInt16(bytes.count))
            out.writeBytes(bytes + ask.proof(nonce, key: key))
            context.writeAndFlush(wrapOutboundOut(out), promise: nil)
        }
        guard let nonce, let size: UInt32 = inbox.getInteger(at: inbox.readerIndex + 1) else { return }
        guard size <= GatewayLimits.frameBytes else { return fail(OutboundError.noGateway, context) }
        guard inbox.readableBytes >= 5 + Int(size) + RelayAsk.proofBytes, let status: UInt8 = inbox.readInteger(),
            inbox.readInteger(as: UInt32.self) != nil, let said = inbox.readBytes(length: Int(size)),
            let proof = inbox.readBytes(length: RelayAsk.proofBytes)
        else { return }
        guard Digests.constantTimeEqual(proof, ask.proof(of: status, said, nonce, key: key)) else {
            return fail(OutboundError.noGateway, context)
        }
        guard status == RelayStatus.open else { return fail(RelayStatus.error(of: status), context) }
        guard case .answer(_, let answers)? = try? GatewayFrame(said) else {
            return fail(OutboundError.noGateway, context)
        }
        self.answers.succeed(answers)
        context.close(promise: nil)
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        answers.fail(error)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(OutboundError.noGateway, context) }
    func channelInactive(context: ChannelHandlerContext) { answers.fail(OutboundError.noGateway) }
}
