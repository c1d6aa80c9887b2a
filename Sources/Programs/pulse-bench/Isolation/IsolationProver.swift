import ArgumentParser
import Foundation
import HTTPKit
import Kernel
import Logging
import Postgres
import PulseApp
import ServiceLifecycle
import Telemetry

/// Asks a whole Pulse, over HTTP, for everything of another organisation, by every route of its table.
///
/// One organisation (the victim) has something of every kind; another (the prober) asks with each of its credentials for
/// the victim's ids, and for ids that are deleted, malformed or never existed. Foreign must read like absent: same
/// status, same body but for the id itself, and no word of the victim's in either. The same questions of the victim's own
/// owner must succeed (or the probe proves nothing), and with one policy of the database opened the prover must find
/// leaks (or it would find none anywhere).
struct IsolationProver: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "isolation", abstract: "Probes every route for what belongs to another organisation.")

    @Option(help: "At least this many probes.") var probes = 10_000
    @Option(help: "Pairs of foreign and absent whose times are compared, each route.") var pairs = 2_000
    @Option(help: "Repeats a run.") var seed = UInt64.random(in: 1...UInt64.max)

    /// Medians of fewer are weather.
    static let tellingPairs = 2_000

    func run() async throws {
        let setting = try BenchDatabase()
        let environment = ProcessInfo.processInfo.environment.filter {
            ["PULSE_DATABASE_URL", "PULSE_WORKER_DATABASE_URL", "PULSE_OPERATOR_DATABASE_URL"].contains($0.key)
        }
        let configuration = try PulseConfiguration(
            environment.merging([
                "PULSE_ENV": "development", "PULSE_PUBLIC_URL": "http://localhost", "PULSE_LISTEN": "127.0.0.1:0",
                "PULSE_ADMIN_LISTEN": "127.0.0.1:0", "PULSE_OPERATOR_LISTEN": "127.0.0.1:0",
                "PULSE_OPERATOR_URL": "http://localhost", "PULSE_RATE_LIMITS": "off",
                "PULSE_OUTBOX_DIR": NSTemporaryDirectory() + "pulse-isolation-outbox-\(UUID())",
            ]) { $1 })
        let pulse = try Composition(configuration, registry: PrometheusRegistry(), logger: setting.logger)
        let services = ServiceGroup(
            configuration: .init(services: pulse.services.map { .init(service: $0) }, logger: setting.logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            do {
                try await prove(pulse, configuration, setting)
            } catch {
                print("failed: \(error)")
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// A long run outlives the minutes in which a sign-in is fresh, and one that is not reaches less. Until it is cancelled.
    private func keepFresh(_ setting: BenchDatabase) async throws {
        while true {
            try await Task.sleep(for: .seconds(240))
            try await setting.prepare(["UPDATE pulse.sessions SET confirmed_at = now()"])
        }
    }

    private func prove(
        _ pulse: Composition, _ configuration: PulseConfiguration, _ setting: BenchDatabase
    ) async throws {
        async let _ = keepFresh(setting)
        let client = ProbeClient(port: try await pulse.server.port)
        let routes = pulse.table.map(ProbedRoute.init)
        let estate = try await ProbeEstate.plant(configuration, setting, client, routes)
        var random = SeededRandom(seed: seed)
        var figures = Figures()

        let plan = ProbePlan(routes: routes, estate: estate)
        var tally = try await plan.run(atLeast: probes, with: client, random: &random)
        tally.add(try await SocketProbe(client: client, estate: estate).run())
        let controls = try await ProbeControl(routes: routes, estate: estate, client: client).run()
        let timing = try await ProbeTiming(routes: routes, estate: estate, client: client).worst(of: pairs)
        let lost = try await estate.lost(client)
        let opened = try await OpenedPolicy(setting: setting, plan: plan, client: client).leaks(random: &random)
        // Last: what operators ask for stands in the trails of those who let them in.
        guard let listener = pulse.operators else { throw ProbeFault("there is no operators' listener") }
        let staff = try await OperatorProbe.begin(
            configuration, pulse.operatorTable.map(ProbedRoute.init), estate,
            client: ProbeClient(port: try await listener.port), customers: client)
        let unproven = try await staff.unproven()
        tally.add(try await plan.once(as: "operator", staff.staff, with: client, random: &random))
        tally.add(try await staff.run(with: plan, random: &random))
        let changes = try await ProbeControl(routes: routes, estate: estate, client: client)
            .changes(of: [staff.request])

        print("seed: \(seed)")
        figures.line("probes", Double(tally.probes), "probes", atLeast: Double(probes))
        let all = Set((routes + staff.routes).map(\.name))
        figures.line("routes_covered", Double(tally.routes.count) / Double(all.count), "of both routers", atLeast: 1)
        let theirs = Set(staff.routes.map(\.name)).count
        figures.line("operator_routes", Double(theirs), "of them the operators'", atLeast: 1)
        figures.line("reached_a_handler", tally.share(of: tally.reached), "of the probes", atLeast: 0.99)
        figures.line("leaks", Double(tally.leaks.count), "leaks", atMost: 0)
        figures.line("server_errors", Double(tally.serverErrors.count), "answers", atMost: 0)
        figures.line("control_routes", Double(controls.found), "routes", atLeast: 1)
        figures.line("control_missing", Double(controls.missing.union(unproven).count), "routes", atMost: 0)
        figures.line("control_changes", changes.share, "of the changing routes", atLeast: 0.7)
        figures.line("control_leaks", Double(opened), "leaks", atLeast: 1)
        figures.line("timing_pairs", Double(timing.pairs), "pairs")
        figures.line("timing_difference_percent", timing.percent, "percent")
        figures.line("timing_difference_us", timing.microseconds, "us")
        if pairs >= Self.tellingPairs {
            figures.require(timing.isWithin, "foreign takes as long as absent on \(timing.route)")
        }
        figures.line("lost", Double(lost.count), "of the victim's ids", atMost: 0)
        for leak in tally.leaks.union(tally.serverErrors).sorted().prefix(40) { print("found: \(leak)") }
        for (id, list) in lost { print("lost: \(id) of \(list)") }
        for route in controls.missing.union(unproven).sorted() { print("no control: \(route)") }
        for route in changes.missing.sorted() { print("told alike: \(route)") }
        for route in all.subtracting(tally.routes).sorted() { print("not probed: \(route)") }
        try figures.conclude()
    }
}

/// SplitMix64: the same seed, the same run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
