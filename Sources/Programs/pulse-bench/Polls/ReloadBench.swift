import ArgumentParser
import EstateApp
import Foundation
import HTTPKit
import Kernel

/// What changing one organisation's configuration without end costs it and everybody else, in the real `pulse up`.
///
/// Somebody changes the connections of one organisation fifty times a second while the others are polled; the estate,
/// which is the one that is asked, tells whether anybody was left out. Then organisations that do nothing are added until
/// there are ten thousand in the one process.
struct ReloadBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "One organisation changed without end while others are polled.")

    private static let cadence: Duration = .seconds(10)
    private static let clustersOfOne = 50

    @Option(help: "Connections that are polled elsewhere; a multiple of 50.") var connections = 500
    @Option(help: "Changes that are counted.") var changes = 10_000
    @Option(help: "Changes a second.") var rate = 50.0
    /// Pieces of history grow for twenty minutes; before, memory is not level whatever anybody changes.
    @Option(help: "Seconds from the first poll until what is compared is measured.") var settling = 1_300
    @Option(help: "Organisations in one process at the end.") var organisations = 10_000

    func run() async throws {
        let setting = try BenchDatabase()
        let polled = connections / Self.clustersOfOne + 1
        var options = EstateOptions()
        (options.shape.organisations, options.shape.clusters) = (polled, Self.clustersOfOne)
        (options.shape.guests, options.shape.isCalm) = (20, true)
        (options.port, options.quantum) = (0, 10)
        let estate = try await EstateServer.start(options)
        let customers = try await PolledCustomers(setting, organisations: polled)
        let pulse = try PulseProcess(setting)
        defer { pulse.end() }
        try await pulse.waitUntilReady()
        try await customers.connect(estate.connections, port: pulse.port)
        let changed = try await ChangingCustomer(customers, organisation: 0, port: pulse.port)
        let others = Set(estate.connections.map(\.cluster)).subtracting(
            estate.connections.prefix(Self.clustersOfOne).map(\.cluster))

        try await Task.sleep(for: .seconds(settling))
        try await changed.change(times: changes / 10, perSecond: rate)
        let memory = try await pulse.settledMemory()
        let (reloads, polls) = (try await reloadTimes(pulse), try await lateness(pulse))
        estate.countPollsAnew()
        let start = ContinuousClock.now
        let answers = try await changed.change(times: changes, perSecond: rate)
        let took = (ContinuousClock.now - start).inSeconds
        let gaps = estate.widestGaps.filter { others.contains($0.key) }
        let late = try await lateness(pulse).difference(from: polls)
        let reload = try await reloadTimes(pulse).difference(from: reloads)
        let after = try await pulse.settledMemory()
        try await estate.stop()

        var figures = Figures()
        figures.line("connections_elsewhere", Double(others.count), "connections")
        figures.line("changes", Double(changes), "changes")
        figures.line("changes_per_s", Double(changes) / took, "1/s", atLeast: rate * 0.95)
        figures.line("changes_refused", Double(changes - answers.count), "changes", atMost: 0)
        figures.line("change_p99_ms", (answers.dropLast(changes / 100).last ?? .infinity) * 1000, "ms")
        figures.line("reloads", Double(reload.count), "reloads", atLeast: Double(changes) / 3)
        figures.line("reload_p99_ms", reload.quantile(0.99) * 1000, "ms", atMost: 100)
        let widest = gaps.values.max() ?? .infinity
        figures.line("widest_gap_elsewhere", widest, "s", atMost: Self.cadence.inSeconds * 2)
        figures.require(gaps.count == others.count, "that every connection elsewhere was polled")
        // Those of the organisation that is changed are among them: a poll under a configuration that is no more is
        // asked again.
        figures.line("late_by_a_cadence_anywhere", Double(late.above(Self.cadence.inSeconds)), "polls")
        figures.line("rss_mb", after / 1_048_576, "MB")
        figures.line("memory_drift", (after - memory) / memory * 100, "%", atMost: 5)
        try await crowd(pulse, setting, besides: polled, into: &figures)
        try figures.conclude()
    }

    private func lateness(_ pulse: PulseProcess) async throws -> BucketCounts {
        try await pulse.histogram("pulse_monitoring_poll_lateness_seconds")
    }

    private func reloadTimes(_ pulse: PulseProcess) async throws -> BucketCounts {
        try await pulse.histogram("pulse_monitoring_reload_seconds")
    }

    /// Organisations with a machine each join those that are there, in the process that has seen all the changes.
    private func crowd(
        _ pulse: PulseProcess, _ setting: BenchDatabase, besides others: Int, into figures: inout Figures
    ) async throws {
        let estate = TenancyEstate(setting: setting)
        try await estate.add(organisations - others, machines: 1)
        try await pulse.waitForMonitors(organisations)
        figures.line("organisations", Double(organisations), "organisations")
        figures.line("crowded_rss_mb", try await pulse.settledMemory() / 1_048_576, "MB", atMost: 2048)
    }
}

/// Somebody who changes the names of one organisation's connections, one after the other.
struct ChangingCustomer {
    private static let width = 16

    private let client: ProbeClient
    private let person: Credential
    private let org: String
    private let paths: [String]

    init(_ customers: PolledCustomers, organisation: Int, port: Int) async throws {
        client = ProbeClient(port: port)
        (person, org) = (customers.person, customers.organisations[organisation].description)
        let answer = try await client.ask(.get, "/api/connections?limit=100", as: person, org: org)
        let list = (answer.json as? [String: Any])?["data"] as? [[String: Any]] ?? []
        paths = list.compactMap { $0["id"] as? String }.map { "/api/connections/\($0)" }
        guard !paths.isEmpty else { throw ProbeFault("no connection to change: \(answer.text.prefix(300))") }
    }

    /// At a steady rate, as long as no more than a few wait for their answers: who falls behind shows in the rate.
    /// - Returns: how long each took to be answered, in seconds, ascending; those that were not answered with success are
    ///   left out.
    @discardableResult
    func change(times: Int, perSecond rate: Double) async throws -> [Double] {
        let start = ContinuousClock.now
        return try await withThrowingTaskGroup(of: Double?.self) { group in
            var answers: [Double] = []
            for number in 0..<times {
                if number >= Self.width, let answer = try await group.next(), let answer { answers.append(answer) }
                try await Task.sleep(until: start + .seconds(Double(number) / rate), clock: .continuous)
                group.addTask { try await self.change(number) }
            }
            for try await answer in group { if let answer { answers.append(answer) } }
            return answers.sorted()
        }
    }

    private func change(_ number: Int) async throws -> Double? {
        let start = ContinuousClock.now
        let answer = try await client.ask(
            .patch, paths[number % paths.count], as: person, org: org, body: #"{"name":"changed \#(number)"}"#)
        guard answer.status == 200 || answer.status == 503 else {
            throw ProbeFault("not changed: \(answer.status) \(answer.text.prefix(300))")
        }
        return answer.status == 200 ? (ContinuousClock.now - start).inSeconds : nil
    }
}
