import Access
import FoundationEssentials
import Inventory
package import Kernel
package import Postgres

/// One thing that somebody has said about identity.
struct IdentityRule: Sendable {
    let id: UUID
    let kind: IdentityRules.Kind
    let left: Claim.Place
    let right: Claim.Place
    let reason: String
    /// The principal's label.
    let madeBy: String
    let madeAt: Timestamp
}

/// What people say about which claims are of one thing. Each change raises the organisation's generation, so that its
/// monitor acts on it within a second.
package struct IdentityStore: Sendable {
    /// Rules of one organisation: more than that is not correcting any more.
    private static let limit = 1000
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// As a monitor obeys them.
    package func rules(of org: OrgID) async throws -> IdentityRules {
        let rows = try await database.rows(
            in: org,
            """
            SELECT kind, connection_id, key, other_connection, other_key, missed, other_missed
            FROM identity_rules ORDER BY id DESC LIMIT \(Self.limit)
            """
        ) { row in
            let kind = IdentityRules.Kind(rawValue: try row.next()) ?? .different
            let (left, right) = (
                Claim.Place(try row.next(), try row.next()), Claim.Place(try row.next(), try row.next())
            )
            let missed = [(left, try row.next([UInt8]?.self)), (right, try row.next([UInt8]?.self))]
            return (kind: kind, left: left, right: right, missed: missed)
        }
        return rows.reduce(into: IdentityRules()) { rules, row in
            rules.add(row.kind, row.left, row.right)
            for (place, bytes) in row.missed {
                if let said = bytes.flatMap({ ClaimCodec.decode($0, at: place) }) { rules.miss(said) }
            }
        }
    }

    /// - Parameter visibility: a rule is shown to whoever sees both of its sides: it tells the key of either.
    func list(of org: OrgID, seenBy visibility: Visibility? = nil) async throws -> [IdentityRule] {
        let seen: SQL =
            visibility == nil
            ? "" : "WHERE \(Visibility.shows("connection_id")) AND \(Visibility.shows("other_connection"))"
        let answers = try await database.batch(
            in: org,
            visibility.narrowing([
                """
                SELECT id, kind, connection_id, key, other_connection, other_key, reason, made_by, made_at
                FROM identity_rules \(seen) ORDER BY id DESC LIMIT \(Self.limit)
                """
            ]))
        return try answers[answers.count - 1].rows { row in
            let (id, kind) = (try row.next(UUID.self), try row.next(String.self))
            let left = Claim.Place(try row.next(), try row.next())
            let right = Claim.Place(try row.next(), try row.next())
            return IdentityRule(
                id: id, kind: IdentityRules.Kind(rawValue: kind) ?? .different, left: left, right: right,
                reason: try row.next(), madeBy: try row.next(), madeAt: try row.next())
        }
    }

    /// The claims of a resource that the caller sees, the leading connection's first.
    func claims(of id: ResourceID, in org: OrgID, seenBy visibility: Visibility?) async throws -> [Claim] {
        let answers = try await database.batch(
            in: org,
            visibility.narrowing([
                """
                SELECT c.connection_id, c.key, c.resource_id, c.said
                FROM resource_claims c JOIN resources row ON row.id = c.resource_id
                WHERE row.id = coalesce((SELECT s.new_id FROM resource_successions s WHERE s.old_id = \(id)), \(id))
                  AND \(Visibility.shows("row.connection_id")) AND \(Visibility.shows("c.connection_id"))
                ORDER BY c.connection_id <> row.connection_id, c.connection_id, c.key
                """
            ]))
        return try answers[answers.count - 1].rows { row in
            let place = Claim.Place(try row.next(), try row.next())
            let resource = try row.next(ResourceID.self)
            let said = ClaimCodec.decode(try row.next(), at: place)
            return said.map { Claim(said: $0, resource: resource, isHeard: false) }
        }.compactMap { $0 }
    }

    /// Of two claims the last word counts: an older rule about the same two is replaced.
    /// - Throws: `identity-rule-limit`.
    func say(
        _ kind: IdentityRules.Kind, of pairs: [(Claim.Place, Claim.Place)], reason: String, by principal: Principal,
        in org: OrgID, at now: Timestamp, entry: SQL
    ) async throws -> [IdentityRule] {
        let rules = pairs.map { first, second in
            let (left, right) = first.connection < second.connection ? (first, second) : (second, first)
            return IdentityRule(
                id: ID<IdentityRule>.new(at: now).uuid, kind: kind, left: left, right: right, reason: reason,
                madeBy: principal.label, madeAt: now)
        }
        try await database.asOrg(org) { transaction in
            let count = try await transaction.first("SELECT count(*) FROM identity_rules") { try $0.next(Int.self) }
            guard (count ?? 0) + rules.count <= Self.limit else { throw Problem.identityRuleLimit }
            try await transaction.execute(
                """
                INSERT INTO identity_rules (org_id, id, kind, connection_id, key, other_connection, other_key, reason,
                                            made_by, made_at)
                SELECT \(org), r.id, \(kind.rawValue), r.connection_id, r.key, r.other_connection, r.other_key,
                       \(reason), \(principal.label), \(now)
                FROM unnest(\(rules.map(\.id)), \(rules.map(\.left.connection)), \(rules.map(\.left.key)),
                            \(rules.map(\.right.connection)), \(rules.map(\.right.key)))
                    AS r (id, connection_id, key, other_connection, other_key)
                ON CONFLICT (org_id, connection_id, key, other_connection, other_key) DO UPDATE SET
                    id = excluded.id, kind = excluded.kind, reason = excluded.reason, made_by = excluded.made_by,
                    made_at = excluded.made_at, missed = NULL, other_missed = NULL
                """)
            try await transaction.execute(
                ResourceWrites.append(
                    kind == .same ? .linked : .unlinked, about: pairs, by: principal, in: org, at: now))
            try await transaction.execute("SELECT org_changed()")
            transaction.atCommit(entry)
        }
        return rules
    }

    /// Evidence alone decides again.
    /// - Throws: 404 `identity-rule-not-found`.
    func takeBack(_ id: UUID, by principal: Principal, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let gone = try await transaction.first(
                """
                DELETE FROM identity_rules WHERE id = \(id)
                RETURNING kind, connection_id, key, other_connection, other_key
                """
            ) { row in
                let kind = IdentityRules.Kind(rawValue: try row.next()) ?? .different
                return (
                    kind: kind, left: Claim.Place(try row.next(), try row.next()),
                    right: Claim.Place(try row.next(), try row.next())
                )
            }
            guard let gone else { throw Problem.identityRuleNotFound }
            try await transaction.execute(
                ResourceWrites.append(
                    gone.kind == .same ? .linkWithdrawn : .unlinkWithdrawn, about: [(gone.left, gone.right)],
                    by: principal, in: org, at: now))
            try await transaction.execute("SELECT org_changed()")
            transaction.atCommit(entry)
        }
    }
}

extension Problem {
    static let identityRuleNotFound = Problem("identity-rule-not-found", status: 404, title: "No such identity rule")
    static let identityRuleLimit = Problem(
        "identity-rule-limit", status: 409, title: "Too many identity rules",
        detail: "An organisation keeps at most 1000 of them; take back what is not needed any more.")
    static let alreadyOne = Problem(
        "already-one-resource", status: 409, title: "They are one resource already")
    static let cannotBeOne = Problem(
        "cannot-be-one-resource", status: 409, title: "These two cannot be one",
        detail:
            "Only machines, virtual machines and containers of different connections, or things of one type, can be linked."
    )
    static let nothingToUnlink = Problem(
        "nothing-to-unlink", status: 409, title: "Nothing to take apart",
        detail:
            "Only a resource that several connections speak of can be taken apart; name one of its sources or connections."
    )
}
