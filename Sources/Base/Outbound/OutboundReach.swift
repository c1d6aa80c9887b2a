internal import Crypto
package import Inventory
internal import Kernel
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// The way out to the hosts of customers: what collectors are built on.
package struct OutboundReach: Sendable {
    private let direct: Dialer
    let gateways: GatewayReach

    let addresses: AddressGuard

    package init(_ addresses: AddressGuard, gateways: GatewayReach = .none) {
        direct = .direct(addresses)
        self.gateways = gateways
        self.addresses = addresses
    }

    func dialer(_ route: OutboundRoute) -> Dialer {
        switch route {
        case .direct: direct
        case .viaAgent(let agent, of: let org): .through(agent, of: org, gateways)
        }
    }

    /// - Parameters:
    ///   - width: most connections to the host at a time.
    ///   - idle: how long one that nobody uses is kept.
    /// - Throws: `.misconfigured` for authorities that are no certificates.
    package func client(
        of host: String, port: Int, trust: ServerTrust, route: OutboundRoute = .direct, width: Int = 4,
        idle: Duration = .seconds(20)
    ) throws(OutboundError) -> HostClient {
        HostClient(
            host: host, port: port, tls: try ClientTLS(trust, of: host), dialer: dialer(route), width: width, idle: idle
        )
    }

    /// What a server shows of itself. The handshake is broken off: not a byte is said to it, whoever it is.
    /// - Throws: `OutboundError`, also when it cannot be found out whether the certificate is believed: that a second
    ///   connection fails says nothing about it.
    package func certificate(
        of host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> ServerCertificate {
        let end = NIODeadline.now() + TimeAmount(timeout)
        let seen = NIOLockedValueBox<NIOSSLCertificate?>(nil)
        var failure: any Error = OutboundError.untrusted
        do {
            try await shakeHands(try ClientTLS(lookingInto: seen), host, port, route, until: end)
        } catch {
            failure = error
        }
        guard let leaf = seen.withLockedValue({ $0 }) else { throw failure }
        let isTrusted: Bool
        do {
            try await shakeHands(try ClientTLS(.system, of: host), host, port, route, until: end)
            isTrusted = true
        } catch OutboundError.untrusted {
            isTrusted = false
        }
        guard let bytes = try? leaf.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes) else {
            throw OutboundError.badAnswer
        }
        return ServerCertificate(
            sha256: Array(SHA256.hash(data: bytes)), subject: "\(parsed.subject)", issuer: "\(parsed.issuer)",
            notAfter: Timestamp(seconds: Int64(leaf.notValidAfter)), isTrusted: isTrusted)
    }

    private func shakeHands(
        _ tls: ClientTLS, _ host: String, _ port: Int, _ route: OutboundRoute, until end: NIODeadline
    ) async throws {
        let channel = try await SecuredStream.open(host, port, tls, by: dialer(route), until: end) { channel in
            channel.eventLoop.makeSucceededVoidFuture()
        }
        channel.close(promise: nil)
    }
}
