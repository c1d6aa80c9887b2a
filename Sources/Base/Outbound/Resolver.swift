internal import Glibc

/// Turns names into addresses. The real one asks the system; a test is the outside itself.
package struct Resolver: Sendable {
    /// All addresses of a name as text, at least one.
    /// - Throws: `OutboundError.unreachable` for a name that is not known, `.timeout`.
    package let addresses: @Sendable (String, Duration) async throws -> [String]

    package init(_ addresses: @escaping @Sendable (String, Duration) async throws -> [String]) {
        self.addresses = addresses
    }

    package static let system = Resolver { name, timeout in try await desk.addresses(of: name, timeout: timeout) }

    private static let desk = NameDesk { name in
        do throws(OutboundError) { return .success(try lookUp(name)) } catch { return .failure(error) }
    }

    private static func lookUp(_ name: String) throws(OutboundError) -> [String] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &first) == 0, let first else { throw OutboundError.unreachable }
        defer { freeaddrinfo(first) }
        var found: [String] = []
        var next: UnsafeMutablePointer<addrinfo>? = first
        while let one = next {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                one.pointee.ai_addr, one.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
            {
                found.append(String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
            }
            next = one.pointee.ai_next
        }
        guard !found.isEmpty else { throw OutboundError.unreachable }
        return found
    }
}
