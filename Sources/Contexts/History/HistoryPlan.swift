package import Kernel
package import Postgres

/// How much of the tiers an organisation keeps: the one table of it. No plan keeps more than `Tier.retention`.
package enum HistoryPlan: String, Sendable, CaseIterable {
    case free, relay, pro, business
    /// Whoever runs Pulse for themselves, and everyone whose plan was never set.
    case standard

    package var window: Duration {
        switch self {
        case .free: .seconds(7 * 86_400)
        case .relay: .seconds(14 * 86_400)
        case .pro: .seconds(90 * 86_400)
        case .business: .seconds(365 * 86_400)
        case .standard: Tier.day.retention
        }
    }

    func retention(of tier: Tier) -> Duration { min(tier.retention, window) }

    /// What a plan does not keep is not thrown away at once: whoever pays a week late has lost nothing.
    static let reprieve: Duration = .seconds(7 * 86_400)
}

extension HistoryStore {
    package func plan(of org: OrgID) async throws -> HistoryPlan {
        try await database.first(in: org, Self.selectPlan) { try $0.next(String.self) }.flatMap(HistoryPlan.init)
            ?? .standard
    }

    static let selectPlan: SQL = "SELECT plan FROM history_plans"

    /// For whoever sells plans, in the transaction that says so elsewhere too.
    package static func setting(_ plan: HistoryPlan, of org: OrgID, at now: Timestamp) -> SQL {
        """
        INSERT INTO history_plans (org_id, plan, changed_at) VALUES (\(org), \(plan.rawValue), \(now))
        ON CONFLICT (org_id) DO UPDATE SET plan = excluded.plan, changed_at = excluded.changed_at
        """
    }

    /// Deletes what the organisation's plan does not keep, a week after it no longer did. Partitions go for all at once;
    /// this is for those who keep less.
    /// - Parameter fence: the first statement of the transaction.
    func forgetBeyondPlan(in org: OrgID, now: Timestamp, fence: SQL?) async throws {
        let plan = try await plan(of: org)
        var statements = fence.map { [$0] } ?? []
        for tier in Tier.allCases where plan.window < tier.retention {
            // A row goes when its last moment is over.
            let end = now - plan.window - HistoryPlan.reprieve - .milliseconds(tier.window)
            statements.append("DELETE FROM history_chunks WHERE tier = \(tier.rawValue) AND t0 < \(end)")
        }
        let (end, hours) = (now - plan.window, now - min(plan.window, Tier.hour.retention))
        let minutes = now - min(plan.window, Tier.minute.retention)
        statements.append(
            """
            DELETE FROM history_past WHERE t1 < CASE WHEN step_seconds < 900 THEN \(minutes)
                WHEN step_seconds < 21600 THEN \(hours) ELSE \(end) END
            """)
        statements.append(
            "DELETE FROM history_backfills b WHERE NOT EXISTS (SELECT FROM connections c WHERE c.id = b.connection_id)")
        statements.append("DELETE FROM history_presence WHERE until < \(now - Tier.day.retention)")
        _ = try await database.batch(in: org, statements, timeout: .seconds(15))
    }
}
