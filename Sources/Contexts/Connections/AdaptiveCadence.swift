package import Inventory
package import Kernel

/// How long a platform is left alone whose connection says that Pulse may choose: no longer than its cadence while
/// something happens there, up to five minutes while all stands still. Pure. Decision 0060 has the formula's reasons.
package struct AdaptiveCadence: Sendable, Hashable {
    /// What a poll that succeeded says of how soon the next one is worth it.
    package struct Seen: Sendable, Hashable {
        package let at: Timestamp
        /// A fingerprint of what there is and how it stands, without what is measured.
        package let state: Int
        /// In a row, before it.
        package let failures: Int
        /// Polls of this process that are due and wait for their turn.
        package let waiting: Int

        package init(at: Timestamp, state: Int, failures: Int, waiting: Int) {
            (self.at, self.state, self.failures, self.waiting) = (at, state, failures, waiting)
        }
    }

    /// After so long without news nothing is expected any more.
    private static let quiet: Duration = .seconds(300)
    /// Of what is wanted now; the rest is what it was.
    private static let weight = 0.6
    private static let perFailure = 0.6
    private static let perWaiting = 0.1
    /// Either way: connections that were made together do not stay together.
    private static let jitter = 0.05

    private var pause: Duration?
    private var state: Int?
    private var newsAt: Timestamp?

    package init() {}

    /// - Parameters:
    ///   - cadence: the shortest.
    ///   - jitter: 0..<1, from the caller's randomness.
    package mutating func next(_ seen: Seen, cadence: Duration, jitter: Double) -> Duration {
        // Who has just begun to watch has seen no change, and all is new.
        if state != seen.state { newsAt = seen.at }
        state = seen.state
        let (least, most) = (cadence, ConnectionSpec.longestPause(at: cadence, isAdaptive: true))
        let sinceNews = newsAt.map { seen.at - $0 } ?? .zero
        let calm = min(1, max(0, sinceNews.inSeconds / Self.quiet.inSeconds))
        var wanted = least + (most - least) * calm
        wanted = wanted * (1 / (1 + Self.perFailure * Double(seen.failures)))
        if seen.waiting > 1 { wanted = wanted * (1 + Self.perWaiting * Double(seen.waiting - 1)) }
        let smooth = wanted * Self.weight + (pause ?? least) * (1 - Self.weight)
        let bounded = min(max(smooth, least), most)
        pause = bounded
        return min(max(bounded * (1 + Self.jitter * (2 * jitter - 1)), least), most)
    }
}

extension PollReport {
    /// The same for the same things standing as they stood, in whatever order they are told; values that are measured all the
    /// time are no part of it. Only within this process.
    package var state: Int {
        var sum = degraded.count
        for said in observations {
            var hasher = Hasher()
            hasher.combine(said.key)
            hasher.combine(said.name)
            hasher.combine(said.status)
            hasher.combine(said.parent)
            hasher.combine(said.tags)
            hasher.combine(said.facts)
            sum &+= hasher.finalize()
        }
        return sum
    }
}
