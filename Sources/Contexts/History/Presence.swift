package import Kernel
import Postgres

/// When an organisation's monitor was there. Between two of its times nobody watched, and what was not measured then says
/// nothing about the machine: `no-data(self)`.
package struct Outage: Sendable, Hashable {
    package let start: Timestamp
    package let end: Timestamp
}

enum Presence {
    /// The keeper passes by every minute; a worker that takes over is here within seconds.
    static let patience: Duration = .seconds(150)

    /// The monitor is here. Stretches its row, or begins a new one after an absence.
    static func beat(in org: OrgID, at now: Timestamp) -> SQL {
        """
        WITH here AS (
            UPDATE history_presence SET until = greatest(until, \(now))
            WHERE since = (SELECT max(since) FROM history_presence) AND until >= \(now - patience) RETURNING 1
        )
        INSERT INTO history_presence (org_id, since, until)
        SELECT \(org), \(now), \(now) WHERE NOT EXISTS (SELECT FROM here) ON CONFLICT DO NOTHING
        """
    }

    /// The stretches that touch a range, and the last before it.
    static func select(from start: Timestamp) -> SQL {
        """
        SELECT since, until FROM history_presence
        WHERE until >= \(start) OR since = (SELECT max(since) FROM history_presence WHERE until < \(start))
        ORDER BY since
        """
    }

    /// - Parameter stretches: rising. Before the first there was nothing to watch.
    static func outages(
        between stretches: [(since: Timestamp, until: Timestamp)], from start: Timestamp, to end: Timestamp
    ) -> [Outage] {
        var outages: [Outage] = []
        var absentSince: Timestamp?
        for stretch in stretches {
            if let absentSince, stretch.since > absentSince {
                outages.append(Outage(start: absentSince, end: stretch.since))
            }
            absentSince = max(stretch.until, absentSince ?? stretch.until)
        }
        if let absentSince, end - absentSince > patience { outages.append(Outage(start: absentSince, end: end)) }
        return outages.compactMap { outage in
            let (from, to) = (max(outage.start, start), min(outage.end, end))
            return from < to ? Outage(start: from, end: to) : nil
        }
    }
}

extension HistoryStore {
    /// When nobody watched this organisation.
    package func outages(in org: OrgID, from start: Timestamp, to end: Timestamp) async throws -> [Outage] {
        let stretches = try await database.rows(in: org, Presence.select(from: start)) {
            (since: try $0.next(Timestamp.self), until: try $0.next(Timestamp.self))
        }
        return Presence.outages(between: stretches, from: start, to: end)
    }
}
