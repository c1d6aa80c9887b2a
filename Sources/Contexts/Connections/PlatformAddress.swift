internal import Kernel
internal import Outbound

/// Where a platform is, as a person writes it: a name, an address, with a port or without, or the URL of its pages.
struct PlatformAddress: Hashable, Sendable {
    /// Lower case, without brackets.
    let host: String
    /// As written; `nil`: not said.
    let port: Int?

    /// - Throws: 400 `invalid-field` `host`, with what is wanted.
    init(_ text: String) throws(Problem) {
        let text = text.trimmed
        guard (1...300).contains(text.utf8.count), text.isPlainLine else { throw Self.unfit }
        if let bare = Self.bareAddress(text) {
            (host, port) = (bare, nil)
            return
        }
        let hasScheme = text.contains("://")
        guard !text.lowercased().hasPrefix("http://") else {
            throw .invalidField("host", "plain http would show the secret to everyone on the way; https is wanted")
        }
        guard let target = OutboundTarget(hasScheme ? text : "https://\(text)"), target.isSecure,
            hasScheme || !text.contains(where: { "/?#@".contains($0) }), Self.isHost(target.host)
        else { throw Self.unfit }
        host = target.host
        port = Self.writesPort(text) ? target.port : nil
    }

    private static let unfit = Problem.invalidField(
        "host", "a name or an address is wanted, such as pve.example.com, 203.0.113.41 or 2001:db8::41")

    /// IPv6 without brackets would be taken for a name with a port.
    private static func bareAddress(_ text: String) -> String? {
        let inner = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
        return InternetAddress(inner) == nil ? nil : inner.lowercased()
    }

    private static func writesPort(_ text: String) -> Bool {
        let rest = text.contains("://") ? text.drop { $0 != "/" }.dropFirst(2) : text[...]
        let authority = rest.prefix { !"/?#".contains($0) }
        let afterBrackets = authority.split(separator: "]", omittingEmptySubsequences: false).last ?? authority
        return afterBrackets.contains(":")
    }

    /// A name whose last label is a number is an address in disguise (`127.1`, `2130706433`, `0x7f.1`), which resolvers
    /// read and people do not write.
    static func isHost(_ host: String) -> Bool {
        if InternetAddress(host) != nil { return true }
        guard host.utf8.count <= 253 else { return false }
        let labels = (host.hasSuffix(".") ? host.dropLast() : host[...]).split(
            separator: ".", omittingEmptySubsequences: false)
        let areLabels = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
                }
        }
        guard areLabels, let last = labels.last else { return false }
        let isNumber = last.utf8.allSatisfy { (48...57).contains($0) }
        return !isNumber && !(last.hasPrefix("0x") && last.dropFirst(2).utf8.allSatisfy(\.isHexDigit))
    }
}

extension UInt8 {
    var isHexDigit: Bool { (48...57).contains(self) || (97...102).contains(self) || (65...70).contains(self) }
}
