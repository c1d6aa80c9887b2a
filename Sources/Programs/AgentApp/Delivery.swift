import Kernel
import Logging
import NIOConcurrencyHelpers

/// What both lanes need to deliver, and what they tell each other.
struct Delivery: Sendable {
    let outbox: Outbox
    let transport: any Transport
    let token: Secret<String>
    let time: any TimeSource
    let randomness: Randomness
    let logger: Logger
    let pace: Pace
    let newReport = Signal()
    let backlog = Signal()

    func send(_ path: String, _ gzippedBody: [UInt8]) async -> Verdict {
        do {
            return Verdict(try await transport.post(Post(path, token: token, body: gzippedBody, isGzipped: true)))
        } catch {
            return Verdict(error)
        }
    }
}

/// "There is something to do": any number of calls wake the one listener once.
struct Signal: Sendable {
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation

    init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

    func raise() { continuation.yield() }
}

/// The time between reports: our own, or the server's when that is longer.
final class Pace: Sendable {
    private let own: Duration
    private let current: NIOLockedValueBox<Duration>

    init(_ own: Duration) {
        self.own = own
        current = NIOLockedValueBox(own)
    }

    var interval: Duration { current.withLockedValue { $0 } }

    /// A server that asks for more than an hour is asked again after an hour.
    func ask(seconds: Int) {
        current.withLockedValue { $0 = max(own, .seconds(min(max(seconds, 1), 3600))) }
    }
}
