import ArgumentParser
import Foundation
import HTTPKit
import Kernel
import Postgres

/// What ten thousand organisations cost one program, against the same program with one.
///
/// Three estates, each on a fresh start of the real `pulse up`: one organisation with 1,000 machines; 500 of them; those
/// and 9,500 more that have one machine each and do nothing. Memory is compared between the last two, a page of the list
/// between the first and the last.
struct TenancyBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenancy", abstract: "Ten thousand organisations against one.")

    @Option(help: "Organisations in all.") var organisations = 10_000
    @Option(help: "Those of them that have 1,000 machines.") var large = 500

    func run() async throws {
        let setting = try BenchDatabase()
        let estate = TenancyEstate(setting: setting)
        var figures = Figures()

        try await estate.add(1, machines: TenancyEstate.machines)
        let single = try await measure(estate)
        try await estate.add(large - 1, machines: TenancyEstate.machines)
        let crowded = try await measure(estate, lists: false)
        let idle = organisations - large
        try await estate.add(idle, machines: 1)
        let full = try await measure(estate)

        figures.line("organisations", Double(organisations), "organisations")
        figures.line("machines", Double(large * TenancyEstate.machines + idle), "machines")
        figures.line("single_rss_mb", single.rss / 1_048_576, "MB")
        figures.line("rss_mb", full.rss / 1_048_576, "MB")
        figures.line("idle_org_kb", max(0, full.rss - crowded.rss) / 1024 / Double(idle), "KB", atMost: 200)
        figures.line("loaded_s", full.loadedSeconds, "s")
        figures.line("single_first_request_ms", single.firstRequest * 1000, "ms")
        figures.line("first_request_ms", full.firstRequest * 1000, "ms")
        figures.line("single_list_p95_ms", single.listP95 * 1000, "ms")
        figures.line("list_p50_ms", full.listP50 * 1000, "ms")
        figures.line("list_p95_ms", full.listP95 * 1000, "ms", aim: 3)
        figures.line("list_p95_over_single", full.listP95 / single.listP95, "times", atMost: 1.5)
        try figures.conclude()
    }

    private struct Measured {
        var rss = 0.0
        var loadedSeconds = 0.0
        var firstRequest = 0.0
        var listP50 = 0.0
        var listP95 = 0.0
    }

    private func measure(_ estate: TenancyEstate, lists: Bool = true) async throws -> Measured {
        let program = try PulseProcess(estate.setting)
        defer { program.end() }
        let start = ContinuousClock.now
        try await program.waitUntilReady()
        try await program.waitForMonitors(estate.organisations.count)
        var measured = Measured()
        measured.loadedSeconds = (ContinuousClock.now - start).inSeconds
        // Memory first: what requests need comes and goes.
        measured.rss = try await program.settledMemory()
        guard lists else { return measured }
        let reader = try PageReader(port: program.port)
        let chosen = estate.largeOrganisations
        var firsts: [Double] = []
        for org in chosen { firsts.append(try page(of: org, reader, estate)) }
        measured.firstRequest = firsts.sorted()[firsts.count / 2]
        var times: [Double] = []
        for _ in 0..<max(4, 2_000 / chosen.count) {
            for org in chosen.shuffled() { times.append(try page(of: org, reader, estate)) }
        }
        times.sort()
        measured.listP50 = times[times.count / 2]
        measured.listP95 = times[times.count * 95 / 100]
        return measured
    }

    private func page(of org: OrgID, _ reader: PageReader, _ estate: TenancyEstate) throws -> Double {
        let headers = estate.reader.headers + [("X-Pulse-Org-ID", org.description)]
        let start = ContinuousClock.now
        let bytes = try reader.page("/api/resources?limit=100", headers: headers)
        let took = (ContinuousClock.now - start).inSeconds
        guard bytes > 100_000 else { throw ProbeFault("a page of \(bytes) bytes is not a page of 100") }
        return took
    }
}
