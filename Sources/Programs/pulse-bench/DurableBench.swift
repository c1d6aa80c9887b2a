import AgentProtocol
import Bus
import Compression
import Foundation
import HTTPKit
import Ingest
import JSONKit
import Kernel
import Postgres

/// How many samples become durable in a second: reports of 60 samples each go through the endpoint's own handler (unpack,
/// read, check, one commit with fsync) from as many tasks as there are agents. A sample counts when its report was
/// acknowledged, which is after the commit. The network and TLS are not in it.
///
/// Beside it, in the same run and as concurrently, the plain way: one row a sample, one transaction a report.
struct DurableBench {
    let setting: BenchDatabase
    let superuser: BenchSuperuser

    private static let organisations = 32
    private static let agentsEach = 8
    private static let reportsEach = 60
    private static let plainReportsEach = 12
    private static let connections = 16

    func run(into figures: inout Figures) async throws {
        let orgs = (0..<Self.organisations).map { _ in OrgID(UUID()) }
        let agents = (0..<Self.organisations * Self.agentsEach).map {
            BenchAgent(number: $0, org: orgs[$0 % orgs.count], agent: AgentID(UUID()))
        }
        try await enroll(agents, in: orgs)
        let database = Database(setting.configuration(connections: Self.connections), logger: setting.logger)
        defer { database.close() }
        let samples = BenchAgent.samplesEach

        let plain = try await plainRows(agents, database)
        figures.line("plain_rows_per_s", plain.perSecond, "samples/s")
        figures.line("plain_bytes_per_sample", plain.bytesEach, "B")

        let intake = ReportIntake(database, bus: LocalBus(), time: SystemTime(), version: "bench")
        let endpoint = IngestRoutes(intake).endpoints.first { $0.path == "/api/agents/agent/report" }
        guard let endpoint else { throw BenchFault.wrongRow }
        let requests = agents.map { agent in (0..<Self.reportsEach).map { agent.request(number: $0) } }
        let start = ContinuousClock.now
        try await withThrowingDiscardingTaskGroup { group in
            for own in requests {
                group.addTask { for request in own { _ = try await endpoint.handler(request) } }
            }
        }
        let taken = (ContinuousClock.now - start).inSeconds
        let reports = agents.count * Self.reportsEach
        let logged = try await superuser.count("SELECT count(*) FROM pulse.ingest_log")
        figures.require(logged == reports, "every acknowledged report is in the log once")
        figures.line("reports_per_s", Double(reports) / taken, "reports/s")
        figures.line("durable_per_s", Double(reports * samples) / taken, "samples/s", atLeast: 200_000)
        figures.line("durable_over_plain", Double(reports * samples) / taken / plain.perSecond, "times")
    }

    private func enroll(_ agents: [BenchAgent], in orgs: [OrgID]) async throws {
        try await superuser.run([
            "TRUNCATE pulse.ingest_log, pulse.agent_streams",
            """
            INSERT INTO pulse.orgs (id, slug, name, shard, created_at)
            SELECT id, 'bench-' || left(replace(id::text, '-', ''), 30), 'Bench', 0, now() FROM unnest(\(orgs)) AS id
            """,
            """
            INSERT INTO pulse.agents (org_id, id, machine_id, hostname, os, arch, version, token_id, token_hash, enrolled_at)
            SELECT org, id, machine, machine, 'linux', 'amd64', '1', id, sha256(machine::bytea), now()
            FROM unnest(\(agents.map(\.org)), \(agents.map(\.agent)), \(agents.map(\.machine))) AS a (org, id, machine)
            """,
            "DROP TABLE IF EXISTS pulse.bench_samples",
            """
            CREATE TABLE pulse.bench_samples (org_id uuid NOT NULL, series integer NOT NULL, at timestamptz NOT NULL,
                                              value double precision NOT NULL, PRIMARY KEY (org_id, series, at))
            """,
            "SELECT pulse_owner_tools.tenant_table('bench_samples')",
            "GRANT INSERT ON pulse.bench_samples TO pulse_app",
        ])
    }

    private func plainRows(
        _ agents: [BenchAgent], _ database: Database
    ) async throws -> (perSecond: Double, bytesEach: Double) {
        let samples = BenchAgent.samplesEach
        let start = ContinuousClock.now
        try await withThrowingDiscardingTaskGroup { group in
            for agent in agents {
                group.addTask {
                    let series = (0..<samples).map { Int32(agent.number * samples + $0) }
                    let values = series.map { Double($0) * 1.7 }
                    for report in 0..<Self.plainReportsEach {
                        let at = Timestamp(milliseconds: 1_795_000_000_000 + Int64(report) * 10_000)
                        try await database.execute(
                            in: agent.org,
                            """
                            INSERT INTO bench_samples
                            SELECT \(agent.org), s, \(at), v FROM unnest(\(series), \(values)) AS new (s, v)
                            """)
                    }
                }
            }
        }
        let taken = (ContinuousClock.now - start).inSeconds
        let rows = Double(agents.count * Self.plainReportsEach * samples)
        let bytes = try await superuser.bytes(of: "bench_samples")
        return (rows / taken, Double(bytes) / rows)
    }
}

/// One agent of the bench.
struct BenchAgent: Sendable {
    let number: Int
    let org: OrgID
    let agent: AgentID

    private static let (cores, mounts, devices, interfaces, sensors) = (16, 6, 4, 5, 9)

    /// What the report tells: cpu and its cores, memory (percent, used), swap, load, the root disk and all mounts, both
    /// directions of all devices and interfaces with their totals, temperatures with the highest.
    static let samplesEach = 1 + cores + 2 + 1 + 1 + 1 + mounts + 2 * (devices + 1) + 2 * (interfaces + 1) + sensors + 1

    var machine: String { "bench-\(number)" }

    func request(number report: Int) -> APIRequest {
        var body = ReportSample.report(number &* 97 &+ report)
        body.host.machineID = machine
        body.metrics.cpuPerCorePercent = (0..<Self.cores).map { Double((report &* 7919 &+ $0 &* 613) % 10_000) / 100 }
        body.disks = Self.grown(body.disks, to: Self.mounts) { $0.mountpoint = "/mnt/\($1)" }
        body.diskIO = Self.grown(body.diskIO, to: Self.devices) { $0.device = "sd\($1)" }
        body.network = Self.grown(body.network, to: Self.interfaces) { $0.name = "eth\($1)" }
        for sensor in body.sensors.temperatureCelsius.count..<Self.sensors {
            body.sensors.temperatureCelsius["sensor_\(sensor)"] = 40 + Double(report % 10) / 2
        }
        body.sequenceID = "v1:bench:\(report + 1)"
        var writer = JSONWriter(capacity: 8192)
        body.encode(to: &writer)
        let caller = Caller(principal: .agent(agent), org: org)
        return APIRequest(
            method: .post, path: "/api/agents/agent/report", headers: ["content-encoding": "gzip"],
            body: Gzip.compress(writer.bytes, level: 1), admitted: caller)
    }

    private static func grown<Part>(_ parts: [Part], to count: Int, _ rename: (inout Part, Int) -> Void) -> [Part] {
        (0..<count).map { index in
            var part = parts[index % parts.count]
            if index >= parts.count { rename(&part, index) }
            return part
        }
    }
}
