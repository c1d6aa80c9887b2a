import AgentProtocol
import Compression
import JSONKit
import Kernel
import NIOConcurrencyHelpers
import TestKit
import Testing

@testable import AgentApp

/// Counts how often it was asked and at what times.
private final class CountingSource: ReportSource {
    private let asked = NIOLockedValueBox<[Duration]>([])
    var times: [Duration] { asked.withLockedValue { $0 } }

    func report(at monotonic: Duration) async -> HostReport {
        asked.withLockedValue { $0.append(monotonic) }
        var report = HostReport()
        report.host.hostname = "web-1"
        report.host.machineID = "m-1"
        return report
    }
}

@Suite(.timeLimit(.minutes(1))) struct SamplerTests {
    private let source = CountingSource()

    private func run(_ settings: AgentSettings? = nil, _ body: @escaping @Sendable (Lanes) async throws -> Void)
        async throws
    {
        let lanes = try Lanes()
        let settings = try settings ?? AgentSettings(server: ServerAddress("https://pulse.example.com"), agentID: "a-1")
        let sampler = Sampler(source: source, settings: settings, delivery: lanes.delivery)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sampler.run() }
            group.addTask { try await body(lanes) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Moves the clock on by one step and waits until the sampler sleeps again.
    private func step(_ lanes: Lanes, _ duration: Duration, reports: Int) async throws {
        lanes.time.advance(by: duration)
        while await lanes.outbox.waiting < reports || lanes.time.sleepers == 0 { await Task.yield() }
    }

    @Test("two looks before the first report, then one every ten seconds of the clock that never jumps")
    func cadence() async throws {
        try await run { lanes in
            await lanes.time.untilSomebodySleeps()
            try await step(lanes, .seconds(1), reports: 1)
            for number in 2...4 {
                lanes.time.jump(to: Timestamp(seconds: Int64(number) * 1_000_000))
                try await step(lanes, .seconds(10), reports: number)
            }
            let times = source.times
            #expect(zip(times, times.dropFirst()).map { ($1 - $0).inSeconds } == [1, 10, 10, 10])
        }
    }

    @Test("a machine that slept does not report for the time it was away")
    func suspended() async throws {
        try await run { lanes in
            await lanes.time.untilSomebodySleeps()
            try await step(lanes, .seconds(1), reports: 1)
            try await step(lanes, .seconds(3600), reports: 2)
            try await step(lanes, .seconds(10), reports: 3)
            #expect(await lanes.outbox.waiting == 3)
        }
    }

    @Test("the server may slow the agent down, not hurry it")
    func pace() {
        let pace = Pace(.seconds(10))
        pace.ask(seconds: 60)
        #expect(pace.interval == .seconds(60))
        pace.ask(seconds: 1)
        #expect(pace.interval == .seconds(10))
        pace.ask(seconds: 1_000_000)
        #expect(pace.interval == .seconds(3600))
    }

    @Test("a report says who sends it, when, and under which number")
    func completed() async throws {
        var settings = try AgentSettings(server: ServerAddress("https://pulse.example.com"), agentID: "a-1")
        settings.inventedMachineID = "made-up"
        try await run(settings) { lanes in
            await lanes.time.untilSomebodySleeps()
            try await step(lanes, .seconds(1), reports: 1)
            let parcel = try #require(await lanes.outbox.takeLive())
            let report = try HostReport(json: Gzip.decompress(parcel.gzippedBody, limit: 100_000))
            #expect(report.agent.id == "a-1" && report.agent.type == "unified" && report.agent.intervalSeconds == 10)
            #expect(report.host.machineID == "made-up" && report.host.id == "made-up")
            #expect(report.timestamp == lanes.time.now)
            #expect(await report.sequence == SequenceID(stream: lanes.outbox.stream, number: 1))
        }
    }
}
