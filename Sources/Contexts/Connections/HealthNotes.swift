internal import Inventory
internal import Kernel

extension ConnectionHealth {
    /// What a person sees change. Latency, times and the wording of the same fault are not that.
    private struct Shown: Hashable {
        let state: State
        let reason: ConnectionFault.Reason?
        let degraded: [String]
        let version: String?
        let instanceName: String?
        let discovered: [ResourceType: Int]?
        let failures: Int
    }

    private var shown: Shown {
        Shown(
            state: state, reason: fault?.reason, degraded: degraded.map { "\($0.part):\($0.fault.reason.rawValue)" },
            version: version, instanceName: instanceName, discovered: discovered, failures: consecutiveFailures)
    }

    /// The stored record would mislead, or is a minute old: the same degradation a thousand times is one row a minute.
    /// - Parameter written: as it was stored last; `nil`: not known.
    package func isWorthWriting(after written: ConnectionHealth?) -> Bool {
        guard let written else { return true }
        guard shown == written.shown else { return true }
        guard let checkedAt else { return false }
        guard let before = written.checkedAt else { return true }
        // A clock that was set back must not keep it from being written.
        return checkedAt < before || checkedAt - before >= .seconds(60)
    }

    /// Worth a line in the log: it began or ceased to answer, or fails for another reason.
    package func isNews(after before: ConnectionHealth) -> Bool {
        state != before.state || fault?.reason != before.fault?.reason
            || degraded.map(\.part) != before.degraded.map(\.part)
    }
}
