internal import CDNSShim
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// TXT records by the resolver of the system, or by a server that is named.
///
/// glibc's calls block and cannot be stopped, so they run on eight threads of their own; who waits longer than five seconds
/// goes without the answer, and beyond 256 questions none is taken.
package struct SystemTextRecords: TextRecords {
    /// Where to ask: an address and no name.
    package struct Server: Sendable, Hashable {
        package let address: String
        package let port: UInt16

        package init(address: String, port: UInt16) { (self.address, self.port) = (address, port) }
    }

    private static let (threads, questions) = (8, 256)
    /// Of one try; glibc makes two.
    private static let trySeconds: Int32 = 2
    private static let longest: TimeAmount = .seconds(5)

    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        return pool
    }()
    private static let admitted = NIOLockedValueBox(0)

    private let server: Server?

    /// - Parameter server: `nil`: those of /etc/resolv.conf.
    package init(server: Server?) { self.server = server }

    package func texts(at name: String) async -> TextAnswer {
        let fits = Self.admitted.withLockedValue { count in
            guard count < Self.questions else { return false }
            count += 1
            return true
        }
        guard fits else { return .unanswered }
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let promise = loop.makePromise(of: TextAnswer.self)
        let alarm = loop.scheduleTask(in: Self.longest) { promise.succeed(.unanswered) }
        let work = Self.pool.runIfActive(eventLoop: loop) { [server] in
            // Given back when the thread is free again, not when somebody stops waiting for it.
            defer { Self.admitted.withLockedValue { $0 -= 1 } }
            return Self.ask(name, server)
        }
        work.whenComplete { result in promise.completeWith(result.flatMapError { _ in .success(.unanswered) }) }
        defer { alarm.cancel() }
        return (try? await promise.futureResult.get()) ?? .unanswered
    }

    private static func ask(_ name: String, _ server: Server?) -> TextAnswer {
        var buffer = [UInt8](repeating: 0, count: DNSMessage.limit)
        var length = 0
        let verdict =
            if let server {
                pulse_dns_txt(name, server.address, server.port, trySeconds, &buffer, buffer.count, &length)
            } else {
                pulse_dns_txt(name, nil, 0, trySeconds, &buffer, buffer.count, &length)
            }
        switch verdict {
        case PULSE_DNS_ANSWERED:
            guard let texts = DNSMessage(buffer.prefix(length)).texts else { return .unanswered }
            return texts.isEmpty ? .absent : .found(texts)
        case PULSE_DNS_ABSENT: return .absent
        default: return .unanswered
        }
    }
}
