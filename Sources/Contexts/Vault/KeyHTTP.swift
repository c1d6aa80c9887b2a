internal import AsyncHTTPClient
internal import FoundationEssentials
internal import JSONKit
internal import Kernel
internal import NIOCore
internal import NIOHTTP1

/// The HTTP under the providers: one POST or DELETE, an answer of at most 64 KB, five seconds in all. Redirects are not
/// followed: a credential goes to the address it was meant for.
package final class KeyHTTP: Sendable {
    static let timeout: Duration = .seconds(5)
    static let largestAnswer = 64 * 1024

    struct Answer: Sendable {
        let status: Int
        let body: [UInt8]

        var json: JSONValue? {
            var reader = JSONReader(body)
            guard let value: JSONValue = try? reader.decode(), (try? reader.finish()) != nil else { return nil }
            return value
        }
    }

    private let client: HTTPClient

    package init() {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3), read: .seconds(5)))
        configuration.httpVersion = .http1Only
        client = HTTPClient(configuration: configuration)
    }

    deinit { client.shutdown { _ in } }

    func send(
        _ method: HTTPMethod, _ url: String, headers: [(String, String)], body: [UInt8]
    ) async throws(KeyProviderError) -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = method
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        request.body = .bytes(body)
        do {
            let response = try await client.execute(
                request, timeout: .nanoseconds(Int64(Self.timeout.milliseconds) * 1_000_000))
            let bytes = try await response.body.collect(upTo: Self.largestAnswer)
            return Answer(status: Int(response.status.code), body: Array(bytes.readableBytesView))
        } catch {
            // The error's own words may hold the address with its parts; what kind it is says enough.
            throw .unreachable((error as? HTTPClientError).map { $0.shortDescription } ?? "no connection")
        }
    }
}

extension JSONValue {
    /// The bytes of a base64 string.
    var base64: [UInt8]? { string.flatMap { Data(base64Encoded: $0) }.map(Array.init) }
}
