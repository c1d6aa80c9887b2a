import Kernel

/// How long to wait after failures: any time up to a bound that doubles (full jitter), so that a thousand agents do not
/// come back in step.
struct Backoff {
    /// One second, doubling, to twenty: a server that is back is noticed within half a minute.
    static let usual = Backoff(base: .seconds(1), cap: .seconds(20))
    /// For a token that is refused: nobody mends that in seconds.
    static let slow = Backoff(base: .seconds(30), cap: .seconds(300))

    let base: Duration
    let cap: Duration
    private var failures = 0

    init(base: Duration, cap: Duration) {
        self.base = base
        self.cap = cap
    }

    mutating func reset() { failures = 0 }

    /// - Parameter retryAfterSeconds: what the server asked for; honoured up to an hour, with up to a tenth on top.
    mutating func next(retryAfterSeconds: Int? = nil, randomness: Randomness) -> Duration {
        // 2^10 x base is beyond every cap here.
        let bound = min(cap, base * (1 << min(failures, 10)))
        failures += 1
        let jitter = bound * randomness.fraction()
        guard let retryAfterSeconds else { return jitter }
        let asked = Duration.seconds(min(max(retryAfterSeconds, 0), 3600))
        return max(asked + asked * (0.1 * randomness.fraction()), jitter)
    }
}
