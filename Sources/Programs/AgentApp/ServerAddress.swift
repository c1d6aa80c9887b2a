/// Where the server is. Has a scheme and a host; user info, query and fragment are refused, because a token or a tenant
/// hidden there would be ignored or leak.
package struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
    package let isSecure: Bool
    /// Without the brackets of an IPv6 address.
    package let host: String
    package let port: Int
    /// Empty, or with a slash in front and none at the end.
    package let basePath: String

    package init(_ text: String) throws(AgentError) {
        func refuse(_ why: String) -> AgentError { .settings("the server address \"\(text)\" \(why)") }
        guard let schemeEnd = text.range(of: "://") else { throw refuse("needs https:// in front") }
        switch text[..<schemeEnd.lowerBound].lowercased() {
        case "https": isSecure = true
        case "http": isSecure = false
        default: throw refuse("needs the scheme https")
        }
        let rest = text[schemeEnd.upperBound...]
        guard !rest.contains(where: { "?#@\\".contains($0) || $0.isWhitespace }), rest.utf8.count <= 1024 else {
            throw refuse("must not have user info, query or fragment")
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var path = String(rest[slash...])
        while path.hasSuffix("/") { path.removeLast() }
        basePath = path
        guard let (host, port) = Self.authority(rest[..<slash]) else { throw refuse("has no valid host and port") }
        self.host = host
        self.port = port ?? (isSecure ? 443 : 80)
    }

    private static func authority(_ text: Substring) -> (host: String, port: Int?)? {
        var host = text
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let after = text[text.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { return nil }
            portText = after.isEmpty ? nil : after.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        guard let portText else { return (host.lowercased(), nil) }
        guard let port = Int(portText), (1...65_535).contains(port) else { return nil }
        return (host.lowercased(), port)
    }

    /// For the `Host` header: the port only when it is not the scheme's own.
    package var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isSecure ? 443 : 80) ? name : "\(name):\(port)"
    }

    package var description: String { "\(isSecure ? "https" : "http")://\(authority)\(basePath)" }

    /// This machine or its own network: the only places to which a token may travel without TLS unasked.
    package var isLocal: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        if host.hasPrefix("fe80:") || host.hasPrefix("fc") && host.contains(":")
            || host.hasPrefix("fd") && host.contains(":")
        {
            return true
        }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4, let first = parts[0], let second = parts[1], parts[2] != nil, parts[3] != nil else {
            return false
        }
        switch (first, second) {
        case (127, _), (10, _), (192, 168), (172, 16...31), (169, 254): return true
        default: return false
        }
    }
}

extension String {
    /// The first place of `text`; FoundationEssentials has no literal search.
    func range(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
