internal import Inventory
internal import Kernel

/// When a platform that failed is asked again.
enum PollBackoff {
    /// After the first failure; doubled after the second.
    static let initial: Duration = .seconds(5)
    static let most: Duration = .seconds(300)
    /// Failures in a row that open the breaker.
    static let tripsAfter = 3
    /// How often a half-open breaker lets a try through while no outcome is told.
    static let halfOpen: Duration = .seconds(30)
    /// Either way, of the delay before the breaker opens.
    static let jitter = 0.2

    /// - Parameters:
    ///   - failures: in a row, from 1.
    ///   - jitter: 0..<1.
    static func delay(
        after failures: Int, of fault: ConnectionFault, cadence: Duration, jitter: Double
    ) -> Duration {
        // What only somebody else can mend is not asked for more often than it is when all is well.
        guard fault.isWorthRetrying else { return max(most, cadence) }
        guard failures < tripsAfter else { return shifted(by: failures) }
        return shifted(by: max(failures, 1) - 1) * (1 + Self.jitter * (2 * jitter - 1))
    }

    /// 5 s << 3 = 40 s.
    private static func shifted(by count: Int) -> Duration {
        // 5 s << 6 is above the cap already.
        min(initial * (1 << min(count, 6)), most)
    }
}

extension ConnectionFault {
    /// A refused sign-in that goes on locks accounts, and settings that cannot work do not begin to.
    var parks: Bool {
        switch reason {
        case .authentication, .misconfigured: true
        case .permission, .unreachable, .timeout, .untrustedCertificate, .certificateChanged, .forbiddenAddress,
            .badAnswer, .tooLarge, .rateLimited, .serverError, .unsupported, .gateway:
            false
        }
    }

    /// Fit to be stored and shown, whatever a platform had to say.
    var shortened: ConnectionFault {
        ConnectionFault(reason, detail.asLine(limit: 300))
    }
}
