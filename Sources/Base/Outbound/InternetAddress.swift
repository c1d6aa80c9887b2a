internal import Glibc

/// An IP address, and whether it leads to the public internet.
package struct InternetAddress: Sendable, Hashable {
    /// 4 or 16, in network order. An IPv4 address written as IPv6 is the IPv4 address.
    package let bytes: [UInt8]

    /// Numbers alone, no name and no zone.
    package init?(_ text: String) {
        var four = [UInt8](repeating: 0, count: 4)
        var six = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = four
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            bytes = six.starts(with: Self.mapped) ? Array(six[12...]) : six
        } else {
            return nil
        }
    }

    /// 4 or 16 bytes in network order.
    init?(numbers bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes.count == 16 && bytes.starts(with: Self.mapped) ? Array(bytes[12...]) : bytes
    }

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    private static let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// Not one of the special-purpose registries of IANA (RFC 6890 and successors), and not a wrapper around one.
    package var isPublic: Bool { bytes.count == 4 ? isPublicFour : isPublicSix }

    /// Somebody may stand there, in whatever network: not "this host", not everybody, and not what clouds tell secrets at.
    package var isAPlace: Bool {
        if bytes.count == 4 {
            return !Self.noPlaceFour.contains { network, length in Self.matches(bytes, network, length) }
        }
        if Self.matches(bytes, [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0], 96) {
            return InternetAddress(Array(bytes[12...])).isAPlace
        }
        // Unspecified, and the deprecated IPv4-compatible form, in which any of the above may hide.
        if bytes[..<12].allSatisfy({ $0 == 0 }) { return bytes[12...] == [0, 0, 0, 1] }
        return bytes[0] != 0xFF && bytes != Self.metadataSix
    }

    private static let noPlaceFour: [([UInt8], Int)] = [
        ([0], 8), ([169, 254, 169, 254], 32), ([100, 100, 100, 200], 32), ([224], 4), ([240], 4),
    ]

    /// fd00:ec2::254
    private static let metadataSix: [UInt8] = [0xFD, 0, 0x0E, 0xC2] + [UInt8](repeating: 0, count: 10) + [0x02, 0x54]

    private var isPublicFour: Bool {
        !Self.specialFour.contains { network, length in Self.matches(bytes, network, length) }
    }

    private var isPublicSix: Bool {
        // NAT64 and 6to4 carry an IPv4 address, to which a gateway would forward.
        if Self.matches(bytes, [0x00, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0], 96) {
            return InternetAddress(Array(bytes[12...])).isPublic
        }
        if Self.matches(bytes, [0x20, 0x02], 16) { return InternetAddress(Array(bytes[2..<6])).isPublic }
        // What is handed out is 2000::/3; everything else is not for us to try.
        guard Self.matches(bytes, [0x20], 3) else { return false }
        return !Self.specialSix.contains { network, length in Self.matches(bytes, network, length) }
    }

    private static func matches(_ bytes: [UInt8], _ network: [UInt8], _ length: Int) -> Bool {
        let whole = length / 8
        guard bytes[..<whole] == network[..<whole] else { return false }
        let rest = length % 8
        return rest == 0 || bytes[whole] >> UInt8(8 - rest) == network[whole] >> UInt8(8 - rest)
    }

    private static let specialFour: [([UInt8], Int)] = [
        ([0], 8), ([10], 8), ([100, 64], 10), ([127], 8), ([169, 254], 16), ([172, 16], 12), ([192, 0, 0], 24),
        ([192, 0, 2], 24), ([192, 31, 196], 24), ([192, 52, 193], 24), ([192, 88, 99], 24), ([192, 168], 16),
        ([192, 175, 48], 24), ([198, 18], 15), ([198, 51, 100], 24), ([203, 0, 113], 24), ([224], 4), ([240], 4),
    ]

    /// Within 2000::/3: protocol assignments with Teredo, and documentation.
    private static let specialSix: [([UInt8], Int)] = [
        ([0x20, 0x01, 0x00], 23), ([0x20, 0x01, 0x0D, 0xB8], 32), ([0x3F, 0xFF, 0x00], 20),
    ]
}
