import FoundationEssentials
import Inventory
import Kernel
import Testing

@testable import History

/// Samples as broken devices send them, against a model that says of each what becomes of it (ops/handbook/history.md).
@Suite struct HostileSamplesTests {
    /// What is kept: the first value of each series at each moment, as it is stored.
    private struct Moment: Hashable {
        let resource: ResourceID
        let metric: String
        let at: Int64
    }

    private static let metrics: [MetricName] =
        [MetricName(.cpu), MetricName(.memoryUsed), MetricName(.netIn), MetricName(.temperature), MetricName(.load1)]
        + [MetricName(.disk, part: "/var"), MetricName(.cpuCore, part: "3")].compactMap { $0 }
    private static let year: Int64 = 31_557_600_000
    private static let batch = 20_000

    /// `PULSE_TEST_SAMPLES="COUNT SEED"`: more of them, from another seed.
    private static var wanted: (count: Int, seed: UInt64) {
        let parts = (ProcessInfo.processInfo.environment["PULSE_TEST_SAMPLES"] ?? "").split(separator: " ")
        guard parts.count == 2, let count = Int(parts[0]), let seed = UInt64(parts[1]) else { return (batch, 1) }
        return (count, seed)
    }

    @Test("what cannot be is left out, what came twice is there once, and the rest is there as it was said")
    func hostile() throws {
        let (count, seed) = Self.wanted
        var tried = 0
        for round in 0..<UInt64((count + Self.batch - 1) / Self.batch) {
            tried += try play(seed: seed &+ round)
        }
        #expect(tried >= count)
        print("hostile samples: \(tried)")
    }

    private func play(seed: UInt64) throws -> Int {
        var random = Seeded(seed)
        var buffer = HeadBuffer(randomness: Randomness { Array(repeating: 7, count: $0) })
        let resources = (0..<4).map { ResourceID(bytes: [UInt8](repeating: UInt8($0 + 1), count: 16)) }
        var now = Timestamp(seconds: 1_795_255_200)
        var kept: [Moment: Int64] = [:]
        var stored: [Int64: HeadCheckpoint.Row] = [:]
        var tried = 0
        while tried < Self.batch {
            now = now + .milliseconds(Int64.random(in: 0...6000, using: &random))
            let (resource, at) = (resources.randomElement(using: &random)!, time(near: now, &random))
            let samples = (0..<Int.random(in: 1...8, using: &random)).map { _ in
                (metric: Self.metrics.randomElement(using: &random)!, value: value(&random))
            }
            tried += samples.count
            var news = 0
            for sample in samples where isBelieved(at, now: now) {
                guard let value = sample.metric.unit.stored(sample.value) else { continue }
                let moment = Moment(resource: resource, metric: sample.metric.text, at: at.milliseconds)
                if kept[moment] == nil {
                    kept[moment] = value
                    news += 1
                }
            }
            let taken = buffer.add(samples, of: resource, measuredAt: at, now: now)
            // Of a piece that is full and gone the buffer no longer knows; whoever reads keeps what was first.
            #expect(taken >= news && (isBelieved(at, now: now) || taken == 0), "seed \(seed)")
            guard buffer.isDue(at: now), Int.random(in: 0..<8, using: &random) == 0 else { continue }
            take(buffer.checkpoint(at: now), into: &stored, &buffer, isLost: Int.random(in: 0..<9, using: &random) == 0)
        }
        take(buffer.checkpoint(at: now), into: &stored, &buffer, isLost: false)
        #expect(!buffer.hasUnstored)
        #expect(try content(of: stored) == kept, "seed \(seed)")
        return tried
    }

    private func take(
        _ checkpoint: HeadCheckpoint, into stored: inout [Int64: HeadCheckpoint.Row], _ buffer: inout HeadBuffer,
        isLost: Bool
    ) {
        guard !isLost else { return }
        for row in checkpoint.rows { stored[row.piece] = row }
        buffer.stored(checkpoint)
    }

    private func content(of stored: [Int64: HeadCheckpoint.Row]) throws -> [Moment: Int64] {
        var content: [Moment: Int64] = [:]
        for row in stored.values.sorted(by: { $0.piece < $1.piece }) {
            let chunk = try ChunkCodec.read(row.data, codec: row.codec)
            for column in chunk.columns {
                for (at, value) in zip(chunk.times, column.values) where value != Column.absent {
                    let moment = Moment(resource: row.resource, metric: column.id.metric, at: at)
                    if content[moment] == nil { content[moment] = value }
                }
            }
        }
        return content
    }

    /// Ten minutes ahead of us and forty-seven hours behind.
    private func isBelieved(_ at: Timestamp, now: Timestamp) -> Bool {
        at.milliseconds < now.milliseconds + 600_000 && at.milliseconds > now.milliseconds - 47 * 3_600_000
    }

    private func time(near now: Timestamp, _ random: inout Seeded) -> Timestamp {
        let now = now.milliseconds
        switch Int.random(in: 0..<16, using: &random) {
        case 0: return Timestamp(milliseconds: now - Int64.random(in: 0...49 * 3_600_000, using: &random))
        case 1: return Timestamp(milliseconds: now + Int64.random(in: 0...700_000, using: &random))
        case 2: return Timestamp(milliseconds: [0, -1, .min, .max, .max - 1, .min + 1].randomElement(using: &random)!)
        // A thousand million years do not fit in milliseconds; two hundred million do.
        case 3:
            return Timestamp(
                milliseconds: now + Int64.random(in: -200_000_000...200_000_000, using: &random) * Self.year)
        // The same moment as somebody else's, and again.
        case 4..<8: return Timestamp(milliseconds: now / 60_000 * 60_000)
        default: return Timestamp(milliseconds: now - Int64.random(in: 0...20_000, using: &random))
        }
    }

    private func value(_ random: inout Seeded) -> Double {
        switch Int.random(in: 0..<12, using: &random) {
        case 0:
            return [
                .nan, .infinity, -.infinity, -.nan, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0x1p53, 0x1p54,
                -0x1p53, .leastNonzeroMagnitude, -0.0, .signalingNaN,
            ].randomElement(using: &random)!
        case 1: return Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))
        case 2: return -Double.random(in: 0...1e6, using: &random)
        default: return Double.random(in: 0...100, using: &random)
        }
    }
}
