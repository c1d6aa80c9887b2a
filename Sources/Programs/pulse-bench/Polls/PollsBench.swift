import ArgumentParser
import EstateApp
import Foundation
import Kernel

/// What asking two thousand Proxmox VE clusters costs the real program, and whether anybody waits for the dead.
///
/// The clusters are played in this process; CPU and memory are those of `pulse up` alone. First an eighth of the
/// connections, then all, then half of them fall silent: they accept and never answer.
struct PollsBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "polls", abstract: "Thousands of platforms, asked on time.")

    private static let cadence: Duration = .seconds(10)
    /// Details of a new connection are read in its first minutes.
    private static let settling: Duration = .seconds(60)

    @Option(help: "Connections; a multiple of 400.") var connections = 2_000
    @Option(help: "Guests of each.") var guests = 50
    @Option(help: "Seconds that are measured with all of them.") var seconds = 300
    @Option(help: "Seconds that are measured with half of them silent.") var silentSeconds = 120

    func run() async throws {
        let setting = try BenchDatabase()
        var options = EstateOptions()
        (options.shape.organisations, options.shape.clusters) = (connections / 50, 50)
        (options.shape.guests, options.shape.isCalm) = (guests, true)
        (options.port, options.quantum) = (0, 10)
        let estate = try await EstateServer.start(options)
        let customers = try await PolledCustomers(setting, organisations: connections / 50)
        let pulse = try PulseProcess(setting)
        defer { pulse.end() }
        try await pulse.waitUntilReady()
        var figures = Figures()

        let few = connections / 8
        try await customers.connect(estate.connections.prefix(few), port: pulse.port)
        let small = try await measure(pulse, for: .seconds(60))
        try await customers.connect(estate.connections.dropFirst(few), port: pulse.port)
        let full = try await measure(pulse, for: .seconds(seconds))
        for connection in estate.connections where Self.isOdd(connection) {
            try estate.set(Fault(.silent), at: connection.cluster)
        }
        let wounded = try await measure(pulse, for: .seconds(silentSeconds))
        try await estate.stop()

        figures.line("connections", Double(connections), "connections")
        figures.line("guests", Double(connections * guests), "guests")
        figures.line("polls_per_s", full.polls, "1/s", atLeast: Double(connections) / Self.cadence.inSeconds * 0.95)
        figures.line("late_by_a_cadence", full.late, "polls", atMost: 0)
        figures.line("lateness_p99_ms", full.p99 * 1000, "ms")
        figures.line("cpu_cores", full.cores, "cores", atMost: 2)
        figures.line("cpu_ms_per_poll", full.cores / full.polls * 1000, "ms")
        figures.line("rss_mb", full.memory / 1_048_576, "MB")
        figures.line("mb_per_connection", (full.memory - small.memory) / 1_048_576 / Double(connections - few), "MB")
        let slope = full.cores / small.cores * Double(few) / Double(connections)
        figures.line("cpu_slope", slope, "times", atMost: 1.15)
        figures.line("lateness_p99_ms_half_silent", wounded.p99 * 1000, "ms", atMost: full.p99 * 1000 * 1.1)
        figures.line("late_by_a_cadence_half_silent", wounded.late, "polls", atMost: 0)
        try figures.conclude()
    }

    /// Of those that answer.
    private func lateness(_ pulse: PulseProcess) async throws -> BucketCounts {
        try await pulse.histogram("pulse_monitoring_poll_lateness_seconds", labels: #"lane="healthy""#)
    }

    private static func isOdd(_ connection: EstateConnection) -> Bool {
        connection.cluster.last?.wholeNumberValue.map { $0 % 2 == 1 } ?? false
    }

    private struct Measured {
        let polls: Double
        let late: Double
        let p99: Double
        let cores: Double
        let memory: Double
    }

    private func measure(_ pulse: PulseProcess, for time: Duration) async throws -> Measured {
        try await Task.sleep(for: Self.settling)
        let (before, cpu) = (
            try await lateness(pulse), try pulse.cpuSeconds()
        )
        let start = ContinuousClock.now
        try await Task.sleep(for: time)
        let took = (ContinuousClock.now - start).inSeconds
        let after = try await lateness(pulse)
        let polls = after.difference(from: before)
        return Measured(
            polls: Double(polls.count) / took, late: Double(polls.above(Self.cadence.inSeconds)),
            p99: polls.quantile(0.99), cores: (try pulse.cpuSeconds() - cpu) / took,
            memory: try await pulse.gauge("process_resident_memory_bytes"))
    }
}

/// Counts by upper bound, as Prometheus tells them.
struct BucketCounts {
    /// Ascending; the last bound is infinite. Each counts all that is below it.
    let buckets: [(bound: Double, count: Int)]

    var count: Int { buckets.last?.count ?? 0 }

    func difference(from earlier: BucketCounts) -> BucketCounts {
        let before = Dictionary(earlier.buckets.map { ($0.bound, $0.count) }) { first, _ in first }
        return BucketCounts(buckets: buckets.map { ($0.bound, $0.count - before[$0.bound, default: 0]) })
    }

    func above(_ limit: Double) -> Int { count - (buckets.last { $0.bound <= limit }?.count ?? 0) }

    /// The bound below which this share is; inside its bucket as if all were spread evenly.
    func quantile(_ share: Double) -> Double {
        var (below, bound) = (0.0, 0.0)
        for bucket in buckets {
            let wanted = Double(count) * share
            if Double(bucket.count) >= wanted, Double(bucket.count) > below {
                guard bucket.bound.isFinite else { return bucket.bound }
                return bound + (bucket.bound - bound) * (wanted - below) / (Double(bucket.count) - below)
            }
            (below, bound) = (Double(bucket.count), bucket.bound)
        }
        return 0
    }
}
