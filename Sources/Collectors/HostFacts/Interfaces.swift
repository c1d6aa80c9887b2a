import AgentProtocol
import Glibc

/// One line of /proc/net/dev.
struct InterfaceCounters: Hashable, Sendable {
    let name: String
    let rxBytes: UInt64
    let txBytes: UInt64

    /// `eth0: bytes packets errs drop fifo frame compressed multicast bytes packets …`; no blank need follow the colon.
    init?(netDevLine line: Substring) {
        guard let colon = line.lastIndex(of: ":") else { return nil }
        let numbers = line[line.index(after: colon)...].words
        guard numbers.count >= 9, let rx = UInt64(numbers[0]), let tx = UInt64(numbers[8]) else { return nil }
        name = line[..<colon].trimmedLine
        rxBytes = rx
        txBytes = tx
    }

    static func all(netDev text: String) -> [InterfaceCounters] {
        text.split(separator: "\n").compactMap(InterfaceCounters.init)
    }

    func report(
        since earlier: InterfaceCounters?, seconds: Double, mac: String?, addresses: [String]
    ) -> HostReport.Interface {
        var report = HostReport.Interface()
        report.name = name
        report.mac = mac
        report.addresses = addresses
        report.rxBytes = rxBytes
        report.txBytes = txBytes
        report.rxBytesPerSecond = rate(from: earlier?.rxBytes, to: rxBytes, seconds: seconds)
        report.txBytesPerSecond = rate(from: earlier?.txBytes, to: txBytes, seconds: seconds)
        return report
    }
}

/// The addresses of this machine, as CIDR text by interface.
enum InterfaceAddresses {
    static func system() -> [String: [String]] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [:] }
        defer { freeifaddrs(first) }
        var addresses: [String: [String]] = [:]
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard let address = entry.ifa_addr, let text = cidr(address, entry.ifa_netmask) else { continue }
            addresses[String(cString: entry.ifa_name), default: []].append(text)
        }
        return addresses
    }

    private static func cidr(_ address: UnsafePointer<sockaddr>, _ mask: UnsafePointer<sockaddr>?) -> String? {
        guard let bytes = bytes(of: address) else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(Int32(address.pointee.sa_family), bytes, &text, socklen_t(text.count)) != nil else {
            return nil
        }
        let ones = mask.flatMap(Self.bytes)?.reduce(0) { $0 + $1.nonzeroBitCount } ?? bytes.count * 8
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) + "/\(ones)"
    }

    private static func bytes(of address: UnsafePointer<sockaddr>) -> [UInt8]? {
        switch Int32(address.pointee.sa_family) {
        case AF_INET:
            UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin_addr) { Array($0) }
            }
        case AF_INET6:
            UnsafeRawPointer(address).withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { Array($0) }
            }
        default: nil
        }
    }
}
