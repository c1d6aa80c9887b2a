import Inventory
import Kernel
import Postgres

/// A connection that is not asked for a while, as the one that asks has it.
struct LingeringPoll: Sendable, Hashable {
    let org: OrgID
    let connection: ConnectionID
    /// When it was asked last.
    let checkedAt: Timestamp?
    /// Not asked before somebody says so.
    let isParked: Bool
}

/// Wishes for a poll whose notification was lost: the row has them.
struct MissedWishes: Sendable {
    /// Between two looks; what is due earlier needs no wish.
    static let lookEvery: Duration = .seconds(15)
    /// Rows that one look reads.
    static let limit = 5000

    /// Connected as the workers' role.
    let database: Database

    /// Those of these that somebody wants asked, or has tried with success, after they were asked last.
    func among(_ lingering: [LingeringPoll], at now: Timestamp) async throws -> [LingeringPoll] {
        guard !lingering.isEmpty else { return [] }
        let numbers = try await database.rowsGlobally(
            """
            SELECT n.number::int
            FROM unnest(\(lingering.map(\.org)), \(lingering.map(\.connection)), \(lingering.map(\.checkedAt)),
                        \(lingering.map(\.isParked))) WITH ORDINALITY AS n (org, connection, checked_at, is_parked, number)
            JOIN connection_health h ON h.org_id = n.org AND h.connection_id = n.connection
            WHERE (h.next_poll_at <= \(now) AND (n.checked_at IS NULL OR h.next_poll_at > n.checked_at))
               OR (n.is_parked AND h.state IN ('ok', 'degraded') AND (n.checked_at IS NULL OR h.checked_at > n.checked_at))
            """
        ) { Int(try $0.next(Int32.self)) }
        return numbers.map { lingering[$0 - 1] }
    }
}
