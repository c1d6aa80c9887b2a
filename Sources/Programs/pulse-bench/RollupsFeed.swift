import Foundation
import Inventory
import Kernel

/// What some resources measure, minute by minute, the same for a seed whoever asks: every ten seconds, with hours of
/// silence, minutes that are told up to a day late, and minutes that are told twice.
struct RollupsFeed {
    struct Told {
        let resource: ResourceID
        let at: Timestamp
        let samples: [(metric: MetricName, value: Double)]
    }

    static let metrics: [MetricName] = [MetricName(.cpu), MetricName(.netIn), MetricName(.memoryUsed)]
    private static let count = 6
    private static let latest = 1400

    let seed: UInt64
    let begin: Timestamp
    let minutes: Int
    let org: OrgID
    let resources: [ResourceID]

    init(seed: UInt64, begin: Timestamp, minutes: Int) {
        (self.seed, self.begin, self.minutes) = (seed, begin, minutes)
        org = Self.org(seed)
        resources = (0..<Self.count).map { ResourceID(Self.uuid(seed, UInt64(100 + $0))) }
    }

    static func org(_ seed: UInt64) -> OrgID { OrgID(uuid(seed, 1)) }

    static func uuid(_ seed: UInt64, _ number: UInt64) -> UUID {
        let (a, b) = (mixed(seed &* 31 &+ number), mixed(seed &* 37 &+ number &+ 5))
        let bytes =
            (0..<8).map { UInt8(truncatingIfNeeded: a >> (8 * $0)) }
            + (0..<8).map { UInt8(truncatingIfNeeded: b >> (8 * $0)) }
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }

    func time(of minute: Int) -> Timestamp { begin + .seconds(Int64(minute) * 60) }

    /// What is told in a minute: its own measurements, and late those of minutes before.
    func told(in minute: Int) -> [Told] {
        resources.indices.flatMap { resource in
            var told: [Told] = []
            for measured in max(0, minute - Self.latest)...minute
            where arrivals(of: measured, resource).contains(minute) {
                told += measurements(of: measured, resource)
            }
            return told
        }
    }

    /// Everything that is told at some time, once.
    var all: [Told] {
        resources.indices.flatMap { resource in
            (0..<minutes).filter { !arrivals(of: $0, resource).isEmpty }.flatMap { measurements(of: $0, resource) }
        }
    }

    private func arrivals(of minute: Int, _ resource: Int) -> [Int] {
        let dice = chance(minute, resource, 0)
        // An hour in twelve is silent.
        if chance(minute / 60, resource, 1) % 12 == 0 { return [] }
        let late = minute + 1 + Int(chance(minute, resource, 2) % UInt64(Self.latest - 1))
        switch dice % 100 {
        case ..<10: return late < minutes ? [late] : []
        case ..<15: return late < minutes ? [minute, late] : [minute]
        default: return [minute]
        }
    }

    private func measurements(of minute: Int, _ resource: Int) -> [Told] {
        (0..<6).map { tenth in
            let at = time(of: minute) + .seconds(Int64(tenth) * 10) + .milliseconds(Int64(resource) * 7)
            let samples = Self.metrics.enumerated().compactMap {
                place, metric -> (metric: MetricName, value: Double)? in
                let number = chance(minute * 6 + tenth, resource, 10 + place)
                // One in fifty is not measured.
                guard number % 50 != 0 else { return nil }
                let value = metric.unit == .percent ? Double(number % 10_000) / 100 : Double(number % 5_000_000_000)
                return (metric: metric, value: value)
            }
            return Told(resource: resources[resource], at: at, samples: samples)
        }
    }

    private func chance(_ one: Int, _ two: Int, _ three: Int) -> UInt64 {
        Self.mixed(
            seed &+ UInt64(one) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(two) &* 0xBF58_476D &+ UInt64(three) &* 0x94D0_49BB)
    }

    /// SplitMix64's finaliser.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
