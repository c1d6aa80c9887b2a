import Glibc

/// An IP address as bytes, 4 or 16, in network order. An IPv4 address written as IPv6 is the IPv4 address.
struct NetworkAddress: Hashable, Sendable, CustomStringConvertible {
    let bytes: [UInt8]

    /// Numbers alone: no name, no zone, none of the short and octal forms.
    init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            self.init(bytes: withUnsafeBytes(of: four) { Array($0) })
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            self.init(bytes: withUnsafeBytes(of: six) { Array($0) })
        } else {
            return nil
        }
    }

    /// - Parameter bytes: 4 or 16.
    init(bytes: [UInt8]) {
        let isMapped = bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10...11] == [0xFF, 0xFF]
        self.bytes = isMapped ? Array(bytes[12...]) : bytes
    }

    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The IPv4 address inside of NAT64, 6to4 and the IPv4-compatible form: a router in between would take it out.
    var wrapped: NetworkAddress? {
        guard bytes.count == 16 else { return nil }
        if bytes[..<12] == [0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0] {
            return NetworkAddress(bytes: Array(bytes[12...]))
        }
        if bytes[..<2] == [0x20, 0x02] { return NetworkAddress(bytes: Array(bytes[2..<6])) }
        if bytes[..<12].allSatisfy({ $0 == 0 }), bytes[12...] != [0, 0, 0, 1] {
            return NetworkAddress(bytes: Array(bytes[12...]))
        }
        return nil
    }
}

/// A network: an address and how many of its bits count.
struct AddressNetwork: Hashable, Sendable {
    let address: NetworkAddress
    let length: Int

    /// `192.168.1.0/24`, or an address alone.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = NetworkAddress(String(parts[0])) else { return nil }
        let most = address.bytes.count * 8
        guard parts.count == 2 else { self.init(address, most); return }
        guard let length = Int(parts[1]), (0...most).contains(length),
            parts[1].utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        self.init(address, length)
    }

    init(_ address: NetworkAddress, _ length: Int) {
        self.address = address
        self.length = length
    }

    func contains(_ other: NetworkAddress) -> Bool {
        guard other.bytes.count == address.bytes.count else { return false }
        let whole = length / 8
        guard other.bytes[..<whole] == address.bytes[..<whole] else { return false }
        let rest = length % 8
        return rest == 0 || other.bytes[whole] >> UInt8(8 - rest) == address.bytes[whole] >> UInt8(8 - rest)
    }

    func contains(_ other: AddressNetwork) -> Bool { other.length >= length && contains(other.address) }
}
