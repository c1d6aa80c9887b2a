package import Kernel

/// Where the server is, and who we are to it.
package struct NatsSettings: Sendable {
    /// `nats://` or `tls://`, several separated by commas; may hold user and password or a token.
    package var url: Secret<String>
    /// A file of credentials as NATS tools write them (a user's JWT and seed). Default none.
    package var credentials: String?
    /// PEM of the authorities that the server's certificate is checked against. Default: those of the system.
    package var authorities: String?
    /// PEM of our certificate and its key, where the server asks for one.
    package var identity: Identity?

    package struct Identity: Sendable {
        package let certificate: String
        package let key: String

        package init(certificate: String, key: String) {
            self.certificate = certificate
            self.key = key
        }
    }

    package init(
        url: Secret<String>, credentials: String? = nil, authorities: String? = nil, identity: Identity? = nil
    ) {
        self.url = url
        self.credentials = credentials
        self.authorities = authorities
        self.identity = identity
    }

    /// Whether this is one or more addresses of NATS servers.
    package static func isAddress(_ text: String) -> Bool {
        let addresses = text.split(separator: ",", omittingEmptySubsequences: false)
        return !addresses.isEmpty
            && addresses.allSatisfy { address in
                ["nats://", "tls://"].contains { address.hasPrefix($0) && address.utf8.count > $0.utf8.count }
                    && address.allSatisfy { !$0.isWhitespace }
            }
    }

    /// A server that wants TLS is spoken to with TLS throughout.
    var isSecure: Bool { url.reveal().contains("tls://") || authorities != nil || identity != nil }
}
