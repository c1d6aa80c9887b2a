internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL

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
    private let addresses: AddressGuard
    private let trustRoots: NIOSSLTrustRoots

    package init(_ addresses: AddressGuard) { self.init(addresses, trustRoots: .default) }

    init(_ addresses: AddressGuard, trustRoots: NIOSSLTrustRoots) {
        self.addresses = addresses
        self.trustRoots = trustRoots
    }

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
        let end = ContinuousClock.now + timeout
        var (target, left) = (target, redirects)
        while true {
            let answer = try await once(
                method, target, headers, body, until: end, maxBytes: maxBytes)
            let keeps = answer.status == 307 || answer.status == 308 || (method == "GET" && answer.status < 304)
            guard (301...308).contains(answer.status), keeps, left > 0, let location = answer.headers["location"] else {
                return answer
            }
            guard let next = target.redirected(to: location) else { throw OutboundError.badAnswer }
            // A secret that went out over TLS does not go on in the clear.
            guard next.isSecure || !target.isSecure else { throw OutboundError.refused }
            (target, left) = (next, left - 1)
        }
    }

    private func once(
        _ method: String, _ target: OutboundTarget, _ headers: [(String, String)], _ body: [UInt8]?,
        until end: ContinuousClock.Instant, maxBytes: Int
    ) async throws -> OutboundAnswer {
        let address = try await addresses.address(of: target.host, timeout: try Self.rest(until: end))
        let rest = try Self.rest(until: end)
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: configuration(target.host, address, timeout: rest))
        let outcome: Result<OutboundAnswer, any Error>
        do {
            var request = HTTPClientRequest(url: target.url)
            request.method = HTTPMethod(rawValue: method)
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            if let body { request.body = .bytes(body) }
            let response = try await client.execute(request, timeout: TimeAmount(rest))
            var bytes: [UInt8] = []
            for try await piece in response.body {
                bytes += piece.readableBytesView
                guard bytes.count <= maxBytes else { throw OutboundError.badAnswer }
                _ = try Self.rest(until: end)
            }
            let names = response.headers.map { ($0.name.lowercased(), $0.value) }
            outcome = .success(
                OutboundAnswer(
                    status: Int(response.status.code), headers: Dictionary(names) { first, _ in first }, body: bytes))
        } catch {
            outcome = .failure(Self.explained(error))
        }
        try? await client.shutdown()
        return try outcome.get()
    }

    private func configuration(_ host: String, _ address: String, timeout: Duration) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = trustRoots
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: .init(connect: TimeAmount(min(timeout, .seconds(5))), read: TimeAmount(timeout)))
        configuration.httpVersion = .http1Only
        configuration.dnsOverride = [host: address]
        return configuration
    }

    private static func rest(until end: ContinuousClock.Instant) throws -> Duration {
        let rest = end - ContinuousClock.now
        guard rest > .zero else { throw OutboundError.timeout }
        return rest
    }

    private static func explained(_ error: any Error) -> any Error {
        switch error {
        case is OutboundError, is CancellationError: error
        case let error as HTTPClientError
        where [.connectTimeout, .readTimeout, .writeTimeout, .deadlineExceeded, .tlsHandshakeTimeout].contains(error):
            OutboundError.timeout
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: OutboundError.untrusted
        case is HTTPParserError: OutboundError.badAnswer
        default: OutboundError.unreachable
        }
    }
}
