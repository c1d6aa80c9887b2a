import FrontDoorKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

/// A directory grows under plans that were made while its tables were empty.
@Suite(.postgres) struct GrowthTests {
    @Test(
        "while nothing is known of a table, a row of it is found by what it is asked for, not by the organisation alone",
        arguments: [
            ("EXISTS (SELECT FROM scim_users u WHERE u.id = $1)", "scim_users_pkey"),
            ("EXISTS (SELECT FROM scim_users u WHERE u.user_id = $1)", "scim_users_person"),
            ("EXISTS (SELECT FROM scim_users u WHERE u.external_id = $1::text)", "scim_users_by_external_id"),
            ("EXISTS (SELECT FROM scim_group_members m WHERE m.scim_user_id = $1)", "scim_group_members_by_user"),
            ("EXISTS (SELECT FROM scim_emails e WHERE e.email_key = $1::text)", "scim_emails_by_key"),
        ])
    func plans(condition: String, index: String) async throws {
        let (_, org) = try await Given.member()
        let plan = try await TestDatabase.current.app.asOrg(org) { transaction in
            // As a plan that is kept.
            for statement in [
                "SET LOCAL plan_cache_mode = force_generic_plan", "SET LOCAL enable_seqscan = off",
                "PREPARE growth (uuid) AS SELECT \(condition)",
            ] {
                try await transaction.execute(SQL(unsafeSQL: statement))
            }
            let lines = try await transaction.rows("EXPLAIN (COSTS OFF) EXECUTE growth (NULL)") {
                try $0.next(String.self)
            }
            try await transaction.execute("DEALLOCATE growth")
            return lines.joined(separator: "\n")
        }
        #expect(plan.contains(index), "\(plan)")
    }
}
