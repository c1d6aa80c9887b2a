@testable import History

/// A generator that gives the same numbers in every run (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Chunks for tests.
enum ChunkSamples {
    static let start: Int64 = 1_795_000_000_000

    static func regular(_ rows: Int, _ columns: [(String, [Int64])]) -> Chunk {
        let times = (0..<rows).map { start + Int64($0) * 10_000 }
        let columns = columns.map { Column(id: ColumnID($0.0), values: $0.1) }.sorted { $0.id < $1.id }
        return Chunk(checking: times, columns: columns)!
    }

    /// A machine of any shape: some series constant, some noisy, some bursting, some coming and going.
    static func machine(rows: Int, seed: UInt64) -> Chunk {
        var random = Seeded(seed)
        var time = start
        let times = (0..<rows).map { _ in
            time += Int64.random(in: 9_990...10_012, using: &random)
            if Int.random(in: 0..<40, using: &random) == 0 { time += 600_000 }
            return time
        }
        let names = [
            "cpu", "cpu.core.0", "cpu.core.1", "disk", "disk:/", "load1", "memory", "memoryused", "netin", "netin:eth0",
            "netin:eth1", "netout:eth0", "temperature", "temperature:a", "temperature:b",
        ]
        var columns = names.map { name in
            let kind = Int.random(in: 0..<6, using: &random)
            var level = Int64.random(in: -1_000...1_000_000, using: &random)
            let values = (0..<rows).map { row -> Int64 in
                switch kind {
                case 0: return level
                case 1: return Int64.random(in: 0...10_000, using: &random)
                case 2: level += Int64.random(in: -50...50, using: &random) * 4096
                case 3: return row % 17 < 12 ? 0 : Int64.random(in: 0...1_000_000_000, using: &random)
                case 4: return row % 31 < 20 ? level : Column.absent
                default: return Int64.random(in: 0...3, using: &random) == 0 ? Column.absent : level + Int64(row)
                }
                return level
            }
            return Column(id: ColumnID(name), values: values)
        }
        columns.append(Column(id: ColumnID("cpu", .count), values: Array(repeating: 6, count: rows)))
        columns.append(Column(id: ColumnID("cpu", .sum), values: (0..<rows).map { Int64($0) << 40 }))
        return Chunk(checking: times, columns: columns.sorted { $0.id < $1.id })!
    }
}
