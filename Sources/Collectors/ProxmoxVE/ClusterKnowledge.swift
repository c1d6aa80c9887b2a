internal import CollectorKit
internal import Inventory
internal import Kernel

/// What is known of one connection's cluster, from poll to poll. Pure: answers come in, nothing is asked.
struct ClusterKnowledge: Sendable {
    /// One short list is not the end of anything: what is missing must be missing this often in a row.
    static let mostMisses = 3

    /// How long a node may be away before it and its guests are said to be so.
    var grace: Duration
    var nodes: [String: NodeKnowledge] = [:]
    var guests: [Int: GuestKnowledge] = [:]
    var storages: [ClusterRow] = []
    var status: ClusterStatus?
    var version: ProxmoxVersion?
    var tagStyle = TagStyle()
    var storageConfig: [String: StorageConfig] = [:]
    var ceph: CephStatus?
    /// When it was read.
    private(set) var cephAt: Timestamp?
    var cephUse: CephUse?
    /// By node and storage, or by storage alone where it is shared; then by guest.
    var backups: [String: [Int: Archive]] = [:]
    /// By part and question.
    var failures: [Detail: ConnectionFault] = [:]
    /// Why the members are not known.
    var clusterFailure: ConnectionFault?
    private var emptyLists = 0
    private(set) var guestsAreComplete = false
    private(set) var nodesAreComplete = false
    /// Every storage that holds backups was read, so that a guest of which none is known has none.
    private(set) var backupsAreRead = false

    struct Archive: Sendable, Hashable {
        var count = 0
        var newest: Int64 = 0
    }

    init(grace: Duration) { self.grace = grace }

    /// The fingerprint of the authority that all members share: one the world over. `nil` when they do not tell.
    var authority: String? { nodes.values.lazy.compactMap { $0.certificates?.authority }.first }
    /// Somebody has answered which authority it is, or that there is none to be seen.
    var knowsAuthority: Bool { nodes.values.contains { $0.certificates != nil } }
    var hasCeph: Bool { storages.contains { ["rbd", "cephfs", "ceph"].contains($0.pluginType) } }

    // MARK: The base

    mutating func take(_ rows: ClusterRows, at now: Timestamp) {
        take(nodes: rows.nodes, at: now)
        take(guests: rows.guests, at: now)
        // A list that is empty where one was keeps what it was: the members have lost sight of each other.
        if !rows.storages.isEmpty || storages.isEmpty { storages = rows.storages }
        learnWhetherBackupsAreRead()
    }

    private mutating func take(nodes rows: [ClusterRow], at now: Timestamp) {
        let listed = Set(rows.map(\.node))
        for row in rows {
            var node = nodes[row.node] ?? NodeKnowledge(row: row, at: now)
            node.take(row, at: now)
            nodes[row.node] = node
        }
        for name in nodes.keys where !listed.contains(name) {
            nodes[name]?.misses += 1
            if nodes[name]?.misses ?? 0 >= Self.mostMisses { nodes[name] = nil }
        }
        nodesAreComplete = nodes.count == listed.count
    }

    private mutating func take(guests rows: [ClusterRow], at now: Timestamp) {
        let rows = rows.filter { !$0.isTemplate }
        guard !rows.isEmpty || guests.isEmpty || emptyLists + 1 >= Self.mostMisses else {
            emptyLists += 1
            guestsAreComplete = false
            return
        }
        emptyLists = 0
        guestsAreComplete = true
        // Where they stand: a dictionary made anew has another order, and with it the plan of what to ask.
        var listed = Set<Int>(minimumCapacity: rows.count)
        for row in rows {
            listed.insert(row.vmid)
            guests[row.vmid, default: GuestKnowledge(row: row, at: now)]
                .take(row, isNodeAway: isInGrace(row.node, at: now), at: now)
        }
        guard guests.count > listed.count else { return }
        for vmid in Set(guests.keys).subtracting(listed) { guests[vmid] = nil }
    }

