internal import JOSE
internal import Kernel
internal import Outbound

/// How long is waited for providers.
package struct OIDCTimeouts: Sendable {
    /// For one request, redirects included.
    package var request: Duration = .seconds(5)
    /// For the requests of one person's way back; the last of them may begin just before: 15 s in all.
    package var callback: Duration = .seconds(10)

    package init() {}
}

/// What is left of the time that one person is made to wait.
struct Patience: Sendable {
    private let end: ContinuousClock.Instant
    private let request: Duration

    init(_ timeouts: OIDCTimeouts) {
        end = .now + timeouts.callback
        request = timeouts.request
    }

    /// - Throws: `providerUnavailable` when there is none left.
    func next() throws(OIDCRefusal) -> Duration {
        guard ContinuousClock.now < end else { throw OIDCRefusal(.providerUnavailable, detail: "timeout") }
        return request
    }
}

/// Asks providers, within bounds, through the guard.
struct ProviderCalls: Sendable {
    let client: GuardedClient

    /// For key sets, tokens and what is told about people.
    static let mostBytes = 262_144

    /// - Parameters:
    ///   - unreadable: what an answer is called that cannot be read at all, or is too long.
    ///   - redirects: only where nothing secret goes along.
    /// - Returns: whatever was answered below 500.
    func send(
        _ method: String = "GET", to url: String, headers: [(String, String)] = [], body: [UInt8]? = nil,
        within timeout: Duration, mostBytes: Int = Self.mostBytes, redirects: Int = 0, unreadable: OIDCRefusal.Reason
    ) async throws(OIDCRefusal) -> OutboundAnswer {
        guard let target = OutboundTarget(url) else { throw OIDCRefusal(.endpointNotSecure, detail: url) }
        let answer: OutboundAnswer
        do {
            answer = try await client.send(
                method, to: target, headers: [("Accept", "application/json"), ("User-Agent", "Pulse")] + headers,
                body: body, timeout: timeout, maxBytes: mostBytes, redirects: redirects)
        } catch {
            throw Self.refusal(error, at: target, unreadable: unreadable)
        }
        guard answer.status < 500, answer.status != 429 else {
            throw OIDCRefusal(.providerUnavailable, detail: "\(target.host) answers \(answer.status)")
        }
        return answer
    }

    private static func refusal(
        _ error: any Error, at target: OutboundTarget, unreadable: OIDCRefusal.Reason
    ) -> OIDCRefusal {
        switch error as? OutboundError {
        case .refused: OIDCRefusal(.addressRefused, detail: target.host)
        case .untrusted, .certificateChanged: OIDCRefusal(.providerUntrusted, detail: target.host)
        case .badAnswer, .tooLarge: OIDCRefusal(unreadable, detail: target.host)
        case .timeout: OIDCRefusal(.providerUnavailable, detail: "\(target.host): timeout")
        default: OIDCRefusal(.providerUnavailable, detail: target.host)
        }
    }
}
