internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// A connection whose other end is who it should be before anybody may write to it.
enum SecuredStream {
    private static let longestHandshake: Duration = .seconds(10)

    /// - Parameters:
    ///   - tls: `nil` talks in the clear.
    ///   - prepare: adds what works on the plain bytes.
    /// - Throws: `OutboundError`.
    static func open(
        _ host: String, _ port: Int, _ tls: ClientTLS?, by dialer: Dialer, until end: NIODeadline,
        prepare: @escaping Dialer.Prepare
    ) async throws -> any Channel {
        guard let tls else {
            return try await dialer.open(host, port, end) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SocketEnd())
                }.flatMap { prepare(channel) }
            }
        }
        let refusal = NIOLockedValueBox<OutboundError?>(nil)
        let secured = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        do {
            let channel = try await dialer.open(host, port, end) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(SocketEnd())
                    let handler = try tls.handler(for: host, refusal: refusal)
                    try pipeline.addHandler(handler)
                    try pipeline.addHandler(HandshakeWatch(secured, tls, handler))
                }.flatMap { prepare(channel) }
            }
            do {
                // The time may have run out while it was connected: then it is closed like one that is not believed.
                let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(min(longestHandshake, try end.rest()))) {
                    secured.fail(OutboundError.timeout)
                }
                defer { alarm.cancel() }
                try await withTaskCancellationHandler {
                    try await secured.futureResult.get()
                } onCancel: {
                    channel.close(promise: nil)
                }
            } catch {
                channel.close(promise: nil)
                throw error
            }
            return channel
        } catch {
            // Who never connected has nobody else to say so.
            secured.fail(error)
            try Task.checkCancellation()
            throw refusal.withLockedValue { $0 } ?? error
        }
    }
}
