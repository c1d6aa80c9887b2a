package import Audit
internal import Cryptography
package import HTTPKit
internal import Glibc
internal import Kernel

/// Where a request comes from, as far as counting goes.
///
/// An IPv4 address counts as itself, an IPv6 address as its /64: whoever has one address there has 2^64. Loopback says
/// nothing about who it is (a tunnel, a test, a proxy nobody declared), so it is not counted at all.
package enum ClientNetwork {
    /// SHA-256 of the network; `nil` for loopback and for what is no address.
    package static func subject(of request: APIRequest) -> [UInt8]? {
        network(of: request.clientAddress).map { Digests.sha256($0) }
    }

    static func network(of address: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            return counted(four: withUnsafeBytes(of: four) { Array($0) })
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, address, &six) == 1 else { return nil }
        let bytes = withUnsafeBytes(of: six) { Array($0) }
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]
        if bytes.starts(with: mapped) { return counted(four: Array(bytes.dropFirst(12))) }
        return bytes.dropLast().allSatisfy({ $0 == 0 }) ? nil : Array(bytes.prefix(8))
    }

    private static func counted(four: [UInt8]) -> [UInt8]? { four.first == 127 ? nil : four }
}

extension APIRequest {
    package var userAgent: String { headers["user-agent"] ?? "" }

    /// What the audit trail says of this request.
    package var origin: AuditOrigin { AuditOrigin(requestID: id, address: clientAddress, userAgent: userAgent) }
}
