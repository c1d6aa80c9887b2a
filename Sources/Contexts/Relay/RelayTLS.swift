internal import Cryptography
internal import Kernel
internal import NIOCore
internal import NIOSSL

/// What lies around the link between two processes: TLS whose key both derive from the installation's secret, so there are
/// no certificates to make, to renew or to forget. Whoever has not the secret does not get past the handshake, on
/// either side, and what was recorded stays unreadable even for who learns the secret later (an ephemeral exchange of
/// keys goes into it).
///
/// Version 1.2, because keys that both have do not come with 1.3 in this library.
struct RelayTLS: Sendable {
    /// TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256 (RFC 7905)
    private static let cipher = NIOTLSCipher(rawValue: 0xCCAC)
    private static let name = "pulse relay"

    private let client: NIOSSLContext
    private let server: NIOSSLContext

    /// - Parameter secret: of the installation.
    init(secret: Secret<[UInt8]>) throws {
        let key = Secret(Digests.hmacSHA256(Array("pulse relay tls 1".utf8), key: secret))
        var asking = Self.configuration
        asking.pskClientProvider = { _ in PSKClientIdentityResponse(key: Self.bytes(key), identity: Self.name) }
        client = try NIOSSLContext(configuration: asking)
        var answering = Self.configuration
        answering.pskServerProvider = { _ in PSKServerIdentityResponse(key: Self.bytes(key)) }
        server = try NIOSSLContext(configuration: answering)
    }

    func clientHandler() throws -> NIOSSLClientHandler { try NIOSSLClientHandler(context: client, serverHostname: nil) }
    func serverHandler() -> NIOSSLServerHandler { NIOSSLServerHandler(context: server) }

    private static var configuration: TLSConfiguration {
        var configuration = TLSConfiguration.makePreSharedKeyConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.maximumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = [cipher]
        // Nobody shows a certificate: that the other side can speak at all is the proof.
        configuration.certificateVerification = .none
        configuration.trustRoots = .certificates([])
        return configuration
    }

    private static func bytes(_ key: Secret<[UInt8]>) -> NIOSSLSecureBytes {
        var bytes = NIOSSLSecureBytes()
        bytes.append(key.reveal())
        return bytes
    }
}
