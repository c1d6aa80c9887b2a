internal import Inventory
internal import NIOCore

/// What came back.
package struct OutboundAnswer: Sendable {
    package let status: Int
    /// Names in lower case; of several with one name the first.
    package let headers: [String: String]
    package let body: [UInt8]
}

/// Sends requests to addresses of customers. One connection a request: it goes to the address that was checked, and to
/// no other.
package struct GuardedClient: Sendable {
    private let dialer: Dialer

    package init(_ addresses: AddressGuard) { dialer = .direct(addresses) }

    /// - Parameters:
    ///   - timeout: for all of it, redirects included.
    ///   - maxBytes: of the answer's body; more is `badAnswer`.
    ///   - redirects: how many are followed, each checked like the first address; the method and body stay, so only
    ///     those are followed that keep them (307, 308), and for GET all.
    /// - Throws: `OutboundError`.
    package func send(
        _ method: String = "GET", to target: OutboundTarget, headers: [(String, String)] = [], body: [UInt8]? = nil,
        timeout: Duration, maxBytes: Int, redirects: Int = 0
    ) async throws -> OutboundAnswer {
        let end = NIODeadline.now() + TimeAmount(timeout)
        var (target, left) = (target, redirects)
        while true {
            let answer = try await once(method, target, headers, body, until: end, maxBytes: maxBytes)
            let keeps = answer.status == 307 || answer.status == 308 || (method == "GET" && answer.status < 304)
            guard (301...308).contains(answer.status), keeps, left > 0, let location = answer.headers["location"] else {
                return answer
            }
            guard let next = target.redirected(to: location) else { throw OutboundError.badAnswer }
            guard target.mayLead(to: next) else { throw OutboundError.refused }
            (target, left) = (next, left - 1)
        }
    }

    private func once(
        _ method: String, _ target: OutboundTarget, _ headers: [(String, String)], _ body: [UInt8]?,
        until end: NIODeadline, maxBytes: Int
    ) async throws -> OutboundAnswer {
        let rest = try end.rest()
        let client = HostClient(
            host: target.host, port: target.port, tls: target.isSecure ? try ClientTLS(.system, of: target.host) : nil,
            dialer: dialer,
            width: 1, idle: .zero)
        defer { client.close() }
        do {
            return try await client.send(
                OutboundRequest(
                    target.path, method: method, headers: headers + [("connection", "close")], body: body,
                    timeout: rest,
                    headerTimeout: rest, maxBytes: maxBytes))
        } catch OutboundError.tooLarge {
            throw OutboundError.badAnswer
        }
    }
}
