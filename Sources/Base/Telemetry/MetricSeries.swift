import CoreMetrics
import NIOConcurrencyHelpers

/// One set of labels of one metric.
protocol Series: AnyObject, Sendable {
    /// The lines below `TYPE`: the name's suffix, further labels, the value.
    var points: [SeriesPoint] { get }
}

struct SeriesPoint {
    var suffix = ""
    var bound: String?
    let value: Double
}

final class CounterSeries: Series, CounterHandler, FloatingPointCounterHandler {
    private let total = NIOLockedValueBox(0.0)

    func increment(by amount: Int64) { increment(by: Double(amount)) }
    /// A counter never falls: what would make it fall is left out.
    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { total.withLockedValue { $0 += amount } }
    }
    func reset() { total.withLockedValue { $0 = 0 } }
    var points: [SeriesPoint] { [SeriesPoint(value: total.withLockedValue { $0 })] }
}

final class GaugeSeries: Series, MeterHandler, RecorderHandler {
    private let value = NIOLockedValueBox(0.0)

    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { self.value.withLockedValue { $0 = value } }
    func increment(by amount: Double) { value.withLockedValue { $0 += amount } }
    func decrement(by amount: Double) { value.withLockedValue { $0 -= amount } }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }
    var points: [SeriesPoint] { [SeriesPoint(value: value.withLockedValue { $0 })] }
}

final class HistogramSeries: Series, TimerHandler, RecorderHandler {
    static let seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    static let bytes = [256.0, 1024, 4096, 16384, 65536, 262_144, 1_048_576, 4_194_304, 16_777_216]
    static let counts = [1.0, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000]

    /// Chosen by the unit in the name, as units are always in the name.
    static func bounds(for label: String) -> [Double] {
        if label.hasSuffix("_seconds") { seconds } else if label.hasSuffix("_bytes") { bytes } else { counts }
    }

    private struct State {
        /// How many values fell at or below each bound but above the one before; the last is for all above.
        var counts: [UInt64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: NIOLockedValueBox<State>

    init(_ bounds: [Double]) {
        self.bounds = bounds
        state = NIOLockedValueBox(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) * 1e-9) }
    func record(_ value: Int64) { record(Double(value)) }
    func record(_ value: Double) {
        guard value.isFinite else { return }
        let slot = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLockedValue {
            $0.counts[slot] += 1
            $0.sum += value
        }
    }

    var points: [SeriesPoint] {
        let state = state.withLockedValue { $0 }
        var running: UInt64 = 0
        var points: [SeriesPoint] = []
        for (index, count) in state.counts.enumerated() {
            running += count
            let bound = index < bounds.count ? Exposition.number(bounds[index]) : "+Inf"
            points.append(SeriesPoint(suffix: "_bucket", bound: bound, value: Double(running)))
        }
        points.append(SeriesPoint(suffix: "_sum", value: state.sum))
        points.append(SeriesPoint(suffix: "_count", value: Double(running)))
        return points
    }
}
