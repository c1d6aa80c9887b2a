import Access
import ArgumentParser
import Foundation
import HTTPKit
import History
import Inventory
import Kernel
import Postgres

/// How long a page of lines takes: 500 resources, four of their eight metrics, a day at 10 s, JSON included.
///
/// The day is the worst there is: its open window is nearly two hours old and was never closed. The endpoint's own handler
/// is called; the way through the socket and the gate is the same for every request and is measured by `http`.
struct ChartsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "charts", abstract: "Lines of many resources.")

    private static let resources = 500
    private static let rounds = 60
    private static let window: Int64 = 2 * 3_600_000
    private static let metrics: [MetricName] = [
        .cpu, .disk, .diskRead, .diskWrite, .memory, .memoryUsed, .netIn, .netOut,
    ].map { (family: MetricFamily) in MetricName(family) }

    func run() async throws {
        let setting = try BenchDatabase()
        let superuser = BenchSuperuser(setting)
        defer { superuser.database.close() }
        let database = Database(setting.configuration(connections: 4), logger: setting.logger)
        defer { database.close() }
        let history = HistoryStore(database, logger: setting.logger)
        let org = OrgID(UUID())
        let now = Timestamp(
            milliseconds: SystemTime().now.milliseconds / Self.window * Self.window - 2 * 60_000)
        let machines = (0..<Self.resources).map { _ in ResourceID(UUID()) }
        let filled = ContinuousClock.now
        try await fill(history, of: machines, until: now, in: org, superuser: superuser, logger: setting)
        try await superuser.run([
            """
            INSERT INTO pulse.resources (org_id, id, connection_id, type, source, name, name_key, status, facts,
                first_seen_at, changed_at)
            SELECT \(org), id, id, 'vm', 'proxmox', 'vm', 'vm', 'online', '', now(), now() FROM unnest(\(machines)) AS id
            """, "VACUUM (ANALYZE) pulse.resources", "VACUUM (ANALYZE) pulse.history_heads",
            "VACUUM (ANALYZE) pulse.history_chunks",
        ])
        var figures = Figures()
        figures.line("fill", (ContinuousClock.now - filled).inSeconds, "s")

        let routes = ChartRoutes(history, time: StandingTime(now: now))
        func measure(_ path: String, _ query: Query, rounds: Int = Self.rounds) async throws -> (
            times: [Double], bytes: Int
        ) {
            var (times, bytes) = ([Double](), 0)
            for _ in 0..<rounds {
                let start = ContinuousClock.now
                bytes = try await ask(routes, path, query, of: org, at: now)
                times.append((ContinuousClock.now - start).inSeconds * 1000)
            }
            return (times.sorted(), bytes)
        }
        func p95(_ times: [Double]) -> Double { times[min(times.count - 1, times.count * 95 / 100)] }

        let day = try await measure("/api/charts", ["range": "24h", "metrics": "cpu,memory,netin,netout"])
        figures.line("charts_first_ms", day.times.last ?? 0, "ms")
        figures.line("charts_p50_ms", median(day.times), "ms")
        figures.line("charts_p95_ms", p95(day.times), "ms", atMost: 50)
        figures.line("charts_p95_ms", p95(day.times), "ms", aim: 30)
        figures.line("charts_answer", Double(day.bytes) / 1e6, "MB")
        figures.require(day.bytes > Self.resources * 4 * 40 * 30, "every resource has four lines of a day")
        let single = try await measure("/api/charts", ["range": "24h", "metrics": "cpu"])
        figures.line("charts_one_metric_p95_ms", p95(single.times), "ms")
        let ranged = try await measure(
            "/api/charts", ["range": "24h", "metrics": "cpu,memory,netin,netout", "aspects": "range"])
        figures.line("charts_with_extremes_p95_ms", p95(ranged.times), "ms")
        let hour = try await measure("/api/charts", ["range": "1h", "metrics": "cpu,memory,netin,netout"], rounds: 20)
        figures.line("charts_hour_p95_ms", p95(hour.times), "ms")
        let summary = try await measure("/api/charts/summary", ["range": "24h", "metrics": "cpu,memory"], rounds: 20)
        figures.line("summary_p95_ms", p95(summary.times), "ms")
        try figures.conclude()
    }

    private func ask(_ routes: ChartRoutes, _ path: String, _ query: Query, of org: OrgID, at now: Timestamp)
        async throws
        -> Int
    {
        guard let endpoint = routes.endpoints.first(where: { $0.path == path }) else { throw ProbeFault("no \(path)") }
        let caller = Caller(
            principal: Principal.user(UserID(UUID()), session: SessionID(UUID())), org: org, role: .viewer)
        let request = APIRequest(path: path, parameters: [:], query: query, admitted: caller)
        guard case .bytes(let bytes) = try await endpoint.handler(request).body else { throw ProbeFault("no answer") }
        return bytes.count
    }

    /// Guests whose load wanders, every ten seconds for 26 hours, through the product's own way in.
    private func fill(
        _ history: HistoryStore, of machines: [ResourceID], until now: Timestamp, in org: OrgID,
        superuser: BenchSuperuser, logger setting: BenchDatabase
    ) async throws {
        let keeper = HistoryKeeper(history, logger: setting.logger)
        var buffer = HeadBuffer()
        var levels = (0..<machines.count * Self.metrics.count).map { Double($0 % 50) }
        var random = SystemRandomNumberGenerator()
        var at = now - .seconds(26 * 3600)
        var row = 0
        while at < now {
            for (number, machine) in machines.enumerated() {
                let samples = Self.metrics.enumerated().map { place, metric in
                    let index = number * Self.metrics.count + place
                    levels[index] = min(100, max(0, levels[index] + Double.random(in: -2...2, using: &random)))
                    let isShare = metric.unit == .percent
                    return (metric: metric, value: isShare ? levels[index] : (levels[index] * 12_345).rounded())
                }
                buffer.add(samples, of: machine, measuredAt: at, now: at)
            }
            row += 1
            if row % 60 == 0 {
                let checkpoint = buffer.checkpoint(at: at)
                try await history.append(checkpoint, in: org)
                buffer.stored(checkpoint)
                if row % 360 == 0 { while try await keeper.close(in: org, now: at, limit: 512) == 512 {} }
            }
            at = at + .seconds(10)
        }
        try await history.append(buffer.checkpoint(at: now), in: org)
    }
}

/// A clock for handlers that are asked about a day that has been.
private struct StandingTime: TimeSource {
    let now: Timestamp
    var monotonic: Duration { .zero }
    func sleep(for duration: Duration) async throws {}
}
