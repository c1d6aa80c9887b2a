internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Turns names into addresses. The real one asks the system; a test is the outside itself.
package struct Resolver: Sendable {
    /// All addresses of a name as text, at least one.
    /// - Throws: `OutboundError.unreachable` for a name that is not known, `.timeout`.
    package let addresses: @Sendable (String, Duration) async throws -> [String]

    package init(_ addresses: @escaping @Sendable (String, Duration) async throws -> [String]) {
        self.addresses = addresses
    }

    /// getaddrinfo blocks and cannot be stopped, so it runs on four threads of its own, and who waits longer than the
    /// timeout goes without the answer.
    package static let system = Resolver { name, timeout in
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: [String].self)
        let alarm = loop.scheduleTask(in: .nanoseconds(timeout.components.seconds * 1_000_000_000)) {
            promise.fail(OutboundError.timeout)
        }
        threads.runIfActive(eventLoop: loop) { try lookUp(name) }.cascade(to: promise)
        defer { alarm.cancel() }
        return try await promise.futureResult.get()
    }

    private static let threads: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 4)
        pool.start()
        return pool
    }()

    private static func lookUp(_ name: String) throws -> [String] {
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
