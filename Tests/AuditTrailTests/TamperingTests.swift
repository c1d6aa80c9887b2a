import Audit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

/// A thousand random changes to exports, each of which must be found by the offline verifier; `ops/prove audit` makes ten
/// thousand on the real program.
@Suite(.postgres) struct TamperingTests {
    static let count = 1_000
    private static let kinds = 8

    /// Small numbers from a seed, so that a failure can be repeated (SplitMix64).
    struct Chance {
        var state: UInt64
        mutating func next(below limit: Int) -> Int {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return Int((z ^ (z >> 31)) % UInt64(limit))
        }
    }

    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast().map {
            Array($0) + [UInt8(ascii: "\n")]
        }
    }

    /// - Parameter other: lines of another organisation's export of the same form.
    private static func tamper(_ bytes: [UInt8], with other: [[UInt8]], _ chance: inout Chance) -> [UInt8] {
        var lines = lines(bytes)
        let line = chance.next(below: lines.count)
        switch chance.next(below: kinds) {
        case 0, 1:
            var flipped = bytes
            flipped[chance.next(below: bytes.count)] ^= UInt8(1 << chance.next(below: 8))
            return flipped
        case 2: lines.remove(at: line)
        case 3: lines.swapAt(line, (line + 1 + chance.next(below: lines.count - 1)) % lines.count)
        case 4: return Array(bytes.prefix(chance.next(below: bytes.count)))
        case 5: lines[line] = other[chance.next(below: other.count)]
        case 6: lines.insert(other[chance.next(below: other.count)], at: line)
        // Cut before the head, and the head kept.
        default: lines.removeSubrange(chance.next(below: lines.count - 1)..<(lines.count - 1))
        }
        return Array(lines.joined())
    }

    @Test("a thousand random tamperings are all found") func tamperings() async throws {
        let trail = try TrailCase()
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        try await trail.entries(12, in: ours)
        try await trail.entries(12, in: theirs)
        var pairs: [(own: [UInt8], foreign: [[UInt8]])] = []
        for format in ExportFormat.allCases {
            let foreign = Self.lines(try await trail.export(theirs, as: format))
            pairs.append((own: try await trail.export(ours, as: format), foreign: foreign))
        }
        let seed = UInt64.random(in: 0...UInt64.max)
        let missed = try await withThrowingTaskGroup(of: [String].self) { group in
            for lane in 0..<4 {
                group.addTask { [pairs] in
                    var chance = Chance(state: seed &+ UInt64(lane))
                    var missed: [String] = []
                    for number in 0..<(Self.count / 4) {
                        let (own, foreign) = pairs[number % pairs.count]
                        let changed = Self.tamper(own, with: foreign, &chance)
                        // Swapping equal lines, or one for itself, is no change.
                        guard changed != own else { continue }
                        do {
                            _ = try await ExportVerifier().verify(ExportBytes(changed))
                            missed.append("seed \(seed), lane \(lane), number \(number)")
                        } catch is ExportVerifier.Fault {}
                    }
                    return missed
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(missed.isEmpty, "\(missed.prefix(5))")
    }
}
