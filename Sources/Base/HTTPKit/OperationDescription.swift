import JSONKit
package import Kernel

/// One endpoint as an operation object of OpenAPI.
struct OperationDescription: JSONEncodable {
    let endpoint: Endpoint

    func encode(to json: inout JSONWriter) {
        json.object { json in
            json.member("operationId", endpoint.operationID)
            json.member("summary", endpoint.summary)
            json.array("tags") { $0.string(endpoint.tag) }
            encodeRules(to: &json)
            encodeParameters(to: &json)
            if let request = endpoint.request { encodeBody(request, to: &json) }
            json.object("responses") { json in
                encodeSuccess(to: &json)
                encodeProblems(to: &json)
            }
        }
    }

    private func encodeRules(to json: inout JSONWriter) {
        json.array("security") { json in
            for requirement in endpoint.securityRequirements {
                json.object { json in
                    for scheme in requirement { json.array(scheme.rawValue) { _ in } }
                }
            }
        }
        json.member("x-pulse-access", endpoint.access.label)
        json.member("x-pulse-scope", endpoint.scope?.name)
        json.member("x-pulse-capability", endpoint.capability?.name)
        json.member("x-pulse-open-to", OrgCondition.allCases.filter(endpoint.openTo.contains).map(\.rawValue))
        json.member("x-pulse-audit", endpoint.audit.label)
        json.member("x-pulse-rate-class", endpoint.rate.rawValue)
    }

    private func encodeParameters(to json: inout JSONWriter) {
        let inPath = SegmentPattern.segments(of: endpoint.path).compactMap(\.parameter)
        guard !inPath.isEmpty || !endpoint.query.isEmpty || endpoint.idempotency == .key else { return }
        json.array("parameters") { json in
            for name in inPath {
                parameter(name, in: "path", required: true, Self.segment, nil, to: &json)
            }
            for item in endpoint.query {
                parameter(item.name, in: "query", required: item.isRequired, item.schema, item.summary, to: &json)
            }
            if endpoint.idempotency == .key {
                let schema = Schema.string(pattern: "^[!-~]+$", minLength: 1, maxLength: 255)
                parameter(
                    "Idempotency-Key", in: "header", required: false, schema,
                    "Sent again within 24 hours, the first answer is told again.", to: &json)
            }
        }
    }

    /// What `RequestTarget` lets through as one segment.
    private static let segment = Schema.string(pattern: #"^[^\u0000-\u001f\u007f/\\]+$"#, minLength: 1)

    private func parameter(
        _ name: String, in place: String, required: Bool, _ schema: Schema, _ summary: String?,
        to json: inout JSONWriter
    ) {
        json.object { json in
            json.member("name", name)
            json.member("in", place)
            json.member("required", required)
            json.member("description", summary)
            json.key("schema")
            schema.encode(to: &json)
        }
    }

    private func encodeBody(_ request: Schema, to json: inout JSONWriter) {
        json.object("requestBody") { json in
            json.member("required", true)
            content(request, example: endpoint.requestExample, to: &json)
        }
    }

    private func content(_ schema: Schema, example: String?, to json: inout JSONWriter) {
        json.object("content") { json in
            guard case .media(let type) = schema.shape else {
                return json.object(endpoint.dialect?.mediaType ?? "application/json") { json in
                    json.key("schema")
                    schema.encode(to: &json)
                    guard let example else { return }
                    json.key("example")
                    json.raw(Array(example.utf8))
                }
            }
            json.object(type) { json in json.object("schema") { _ in } }
        }
    }

    private func encodeSuccess(to json: inout JSONWriter) {
        json.object("\(endpoint.status)") { json in
            json.member("description", endpoint.kind == .socket ? "The socket is open; these are its messages" : "Done")
            json.object("headers") { json in
                json.object("X-Request-ID") { json in
                    json.object("schema") { $0.member("type", "string") }
                }
            }
            if case .nothing = endpoint.response.shape { return }
            content(endpoint.response, example: endpoint.responseExample, to: &json)
        }
    }

    /// One entry a status; its description lists the slugs.
    private func encodeProblems(to json: inout JSONWriter) {
        let byStatus = Dictionary(grouping: endpoint.allProblems, by: \.status)
        for (status, problems) in byStatus.sorted(by: { $0.key < $1.key }) where status != endpoint.status {
            json.object("\(status)") { json in
                let slugs = Dictionary(problems.map { ($0.slug, $0.title) }, uniquingKeysWith: { first, _ in first })
                json.member(
                    "description",
                    slugs.sorted { $0.key < $1.key }.map { "`\($0.key)`: \($0.value)" }.joined(separator: "\n"))
                json.object("content") { json in
                    json.object(endpoint.dialect?.mediaType ?? "application/problem+json") { json in
                        json.object("schema") {
                            $0.member("$ref", "#/components/schemas/\(endpoint.problemSchemaName)")
                        }
                    }
                }
            }
        }
    }
}

extension Endpoint {
    fileprivate var problemSchemaName: String { dialect?.problemSchema.name ?? "Problem" }

