/// How much memory a node uses. Never from the list of nodes, which counts caches as used.
struct NodeMemory: Sendable {
    private static let least: UInt64 = 16 << 20

    let status: NodeStatus.Memory
    /// The newest row of the node's own history.
    let history: NodeHistory?

    /// The status says nothing of caches: only the node's history may.
    static func wantsHistory(_ memory: NodeStatus.Memory) -> Bool {
        [memory.available, memory.avail, memory.buffers, memory.cached].allSatisfy { $0 ?? 0 == 0 }
    }

    var truth: MemoryTruth {
        let total = status.total
        for available in [status.available, status.avail] {
            if let available, available > 0, available <= total { return leaving(available, .available) }
        }
        let (buffers, cached) = (status.buffers ?? 0, status.cached ?? 0)
        if buffers > 0 || cached > 0, let free = status.free {
            let sum = free.addingClamped(buffers).addingClamped(cached)
            if sum <= total { return leaving(sum, .freeBuffersCached) }
        }
        if Self.wantsHistory(status), let history {
            if let available = bytes(history.memAvailable) { return leaving(available, .rrdAvailable) }
            if let used = bytes(history.memUsed) { return MemoryTruth(used: used, total: total, source: .rrdUsed) }
        }
        if let used = status.used, used <= total, total - used >= (status.free ?? 0).addingClamped(Self.least) {
            return MemoryTruth(
                used: used, total: total, source: .totalMinusUsed, reason: "node-status-total-minus-used")
        }
        return MemoryTruth(used: nil, total: total, source: .unavailable)
    }

    private func leaving(_ available: UInt64, _ source: MemorySource) -> MemoryTruth {
        MemoryTruth(used: status.total - min(available, status.total), total: status.total, source: source)
    }

    private func bytes(_ value: Double?) -> UInt64? {
        guard let value, value > 0, value < 0x1p63 else { return nil }
        // As integers: a total beyond 2^53 has no floating-point number of its own.
        let whole = UInt64(value)
        return whole <= status.total ? whole : nil
    }
}
