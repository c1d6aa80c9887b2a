/// Turns one value after another into bits whose probabilities it has learned, and back.
///
/// A value is first compared with four candidates (the best expert's guess, the previous value, the last value that was
/// different, zero); what is none of them is the best guess plus an error: its sign, its size class relative to the
/// size expected, its leading bits, and the rest of the bits as they are.
struct ValueModel {
    private var experts = Experts()
    private var different: Int64 = 0
    private let zero: Int64?
    private var histories: [BitHistory]
    private var hits = 0  // the last outcomes of the first question, newest lowest
    private var choice = 0  // which candidate won last
    private var lastSign = 0
    private var lastClass: Int32 = 0
    private var hintClass: Int32 = 0
    private var candidateMixer = Mixer(inputs: 4, sets: 4, start: 22_000)
    private var classMixer = Mixer(inputs: 4, sets: 24, start: 20_000)

    private static let limit: UInt8 = 60

    /// - Parameter zero: the number that stands for a measured 0, when there is one.
    init(zero: Int64?) {
        self.zero = zero
        histories = Layout.fresh
    }

    /// - Parameter value: ignored by a reader.
    mutating func code<Coder: BitCoder>(_ value: Int64, hint: Int64?, with coder: inout Coder) -> Int64 {
        experts.prepare(hint: hint)
        let best = experts.best
        let guess = experts.guesses[best]
        let expected = (experts.quick[best] + experts.slow[best] + 16) >> 5
        let trend = min(max((experts.quick[best] - experts.slow[best]) >> 7, -2), 2) + 2
        let surprise = hint == nil ? 0 : min(max(Experts.magnitude(of: (hint ?? 0) &- experts.previous) >> 3, 0), 15)

        var result: Int64?
        var tried: (Int64, Int64, Int64) = (guess, guess, guess)
        for slot in 0..<4 {
            let candidate: Int64
            switch slot {
            case 0: candidate = guess
            case 1: candidate = experts.previous
            case 2: candidate = different
            default:
                guard let zero else { continue }
                candidate = zero
            }
            if slot > 0,
                candidate == tried.0 || (slot > 1 && candidate == tried.1) || (slot > 2 && candidate == tried.2)
            {
                continue
            }
            if slot == 1 { tried.1 = candidate }
            if slot == 2 { tried.2 = candidate }
            let base = Layout.candidates + slot * Layout.perCandidate
            let slots = (
                base + (hits & 15),
                base + 16 + Int(min(expected, 63) >> 1),
                base + 48 + Int(surprise) * 5 + choice,
                base + 128 + best * 2 + (hits & 1)
            )
            let hit = candidateMixer.code(
                value == candidate ? 1 : 0, set: slot, slots: slots, in: &histories, limit: Self.limit, with: &coder)
            if slot == 0 { hits = (hits << 1 | hit) & 0xFF }
            if hit != 0 {
                result = candidate
                choice = slot
                break
            }
        }
        let settled: Int64
        if let result {
            settled = result
        } else {
            choice = 4
            settled =
                guess
                &+ error(
                    value &- guess, expected: expected, trend: Int(trend), surprise: Int(surprise), best: best,
                    hint: hint.map { $0 &- guess }, with: &coder)
        }
        if settled != experts.previous { different = experts.previous }
        experts.learn(settled)
        return settled
    }

