import CoreMetrics
import Foundation
import Testing

@testable import Telemetry

@Suite struct PrometheusTests {
    private func filled() -> PrometheusRegistry {
        let registry = PrometheusRegistry(help: ["pulse_test_things_total": "Things by colour,\nwith a \\."])
        let counter = Counter(
            label: "pulse_test_things_total", dimensions: [("colour", "a \"b\"\n\\")], factory: registry)
        counter.increment(by: 3)
        Meter(label: "pulse_test_level", factory: registry).set(2.5)
        let timer = CoreMetrics.Timer(
            label: "pulse_test_duration_seconds", dimensions: [("route", "/x")], factory: registry)
        timer.recordNanoseconds(3_000_000)
        timer.recordNanoseconds(20_000_000_000)
        return registry
    }

    @Test("counters, gauges and histograms are told in the text format, families and series in order")
    func format() {
        let text = filled().exposition()
        let expected = """
            # HELP pulse_telemetry_refused_series_total Metrics turned away: the family was full, or its name meant another kind.
            # TYPE pulse_telemetry_refused_series_total counter
            pulse_telemetry_refused_series_total 0
            # HELP pulse_test_duration_seconds Test duration seconds.
            # TYPE pulse_test_duration_seconds histogram
            pulse_test_duration_seconds_bucket{route="/x",le="0.001"} 0
            pulse_test_duration_seconds_bucket{route="/x",le="0.0025"} 0
            pulse_test_duration_seconds_bucket{route="/x",le="0.005"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.01"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.025"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.05"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.1"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.25"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="0.5"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="1"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="2.5"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="5"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="10"} 1
            pulse_test_duration_seconds_bucket{route="/x",le="+Inf"} 2
            pulse_test_duration_seconds_sum{route="/x"} 20.003
            pulse_test_duration_seconds_count{route="/x"} 2
            # HELP pulse_test_level Test level.
            # TYPE pulse_test_level gauge
            pulse_test_level 2.5
            # HELP pulse_test_things_total Things by colour,\\nwith a \\\\.
            # TYPE pulse_test_things_total counter
            pulse_test_things_total{colour="a \\"b\\"\\n\\\\"} 3

            """
        #expect(text == expected)
    }

    @Test("a metric asked for twice is the same metric, whatever the order of its labels")
    func identity() {
        let registry = PrometheusRegistry()
        for dimensions in [[("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")]] {
            Counter(label: "pulse_test_total", dimensions: dimensions, factory: registry).increment()
        }
        #expect(registry.exposition().contains("pulse_test_total{a=\"1\",b=\"2\"} 2\n"))
    }

    @Test("a full family and a name of another kind are turned away and counted")
    func bounds() {
        let registry = PrometheusRegistry(maxSeries: 2)
        for value in 0..<5 {
            Counter(label: "pulse_test_total", dimensions: [("id", "\(value)")], factory: registry).increment()
        }
        Meter(label: "pulse_test_total", factory: registry).set(1)
        let lines = registry.exposition().split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("pulse_test_total{") }.count == 2)
        #expect(lines.contains("pulse_telemetry_refused_series_total 4"))
    }

    @Test("the process tells its memory, time, files and start")
    func process() throws {
        let samples = Dictionary(uniqueKeysWithValues: ProcessFacts.samples().map { ($0.name, $0.value) })
        #expect(try #require(samples["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(samples["process_cpu_seconds_total"]) >= 0)
        #expect(try #require(samples["process_open_fds"]) >= 3)
        #expect(try #require(samples["process_max_fds"]) >= 64)
        let start = try #require(samples["process_start_time_seconds"])
        #expect(abs(Date().timeIntervalSince1970 - start) < 24 * 3600)
        #expect(ProcessFacts.residentBytes().map(Double.init) ?? 0 > 1_000_000)
    }

    @Test(
        "promtool finds nothing to complain about",
        .enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/promtool"), "needs promtool"))
    func promtool() throws {
        let registry = filled()
        registry.add(ProcessFacts.samples)
        let promtool = Process()
        promtool.executableURL = URL(fileURLWithPath: "/usr/bin/promtool")
        promtool.arguments = ["check", "metrics"]
        let (input, output) = (Pipe(), Pipe())
        promtool.standardInput = input
        promtool.standardOutput = output
        promtool.standardError = output
        try promtool.run()
        input.fileHandleForWriting.write(Data(registry.exposition().utf8))
        try input.fileHandleForWriting.close()
        let complaints = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        promtool.waitUntilExit()
        #expect(complaints.isEmpty)
        #expect(promtool.terminationStatus == 0)
    }
}
