import Crypto
import NIOCore
import NIOSSL

/// TLS towards the server, which is believed as `TLSChoice` says.
struct ServerTLS: Sendable {
    private let context: NIOSSLContext
    private let fingerprint: String?
    /// An address cannot be sent as server name; the certificate is then checked against the address itself.
    private let name: String?

    init(_ server: ServerAddress, _ choice: TLSChoice) throws(AgentError) {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            if let file = choice.caFile { configuration.additionalTrustRoots = [.file(file)] }
            context = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .settings("TLS cannot be set up\(choice.caFile.map { " with \($0)" } ?? ""): \(error)")
        }
        fingerprint = choice.fingerprint
        let isAddress = server.host.contains(":") || server.host.allSatisfy { $0.isNumber || $0 == "." }
        name = isAddress ? nil : server.host
    }

    func handler() throws -> NIOSSLClientHandler {
        guard let fingerprint else { return try NIOSSLClientHandler(context: context, serverHostname: name) }
        return try NIOSSLClientHandler(context: context, serverHostname: name) { chain, verdict in
            // Within the handshake: not one byte of a request leaves before the certificate is the right one.
            let leaf = (try? chain.first?.toDERBytes())
                .map { SHA256.hash(data: $0) }
            let seen = leaf?.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            verdict.succeed(seen == fingerprint ? .certificateVerified : .failed)
        }
    }

    /// Whether it was the certificate that did not please.
    static func isDistrust(_ error: any Error) -> Bool {
        "\(error)".range(of: "CERTIFICATE_VERIFY_FAILED") != nil || error is NIOSSLExtraError
    }
}
