import Kernel

/// What the head of a request says, before its body is read: enough to refuse it, and how much body to take.
struct Opening: Sendable {
    enum Target: Sendable {
        case endpoint(Endpoint)
        /// `OPTIONS`, with what the path allows.
        case options(allowed: String)
        /// Not in the table: perhaps a page of the console.
        case fallback
        case refused(Problem, headers: Headers)
    }

    var request: APIRequest
    var target: Target
    /// The tightest budget the request has drawn on so far.
    var verdict: RateLimiter.Verdict?
    /// The path of the endpoint that was found, refused or not.
    var matched: String?
    let methodText: String
    let rawQuery: String
    let isHead: Bool

    /// The endpoint's pattern, for metrics and logs: never the path itself.
    var route: String {
        if let matched { return matched }
        return if case .fallback = target { "(page)" } else { "(none)" }
    }

    /// A refused request's body is read and forgotten up to this, to keep the connection.
    static let maxForgottenBytes = 64 * 1024

    var maxBodyBytes: Int {
        if case .endpoint(let endpoint) = target { endpoint.maxBodyBytes } else { Self.maxForgottenBytes }
    }

    /// What is answered when the body is larger than that.
    var overflowProblem: Problem {
        if case .refused(let problem, _) = target { problem } else { .bodyTooLarge(limit: maxBodyBytes) }
    }

    var timeout: Duration {
        if case .endpoint(let endpoint) = target { endpoint.timeout } else { .seconds(15) }
    }
}

/// A request line with its headers, as the parser gives them.
struct RequestHead: Sendable {
    let method: String
    let target: String
    let headers: Headers
    let isHTTP11: Bool
    /// The address of the other end of the connection.
    let peer: String
    let isTLS: Bool
}

extension Problem {
    static func bodyTooLarge(limit: Int) -> Problem {
        Problem(
            "body-too-large", status: 413, title: "The body is too large",
            detail: "At most \(limit) bytes are taken here.", extras: ["maxBytes": "\(limit)"])
    }
    static let methodNotAllowed = Problem("method-not-allowed", status: 405, title: "This path has no such method")
    static let malformedRequest = Problem("malformed-request", status: 400, title: "The request cannot be read")
    static let headersTooLarge = Problem("headers-too-large", status: 431, title: "The headers are too large")
    static let requestIncomplete = Problem(
        "request-incomplete", status: 408, title: "The request did not arrive in time")
    static let requestTimeout = Problem(
        "request-timeout", status: 503, title: "The answer took too long", retryAfterSeconds: 2)
    static let internalError = Problem(
        "internal-error", status: 500, title: "Something went wrong on our side",
        detail: "It was noted under the request id; tell it to support.")
}
