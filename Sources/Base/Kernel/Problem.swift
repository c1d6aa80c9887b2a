/// An answer that says what went wrong, for `application/problem+json` (RFC 9457).
///
/// `slug` is a promise: never renamed, never reused; the operations handbook lists each with its cause and remedy.
package struct Problem: Error, Hashable, Sendable {
    package let slug: String
    package let status: Int
    package let title: String
    package var detail: String?
    /// The member of the request that is wrong, as a dotted path (`disks.0.totalBytes`).
    package var field: String?
    /// The stable code that the agents of the field know (`invalid_json`, `org_suspended`); the slug with
    /// underscores where they know none.
    package var code: String
    /// Seconds for `Retry-After`.
    package var retryAfterSeconds: Int?
    /// Further members of the body, strings only.
    package var extras: [String: String]

    package init(
        _ slug: String, status: Int, title: String, detail: String? = nil, field: String? = nil, code: String? = nil,
        retryAfterSeconds: Int? = nil, extras: [String: String] = [:]
    ) {
        self.slug = slug
        self.status = status
        self.title = title
        self.detail = detail
        self.field = field
        self.code = code ?? String(slug.map { $0 == "-" ? "_" : $0 })
        self.retryAfterSeconds = retryAfterSeconds
        self.extras = extras
    }

    /// The same problem, told for one request.
    package func with(detail: String? = nil, field: String? = nil, retryAfterSeconds: Int? = nil) -> Problem {
        var copy = self
        if let detail { copy.detail = detail }
        if let field { copy.field = field }
        if let retryAfterSeconds { copy.retryAfterSeconds = retryAfterSeconds }
        return copy
    }
}

/// An error with something to say to the caller. All other errors become a bare 500 with a request id.
package protocol Explained: Error { var problem: Problem { get } }

extension Problem: Explained { package var problem: Problem { self } }

extension Problem {
    /// One member of a request does not fit; `detail` says what was seen and what is wanted.
    package static func invalidField(_ field: String, _ detail: String) -> Problem {
        Problem("invalid-field", status: 400, title: "A field is not valid", detail: detail, field: field)
    }
    package static let notFound = Problem("not-found", status: 404, title: "Not found")
    package static let unauthenticated = Problem(
        "authentication-required", status: 401, title: "Sign in first", code: "authentication_required")
    package static let forbidden = Problem(
        "permission-denied", status: 403, title: "Your role does not allow this", code: "access_denied")
}
