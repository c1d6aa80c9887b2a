internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Asking for an organisation's deletion, and taking that back.
struct OrganisationEnding: Sendable {
    /// How long a deleted organisation can be restored.
    static let days = 1...90
    static let defaultDays = 30

    let database: Database
    let time: any TimeSource

    /// Takes a fresh session: a stolen browser must not be enough to end a company's monitoring.
    func delete(after days: Int, for request: APIRequest) async throws -> OrganisationDetail {
        guard Self.days.contains(days) else {
            throw Problem.invalidField("retentionDays", "a whole number of 1 to 90 is wanted")
        }
        let (_, _, org) = try request.member()
        return try await database.asOrg(org) { transaction in
            let now = time.now
            try await transaction.requireFreshSession(request, at: now)
            let due = now + .seconds(days * 86_400)
            _ = try await life(in: transaction).step(.requestDeletion(due: due))
            let isDone = try await transaction.first("SELECT request_deletion(\(due), \(now))") {
                try $0.next(Bool.self)
            }
            guard isDone == true else { throw LifeRefusal.alreadyPending }
            transaction.atCommit(
                try request.audit(
                    .organisationDelete, of: "organisation:\(org)", before: nil,
                    after: ["deleteAfter": .string("\(due)")], at: now))
            return try await detail(in: transaction, at: now)
        }
    }

    func restore(for request: APIRequest) async throws -> OrganisationDetail {
        let (_, _, org) = try request.member()
        return try await database.asOrg(org) { transaction in
            let now = time.now
            _ = try await life(in: transaction).step(.restore)
            let isDone = try await transaction.first("SELECT restore_org()") { try $0.next(Bool.self) }
            guard isDone == true else { throw LifeRefusal.notPending }
            transaction.atCommit(try request.audit(.organisationRestore, of: "organisation:\(org)", at: now))
            return try await detail(in: transaction, at: now)
        }
    }

    private func life(in transaction: Transaction) async throws -> OrganisationLife {
        guard
            let life = try await OrganisationLife.read(
                "SELECT state, suspension, delete_after FROM own_life()", in: transaction)
        else { throw LifeRefusal.gone }
        return life
    }

    private func detail(in transaction: Transaction, at now: Timestamp) async throws -> OrganisationDetail {
        let detail = try await transaction.first(OrganisationDetail.query(at: now)) { try OrganisationDetail(&$0) }
        guard let detail else { throw LifeRefusal.gone }
        return detail
    }
}

extension OrganisationLife {
    static func read(_ sql: SQL, in transaction: Transaction) async throws -> OrganisationLife? {
        try await transaction.first(sql) { row in
            OrganisationLife(state: try row.next(), suspension: try row.next(), deleteAfter: try row.next())
        }.flatMap { $0 }
    }
}
