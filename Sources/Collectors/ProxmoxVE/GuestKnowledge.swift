internal import CollectorKit
internal import Inventory
internal import Kernel

/// What is known of one guest. It goes with the number, not with the node: a guest that moves keeps everything.
struct GuestKnowledge: Sendable {
    /// The last row that told something.
    private(set) var row: ClusterRow
    private(set) var seenAt: Timestamp
    /// Its node is away for a moment: shown as it was, and nothing is measured.
    private(set) var isCarried = false
    private(set) var rates = TrafficRates.Counters()
    private(set) var memory: MemoryTruth?
    private(set) var status: GuestStatus?
    private(set) var config: GuestConfig? { didSet { told.learn(config, interfaces) } }
    private(set) var system: AgentSystem?
    private(set) var agentVersion: String?
    private(set) var files: [AgentFileSystem] = [] { didSet { told.learn(files) } }
    private(set) var interfaces: [GuestInterface] = [] { didSet { told.learn(config, interfaces) } }
    /// What of these is told with every poll, and changes far less often.
    private(set) var told = GuestDetails()
    private(set) var snapshots: GuestSnapshots?
    private var statusAge = ReadingAge()
    private var proc: ProcMeminfo?
    private var procAge = ReadingAge()
    private var diskReason: GuestDisk.Reason? = .noStatus
    private var agentAnsweredAt: Timestamp?
    private var systemFailures = 0
    private var traffic = TrafficRates()
    private var memories = MemoryMemory()
    private var disks = DiskMemory()

    init(row: ClusterRow, at now: Timestamp) {
        self.row = row
        seenAt = now
    }

    var isRunning: Bool { row.status == "running" || row.status == "online" }

    mutating func take(_ row: ClusterRow, isNodeAway: Bool, at now: Timestamp) {
        // The same number on another kind of guest is another guest.
        if row.kind != self.row.kind { self = GuestKnowledge(row: row, at: now) }
        isCarried = isNodeAway
        guard !isNodeAway else { return }
        (self.row, seenAt) = (row, now)
        if isRunning {
            // Switched on, it is not stopped any more, and nothing else is known yet.
            if diskReason == .stopped { diskReason = .noStatus }
            rates = traffic.rates(
                of: .init(
                    diskRead: row.diskRead, diskWrite: row.diskWrite, netIn: row.netIn, netOut: row.netOut),
                uptime: row.uptime, at: now)
        } else if row.status == "unknown" {
            // Not told is not still.
            rates = TrafficRates.Counters()
        } else {
            // What is switched off moves nothing, and begins anew when it is switched on.
            traffic.reset()
            rates = .still
            if !files.isEmpty { files = [] }
            if !interfaces.isEmpty { interfaces = [] }
            diskReason = .stopped
            (status, statusAge, proc, procAge) = (nil, ReadingAge(), nil, ReadingAge())
        }
        if memory == nil || !isRunning || statusAge.isOld(at: now) || row.kind == .lxc { decide(at: now) }
    }

    mutating func take(_ answer: DetailAnswer, at now: Timestamp) {
        switch answer {
        case .guestStatus(let found):
            status = found
            statusAge.read(at: now)
            if found.agent == .unknown { diskReason = .noAgent }
            if found.agent == .off { diskReason = .agentDisabled }
            if found.agent == .notAvailable { diskReason = .agentNotRunning }
            decide(at: now)
        case .guestConfig(let found): config = found
        case .agentSystem(let found):
            (system, agentAnsweredAt, systemFailures) = (found, now, 0)
        case .agentVersion(let found): (agentVersion, agentAnsweredAt) = (found, now)
        case .agentFiles(let found):
            (files, agentAnsweredAt) = (found, now)
            if let disk = GuestDisk(found) {
                disks.read(disk, at: now)
                diskReason = nil
            } else {
                diskReason = .noFileSystems
            }
        case .interfaces(let found): interfaces = found
        case .agentMemory(let found):
            proc = found
            procAge.read(at: now)
            if found != nil { agentAnsweredAt = now }
            decide(at: now)
        case .snapshots(let found): snapshots = found
        default: break
        }
    }

    mutating func take(_ failure: PlatformFailure, of detail: Detail, at now: Timestamp) {
        switch detail {
        case .agentFiles: diskReason = Self.reason(failure)
        case .agentSystem: systemFailures += 1
        case .guestStatus where statusAge.isOld(at: now): status = nil
        default: break
        }
    }

    /// In what words the guest agent is missing.
    static func reason(_ failure: PlatformFailure) -> GuestDisk.Reason {
        let said = PVEAnswer.message(failure.said).lowercased()
        if failure.fault.reason == .permission { return .permissionDenied }
        if failure.fault.reason == .timeout || said.contains("timeout") || said.contains("timed out") {
            return .agentTimeout
        }
        if said.contains("no qemu guest agent configured") { return .agentDisabled }
        if said.contains("agent is not running") || said.contains("not connected") { return .agentNotRunning }
        return .agentError
    }

    private mutating func decide(at now: Timestamp) {
        let total = UInt64(max(0, row.maxMem ?? 0))
        let listed = row.mem.map { UInt64(max(0, $0)) }
        let truth: MemoryTruth
        if row.kind == .lxc {
            truth = ContainerMemory.truth(isRunning: isRunning, listed: listed, total: total)
        } else {
            truth =
                GuestMemory(
                    isRunning: isRunning, listed: listed, listedTotal: total,
                    status: statusAge.isOld(at: now) ? nil : status, proc: procAge.isOld(at: now) ? nil : proc
                ).truth
        }
        memory = memories.settle(
            truth, at: now, isAgentHealthy: agentAnsweredAt.map { now - $0 <= .seconds(120) } ?? false)
    }

    /// How full it is: a container tells the list itself, a VM only through its agent.
    func disk(at now: Timestamp) -> (used: Int64, total: Int64, reason: String?)? {
        if row.kind == .lxc {
            guard isRunning, let used = row.disk, let total = row.maxDisk, total > 0 else { return nil }
            return (used, total, nil)
        }
        guard let disk = disks.settle(effectiveReason, at: now).disk else { return nil }
        return (disk.used, disk.total, disks.settle(effectiveReason, at: now).reason)
    }

    func diskReason(at now: Timestamp) -> String? {
        row.kind == .lxc ? nil : disks.settle(effectiveReason, at: now).reason
    }

    private var effectiveReason: GuestDisk.Reason? { isRunning ? diskReason : .stopped }

    // MARK: What to ask

    func plan(into plan: inout [Detail]) {
        let id = row.vmid
        plan.append(.guestConfig(id))
        plan.append(.snapshots(id))
        guard isRunning else { return }
        guard row.kind == .qemu else { return plan.append(.interfaces(id)) }
        plan.append(.guestStatus(id))
        guard let status, status.agent.isQueryable else { return }
        plan.append(.agentVersion(id))
        plan.append(.agentFiles(id))
        plan.append(.agentNetwork(id))
        // Some systems never say; three times is often enough.
        if systemFailures < 3 { plan.append(.agentSystem(id)) }
        let wants = GuestMemory(
            isRunning: true, listed: nil, listedTotal: UInt64(max(0, row.maxMem ?? 0)), status: status, proc: nil
        ).wantsAgent
        if wants, system?.isWindows != true { plan.append(.agentMemory(id)) }
    }

    /// A guest that is known to be no Windows may have it soon.
    var meminfoPause: Duration { system.map { $0.isWindows ? .seconds(300) : .seconds(30) } ?? .seconds(300) }
}
