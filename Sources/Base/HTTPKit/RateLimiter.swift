package import Kernel
import NIOConcurrencyHelpers

/// Token buckets, one for each (class, caller). In memory of this process; what matters to security is counted a second
/// time, in PostgreSQL, by the room it matters to.
package final class RateLimiter: Sendable {
    /// How much of a class a caller may use: `limit` at once, refilled evenly over `window`.
    package struct Budget: Sendable, Hashable {
        package let limit: Int
        package let window: Duration
        package init(_ limit: Int, per window: Duration) {
            self.limit = limit
            self.window = window
        }
    }

    enum Subject: Hashable {
        case address(String)
        case principal(String)
    }

    struct Verdict: Sendable {
        let rateClass: RateClass
        let budget: Budget
        let isAllowed: Bool
        let remaining: Int
        /// Until one more call is allowed (refused), or until the budget is whole again (allowed); whole seconds, rounded up.
        let seconds: Int
    }

    private struct Key: Hashable {
        let rateClass: RateClass
        let subject: Subject
    }

    private struct Bucket {
        var tokens: Double
        var at: Duration
    }

    private let time: any TimeSource
    private let maxBuckets: Int
    private let buckets = NIOLockedValueBox<[Key: Bucket]>([:])

    /// - Parameter maxBuckets: 50,000 buckets are about 8 MB. When they are all in use the fullest-looking go first: a
    ///   bucket that has refilled says nothing, and of the others an arbitrary tenth is forgotten.
    package init(time: any TimeSource = SystemTime(), maxBuckets: Int = 50_000) {
        self.time = time
        self.maxBuckets = maxBuckets
    }

    /// Takes one token.
    func take(_ rateClass: RateClass, _ subject: Subject, from budget: Budget) -> Verdict {
        let now = time.monotonic
        let limit = Double(budget.limit)
        let perSecond = limit / budget.window.inSeconds
        let key = Key(rateClass: rateClass, subject: subject)
        return buckets.withLockedValue { buckets in
            if buckets.count >= maxBuckets, buckets[key] == nil { Self.makeRoom(in: &buckets, now: now) }
            var bucket = buckets[key] ?? Bucket(tokens: limit, at: now)
            bucket.tokens = min(limit, bucket.tokens + (now - bucket.at).inSeconds * perSecond)
            bucket.at = now
            let isAllowed = bucket.tokens >= 1
            if isAllowed { bucket.tokens -= 1 }
            buckets[key] = bucket
            let missing = isAllowed ? limit - bucket.tokens : 1 - bucket.tokens
            return Verdict(
                rateClass: rateClass, budget: budget, isAllowed: isAllowed, remaining: Int(bucket.tokens),
                seconds: max(1, Int((missing / perSecond).rounded(.up))))
        }
    }

    /// An hour is the longest window: a bucket untouched for that long is whole.
    private static func makeRoom(in buckets: inout [Key: Bucket], now: Duration) {
        let before = buckets.count
        buckets = buckets.filter { now - $0.value.at < .seconds(3600) }
        guard buckets.count == before else { return }
        for key in buckets.keys.prefix(before / 10 + 1) { buckets[key] = nil }
    }

    var count: Int { buckets.withLockedValue { $0.count } }
}

extension RateClass {
    /// For one caller; a caller is a principal where one is known, else an address.
    package var budget: RateLimiter.Budget {
        switch self {
        case .auth: .init(10, per: .seconds(60))
        case .signup: .init(5, per: .seconds(3600))
        case .magicLink: .init(20, per: .seconds(3600))
        // Two or three requests a sign-in; a provider ends sessions of everybody from one address.
        case .sso: .init(300, per: .seconds(60))
        case .general: .init(500, per: .seconds(60))
        // One live report each 10 s and a backlog in batches.
        case .agentReport: .init(120, per: .seconds(60))
        // Ten thousand people within a minute, and their groups.
        case .directory: .init(18_000, per: .seconds(60))
        case .download: .init(60, per: .seconds(60))
        case .socket: .init(30, per: .seconds(60))
        }
    }

    /// How many principals may share one address (an office, a data centre behind NAT) before the address is slowed.
    var callersPerAddress: Int {
        switch self {
        case .auth, .signup, .magicLink, .download: 1
        case .sso: 2
        case .general, .socket: 4
        // Hosted directories call for all their customers from a few addresses.
        case .directory: 20
        case .agentReport: 100
        }
    }
}

extension Problem {
    static func rateLimited(_ verdict: RateLimiter.Verdict) -> Problem {
        let budget = verdict.budget
        return Problem(
            "rate-limited", status: 429, title: "Too many requests",
            detail:
                "At most \(budget.limit) \(verdict.rateClass.rawValue) requests in \(budget.window.components.seconds) "
                + "seconds; the operator of this Pulse can raise it.",
            code: "rate_limit", retryAfterSeconds: verdict.seconds)
    }
}
