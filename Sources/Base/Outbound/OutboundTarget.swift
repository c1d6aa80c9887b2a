internal import FoundationEssentials

/// An http or https address that a customer gave.
package struct OutboundTarget: Sendable, Hashable {
    package let url: String
    /// Lower case, without the brackets of IPv6.
    package let host: String
    package let port: Int
    package let isSecure: Bool
    /// Path and query as they go over the wire.
    let path: String

    /// `nil` for other schemes, user names or passwords, no host, control characters, or more than 2,048 bytes.
    package init?(_ text: String) {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }),
            let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            scheme == "https" || scheme == "http", parts.user == nil, parts.password == nil,
            let host = parts.host?.lowercased().filter({ $0 != "[" && $0 != "]" }), !host.isEmpty,
            parts.port.map({ (1...65_535).contains($0) }) ?? true
        else { return nil }
        url = text
        self.host = host
        isSecure = scheme == "https"
        port = parts.port ?? (isSecure ? 443 : 80)
        let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
        self.path = parts.percentEncodedQuery.map { path + "?" + $0 } ?? path
    }

    /// Where a `Location` leads from here; `nil` when it leads nowhere we go.
    func redirected(to location: String) -> OutboundTarget? {
        guard let base = URL(string: url), let next = URL(string: location, relativeTo: base) else { return nil }
        return OutboundTarget(next.absoluteString)
    }

    /// A secret that went out over TLS does not go on in the clear.
    func mayLead(to next: OutboundTarget) -> Bool { next.isSecure || !isSecure }
}
