import Glibc

/// Asks the system for the addresses of a name; blocks while it does.
enum NameLookup {
    static func addresses(of name: String) -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0, let first else { return [] }
        defer { freeaddrinfo(first) }
        var found: [NetworkAddress] = []
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let one = next {
            next = one.pointee.ai_next
            guard let address = address(one.pointee), !found.contains(address) else { continue }
            found.append(address)
        }
        return found
    }

    /// By its bytes: as text it might carry a zone.
    private static func address(_ info: addrinfo) -> NetworkAddress? {
        guard let raw = info.ai_addr else { return nil }
        switch info.ai_family {
        case AF_INET:
            return raw.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { four in
                NetworkAddress(bytes: withUnsafeBytes(of: four.pointee.sin_addr) { Array($0) })
            }
        case AF_INET6:
            return raw.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { six in
                NetworkAddress(bytes: withUnsafeBytes(of: six.pointee.sin6_addr) { Array($0) })
            }
        default: return nil
        }
    }
}
