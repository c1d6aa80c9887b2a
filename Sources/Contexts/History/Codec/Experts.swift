/// Several ways to guess the next value of a series, each judged by how well it did lately. All state follows from the
/// values alone, so the reader repeats it exactly: whole numbers, or doubles in a fixed order of operations.
struct Experts {
    /// Guesses with the smallest recent cost first asked: equal costs go to the lower index.
    private(set) var guesses: [Int64] = Array(repeating: 0, count: Experts.count)
    /// Recent size of each expert's error, as 1/16 of `magnitude` units; quickly and slowly forgetting.
    private(set) var quick: [Int32] = Array(repeating: 128, count: Experts.count)
    private(set) var slow: [Int32] = Array(repeating: 128, count: Experts.count)
    private(set) var previous: Int64 = 0
    private var average: Int64 = 0  // in 1/64
    private var longAverage: Int64 = 0  // in 1/64
    private var slope: Int64 = 0
    private var weights = (0.0, 0.0, 0.0)
    private var inputs = (0.0, 0.0, 0.0)
    private var started = false
    private var lastHint: Int64?

    static let count = 7

    /// Prepares all guesses for the next value. `hint` is what another series says it could be.
    mutating func prepare(hint: Int64?) {
        guesses[0] = previous
        guesses[1] = (average &+ 32) >> 6
        guesses[2] = (longAverage &+ 32) >> 6
        guesses[3] = previous &+ slope
        let moved = hint.flatMap { now in lastHint.map { now &- $0 } } ?? 0
        guesses[4] = hint ?? previous
        guesses[5] = previous &+ moved
        inputs = (
            Double(slope), Double(longAverage) / 64 - Double(previous), hint == nil ? 0 : Double(moved)
        )
        let learned = inputs.0 * weights.0 + inputs.1 * weights.1 + inputs.2 * weights.2
        guesses[6] = previous &+ Int64(min(max(learned, -0x1p50), 0x1p50).rounded())
        if let hint { lastHint = hint }
    }

    /// The expert that was closest lately.
    var best: Int {
        var best = 0
        for index in 1..<Experts.count where quick[index] + slow[index] < quick[best] + slow[best] { best = index }
        return best
    }

    mutating func learn(_ value: Int64) {
        for index in 0..<Experts.count {
            let cost = Experts.magnitude(of: value &- guesses[index]) << 4
            quick[index] += (cost - quick[index]) >> 2
            slow[index] += (cost - slow[index]) >> 4
        }
        let energy = inputs.0 * inputs.0 + inputs.1 * inputs.1 + inputs.2 * inputs.2
        if energy > 0 {
            let miss = Double(value &- guesses[6])
            let step = 0.05 * miss / (energy + 1)
            weights.0 = min(max(weights.0 + step * inputs.0, -4), 4)
            weights.1 = min(max(weights.1 + step * inputs.1, -4), 4)
            weights.2 = min(max(weights.2 + step * inputs.2, -4), 4)
        }
        if started {
            slope = value &- previous
            average = average &+ ((value << 6) &- average) / 4
            longAverage = longAverage &+ ((value << 6) &- longAverage) / 16
        } else {
            (average, longAverage) = (value << 6, value << 6)
            started = true
        }
        previous = value
    }

    /// The size of an error on a logarithmic scale: 8 steps an octave, 0 for 0.
    static func magnitude(of error: Int64) -> Int32 {
        let size = error.magnitude
        if size == 0 { return 0 }
        let exponent = 63 - size.leadingZeroBitCount
        let fraction = exponent >= 3 ? Int(size >> UInt64(exponent - 3)) & 7 : Int(size << UInt64(3 - exponent)) & 7
        return Int32(8 + exponent * 8 + fraction)
    }
}
