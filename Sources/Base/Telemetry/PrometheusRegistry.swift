package import CoreMetrics
import NIOConcurrencyHelpers

/// The process's metrics: the back end of swift-metrics, told in the Prometheus text format.
///
/// A metric asked for twice is the same metric. Label values come from closed sets; should one not, a family stops at
/// `maxSeries` and counts what it turned away, rather than eat the memory of whoever scrapes it.
package final class PrometheusRegistry: MetricsFactory {
    struct Key: Hashable {
        let name: String
        let labels: [Label]
    }

    struct Label: Hashable {
        let name: String
        let value: String
    }

    enum Kind: String {
        case counter, gauge, histogram
    }

    struct Family {
        let kind: Kind
        var series: [[Label]: any Series] = [:]
    }

    struct State {
        var families: [String: Family] = [:]
        var help: [String: String] = [:]
        var refused: Int64 = 0
        var sources: [@Sendable () -> [MetricSample]] = []
    }

    let state = NIOLockedValueBox(State())
    private let maxSeries: Int

    /// - Parameter help: texts for `HELP` lines by metric name; each room's metrics file offers its own.
    package init(help: [String: String] = [:], maxSeries: Int = 2000) {
        self.maxSeries = maxSeries
        state.withLockedValue { $0.help = help.merging(Self.ownHelp) { theirs, _ in theirs } }
    }

    /// Adds values that are read when somebody scrapes.
    package func add(_ source: @escaping @Sendable () -> [MetricSample]) {
        state.withLockedValue { $0.sources.append(source) }
    }

    /// The series of that name and labels, made when new; `nil` when the name means another kind already or the family
    /// is full.
    private func series<Found: Series>(
        _ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ make: () -> Found
    ) -> Found? {
        let name = Self.plainName(label)
        let labels = dimensions.map { Label(name: Self.plainName($0.0), value: $0.1) }.sorted { $0.name < $1.name }
        return state.withLockedValue { state in
            var family = state.families[name] ?? Family(kind: kind)
            if let known = family.series[labels] as? Found, family.kind == kind { return known }
            guard family.kind == kind, family.series[labels] == nil, family.series.count < maxSeries else {
                state.refused += 1
                return nil
            }
            let made = make()
            family.series[labels] = made
            state.families[name] = family
            return made
        }
    }

    /// Letters, digits and underscores; what else stood there is an underscore.
    private static func plainName(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" })
    }

    private static let ownHelp = [
        "pulse_telemetry_refused_series_total":
            "Metrics turned away: the family was full, or its name meant another kind."
    ]

    // MARK: MetricsFactory

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, .counter) { CounterSeries() } ?? CounterSeries()
    }

    package func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, .counter) { CounterSeries() } ?? CounterSeries()
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, .gauge) { GaugeSeries() } ?? GaugeSeries()
    }

    package func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        guard aggregate else { return series(label, dimensions, .gauge) { GaugeSeries() } ?? GaugeSeries() }
        let bounds = HistogramSeries.bounds(for: label)
        return series(label, dimensions, .histogram) { HistogramSeries(bounds) } ?? HistogramSeries(bounds)
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let bounds = HistogramSeries.seconds
        return series(label, dimensions, .histogram) { HistogramSeries(bounds) } ?? HistogramSeries(bounds)
    }

    // Metrics live as long as the process: a counter that vanished and came back would look like a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
