package import Kernel

/// One thing that can be asked of Pulse. The router, the authorisation check, the OpenAPI document and the tests of
/// audit, roles and isolation all read this value; a route cannot exist without one.
package struct Endpoint: Sendable {
    package typealias Handler = @Sendable (APIRequest) async throws -> APIResponse
    /// Serves one socket until it returns (closed with 1000) or throws (closed with the code for its problem).
    package typealias SocketService = @Sendable (APIRequest, Socket) async throws -> Void

    package let method: Method
    /// `/api/orgs/{id}`: braces name a parameter that fills one segment, or its middle (`/install/{id}.sh`).
    package let path: String
    package let summary: String
    package let kind: Kind
    package let access: AccessRule
    /// What a token must be good for; `nil`: no token may call this.
    package let scope: Scope?
    package let capability: Capability?
    /// The organisations that may be called upon. Never empty.
    package let openTo: Set<OrgCondition>
    /// Shows a caller who sees a part of the inventory that part alone. Where this is false they are refused.
    package let narrows: Bool
    /// Of `session` access: open also to a session that rests on one organisation's word. Nothing that changes the account is.
    package let isForBound: Bool
    package let audit: AuditRule
    package let idempotency: IdempotencyRule
    package let rate: RateClass
    /// The problems of this endpoint's own subject; those of its rules (401, 403, 429 …) are added by `allProblems`.
    package let problems: [Problem]
    package let query: [QueryParameter]
    package let request: Schema?
    package let response: Schema
    /// The status of success.
    package let status: Int
    package let requestExample: String?
    package let responseExample: String
    package let maxBodyBytes: Int
    /// The body is not kept: the handler takes it from `APIRequest.upload` while it arrives.
    package let takesUpload: Bool
    /// From the last byte of the request to the first of the response; then 503 `request-timeout`.
    package let timeout: Duration
    package let admission: Admission
    /// Set on routes of a protocol that is not ours.
    package let dialect: Dialect?
    package let handler: Handler
    /// What an open socket does; set for `kind` socket only.
    package let serve: SocketService?

    package init(
        _ method: Method, _ path: String, summary: String, kind: Kind = .json, access: AccessRule,
        scope: Scope? = nil, capability: Capability? = nil, openTo: Set<OrgCondition> = [.active],
        narrows: Bool = false, forBound: Bool = false, audit: AuditRule, idempotency: IdempotencyRule = .none,
        rate: RateClass = .general, problems: [Problem] = [], query: [QueryParameter] = [], request: Schema? = nil,
        response: Schema, status: Int = 200, requestExample: String? = nil, responseExample: String,
        maxBodyBytes: Int = 64 * 1024, takesUpload: Bool = false, timeout: Duration = .seconds(15),
        admission: Admission = .before, dialect: Dialect? = nil,
        serve: SocketService? = nil, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.summary = summary
        self.kind = kind
        self.access = access
        self.scope = scope
        self.capability = capability
        self.openTo = openTo
        self.narrows = narrows
        isForBound = forBound
        self.audit = audit
        self.idempotency = idempotency
        self.rate = rate
        self.problems = problems
        self.query = query
        self.request = request
        self.response = response
        self.status = status
        self.requestExample = requestExample
        self.responseExample = responseExample
        self.maxBodyBytes = maxBodyBytes
        self.takesUpload = takesUpload
        self.timeout = timeout
        self.admission = admission
        self.dialect = dialect
        self.handler = handler
        self.serve = serve
    }

    /// A WebSocket. The upgrade is refused with a status for what is known at once (origin, no credential, too many);
    /// then the gate has five seconds, and its refusals close the socket with 4401, 4403 or 4429.
    /// - Parameter messages: the shape of what the server sends, for the API description.
    package static func socket(
        _ path: String, summary: String, access: AccessRule, scope: Scope? = nil, capability: Capability? = nil,
        narrows: Bool = false, audit: AuditRule = .none(reason: "reads only"), problems: [Problem] = [],
        query: [QueryParameter] = [],
        messages: Schema, messageExample: String, serve: @escaping SocketService
    ) -> Endpoint {
        Endpoint(
            .get, path, summary: summary, kind: .socket, access: access, scope: scope, capability: capability,
            narrows: narrows, audit: audit, rate: .socket, problems: problems + [.upgradeRequired], query: query,
            response: messages,
            status: 101, responseExample: messageExample, serve: serve
        ) { _ in throw Problem.upgradeRequired }
    }

    /// `GET /api/orgs/{id}`: the name of this endpoint in logs, metrics and failures of the table's checks.
    package var name: String { "\(method.rawValue) \(path)" }
}

extension Endpoint {
    package enum Kind: String, Sendable { case json, stream, socket, download }

    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"

        /// Changes nothing (RFC 9110, 9.2.1): needs no audit entry and no CSRF token.
        package var isSafe: Bool { self == .get || self == .head || self == .options }
    }

    /// Who asks the gate, and when.
    package enum Admission: Sendable {
        /// The responder, before the handler runs.
        case before
        /// The handler itself, in the same round trip as its query. Only `Access.FusedRead` builds such an endpoint.
        case fused
    }
}

extension Problem {
    package static let upgradeRequired = Problem(
        "upgrade-required", status: 426, title: "This is a WebSocket",
        detail: "Send a WebSocket handshake of version 13 (RFC 6455).")
}