    /// The node is not there, but was a moment ago.
    func isInGrace(_ name: String, at now: Timestamp) -> Bool {
        guard let node = nodes[name], !node.isOnline, let seen = node.onlineAt else { return false }
        return now - seen < grace
    }

    func place(of vmid: Int) -> String {
        guard let row = guests[vmid]?.row else { return "" }
        return "/nodes/\(ProxmoxClient.escaped(row.node))/\(row.kind == .lxc ? "lxc" : "qemu")/\(vmid)"
    }

    // MARK: Details

    mutating func take(_ answer: DetailAnswer, to detail: Detail, at now: Timestamp) {
        failures[detail] = nil
        switch (detail, answer) {
        case (.guestStatus(let id), _), (.guestConfig(let id), _), (.agentSystem(let id), _),
            (.agentVersion(let id), _), (.agentFiles(let id), _), (.agentNetwork(let id), _),
            (.agentMemory(let id), _), (.interfaces(let id), _), (.snapshots(let id), _):
            guests[id]?.take(answer, at: now)
        case (.nodeStatus(let name), _), (.nodeHistory(let name), _), (.disks(let name), _), (.zfs(let name), _),
            (.updates(let name), _), (.tasks(let name), _), (.replication(let name), _), (.certificates(let name), _):
            nodes[name]?.take(answer, at: now)
        case (.smart(let name, let device), .smart(let smart)): nodes[name]?.take(smart, of: device, at: now)
        case (.zfsPool(let name, let pool), .zfsPool(let found)): nodes[name]?.poolDetails[pool] = found
        case (.backups(let name, let storage), .backups(let list)):
            backups[backupKey(name, storage)] = Dictionary(grouping: list, by: \.vmid).mapValues { backups in
                Archive(count: backups.count, newest: backups.lazy.map(\.time).max() ?? 0)
            }
            learnWhetherBackupsAreRead()
        case (_, .version(let found)): version = found
        case (_, .tagStyle(let found)): tagStyle = found
        case (_, .storageConfig(let found)):
            storageConfig = Dictionary(found.map { ($0.name, $0) }) { first, _ in first }
            learnWhetherBackupsAreRead()
        case (_, .ceph(let found)): (ceph, cephAt) = (found, now)
        case (_, .cephUse(let found)): cephUse = found
        default: break
        }
    }

    mutating func take(_ failure: PlatformFailure, of detail: Detail, at now: Timestamp) {
        if let vmid = detail.vmid { guests[vmid]?.take(failure, of: detail, at: now) }
        // Who may not know, or cannot tell, will not tell later either.
        if case .certificates(let name) = detail, [.permission, .unsupported].contains(failure.fault.reason) {
            nodes[name]?.take(.certificates(NodeCertificates()), at: now)
        }
        // A guest without an agent is no fault of the connection.
        let isOurs = failure.fault.reason == .permission || !detail.isAgents
        failures[detail] = isOurs ? failure.fault : nil
    }

    /// What of a failure belongs to the connection's health, in words that help.
    private func told(_ fault: ConnectionFault, of detail: Detail) -> ConnectionFault {
        guard fault.reason == .permission else { return fault }
        let privilege = detail.privilege(major: version?.major ?? 0)
        return ConnectionFault(
            .permission, "Grant \(privilege) to the user, and to the token if it has privileges of its own.")
    }

    /// One line a part; which of several is the same in every report.
    var degraded: [DegradedPart] {
        var worst: [String: ConnectionFault] = [:]
        if let clusterFailure {
            worst["cluster"] =
                clusterFailure.reason == .permission
                ? ConnectionFault(.permission, "Grant Sys.Audit on / to see the members of the cluster.")
                : clusterFailure
        }
        for (detail, failure) in failures {
            let fault = told(failure, of: detail)
            if let known = worst[detail.part],
                (known.reason.rawValue, known.detail) <= (fault.reason.rawValue, fault.detail)
            {
                continue
            }
            worst[detail.part] = fault
        }
        return worst.sorted { $0.key < $1.key }.map { DegradedPart($0.key, $0.value) }
    }

