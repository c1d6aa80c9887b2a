import Testing

@testable import Inventory

@Suite("metric names") struct MetricNameTests {
    @Test(
        "a name reads back as it was written, with its unit",
        arguments: [
            ("cpu", MetricUnit.percent), ("cpu.core.0", .percent), ("cpu.core.127", .percent), ("memory", .percent),
            ("memoryused", .bytes), ("swapused", .bytes), ("disk", .percent), ("disk:/", .percent),
            ("disk:/mnt/a b:c", .percent), ("netin", .bytesPerSecond), ("netin:eth0", .bytesPerSecond),
            ("netout:br-1.20", .bytesPerSecond), ("diskread:nvme0n1", .bytesPerSecond), ("diskwrite", .bytesPerSecond),
            ("temperature", .celsius), ("temperature:coretemp.Core 0", .celsius), ("load1", .load),
        ])
    func roundTrip(text: String, unit: MetricUnit) {
        let name = MetricName(text)
        #expect(name?.text == text)
        #expect(name?.unit == unit)
    }

    @Test(
        "what is not in the vocabulary is no metric",
        arguments: [
            "", "CPU", "cpu.core", "cpu.core.", "cpu.core.-1", "cpu.core.01", "cpu.core.65536", "cpu.core:1", "cpu:1",
            "memory:x", "disk:", "netin:\u{0}", "netin:a\nb", "nonsense", "nonsense:eth0", ":eth0", "load5",
            "disk:" + String(repeating: "x", count: 161),
        ])
    func refused(text: String) { #expect(MetricName(text) == nil) }

    @Test(
        "values are kept to the precision of their unit",
        arguments: [
            (MetricUnit.percent, 12.345, Int64(1235)), (.percent, -0.004, 0), (.bytesPerSecond, 1234.5, 1235),
            (.celsius, 41.25, 413), (.load, 0.07, 7), (.bytes, 0x1p53, 9_007_199_254_740_992),
        ])
    func precision(unit: MetricUnit, value: Double, stored: Int64) {
        #expect(unit.stored(value) == stored)
        #expect(abs(unit.value(ofStored: stored) - value) <= unit.precision / 2 + 1e-9)
    }

    @Test("what no stored number can stand for is refused", arguments: [Double.nan, .infinity, -.infinity, 1e17])
    func unstorable(value: Double) { #expect(MetricUnit.bytes.stored(value) == nil) }
}
