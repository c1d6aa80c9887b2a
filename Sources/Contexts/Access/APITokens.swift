internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// What is done with API tokens. Whoever asks may never come away with more than they hold: not by making a token, not by
/// widening one, not by rotating one and so learning its secret.
struct APITokens: Sendable {
    struct Minted: Sendable {
        let token: BearerToken
        let record: APITokenRecord
    }

    private let database: Database
    private let time: any TimeSource
    private let store = APITokenStore()

    init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    func all(in org: OrgID) async throws -> [APITokenRecord] {
        try await database.rows(in: org, APITokenStore.list(at: time.now), APITokenStore.read)
    }

    func one(_ id: TokenID, in org: OrgID) async throws -> APITokenRecord {
        guard let record = try await database.first(in: org, APITokenStore.one(id), APITokenStore.read) else {
            throw Problem.tokenNotFound
        }
        return record
    }

    func create(_ body: NewTokenRequest, for request: APIRequest) async throws -> Minted {
        let (caller, org, now) = (try request.caller(), try request.org(), time.now)
        let token = BearerToken.new(.api)
        let record = APITokenRecord(
            id: .new(at: now), name: try TokenBodies.name(body.name), holder: try body.holder(for: caller),
            scopes: try TokenBodies.scopes(body.scopes), networks: try TokenBodies.networks(body.networks),
            hint: Self.hint(of: token), createdBy: caller.principal.label, createdAt: now,
            expiresAt: try body.end(from: now))
        let entry = try request.audit(
            .tokenCreate, of: "token:\(record.id)", before: nil, after: record.auditValue, at: now)
        return try await database.asOrg(org) { transaction in
            try await check(record, caller, in: transaction)
            try await store.insert(record, token, in: org, transaction)
            transaction.atCommit(entry)
            return Minted(token: token, record: record)
        }
    }

    func change(_ id: TokenID, _ change: TokenChange, for request: APIRequest) async throws -> APITokenRecord {
        let (caller, org) = (try request.caller(), try request.org())
        return try await database.asOrg(org) { transaction in
            let before = try await store.record(id, in: transaction)
            let after = try change.applied(to: before)
            try await check(before, caller, in: transaction)
            try await check(after, caller, in: transaction)
            try await store.update(after, in: transaction)
            transaction.atCommit(
                try request.audit(
                    .tokenUpdate, of: "token:\(id)", before: before.auditValue, after: after.auditValue, at: time.now))
            return after
        }
    }

    /// A new secret under a new id; the old one lives on for `overlap`, so that programs can be moved one by one.
    func rotate(
        _ id: TokenID, overlap: Duration, for request: APIRequest
    ) async throws -> (new: Minted, previous: APITokenRecord) {
        let (caller, org, now) = (try request.caller(), try request.org(), time.now)
        let token = BearerToken.new(.api)
        return try await database.asOrg(org) { transaction in
            var previous = try await store.record(id, in: transaction)
            try await check(previous, caller, in: transaction)
            guard previous.replacedBy == nil, previous.expiresAt.map({ $0 > now }) ?? true else {
                throw Problem.tokenReplaced
            }
            let record = APITokenRecord(
                id: .new(at: now), name: previous.name, holder: previous.holder, scopes: previous.scopes,
                networks: previous.networks, hint: Self.hint(of: token), createdBy: caller.principal.label,
                createdAt: now, expiresAt: previous.expiresAt)
            previous.replacedBy = record.id
            previous.expiresAt = min(previous.expiresAt ?? now + overlap, now + overlap)
            try await store.update(previous, in: transaction)
            try await store.insert(record, token, in: org, transaction)
            transaction.atCommit(
                try request.audit(
                    .tokenRotate, of: "token:\(id)", before: previous.auditValue, after: record.auditValue, at: now))
            return (Minted(token: token, record: record), previous)
        }
    }

    /// Anyone who manages tokens may take any away.
    func revoke(_ id: TokenID, for request: APIRequest) async throws {
        let now = time.now
        let entry = try request.audit(.tokenRevoke, of: "token:\(id)", at: now)
        try await database.asOrg(try request.org()) { transaction in
            try await store.revoke(id, at: now, in: transaction)
            transaction.atCommit(entry)
        }
    }

    /// - Throws: 403 when this caller may not hold this token.
    private func check(_ record: APITokenRecord, _ caller: Caller, in transaction: Transaction) async throws {
        if case .user(let owner) = record.holder, owner != caller.user { throw Problem.tokenOfAnother }
        guard let authority = caller.authority, authority.mayGrant(record) else { throw Problem.grantExceeded }
        // What a token makes stays within that token: in scope, in place and in time.
        guard case .token(let id, _) = caller.principal else { return }
        guard record.isWithin(try await store.record(id, in: transaction)) else { throw Problem.grantExceeded }
    }

    private static func hint(of token: BearerToken) -> String { String(token.text.reveal().prefix(8)) }
}