    func isShared(_ name: String, _ row: ClusterRow) -> Bool {
        row.isShared || storageConfig[name]?.isShared == true || Self.sharedKinds.contains(row.pluginType)
    }

    private static let sharedKinds: Set<String> = [
        "rbd", "cephfs", "pbs", "glusterfs", "nfs", "cifs", "smb", "iscsi", "iscsidirect",
    ]

    private func backupKey(_ node: String, _ storage: String) -> String {
        guard let row = storages.first(where: { $0.storage == storage }), isShared(storage, row) else {
            return node + "/" + storage
        }
        return storage
    }

    private mutating func learnWhetherBackupsAreRead() {
        backupsAreRead = storages.allSatisfy { row in
            let config = storageConfig[row.storage]
            let isElsewhere = config.map { !$0.nodes.isEmpty && !$0.nodes.contains(row.node) } ?? false
            return config?.isDisabled == true || isElsewhere || !Self.holdsBackups(row)
                || backups[isShared(row.storage, row) ? row.storage : row.node + "/" + row.storage] != nil
        }
    }

    private static func holdsBackups(_ row: ClusterRow) -> Bool {
        row.content.split(separator: ",").contains("backup")
    }

    func archive(of vmid: Int) -> Archive? {
        let found = backups.values.compactMap { $0[vmid] }
        guard !backups.isEmpty, backupsAreRead || found.contains(where: { $0.count > 0 }) else { return nil }
        return Archive(count: found.reduce(0) { $0 + $1.count }, newest: found.map(\.newest).max() ?? 0)
    }

    // MARK: What to ask

    /// All details that this cluster has, each once; the same cluster mostly gives the same order.
    var plan: [Detail] {
        var plan: [Detail] = [.version, .tagStyle, .storageConfig]
        plan.reserveCapacity(16 * nodes.count + 8 * guests.count)
        if hasCeph { plan += [.ceph, .cephUse] }
        for (name, node) in nodes where node.isOnline {
            plan += [
                .certificates(name), .nodeStatus(name), .disks(name), .zfs(name), .updates(name), .tasks(name),
                .replication(name),
            ]
            if let memory = node.status?.memory, NodeMemory.wantsHistory(memory) { plan.append(.nodeHistory(name)) }
            plan += Set(node.disks.lazy.filter { $0.health != nil }.map(\.device)).map { .smart(name, $0) }
            plan += Set(node.pools.lazy.map(\.name)).map { .zfsPool(name, $0) }
        }
        for (name, storage) in backupStorages { plan.append(.backups(name, storage)) }
        let online = Set(nodes.lazy.filter(\.value.isOnline).map(\.key))
        for guest in guests.values where online.contains(guest.row.node) { guest.plan(into: &plan) }
        return plan
    }

    /// Each storage that holds backups once: a shared one through the first node that sees it.
    private var backupStorages: [(String, String)] {
        var seen: Set<String> = []
        return storages.sorted { ($0.storage, $0.node) < ($1.storage, $1.node) }.compactMap { row in
            guard row.status == "available" || row.status == "active", nodes[row.node]?.isOnline ?? false,
                Self.holdsBackups(row),
                seen.insert(isShared(row.storage, row) ? row.storage : row.node + "/" + row.storage).inserted
            else { return nil }
            return (row.node, row.storage)
        }
    }

    /// Details of what is gone do not stand in anybody's health.
    mutating func forget(except plan: Set<Detail>) {
        failures = failures.filter { plan.contains($0.key) }
        let places = Set(storages.flatMap { [$0.storage, $0.node + "/" + $0.storage] })
        backups = backups.filter { places.contains($0.key) }
        learnWhetherBackupsAreRead()
    }
}
