internal import Inventory
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Hands bytes to a server over TLS that says nothing back, such as one for syslog.
package struct GuardedStream: Sendable {
    private let addresses: AddressGuard

    package init(_ addresses: AddressGuard) { self.addresses = addresses }

    /// A server that has read to the end closes as well; one that does not within this time has not objected either.
    private static let farewell: Duration = .seconds(3)

    /// Connects, sends, says goodbye and waits for the other side to do so: a server that refuses us or goes away shows.
    /// - Parameter certificates: PEM of who must have signed the server's certificate; `nil`: the system's roots.
    /// - Throws: `OutboundError`.
    package func send(
        _ bytes: [UInt8], host: String, port: Int, certificates: [UInt8]? = nil, timeout: Duration
    ) async throws {
        let address = try await addresses.address(of: host)
        do {
            let trust = certificates.map { ServerTrust.authorities(pem: String(decoding: $0, as: UTF8.self)) }
            let tls = try ClientTLS(trust ?? .system)
            try await Self.within(timeout) { try await Self.deliver(bytes, host, address, port, tls) }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw ClientTLS.explained(error)
        }
    }

    /// Whether these are certificates at all.
    package static func areCertificates(_ pem: [UInt8]) -> Bool {
        !((try? NIOSSLCertificate.fromPEMBytes(pem)) ?? []).isEmpty
    }

    private static func deliver(
        _ bytes: [UInt8], _ host: String, _ address: String, _ port: Int, _ tls: ClientTLS
    ) async throws {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .connect(host: address, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        try tls.handler(for: host, refusal: NIOLockedValueBox(nil)))
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
            outbound.finish()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for try await _ in inbound {} }
                group.addTask { try await Task.sleep(for: farewell) }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    private static func within(_ timeout: Duration, _ work: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(for: timeout)
                throw OutboundError.timeout
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
