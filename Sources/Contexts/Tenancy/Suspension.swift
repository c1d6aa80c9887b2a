package import Audit
package import Kernel
package import Postgres

/// Suspending organisations: for the company that hosts Pulse and for its billing, never for tenants.
package struct Suspension: Sendable {
    private let database: Database
    private let time: any TimeSource

    /// - Parameter database: as the operators' or the workers' role; the tenants' may not.
    package init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    /// Monitors stop and credentials are refused within a second, in every process.
    /// - Parameter beside: what is written in the same transaction, before the organisation's own entry.
    /// - Throws: `LifeRefusal`.
    package func suspend(
        _ org: OrgID, for reason: SuspensionReason, by actor: Principal, from origin: AuditOrigin, beside: [SQL] = []
    ) async throws {
        try await change(org, .suspend(reason), .organisationSuspend, by: actor, from: origin, beside) { now in
            "SELECT suspend_org(\(org), \(reason.rawValue), \(now))"
        }
    }

    /// - Throws: `LifeRefusal`.
    package func lift(
        _ org: OrgID, by actor: Principal, from origin: AuditOrigin, beside: [SQL] = []
    ) async throws {
        try await change(org, .unsuspend, .organisationUnsuspend, by: actor, from: origin, beside) { _ in
            "SELECT unsuspend_org(\(org))"
        }
    }

    private func change(
        _ org: OrgID, _ event: OrganisationLife.Event, _ action: AuditAction, by actor: Principal,
        from origin: AuditOrigin, _ beside: [SQL], _ statement: (Timestamp) -> SQL
    ) async throws {
        try await database.asNobody { transaction in
            let now = time.now
            let life = try await OrganisationLife.read(
                "SELECT state, suspension, delete_after FROM enter_life(\(org))", in: transaction)
            _ = try (life ?? .deleted).step(event)
            let isDone = try await transaction.first(statement(now)) { try $0.next(Bool.self) }
            guard isDone == true else { throw LifeRefusal.gone }
            for sql in beside { transaction.atCommit(sql) }
            transaction.atCommit(
                AuditRecord(action, of: "organisation:\(org)", by: actor, from: origin).append(at: now))
        }
    }
}
