import Glibc

/// Addresses in CIDR notation: `10.0.0.0/8`, `fd00::/8`, or one address.
package struct NetworkRange: Sendable, Hashable, CustomStringConvertible {
    private let bytes: [UInt8]
    private let prefixLength: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let bytes = Self.bytes(of: String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            (self.bytes, prefixLength) = (bytes, bytes.count * 8)
            return
        }
        guard let length = Int(parts[1]), (0...bytes.count * 8).contains(length), parts[1].utf8.count <= 3 else {
            return nil
        }
        (self.bytes, prefixLength) = (Self.network(of: bytes, length), length)
    }

    /// The bits behind the prefix are cleared, so that equal ranges are equal however they were written.
    private static func network(of bytes: [UInt8], _ length: Int) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let kept = min(max(length - index * 8, 0), 8)
            return byte & ~UInt8(truncatingIfNeeded: 0xFF >> kept)
        }
    }

    package func contains(_ address: String) -> Bool {
        guard let other = Self.bytes(of: address), other.count == bytes.count else { return false }
        let whole = prefixLength / 8
        guard bytes[..<whole] == other[..<whole] else { return false }
        let rest = prefixLength % 8
        return rest == 0 || bytes[whole] >> UInt8(8 - rest) == other[whole] >> UInt8(8 - rest)
    }

    /// Every address of `other` is one of these.
    package func covers(_ other: NetworkRange) -> Bool {
        prefixLength <= other.prefixLength && contains(other.address)
    }

    /// `10.0.0.0/8`; one address without its length.
    package var description: String {
        prefixLength == bytes.count * 8 ? address : "\(address)/\(prefixLength)"
    }

    private var address: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = bytes.withUnsafeBytes {
            inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, $0.baseAddress, &text, socklen_t(text.count))
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// 4 or 16 bytes; an IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    static func bytes(of text: String) -> [UInt8]? {
        var v4 = in_addr()
        if inet_pton(AF_INET, text, &v4) == 1 { return withUnsafeBytes(of: v4) { Array($0) } }
        var v6 = in6_addr()
        guard inet_pton(AF_INET6, text, &v6) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: v6) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }
}

/// Who is really calling, when proxies stand between.
struct CallerAddress {
    let address: String
    let isSecure: Bool
    let host: String
    /// Straight from this machine, no proxy in between.
    let isDirectLoopback: Bool

    /// Forwarding headers count only from a peer we trust; of `X-Forwarded-For` the rightmost entry that is not a
    /// trusted proxy is the caller, as everything left of it can be invented.
    init(peer: String, isTLS: Bool, headers: Headers, trusted: [NetworkRange]) {
        let hostHeader = headers["host"] ?? ""
        guard trusted.contains(where: { $0.contains(peer) }) else {
            (address, isSecure, host) = (peer, isTLS, hostHeader)
            isDirectLoopback = Self.isLoopback(peer)
            return
        }
        let hops = headers.all("x-forwarded-for").flatMap { $0.split(separator: ",") }.map { $0.trimmedSpaces }
        address =
            hops.reversed().first { hop in
                NetworkRange.bytes(of: hop) == nil || !trusted.contains { $0.contains(hop) }
            }.flatMap { NetworkRange.bytes(of: $0) == nil ? nil : $0 } ?? peer
        isSecure = isTLS || headers["x-forwarded-proto"]?.lowercased() == "https"
        host = headers["x-forwarded-host"] ?? hostHeader
        isDirectLoopback = hops.isEmpty && Self.isLoopback(peer)
    }

    private static let loopback = ["127.0.0.0/8", "::1"].compactMap { NetworkRange($0) }

    private static func isLoopback(_ address: String) -> Bool { loopback.contains { $0.contains(address) } }
}

extension StringProtocol {
    /// Without spaces and tabs at either end, as optional white space of header fields is.
    var trimmedSpaces: String {
        String(drop { $0 == " " || $0 == "\t" }.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