    /// Codes an error that is not 0.
    private mutating func error<Coder: BitCoder>(
        _ error: Int64, expected: Int32, trend: Int, surprise: Int, best: Int, hint: Int64?, with coder: inout Coder
    ) -> Int64 {
        let direction = hint.map { $0 > 0 ? 1 : $0 < 0 ? 2 : 0 } ?? 0
        let signSlot = Layout.signs + (best * 3 + lastSign) * 3 + direction
        let one = UInt32(histories[signSlot].one)
        let negative = coder.code(error < 0 ? 1 : 0, one: one)
        histories[signSlot].learn(negative, limit: Self.limit)
        lastSign = negative + 1

        let size = error.magnitude
        let wanted = 63 - (size | 1).leadingZeroBitCount
        let exponent = sizeClass(wanted, expected: expected, trend: trend, surprise: surprise, with: &coder)
        lastClass = Int32(exponent)
        var read: UInt64 = 1
        var node = 1
        for step in 0..<exponent {
            let bit = Int(size >> UInt64(exponent - 1 - step)) & 1
            let got: Int
            if step < 3 {
                let slot = Layout.mantissas + min(exponent, 23) * 8 + node
                got = coder.code(bit, one: UInt32(histories[slot].one))
                histories[slot].learn(got, limit: 250)
                node = node << 1 | got
            } else {
                got = coder.code(bit, one: 32768)
            }
            read = read << 1 | UInt64(got)
        }
        let absolute = Int64(bitPattern: read)
        return negative != 0 ? 0 &- absolute : absolute
    }

    /// Codes floor(log2(size)) by asking upwards or downwards from where it is expected.
    private mutating func sizeClass<Coder: BitCoder>(
        _ wanted: Int, expected: Int32, trend: Int, surprise: Int, with coder: inout Coder
    ) -> Int {
        let centre = min(max(Int(expected - 8 + 4) >> 3, 0), 60)
        let fraction = Int(expected + 4) & 7
        func ask(_ bit: Int, level: Int, turn: Int) -> (Int, (Int, Int, Int, Int)) {
            // turn: 0 the first question; 1...8 upwards, 9...16 downwards
            let base = Layout.classes
            return (
                turn,
                (
                    base + turn * 8 + fraction,
                    base + 136 + turn * 5 + trend,
                    base + 224 + min(level, 55),
                    base + 280 + turn * 16 + surprise
                )
            )
        }
        var level = centre
        let (set, slots) = ask(0, level: level, turn: 0)
        let up = classMixer.code(
            wanted >= centre ? 1 : 0, set: set, slots: slots, in: &histories, limit: Self.limit, with: &coder)
        var distance = 1
        if up != 0 {
            while level < 63 {
                let (set, slots) = ask(0, level: level + 1, turn: min(distance, 8))
                let more = classMixer.code(
                    wanted > level ? 1 : 0, set: set, slots: slots, in: &histories, limit: Self.limit, with: &coder)
                if more == 0 { break }
                level += 1
                distance += 1
            }
        } else {
            level -= 1
            while level > 0 {
                let (set, slots) = ask(0, level: level, turn: 8 + min(distance, 8))
                let less = classMixer.code(
                    wanted >= level ? 1 : 0, set: set, slots: slots, in: &histories, limit: Self.limit, with: &coder)
                if less != 0 { break }
                level -= 1
                distance += 1
            }
        }
        return max(level, 0)
    }

    private enum Layout {
        static let perCandidate = 128 + Experts.count * 2
        static let candidates = 0
        static let signs = candidates + 4 * perCandidate
        static let classes = signs + Experts.count * 9
        static let mantissas = classes + 280 + 17 * 16
        static let total = mantissas + 24 * 8

        static let fresh: [BitHistory] = {
            var fresh = [BitHistory](repeating: BitHistory(), count: total)
            for slot in 1..<4 {
                for index in 0..<perCandidate {
                    fresh[candidates + slot * perCandidate + index] = BitHistory(one: 3000, trust: 2)
                }
            }
            // Continuing away from the expected class is unlikely from the start.
            for turn in 1..<17 {
                let belief = BitHistory(one: turn <= 8 ? 16000 : 49000, trust: 1)
                for index in 0..<8 { fresh[classes + turn * 8 + index] = belief }
                for index in 0..<5 { fresh[classes + 136 + turn * 5 + index] = belief }
                for index in 0..<16 { fresh[classes + 280 + turn * 16 + index] = belief }
            }
            return fresh
        }()
    }
}
