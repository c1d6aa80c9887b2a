internal import Inventory

/// Which of several members of one cluster is asked, and what a failure means for the next question. Pure: the caller
/// asks, waits and tells the time.
package struct EndpointBook<Endpoint: Hashable & Sendable>: Sendable {
    package enum Verdict: Sendable, Hashable {
        /// The answer stands: asking somebody else would not change it.
        case final
        case again
        case againAfter(Duration)
    }

    private struct Entry: Sendable {
        let endpoint: Endpoint
        var failedAt: Duration?
    }

    /// One that failed is not asked again sooner.
    package static var pause: Duration { .seconds(10) }

    private var entries: [Entry]

    package init(_ first: Endpoint) { entries = [Entry(endpoint: first)] }

    package var endpoints: [Endpoint] { entries.map(\.endpoint) }
    /// How often one question is asked at most.
    package var mostTries: Int { entries.count == 1 ? 1 : entries.count + 2 }

    /// Members come and go; the first stays, and those that stay keep their health.
    package mutating func set(members: [Endpoint]) {
        let known = Dictionary(entries.map { ($0.endpoint, $0.failedAt) }) { first, _ in first }
        let first = entries[0].endpoint
        entries = ([first] + members.filter { $0 != first }).map { Entry(endpoint: $0, failedAt: known[$0] ?? nil) }
    }

    /// The first healthy one in order; when none is, the one that failed longest ago. An only one is always asked.
    package func pick(at now: Duration) -> Endpoint {
        let healthy = entries.first { entry in entry.failedAt.map { now - $0 >= Self.pause } ?? true }
        let oldest = entries.min { ($0.failedAt ?? .zero) < ($1.failedAt ?? .zero) }
        return (healthy ?? oldest ?? entries[0]).endpoint
    }

    package mutating func succeeded(_ endpoint: Endpoint) { mark(endpoint, nil) }

    /// - Parameters:
    ///   - attempt: 0 for the first try.
    ///   - spread: 0...1, chance from outside.
    package mutating func failed(
        _ endpoint: Endpoint, _ failure: PlatformFailure, attempt: Int, at now: Duration, spread: Double
    ) -> Verdict {
        let isLast = attempt + 1 >= mostTries
        guard let status = failure.status else {
            switch failure.fault.reason {
            case .unreachable, .timeout, .untrustedCertificate, .certificateChanged, .forbiddenAddress, .gateway,
                .badAnswer:
                mark(endpoint, now)
                return isLast ? .final : .again
            default: return .final
            }
        }
        guard [408, 425, 429, 502, 503, 504].contains(status) || Self.asksForPatience(failure.said) else {
            return .final
        }
        return isLast ? .final : .againAfter(.milliseconds(150 * (attempt + 1) + Int(200 * spread)))
    }

    private static func asksForPatience(_ said: String) -> Bool {
        let said = said.lowercased()
        return said.contains("rate limit") || said.contains("too many requests")
    }

    private mutating func mark(_ endpoint: Endpoint, _ failedAt: Duration?) {
        for index in entries.indices where entries[index].endpoint == endpoint { entries[index].failedAt = failedAt }
    }
}
