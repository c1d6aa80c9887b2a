internal import CollectorKit
internal import Kernel

/// What is known of one node.
struct NodeKnowledge: Sendable {
    /// The last row in which it was there.
    private(set) var row: ClusterRow
    private(set) var isOnline: Bool
    /// When it was there last; `nil` when it never was.
    private(set) var onlineAt: Timestamp?
    var misses = 0
    private(set) var status: NodeStatus?
    private var statusAge = ReadingAge()
    /// The last that was ever read: what a node is does not change because it was not asked lately.
    private(set) var told: NodeStatus?
    private var history: NodeHistory?
    private var historyAt: Timestamp?
    private(set) var memory: MemoryTruth?
    private var memories = MemoryMemory()
    private(set) var disks: [NodeDisk] = []
    private(set) var smart: [String: DiskSMART] = [:]
    /// By device: when it was read.
    private(set) var smartAt: [String: Timestamp] = [:]
    private(set) var pools: [ZFSPoolRow] = []
    var poolDetails: [String: ZFSPoolDetail] = [:]
    private(set) var updates: Int?
    private(set) var tasks: [BackupTask] = []
    private(set) var replication: [ReplicationJob] = []
    private(set) var certificates: NodeCertificates?

    init(row: ClusterRow, at now: Timestamp) {
        self.row = row
        isOnline = row.status == "online"
        onlineAt = isOnline ? now : nil
    }

    mutating func take(_ row: ClusterRow, at now: Timestamp) {
        misses = 0
        isOnline = row.status == "online"
        // Of a node that is away the list tells nothing: what it told before stays.
        if isOnline { (self.row, onlineAt) = (row, now) }
        if told != nil, statusAge.isOld(at: now) { (status, memory) = (nil, memories.carried(at: now)) }
    }

    mutating func take(_ answer: DetailAnswer, at now: Timestamp) {
        switch answer {
        case .nodeStatus(let found):
            (status, told) = (found, found)
            statusAge.read(at: now)
            decide(at: now)
        case .nodeHistory(let found):
            (history, historyAt) = (found, now)
            decide(at: now)
        case .disks(let found):
            disks = found
            let devices = Set(found.map(\.device))
            smart = smart.filter { devices.contains($0.key) }
            smartAt = smartAt.filter { devices.contains($0.key) }
        case .zfs(let found):
            pools = found
            let names = Set(found.map(\.name))
            poolDetails = poolDetails.filter { names.contains($0.key) }
        case .updates(let found): updates = found
        case .tasks(let found): tasks = found
        case .replication(let found): replication = found
        case .certificates(let found): certificates = found
        default: break
        }
    }

    mutating func take(_ found: DiskSMART, of device: String, at now: Timestamp) {
        (smart[device], smartAt[device]) = (found, now)
    }

    private mutating func decide(at now: Timestamp) {
        guard let status else { return }
        let isFresh = historyAt.map { now - $0 <= .seconds(90) } ?? false
        let truth = NodeMemory(status: status.memory, history: isFresh ? history : nil).truth
        if truth.used == nil, let carried = memories.carried(at: now) {
            memory = carried
        } else {
            memory = memories.settle(truth, at: now, isAgentHealthy: false)
        }
    }

    /// Where its disk's fill level comes from.
    func disk(storages: [ClusterRow]) -> (used: Int64, total: Int64, source: String)? {
        if let used = status?.rootUsed, let total = status?.rootTotal, total > 0 {
            return (used, total, "node-status-rootfs")
        }
        if let used = row.disk, let total = row.maxDisk, total > 0 { return (used, total, "nodes-endpoint") }
        let found = storages.filter { $0.node == row.node && $0.maxDisk ?? 0 > 0 }.compactMap { storage in
            Self.rank(storage).map { (storage: storage, rank: $0) }
        }.min { left, right in
            (left.rank, -(left.storage.maxDisk ?? 0)) < (right.rank, -(right.storage.maxDisk ?? 0))
        }
        guard let best = found?.storage, let used = best.disk, let total = best.maxDisk else { return nil }
        return (used, total, "storage:\(best.storage)")
    }

    /// The storage most like a root disk; shared ones are nobody's own.
    private static func rank(_ storage: ClusterRow) -> Int? {
        switch storage.storage {
        case "local-zfs": return 0
        case "local-lvm": return 1
        case "local": return 2
        default: break
        }
        let content = storage.content.split(separator: ",")
        guard !storage.isShared, content.contains("images") || content.contains("rootdir") else { return nil }
        if storage.pluginType.hasPrefix("zfs") { return 3 }
        if storage.pluginType.hasPrefix("lvm") { return 4 }
        return storage.storage.hasPrefix("local") ? 6 : 7
    }
}
