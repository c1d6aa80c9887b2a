import ArgumentParser
import Kernel
import Logging
import Postgres

/// What tenancy costs: one row of one organisation, read as the server reads it, against pgbench reading the same row from
/// a table without row-level security, prepared, over as many connections.
///
/// The two take turns, three rounds each, and the middle one counts: on a shared machine both see the same weather.
struct PostgresBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "postgres", abstract: "Tenant reads against pgbench.")

    @Option(help: "Seconds of each of the three rounds.") var seconds = 5

    static let connections = 16
    static let tasks = 256
    /// Below the 128 scripts that pgbench takes, one an organisation.
    static let organisations = 100
    static let rowsEach = 50

    func run() async throws {
        let setting = try BenchDatabase()
        let estate = try await BenchEstate.create(on: setting)
        let database = Database(setting.configuration(connections: Self.connections), logger: setting.logger)
        defer { database.close() }

        var tenant: [Double] = []
        var comparison: [Double] = []
        _ = try await readsPerSecond(database, estate, for: .seconds(1))
        for _ in 0..<3 {
            comparison.append(try await PGBench(setting, estate.organisations).selectsPerSecond(about: seconds))
            tenant.append(try await readsPerSecond(database, estate, for: .seconds(seconds)))
        }
        var figures = Figures()
        figures.line("pgbench_per_s", median(comparison), "selects/s")
        figures.line("tenant_per_s", median(tenant), "reads/s")
        figures.line("tenant_over_pgbench", median(tenant) / median(comparison), "times", atLeast: 0.8)
        try await tenancyCost(estate, setting, into: &figures)
        try figures.conclude()
    }

    /// 256 tasks, each reading one row after the other, every read a transaction in its organisation.
    private func readsPerSecond(
        _ database: Database, _ estate: BenchEstate, for duration: Duration
    ) async throws -> Double {
        let start = ContinuousClock.now
        let reads = try await withThrowingTaskGroup(of: Int.self) { group in
            for task in 0..<Self.tasks {
                group.addTask {
                    var reads = 0
                    while ContinuousClock.now - start < duration {
                        let place = task &* 31 &+ reads
                        let value = try await estate.readInOrganisation(database, place: place)
                        guard value == estate.value(at: place) else { throw BenchFault.wrongRow }
                        reads += 1
                    }
                    return reads
                }
            }
            return try await group.reduce(0, +)
        }
        return Double(reads) / (ContinuousClock.now - start).inSeconds
    }

    /// One task on one connection; the same row with its organisation and from the table that has none, in turns.
    private func tenancyCost(_ estate: BenchEstate, _ setting: BenchDatabase, into figures: inout Figures) async throws
    {
        let database = Database(setting.configuration(connections: 1), logger: setting.logger)
        defer { database.close() }
        var inOrganisation: [Double] = []
        var bare: [Double] = []
        for place in 0..<20_000 {
            let start = ContinuousClock.now
            _ = try await estate.readInOrganisation(database, place: place)
            let middle = ContinuousClock.now
            _ = try await estate.readBare(database, place: place)
            let end = ContinuousClock.now
            guard place >= 2_000 else { continue }
            inOrganisation.append((middle - start).inSeconds)
            bare.append((end - middle).inSeconds)
        }
        figures.line("tenant_read_us", median(inOrganisation) * 1e6, "us")
        figures.line("bare_read_us", median(bare) * 1e6, "us")
        figures.line("tenancy_cost_us", (median(inOrganisation) - median(bare)) * 1e6, "us", atMost: 25)
    }
}

enum BenchFault: Error, CustomStringConvertible {
    case noSetting(String), wrongRow, pgbench(String), badTrace(String), wrongAnswer(String)

    var description: String {
        switch self {
        case .noSetting(let key): "\(key) is not set: start this with ops/bench"
        case .wrongRow: "a read answered another row than was written"
        case .wrongAnswer(let what): what
        case .pgbench(let output): "pgbench: \(output)"
        case .badTrace(let path): "\(path) is no trace of ops/record-trace"
        }
    }
}
