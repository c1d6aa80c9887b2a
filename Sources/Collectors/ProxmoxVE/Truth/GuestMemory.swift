/// How much memory a guest uses, from all that is said about it. Pure, and in an order that matters: what counts caches as
/// free comes first, and what counts them as used is believed only when nothing else is there.
struct GuestMemory: Sendable {
    private static let mebibyte: UInt64 = 1 << 20

    let isRunning: Bool
    /// What the cluster's list says.
    let listed: UInt64?
    let listedTotal: UInt64
    /// `nil` when the status could not be read.
    let status: GuestStatus?
    /// What the guest agent read from `/proc/meminfo`; `nil` when it was not asked or did not say.
    let proc: ProcMeminfo?
    /// Of a Pulse agent inside the guest.
    var agentUsed: UInt64?

    var total: UInt64 { status?.maxMem.flatMap { $0 > 0 ? $0 : nil } ?? listedTotal }

    var truth: MemoryTruth {
        guard isRunning else { return MemoryTruth(used: 0, total: total, source: .poweredOff) }
        guard let status else { return MemoryTruth(used: listed, total: total, source: .listing) }
        var truth = decide(status)
        // Part of what looks used is a cache, when it is told how much is really empty.
        if let used = truth.used, let free = trulyFree(status), free <= total - min(used, total) {
            truth.cache = total - min(used, total) - free
        }
        return truth
    }

    /// Asking the guest agent could tell more than the status does.
    var wantsAgent: Bool {
        guard isRunning, let status, status.agent.isQueryable else { return false }
        return fromMeminfo(status) == nil
    }

    private func decide(_ status: GuestStatus) -> MemoryTruth {
        if let found = fromMeminfo(status) { return found }
        if let found = fromProc { return found }
        if let found = remembered(status) { return found }
        if let agentUsed, agentUsed <= total { return MemoryTruth(used: agentUsed, total: total, source: .agent) }
        // It spoke of caches and cannot be right: the plain number, which counts them as used, would be worse.
        if status.meminfo != nil { return MemoryTruth(used: nil, total: total, source: .unavailable) }
        return lowTrust(status)
    }

    private func used(leaving available: UInt64, _ source: MemorySource) -> MemoryTruth? {
        guard available <= total else { return nil }
        return MemoryTruth(used: total - available, total: total, source: source)
    }

    private func fromMeminfo(_ status: GuestStatus) -> MemoryTruth? {
        guard let meminfo = status.meminfo else { return nil }
        if let available = meminfo.available, available > 0, let found = used(leaving: available, .available) {
            return found
        }
        let (buffers, cached) = (meminfo.buffers ?? 0, meminfo.cached ?? 0)
        // Free alone is never what is available.
        guard buffers > 0 || cached > 0, let free = meminfo.free else { return nil }
        let sum = free.addingClamped(buffers).addingClamped(cached)
        guard sum <= meminfo.total else { return nil }
        return used(leaving: sum, .freeBuffersCached)
    }

    private var fromProc: MemoryTruth? {
        guard status?.agent.isQueryable == true, let proc else { return nil }
        return used(leaving: proc.available, proc.isDerived ? .agentMeminfoDerived : .agentMeminfo)
    }

    /// Where nothing is said of caches, what is neither used nor free must be one.
    private func remembered(_ status: GuestStatus) -> MemoryTruth? {
        guard let meminfo = status.meminfo, meminfo.buffers ?? 0 == 0, meminfo.cached ?? 0 == 0,
            let used = meminfo.used, used <= meminfo.total
        else { return nil }
        let rest = meminfo.total - used
        guard rest >= (meminfo.free ?? 0).addingClamped(4 * Self.mebibyte) else { return nil }
        return self.used(leaving: rest, .totalMinusUsed)
    }

    private func trulyFree(_ status: GuestStatus) -> UInt64? {
        status.freeMem ?? status.balloonInfo?.free ?? status.meminfo?.free
    }

    private func lowTrust(_ status: GuestStatus) -> MemoryTruth {
        let mem = status.mem.flatMap { $0 > 0 ? min($0, total) : nil }
        guard let free = status.freeMem ?? status.balloonInfo?.free else {
            return MemoryTruth(used: mem, total: total, source: mem == nil ? .unavailable : .statusMem)
        }
        // What the balloon leaves to the guest is less than what was promised.
        let granted = [status.balloonInfo?.total, status.balloonInfo?.actual, status.balloon]
        let effective = granted.lazy.compactMap { $0 }.first { $0 > 0 && $0 >= free && $0 <= total } ?? total
        guard free <= effective else {
            return MemoryTruth(used: mem, total: total, source: mem == nil ? .unavailable : .statusMem)
        }
        let byFree = MemoryTruth(used: effective - free, total: total, source: .statusFreeMem)
        guard let mem else { return byFree }
        let isSuspect = mem >= effective || mem.addingClamped(free) > total.addingClamped(128 * Self.mebibyte)
        return effective - free < mem && isSuspect ? byFree : MemoryTruth(used: mem, total: total, source: .statusMem)
    }
}

/// A container's, of which the list alone speaks.
enum ContainerMemory {
    static func truth(isRunning: Bool, listed: UInt64?, total: UInt64) -> MemoryTruth {
        guard isRunning else { return MemoryTruth(used: 0, total: total, source: .poweredOff) }
        guard let listed, listed > 0 else { return MemoryTruth(used: nil, total: total, source: .unavailable) }
        return MemoryTruth(used: listed, total: total, source: .listing)
    }
}

extension FixedWidthInteger {
    /// Never more than fits: what is told may be anything.
    func addingClamped(_ other: Self) -> Self {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}
