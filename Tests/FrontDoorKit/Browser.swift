package import HTTPKit
package import JSONKit
import Kernel
import NIOConcurrencyHelpers

/// Keeps cookies and sends the CSRF token as our pages do. For one task at a time.
package final class Browser {
    private let responder: Responder
    package var address: String
    package var cookies: [String: String] = [:]
    /// Sent instead of the cookie's own; `nil` sends none.
    package var csrf: String?? = .none
    package var isSecure = false

    package init(responder: Responder, address: String) {
        self.responder = responder
        self.address = address
    }

    package struct Answer: Sendable {
        package let status: Int
        package let headers: Headers
        package let bytes: [UInt8]

        package var json: JSONValue { (try? JSONValue(json: bytes)) ?? .null }
        package var text: String { String(decoding: bytes, as: UTF8.self) }
        /// The last part of a problem's type; empty for a success.
        package var slug: String {
            json["type"]?.string.map { String($0.split(separator: ":").last ?? "") } ?? ""
        }
        package var setCookies: [String] { headers.all("set-cookie") }
    }

    /// - Parameter path: with an optional query, not encoded.
    @discardableResult
    package func send(
        _ method: Endpoint.Method, _ path: String, _ body: JSONValue? = nil, headers more: Headers = [:]
    ) async -> Answer {
        await send(method, path, bytes: body?.json ?? [], headers: more)
    }

    @discardableResult
    package func send(
        _ method: Endpoint.Method, _ path: String, bytes: [UInt8], headers more: Headers = [:]
    ) async -> Answer {
        var headers: Headers = ["user-agent": "Test Browser"]
        if !bytes.isEmpty { headers["content-type"] = "application/json" }
        if !cookies.isEmpty { headers["cookie"] = cookies.map { "\($0)=\($1)" }.joined(separator: "; ") }
        if let token = csrf ?? cookies["pulse_csrf"], !method.isSafe { headers["x-csrf-token"] = token }
        for header in more { headers[header.name] = header.value }
        let parts = path.split(separator: "?", maxSplits: 1)
        var query: Query = [:]
        if parts.count == 2, let parsed = try? Query(parsing: parts[1]) { query = parsed }
        let request = APIRequest(
            id: "req-test", method: method, path: String(parts[0]), query: query, headers: headers, body: bytes,
            clientAddress: address, isSecure: isSecure)
        let response = await responder.respond(to: request)
        for cookie in response.headers.all("set-cookie") { keep(cookie) }
        return Answer(
            status: response.status, headers: response.headers, bytes: await Self.read(response.body) ?? [])
    }

    /// `nil` for a stream that breaks off.
    private static func read(_ body: APIResponse.Body) async -> [UInt8]? {
        switch body {
        case .bytes(let bytes): return bytes
        case .stream(let produce):
            let read = NIOLockedValueBox<[UInt8]>([])
            do {
                try await produce(BodyWriter { piece in read.withLockedValue { $0 += piece } })
            } catch {
                return nil
            }
            return read.withLockedValue { $0 }
        case .empty, .file: return []
        }
    }

    private func keep(_ cookie: String) {
        let pair = cookie.split(separator: ";")[0].split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let isDeletion = cookie.contains("Max-Age=0")
        cookies[String(pair[0])] = isDeletion ? nil : String(pair[1])
    }
}