    /// The ways in, one of which is enough; empty for endpoints that ask for nothing.
    var securityRequirements: [[SecurityScheme]] {
        let session: [SecurityScheme] = method.isSafe ? [.session] : [.session, .csrf]
        let tokens: [[SecurityScheme]] = [[.apiToken], [.bearer]]
        switch access {
        case .public: return []
        case .operator, .support: return [method.isSafe ? [.operatorSession] : [.operatorSession, .csrf]]
        case .session, .permission: return scope == nil ? [session] : [session] + tokens
        case .agent: return tokens
        case .directory: return [[.bearer]]
        }
    }

    /// Everything this endpoint may refuse with: its own subject's problems and those of its rules.
    package var allProblems: [Problem] {
        problems + Self.problemsOfAll + problemsOfAccess + problemsOfBody + problemsOfSockets
            + (path.contains("{") ? [.notFound] : [])
            + (idempotency == .key ? [.invalidIdempotencyKey, .idempotencyKeyBusy, .idempotencyKeyReused] : [])
    }

    /// Slugs that rooms beside or above us answer with are told here by their status and title.
    private static let problemsOfAll: [Problem] = [
        .malformedRequest, .badPath(""), .badQuery, .headersTooLarge, .requestTimeout, .internalError,
        Problem("rate-limited", status: 429, title: "Too many requests"),
        Problem("database-unavailable", status: 503, title: "The database cannot be reached"),
        Problem("database-timeout", status: 503, title: "The database took too long"),
        Problem("database-conflict", status: 503, title: "Somebody changed the same at the same moment"),
    ]

    private var problemsOfAccess: [Problem] {
        guard !access.isPublic else { return [] }
        if access.isForStaff { return problemsOfStaff }
        var all: [Problem] = [
            .unauthenticated, .forbidden, Problem("invalid-token", status: 401, title: "This token is not valid"),
            Problem("org-suspended", status: 403, title: "This organisation is suspended"),
        ]
        // A header may name a foreign organisation wherever a person comes in.
        let isMachine = access == .agent || access == .directory
        if access != .agent {
            all.append(Problem("organisation-not-found", status: 404, title: "No such organisation"))
        }
        if !method.isSafe, !isMachine {
            all.append(Problem("csrf-failed", status: 403, title: "The request did not come from our pages"))
        }
        if !isMachine {
            all += [
                Problem("session-too-old", status: 401, title: "This session is older than the organisation allows"),
                Problem("sso-required", status: 403, title: "Sign in through your organisation"),
            ]
        }
        if access == .session, !isForBound {
            all.append(Problem("bound-session", status: 403, title: "This session belongs to one organisation"))
        }
        if case .permission = access { all += [.organisationRequired, .notFound] }
        if access == .agent {
            all.append(Problem("agent-revoked", status: 401, title: "This agent was removed"))
        } else if scope != nil {
            all += [
                Problem("missing-scope", status: 403, title: "This token is not good for that"),
                Problem("token-address-refused", status: 403, title: "This token may not be used from this address"),
            ]
        }
        return all
    }

    private var problemsOfStaff: [Problem] {
        var all: [Problem] = [.unauthenticated, .forbidden]
        if !method.isSafe {
            all.append(Problem("csrf-failed", status: 403, title: "The request did not come from our pages"))
        }
        if case .support = access {
            all += [
                Problem("organisation-not-found", status: 404, title: "No such organisation"),
                Problem("org-suspended", status: 403, title: "This organisation is suspended"),
                Problem("support-access-required", status: 403, title: "This organisation has not let you in"),
            ]
        }
        return all
    }

    private var problemsOfBody: [Problem] {
        let unfit: [Problem] = query.isEmpty && request == nil ? [] : [.invalidField("", "")]
        guard let request else { return unfit }
        var all = unfit + [.bodyTooLarge(limit: maxBodyBytes), .requestIncomplete]
        if request.isJSON {
            all += [.unsupportedMediaType, Problem("invalid-json", status: 400, title: "The body cannot be read")]
        }
        return all
    }

    private var problemsOfSockets: [Problem] {
        kind == .socket ? [.foreignOrigin, .tooManySockets, .upgradeRequired] : []
    }
}

extension AccessRule {
    /// For the API description and the role matrix.
    package var label: String {
        switch self {
        case .public: "public"
        case .session: "session"
        case .permission(let permission): permission.description
        case .agent: "agent"
        case .directory: "directory"
        case .operator(let role): role.rawValue
        case .support(let permission): "support:\(permission)"
        }
    }
}

extension AuditRule {
    /// For the API description and the audit completeness test: the action, or `telemetry`, or `none`.
    package var label: String {
        switch self {
        case .entry(let action): action
        case .telemetry: "telemetry"
        case .none: "none"
        }
    }
}
