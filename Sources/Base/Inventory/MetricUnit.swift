/// What the number of a metric counts, and how exactly it is kept. History stores values as whole multiples of
/// `precision` and is lossless to that, no further.
package enum MetricUnit: String, Hashable, Sendable, CaseIterable {
    /// 0...100 (more where a platform counts cores separately), kept to 0.01.
    case percent
    /// Whole bytes.
    case bytes
    /// Whole bytes a second.
    case bytesPerSecond = "bytes/s"
    /// Degrees, kept to 0.1: sensors are no better.
    case celsius
    /// Run-queue length, kept to 0.01 as the kernel prints it.
    case load
    /// Whole things.
    case count
    /// Kept to 0.01.
    case milliseconds = "ms"

    /// Stored units in one unit: 100 means that 12.34 is stored as 1234.
    package var scale: Double {
        switch self {
        case .percent, .load, .milliseconds: 100
        case .celsius: 10
        case .bytes, .bytesPerSecond, .count: 1
        }
    }

    /// The smallest difference that survives storage.
    package var precision: Double { 1 / scale }

    /// The value as a whole number of stored units, rounded to nearest.
    /// - Returns: `nil` for NaN, infinities and what exceeds ±2^53 stored units (where doubles stop being whole).
    package func stored(_ value: Double) -> Int64? {
        let scaled = (value * scale).rounded()
        guard scaled.isFinite, abs(scaled) <= 0x1p53 else { return nil }
        return Int64(scaled)
    }

    /// The value that a stored number stands for.
    package func value(ofStored stored: Int64) -> Double { Double(stored) / scale }
}
