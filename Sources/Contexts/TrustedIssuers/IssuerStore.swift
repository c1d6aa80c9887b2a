internal import FoundationEssentials
internal import JOSE
internal import JSONKit
internal import Kernel
package import Postgres

/// The rows of trusted issuers.
package struct IssuerStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    static let limit = 20

    private static let columns = SQL(
        unsafeSQL: """
            id, name, issuer, audience, keys_url, keys, algorithms, role_claim, role_mappings, max_token_age_seconds,
            is_enabled, created_at, updated_at
            """)

    func all(in org: OrgID) async throws -> [TrustedIssuer] {
        try await database.rows(in: org, "SELECT \(Self.columns) FROM trusted_issuers ORDER BY name, id") {
            try TrustedIssuer(&$0)
        }
    }

    func one(_ id: TrustedIssuerID, in org: OrgID) async throws -> TrustedIssuer? {
        try await database.first(in: org, "SELECT \(Self.columns) FROM trusted_issuers WHERE id = \(id)") {
            try TrustedIssuer(&$0)
        }
    }

    /// The same, held until the transaction ends.
    func held(_ id: TrustedIssuerID, in transaction: Transaction) async throws -> TrustedIssuer? {
        try await transaction.first("SELECT \(Self.columns) FROM trusted_issuers WHERE id = \(id) FOR UPDATE") {
            try TrustedIssuer(&$0)
        }
    }

    /// - Throws: `trusted-issuer-limit`, `trusted-issuer-exists`.
    func create(_ new: TrustedIssuer, in org: OrgID, transaction: Transaction) async throws {
        let kept = try await transaction.first("SELECT count(*) FROM trusted_issuers") { try $0.next(Int.self) } ?? 0
        guard kept < Self.limit else { throw Problem.trustedIssuerLimit }
        let made = try await transaction.execute(
            """
            INSERT INTO trusted_issuers (org_id, id, name, issuer, audience, keys_url, keys, algorithms, role_claim,
                                         role_mappings, max_token_age_seconds, is_enabled, created_at, updated_at)
            VALUES (\(org), \(new.id), \(new.name), \(new.issuer), \(new.audience), \(new.url), \(new.set),
                    \(new.algorithms.map(\.rawValue)), \(new.roleClaim), \(new.mappingText), \(new.maxTokenAge),
                    \(new.isEnabled), \(new.createdAt), \(new.updatedAt))
            ON CONFLICT (org_id, issuer, audience) DO NOTHING
            """)
        guard made == 1 else { throw Problem.trustedIssuerExists }
    }

    /// - Throws: `trusted-issuer-exists` when another one has its issuer and audience.
    func change(_ changed: TrustedIssuer, in transaction: Transaction) async throws {
        let isTaken = try await transaction.first(
            """
            SELECT true FROM trusted_issuers
            WHERE issuer = \(changed.issuer) AND audience = \(changed.audience) AND id <> \(changed.id)
            """
        ) { try $0.next(Bool.self) }
        guard isTaken == nil else { throw Problem.trustedIssuerExists }
        try await transaction.execute(
            """
            UPDATE trusted_issuers SET name = \(changed.name), issuer = \(changed.issuer), audience = \(changed.audience),
                keys_url = \(changed.url), keys = \(changed.set), algorithms = \(changed.algorithms.map(\.rawValue)),
                role_claim = \(changed.roleClaim), role_mappings = \(changed.mappingText),
                max_token_age_seconds = \(changed.maxTokenAge), is_enabled = \(changed.isEnabled),
                version = version + 1, updated_at = \(changed.updatedAt)
            WHERE id = \(changed.id)
            """)
    }

    func delete(_ id: TrustedIssuerID, in transaction: Transaction) async throws -> Bool {
        try await transaction.execute("DELETE FROM trusted_issuers WHERE id = \(id)") == 1
    }

    /// What an organisation trusts of an issuer, one an audience. Asked before anybody is known.
    func trust(in org: OrgID, of issuer: String) async throws -> [Trust] {
        try await database.rowsGlobally(
            """
            SELECT id, version, audience, keys_url, keys, algorithms, role_claim, role_mappings, max_token_age_seconds
            FROM trust_in(\(org), \(issuer))
            """
        ) { try Trust(&$0, org: org) }
    }
}

/// What verifying needs of a trusted issuer, as of one version of it.
struct Trust: Sendable {
    let org: OrgID
    let id: TrustedIssuerID
    let version: Int32
    let audience: String
    let keys: KeySource
    let algorithms: [SigningAlgorithm]
    let roleClaim: String
    let mappings: [RoleMapping]
    let maxTokenAge: Int

    init(_ row: inout RowReader, org: OrgID) throws {
        self.org = org
        id = try row.next()
        version = try row.next()
        audience = try row.next()
        keys = try KeySource(&row)
        algorithms = try row.next([String].self).compactMap(SigningAlgorithm.init)
        roleClaim = try row.next()
        mappings = RoleMapping.all(in: try row.next())
        maxTokenAge = Int(try row.next(Int32.self))
    }
}

extension TrustedIssuer {
    fileprivate init(_ row: inout RowReader) throws {
        self.init(
            id: try row.next(), name: try row.next(), issuer: try row.next(), audience: try row.next(),
            keys: try KeySource(&row), algorithms: try row.next([String].self).compactMap(SigningAlgorithm.init),
            roleClaim: try row.next(), mappings: RoleMapping.all(in: try row.next()),
            maxTokenAge: Int(try row.next(Int32.self)), isEnabled: try row.next(), createdAt: try row.next(),
            updatedAt: try row.next())
    }

    fileprivate var url: String? { if case .url(let url) = keys { url } else { nil } }
    fileprivate var set: String? { if case .pasted(let set) = keys { set } else { nil } }

    fileprivate var mappingText: String {
        let all = JSONValue.array(mappings.map { ["value": .string($0.value), "role": .string($0.role.rawValue)] })
        return String(decoding: all.json, as: UTF8.self)
    }
}

extension KeySource {
    fileprivate init(_ row: inout RowReader) throws {
        let (url, set) = (try row.next(String?.self), try row.next(String?.self))
        self = url.map { .url($0) } ?? .pasted(set ?? "")
    }
}

extension RoleMapping {
    fileprivate static func all(in text: String) -> [RoleMapping] {
        ((try? JSONValue(json: Array(text.utf8)))?.array ?? []).compactMap { one in
            guard let value = one["value"]?.string, let role = one["role"]?.string.flatMap(Role.init(rawValue:)),
                roles.contains(role)
            else { return nil }
            return RoleMapping(value: value, role: role)
        }
    }
}
