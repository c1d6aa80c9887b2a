internal import Glibc
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix

/// Pings: a datagram socket of ICMP, which the system lends to the groups of `net.ipv4.ping_group_range`.
extension Datagrams {
    /// Of the list of protocols, the same on every system.
    private static let icmp: CInt = 1
    private static let icmpSix: CInt = 58

    /// Asks an address for echoes, one after the other.
    /// - Parameters:
    ///   - address: by number.
    ///   - count: at least 1.
    ///   - timeout: for each.
    ///   - loop: `nil`: one of this process's.
    /// - Returns: how long those took that came back, in their order.
    /// - Throws: `DatagramError`, `CancellationError`.
    package static func echo(
        _ address: String, count: Int, timeout: Duration,
        on loop: (any EventLoop)? = nil
    ) async throws -> [Duration] {
        guard let (target, name) = echoTarget(address) else { throw DatagramError.unreachable }
        let isSix = target.protocol == .inet6
        let waiting = NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>([:])
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: loop ?? MultiThreadedEventLoopGroup.singleton.next())
                .protocolSubtype(.init(rawValue: isSix ? icmpSix : icmp))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            EchoReplies(from: name, kind: isSix ? 129 : 0, waiting: waiting))
                    }
                }
                .bind(host: isSix ? "::" : "0.0.0.0", port: 0).get()
        } catch {
            throw DatagramError.noEchoSocket
        }
        defer { channel.close(promise: nil) }
        var times: [Duration] = []
        for number in 1...UInt16(max(count, 1)) {
            let reply = channel.eventLoop.makePromise(of: Bool.self)
            waiting.withLockedValue { $0[number] = reply }
            let start = ContinuousClock.now
            let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { reply.succeed(false) }
            // Identity and checksum are the system's to fill in.
            let packet: [UInt8] = [isSix ? 128 : 8, 0, 0, 0, 0, 0, UInt8(number >> 8), UInt8(number & 0xFF)]
            let envelope = AddressedEnvelope(
                remoteAddress: target, data: ByteBuffer(bytes: packet + [UInt8](repeating: 0x50, count: 16)))
            channel.writeAndFlush(envelope).whenFailure { _ in reply.succeed(false) }
            let isAnswered = try await withTaskCancellationHandler {
                try await reply.futureResult.get()
            } onCancel: {
                reply.succeed(false)
            }
            alarm.cancel()
            waiting.withLockedValue { $0[number] = nil }
            try Task.checkCancellation()
            if isAnswered { times.append(ContinuousClock.now - start) }
        }
        return times
    }

    /// Where pings go, and as what the system tells who answers them: a number can be written in many ways. An IPv4 address
    /// that is written as IPv6 is the IPv4 address, as no socket of ICMPv6 leads to it.
    static func echoTarget(_ address: String) -> (address: SocketAddress, name: String)? {
        var bytes = [UInt8](repeating: 0, count: 16)
        var plain = address
        if inet_pton(AF_INET6, address, &bytes) == 1, bytes[..<10].allSatisfy({ $0 == 0 }), bytes[10] == 0xFF,
            bytes[11] == 0xFF
        {
            plain = bytes[12...].map { "\($0)" }.joined(separator: ".")
        }
        guard let target = try? SocketAddress(ipAddress: plain, port: 0) else { return nil }
        return target.ipAddress.map { (target, $0) }
    }
}

/// Replies of the host that was asked, and of no other.
private final class EchoReplies: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    /// As the system writes it, whatever it was written like when it was asked for.
    private let address: String
    private let kind: UInt8
    private let waiting: NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>

    init(from address: String, kind: UInt8, waiting: NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>) {
        self.address = address
        self.kind = kind
        self.waiting = waiting
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let packet = Array(envelope.data.readableBytesView)
        guard envelope.remoteAddress.ipAddress == address, packet.count >= 8, packet[0] == kind else { return }
        let number = UInt16(packet[6]) << 8 | UInt16(packet[7])
        waiting.withLockedValue { $0[number] }?.succeed(true)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A router says that there is no way: the next one may be answered, this one is not.
    }
}
