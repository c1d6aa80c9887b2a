package import Kernel

/// What a handler answers.
package struct APIResponse: Sendable {
    package enum Body: Sendable {
        case empty
        case bytes([UInt8])
        /// Written as it is made; the closure's end is the body's end. Without a length, so chunked.
        case stream(@Sendable (BodyWriter) async throws -> Void)
        /// A file, read in pieces while it is sent.
        case file(path: String, byteCount: Int)
    }

    package var status: Int
    package var headers: Headers
    package var cookies: [Cookie]
    package var body: Body

    package init(status: Int = 200, headers: Headers = [:], cookies: [Cookie] = [], body: Body = .empty) {
        self.status = status
        self.headers = headers
        self.cookies = cookies
        self.body = body
    }

    /// A JSON body that is already written.
    package static func json(_ bytes: [UInt8], status: Int = 200, headers: Headers = [:]) -> APIResponse {
        var response = APIResponse(status: status, headers: headers, body: .bytes(bytes))
        response.headers["content-type"] = "application/json"
        return response
    }

    package static let noContent = APIResponse(status: 204)

    package static func text(_ text: String, type: String = "text/plain; charset=utf-8", status: Int = 200)
        -> APIResponse
    {
        APIResponse(status: status, headers: ["content-type": type], body: .bytes(Array(text.utf8)))
    }

    /// 307 keeps the method; 303 turns it into GET.
    package static func redirect(to location: String, status: Int = 307) -> APIResponse {
        APIResponse(status: status, headers: ["location": location])
    }

    package static func problem(_ problem: Problem, requestID: String, in dialect: Dialect? = nil) -> APIResponse {
        let body = dialect?.problemBody(problem, requestID) ?? problem.body(requestID: requestID)
        var response = APIResponse(status: problem.status, body: .bytes(body))
        response.headers["content-type"] = dialect?.mediaType ?? "application/problem+json"
        if let seconds = problem.retryAfterSeconds { response.headers["retry-after"] = "\(seconds)" }
        return response
    }

    package func with(cookies: [Cookie]) -> APIResponse {
        var copy = self
        copy.cookies += cookies
        return copy
    }

    package func with(header name: String, _ value: String) -> APIResponse {
        var copy = self
        copy.headers[name] = value
        return copy
    }
}

/// Where a streamed body goes.
package struct BodyWriter: Sendable {
    let write: @Sendable ([UInt8]) async throws -> Void

    /// Waits while the connection's send buffer is full.
    /// - Throws: `CancellationError` when the reader is gone, or took nothing for the server's write time-out.
    package func write(_ bytes: [UInt8]) async throws { try await write(bytes) }

    package init(_ write: @escaping @Sendable ([UInt8]) async throws -> Void) { self.write = write }
}
