internal import Crypto
internal import Inventory
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// TLS towards a server that is believed for a stated reason; never below TLS 1.2.
struct ClientTLS: Sendable {
    private enum Check: Sendable {
        /// Chain and name, as the context says.
        case chain
        /// The chain, as the context says, and a number in the leaf: TLS itself would compare it with the other end of the
        /// socket, which is an agent's or another process's where the way leads through one.
        case chainTo(InternetAddress)
        /// The leaf alone.
        case leaf(sha256: [UInt8])
        /// Nothing is believed: the leaf is looked at, and the handshake refused.
        case look(NIOLockedValueBox<NIOSSLCertificate?>)
    }

    private let context: NIOSSLContext
    private let check: Check

    /// - Parameter host: a name, or an address by number.
    /// - Throws: `OutboundError.misconfigured` for authorities that are no certificates and pins that are no digest.
    init(_ trust: ServerTrust, of host: String) throws(OutboundError) {
        let address = InternetAddress(host)
        let chain = address.map { Check.chainTo($0) } ?? .chain
        switch trust {
        case .system:
            guard let context = address == nil ? Self.system : Self.systemByNumber else { throw .misconfigured }
            (self.context, check) = (context, chain)
        case .authorities(let pem):
            guard let roots = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)), !roots.isEmpty,
                let context = Self.context(
                    trusting: .certificates(roots),
                    verification: address == nil ? .fullVerification : .noHostnameVerification)
            else { throw .misconfigured }
            (self.context, check) = (context, chain)
        case .pinned(let digest):
            guard digest.count == SHA256.byteCount, let context = Self.rootless else { throw .misconfigured }
            (self.context, check) = (context, .leaf(sha256: digest))
        }
    }

    /// Only ever shows the certificate: no connection comes about.
    init(lookingInto seen: NIOLockedValueBox<NIOSSLCertificate?>) throws(OutboundError) {
        guard let context = Self.rootless else { throw .misconfigured }
        (self.context, check) = (context, .look(seen))
    }

    // A context with the system's authorities holds all of them; one is enough for everybody.
    private static let system = context(trusting: .default)
    private static let systemByNumber = context(trusting: .default, verification: .noHostnameVerification)
    // The callback of a connection decides alone: nothing here would be asked.
    private static let rootless = context(trusting: .certificates([]), verification: .noHostnameVerification)

    private static func context(
        trusting roots: NIOSSLTrustRoots, verification: CertificateVerification = .fullVerification
    ) -> NIOSSLContext? {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.trustRoots = roots
        configuration.certificateVerification = verification
        return try? NIOSSLContext(configuration: configuration)
    }

    /// - Parameter refusal: learns why a certificate was refused where the handshake's own error does not tell.
    func handler(for host: String, refusal: NIOLockedValueBox<OutboundError?>) throws -> NIOSSLClientHandler {
        let name = InternetAddress(host) == nil ? host : nil
        switch check {
        case .chain, .chainTo:
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        case .leaf(let sha256):
            return try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
                guard let leaf = chain.first, let bytes = try? leaf.toDERBytes(), SHA256.hash(data: bytes) == sha256
                else {
                    refusal.withLockedValue { $0 = .certificateChanged }
                    return verdict.succeed(NIOSSLVerificationResult.failed)
                }
                verdict.succeed(NIOSSLVerificationResult.certificateVerified)
            }
        case .look(let seen):
            return try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
                seen.withLockedValue { $0 = chain.first }
                verdict.succeed(NIOSSLVerificationResult.failed)
            }
        }
    }

    /// Whether the leaf is one for the number that was wanted, once the handshake is through and before anything is said.
    func accepts(_ leaf: NIOSSLCertificate?) -> Bool {
        guard case .chainTo(let address) = check else { return true }
        guard let bytes = try? leaf?.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes),
            let names = try? parsed.extensions.subjectAlternativeNames
        else { return false }
        return names.contains { name in
            guard case .ipAddress(let number) = name else { return false }
            return InternetAddress(numbers: Array(number.bytes)) == address
        }
    }

    /// What a connection that did not come about says.
    static func explained(_ error: any Error) -> OutboundError {
        if let error = error as? OutboundError { return error }
        if case ChannelError.connectTimeout = error { return .timeout }
        if "\(error)".contains("CERTIFICATE_VERIFY_FAILED") || error is NIOSSLExtraError { return .untrusted }
        if "\(error)".contains("EOF during") { return .unreachable }
        // What says something, but not in TLS as new as ours; who hangs up instead has said nothing.
        if case NIOSSLError.handshakeFailed(.sslError) = error { return .badAnswer }
        if case BoringSSLError.sslError = error { return .badAnswer }
        return .unreachable
    }
}
