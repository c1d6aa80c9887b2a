/// What one context has seen: the probability of a 1, learned quickly at first and then at a steady pace.
struct BitHistory {
    /// In 1/65536.
    private(set) var one: UInt16
    private var seen: UInt8 = 0

    /// - Parameter one: what is believed before anything was seen.
    /// - Parameter trust: how many observations that belief is worth.
    init(one: UInt16 = 32768, trust: UInt8 = 0) {
        self.one = one
        self.seen = trust
    }

    /// - Parameter limit: at most this much past counts; small forgets quickly.
    mutating func learn(_ bit: Int, limit: UInt8) {
        let target: Int32 = bit != 0 ? 65535 : 0
        let step = ((target - Int32(one)) * Logistic.paces[Int(seen)]) >> 16
        one = UInt16(clamping: min(max(Int32(one) + step, 24), 65511))
        if seen < limit { seen += 1 }
    }
}

/// Tables of the logistic function in whole numbers, since `exp` differs between machines in its last bit and a coder
/// must not. A logit is in 1/256, -2047...2047.
enum Logistic {
    /// 65536 / (n + 1.6): how far the n-th observation moves a probability.
    static let paces: [Int32] = (0..<256).map { Int32(655_360 / ($0 * 10 + 16)) }

    // 65536 / (1 + e^-x) for x = -8, -7.5 … 8.
    private static let knots: [Int32] = [
        22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768, 40793, 47911,
        53581, 57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
    ]

    /// The probability, in 1/65536, for logit -2048...2047 at index logit + 2048.
    static let probabilities: [UInt16] = (0..<4096).map { index in
        let knot = index >> 7
        let part = Int32(index & 127)
        return UInt16((knots[knot] * (128 - part) + knots[knot + 1] * part + 64) >> 7)
    }

    /// The logit for a probability of index/4096.
    static let logits: [Int16] = {
        var table = [Int16](repeating: 2047, count: 4096)
        var from = 0
        for (index, probability) in probabilities.enumerated() {
            let until = min(Int(probability) >> 4, 4095)
            if from <= until {
                for slot in from...until { table[slot] = Int16(index - 2048) }
                from = until + 1
            }
        }
        return table
    }()
}

/// Weighs the opinions of several contexts about one bit, and learns whom to trust (logistic mixing, as in PAQ).
struct Mixer {
    private var weights: [Int32]
    private var rounds: [UInt8]
    private let inputs: Int

    /// - Parameter sets: how many situations have weights of their own.
    init(inputs: Int, sets: Int, start: Int32) {
        self.inputs = inputs
        self.weights = Array(repeating: start, count: inputs * sets)
        self.rounds = Array(repeating: 0, count: sets)
    }

    /// Codes one bit with the mixed opinion of `histories[slots[0..<inputs]]`, then teaches them and the weights.
    mutating func code<Coder: BitCoder>(
        _ bit: Int, set: Int, slots: (Int, Int, Int, Int), in histories: inout [BitHistory], limit: UInt8,
        with coder: inout Coder
    ) -> Int {
        let base = set * inputs
        // 2047 x 250,000 x 4 = 2.05e9 fits in 32 bits.
        let first = Int32(Logistic.logits[Int(histories[slots.0].one >> 4)])
        let second = Int32(Logistic.logits[Int(histories[slots.1].one >> 4)])
        let third = Int32(Logistic.logits[Int(histories[slots.2].one >> 4)])
        let fourth = Int32(Logistic.logits[Int(histories[slots.3].one >> 4)])
        let sum =
            weights[base] * first + weights[base + 1] * second + weights[base + 2] * third
            + weights[base + 3] * fourth
        let mixed = min(max(sum >> 16, -2047), 2047)
        let one = UInt32(Logistic.probabilities[Int(mixed) + 2048])
        let result = coder.code(bit, one: one)
        let error = ((result != 0 ? 65535 : 0) - Int32(one)) >> 4
        let pace: Int32 = rounds[set] < 24 ? 14 - Int32(rounds[set] >> 1) : 2
        if rounds[set] < 24 { rounds[set] += 1 }
        for (offset, input) in [first, second, third, fourth].enumerated() {
            let step = (input * error * pace + 0x2000) >> 14
            weights[base + offset] = min(max(weights[base + offset] + step, -250_000), 250_000)
        }
        histories[slots.0].learn(result, limit: limit)
        histories[slots.1].learn(result, limit: limit)
        histories[slots.2].learn(result, limit: limit)
        histories[slots.3].learn(result, limit: limit)
        return result
    }
}
