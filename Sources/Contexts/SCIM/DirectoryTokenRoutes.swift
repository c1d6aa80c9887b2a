internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Directory tokens over HTTP. Whoever holds one says who is in, so making one wants an administrator in person.
struct DirectoryTokenRoutes: Sendable {
    private let context: DirectoryContext
    private static let path = "/api/security/scim/tokens"

    init(_ context: DirectoryContext) { self.context = context }

    var endpoints: [Endpoint] { [list, create, rotate, revoke] }

    private var list: Endpoint {
        Endpoint(
            .get, Self.path, summary: "Tokens of the organisation's directory, newest first",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(DirectoryTokenRecord.schema)]),
            responseExample: "{\"data\":[\(DirectoryTokenRecord.example)]}"
        ) { [context] request in
            let all = try await context.database.rows(
                in: try request.org(), DirectoryTokenStore.list(at: context.time.now), DirectoryTokenStore.read)
            return .json { $0.member("data", all) }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, Self.path, summary: "Make a token for a directory; it is shown this once",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.scimTokenCreate.rawValue),
            idempotency: .key, problems: [.freshSessionRequired, .grantExceeded, .directoryTokenLimit],
            request: NewDirectoryToken.schema,
            response: .object(["token": .string.described("Shown this once"), "record": DirectoryTokenRecord.schema]),
            status: 201, requestExample: #"{"name":"Entra ID"}"#,
            responseExample: "{\"token\":\"psc_…\",\"record\":\(DirectoryTokenRecord.example)}"
        ) { [context] request in
            let (org, now, token) = (try request.org(), context.time.now, BearerToken.new(.directory))
            let creator = try request.caller().principal.label
            let record = try request.json(NewDirectoryToken.self)
                .record(hint: token.hint, by: creator, at: now)
            let entry = try request.audit(
                .scimTokenCreate, of: "scim_token:\(record.id)", before: nil, after: record.auditValue, at: now)
            try await context.database.asOrg(org) { transaction in
                try await transaction.requireAdministrator(request, at: now)
                try await DirectoryTokenStore.insert(record, token, in: org, transaction)
                transaction.atCommit(entry)
            }
            return .json(status: 201) { json in
                json.member("token", token.text.reveal())
                json.member("record", record)
            }
        }
    }

    private var rotate: Endpoint {
        Endpoint(
            .post, Self.path + "/{id}/rotate",
            summary: "Replace a directory's token; the old one lives on for the overlap",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.scimTokenRotate.rawValue),
            idempotency: .key,
            problems: [
                .freshSessionRequired, .grantExceeded, .directoryTokenNotFound, .directoryTokenReplaced,
                .directoryTokenLimit,
            ],
            request: .object(["overlapSeconds": .integer(minimum: 0, maximum: DirectoryOverlap.longest).optional]),
            response: .object([
                "token": .string.described("Shown this once"), "record": DirectoryTokenRecord.schema,
                "previous": DirectoryTokenRecord.schema,
            ]), status: 201, requestExample: #"{"overlapSeconds":3600}"#,
            responseExample: """
                {"token":"psc_…","record":\(DirectoryTokenRecord.example),"previous":\(DirectoryTokenRecord.example)}
                """
        ) { [context] request in
            let (org, now, token) = (try request.org(), context.time.now, BearerToken.new(.directory))
            let overlap = try DirectoryOverlap(of: request).duration
            let creator = try request.caller().principal.label
            let (record, previous) = try await context.database.asOrg(org) { transaction in
                try await transaction.requireAdministrator(request, at: now)
                var previous = try await DirectoryTokenStore.held(request.directoryID(), transaction)
                guard previous.replacedBy == nil, previous.expiresAt.map({ $0 > now }) ?? true else {
                    throw Problem.directoryTokenReplaced
                }
                let record = DirectoryTokenRecord(
                    id: .new(at: now), name: previous.name, provider: previous.provider, hint: token.hint,
                    createdBy: creator, createdAt: now, expiresAt: previous.expiresAt)
                let before = previous.auditValue
                previous.replacedBy = record.id
                previous.expiresAt = min(previous.expiresAt ?? now + overlap, now + overlap)
                try await DirectoryTokenStore.replace(previous, transaction)
                try await DirectoryTokenStore.insert(record, token, in: org, transaction)
                transaction.atCommit(
                    try request.audit(
                        .scimTokenRotate, of: "scim_token:\(previous.id)", before: before, after: record.auditValue,
                        at: now))
                return (record, previous)
            }
            return .json(status: 201) { json in
                json.member("token", token.text.reveal())
                json.member("record", record)
                json.member("previous", previous)
            }
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, Self.path + "/{id}", summary: "Revoke a directory's token: it is refused from now on",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.scimTokenRevoke.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .directoryTokenNotFound], response: .nothing,
            status: 204, responseExample: ""
        ) { [context] request in
            let (org, now) = (try request.org(), context.time.now)
            try await context.database.asOrg(org) { transaction in
                try await transaction.requireFreshSession(request, at: now)
                let record = try await DirectoryTokenStore.held(request.directoryID(), transaction)
                try await DirectoryTokenStore.revoke(record.id, at: now, transaction)
                transaction.atCommit(
                    try request.audit(
                        .scimTokenRevoke, of: "scim_token:\(record.id)", before: record.auditValue, after: nil, at: now)
                )
            }
            return .noContent
        }
    }
}

/// How long a rotated token lives on: `{overlapSeconds?}`, an hour when nothing is said.
private struct DirectoryOverlap {
    /// A week.
    static let longest = 604_800

    let duration: Duration

    init(of request: APIRequest) throws {
        let body = request.body.isEmpty ? .object([:]) : try request.json(JSONValue.self)
        let seconds = body["overlapSeconds"] ?? 3600
        guard body.object != nil, let seconds = seconds.int, (0...Self.longest).contains(seconds) else {
            throw Problem.invalidField("overlapSeconds", "a number of seconds up to a week is wanted")
        }
        duration = .seconds(seconds)
    }
}

extension BearerToken {
    fileprivate var hint: String { String(text.reveal().prefix(8)) }
}

extension Transaction {
    /// Whoever says what a directory may do hands out what its groups come to: that takes an administrator's permissions,
    /// and the person, not only their cookie.
    /// - Throws: 403 `grant-exceeded`, `fresh-session-required`.
    func requireAdministrator(_ request: APIRequest, at now: Timestamp) async throws {
        guard try request.caller().mayGive(.admin) else { throw Problem.grantExceeded }
        try await requireFreshSession(request, at: now)
    }
}
