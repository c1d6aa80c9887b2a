internal import Kernel

/// The last believable reading, for the moments when a worse one comes: a number that jumps because its source changed
/// would be an alarm about nothing.
struct MemoryMemory: Sendable, Hashable {
    struct Reading: Sendable, Hashable {
        let truth: MemoryTruth
        let at: Timestamp
    }

    private(set) var last: Reading?

    /// - Parameter isAgentHealthy: the guest agent answers, so the guest is not out of memory.
    mutating func settle(_ truth: MemoryTruth, at now: Timestamp, isAgentHealthy: Bool) -> MemoryTruth {
        if let last, let carried = carried(last, over: truth, at: now, isAgentHealthy) { return carried }
        if truth.used != nil { last = Reading(truth: truth, at: now) }
        return truth
    }

    /// For a node of which nothing believable is known at the moment.
    func carried(at now: Timestamp) -> MemoryTruth? {
        guard let last, last.truth.source.trust == .trusted, now - last.at <= .seconds(120) else { return nil }
        return Self.carry(last.truth)
    }

    private func carried(
        _ last: Reading, over truth: MemoryTruth, at now: Timestamp, _ isAgentHealthy: Bool
    ) -> MemoryTruth? {
        guard last.truth.total == truth.total, truth.source != .poweredOff, last.truth.source != .poweredOff,
            let before = last.truth.percent
        else { return nil }
        let age = now - last.at
        let percent = truth.percent
        if age <= .seconds(120), last.truth.source.trust == .trusted, truth.source.trust != .trusted,
            percent.map({ abs($0 - before) >= 5 }) ?? true
        {
            return Self.carry(last.truth)
        }
        if isAgentHealthy, age <= .seconds(600), truth.source.trust == .low, let percent, percent >= 99, before < 90 {
            return Self.carry(last.truth)
        }
        return nil
    }

    private static func carry(_ truth: MemoryTruth) -> MemoryTruth {
        var carried = MemoryTruth(used: truth.used, total: truth.total, source: .previous)
        carried.isCarried = true
        carried.cache = truth.cache
        return carried
    }
}
