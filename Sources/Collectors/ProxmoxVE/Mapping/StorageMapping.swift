internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// A storage as it is shown: a row of one node, or all rows of one that is shared.
struct MergedStorage: Sendable, Hashable {
    var name: String
    var type: String
    var content: String
    /// `nil` when it is everybody's.
    var node: String?
    var nodes: [String]
    var used: Int64?
    var total: Int64?
    var isEnabled: Bool
    var isActive: Bool
    /// Somebody saw it in this poll.
    var isSeen: Bool

    var status: String { isEnabled ? isActive ? "available" : "inactive" : "disabled" }
}

extension ProxmoxMapping {
    var storages: [Observation] { merged.map(storage) }

    /// Rows of what is shared are one: the best utilisation counts, and one node that can reach it is enough.
    var merged: [MergedStorage] {
        var merged: [String: MergedStorage] = [:]
        for row in known.storages {
            let config = known.storageConfig[row.storage]
            // Not this node's, whatever the list says.
            if let nodes = config?.nodes, !nodes.isEmpty, !nodes.contains(row.node) { continue }
            let isShared = known.isShared(row.storage, row)
            let key = isShared ? row.storage : row.node + "/" + row.storage
            let isActive = row.status == "available" || row.status == "active"
            var one =
                merged[key]
                ?? MergedStorage(
                    name: row.storage, type: row.pluginType, content: row.content, node: isShared ? nil : row.node,
                    nodes: [], isEnabled: !(config?.isDisabled ?? false), isActive: false, isSeen: false)
            one.nodes.append(row.node)
            // Backup servers do not say that they are active: that one has a size is enough.
            let isMute = row.status.isEmpty && row.pluginType == "pbs" && row.maxDisk ?? 0 > 0
            one.isActive = one.isActive || isActive || isMute
            one.isSeen = one.isSeen || known.nodes[row.node]?.isOnline ?? false
            if let total = row.maxDisk, total > 0, Self.fuller(row, than: one) {
                (one.used, one.total) = (row.disk ?? 0, total)
            }
            merged[key] = one
        }
        // What the cluster configures for all and no list names is there all the same.
        for config in known.storageConfig.values
        where !config.isDisabled && merged[config.name] == nil && isSharedByNature(config) && !known.nodes.isEmpty {
            merged[config.name] = MergedStorage(
                name: config.name, type: config.type, content: config.content, node: nil, nodes: config.nodes,
                isEnabled: true, isActive: true, isSeen: true)
        }
        return merged.sorted { $0.key < $1.key }.map { entry in
            var one = entry.value
            one.nodes.sort()
            return one
        }
    }

    private func isSharedByNature(_ config: StorageConfig) -> Bool {
        var row = ClusterRow()
        row.pluginType = config.type
        return known.isShared(config.name, row)
    }

    private static func fuller(_ row: ClusterRow, than one: MergedStorage) -> Bool {
        guard let total = one.total, total > 0, let other = row.maxDisk else { return true }
        return Double(row.disk ?? 0) / Double(other) > Double(one.used ?? 0) / Double(total)
    }

    private func storage(_ one: MergedStorage) -> Observation {
        let path = one.node.map { "storage/\($0)/\(one.name)" } ?? "storage/\(one.name)"
        let seenAt = one.isSeen ? nil : one.nodes.compactMap { known.nodes[$0]?.onlineAt }.max()
        var observation = observation(
            .storage, path, scope: "storages", name: one.name, evidence: platformID(path),
            parent: one.node.map { "node/\($0)" }, status: Self.status(of: one, isSeen: one.isSeen), seenAt: seenAt)
        let pool = pool(behind: one)
        observation.facts = [
            Self.block("storage") { writer in
                writer.member("type", one.type)
                writer.member("content", one.content.split(separator: ",").map(String.init).sorted())
                writer.member("shared", one.node == nil)
                writer.member("node", one.node ?? "cluster")
                writer.member("nodes", one.nodes)
                writer.member("instance", instance)
                writer.member("pool", known.storageConfig[one.name]?.pool)
                writer.member("path", known.storageConfig[one.name]?.path)
                writer.member("server", known.storageConfig[one.name]?.server)
            }
        ]
        observation.live = [
            Self.block("storageStatus") { writer in
                writer.member("status", one.status)
                writer.member("enabled", one.isEnabled)
                writer.member("active", one.isActive)
                if let pool { writer.object("zfsPool") { Self.write(pool.row, pool.detail, to: &$0) } }
            }
        ]
        guard let used = one.used, let total = one.total, let usage = Self.usage(used, of: total) else {
            return observation
        }
        observation.metrics.disk = usage
        if one.isSeen {
            observation.samples = [
                (MetricName(.available), Double(max(0, total - used))), (MetricName(.total), Double(total)),
                (MetricName(.usage), usage.percent), (MetricName(.used), Double(used)),
            ]
        }
        return observation
    }

    private static func status(of one: MergedStorage, isSeen: Bool) -> ResourceStatus {
        guard isSeen else { return .unknown }
        switch one.status {
        case "available": return .online
        case "disabled": return .warning
        default: return .offline
        }
    }

    /// The ZFS pool that a storage of one node lies on; never guessed for what is shared.
    private func pool(behind one: MergedStorage) -> (row: ZFSPoolRow, detail: ZFSPoolDetail?)? {
        guard let name = one.node, one.type.hasPrefix("zfs"), let node = known.nodes[name] else { return nil }
        let config = known.storageConfig[one.name]
        let path = config?.path?.split(separator: "/").first.map(String.init)
        let pool = config?.pool?.split(separator: "/").first.map(String.init)
        let short = one.name.hasSuffix("-zfs") ? String(one.name.dropLast(4)) : nil
        let candidates = [config?.pool, pool, one.name, path, short].compactMap { $0 }
        let found =
            candidates.lazy.compactMap { name in node.pools.first { $0.name == name } }.first
            ?? (node.pools.count == 1 ? node.pools.first : nil)
        return found.map { ($0, node.poolDetails[$0.name]) }
    }

    var ceph: Observation? {
        guard let ceph = known.ceph, !ceph.fsid.isEmpty, known.hasCeph else { return nil }
        // What could not be asked is shown as it was, and nobody knows how it is.
        let isKnown = known.failures[.ceph] == nil
        var observation = observation(
            .ceph, "ceph/\(ceph.fsid)", scope: "ceph", name: known.status?.name.map { "\($0) Ceph" } ?? "Ceph",
            evidence: [Evidence(.platformID, "ceph:\(ceph.fsid)")], parent: nil,
            status: isKnown ? Self.status(of: ceph) : .unknown,
            seenAt: isKnown ? nil : known.cephAt)
        let use = known.cephUse.flatMap { $0.total > 0 ? ($0.used, $0.total) : nil }
        let status = ceph.total.flatMap { total in ceph.used.map { ($0, total) } }
        if let (used, total) = use ?? status, let usage = Self.usage(used, of: total) {
            observation.metrics.disk = usage
            if isKnown, use == nil || known.failures[.cephUse] == nil {
                observation.samples = [
                    (MetricName(.available), Double(max(0, total - used))), (MetricName(.total), Double(total)),
                    (MetricName(.usage), usage.percent), (MetricName(.used), Double(used)),
                ]
            }
        }
        observation.facts = [
            Self.block("ceph") { writer in
                writer.member("fsid", ceph.fsid)
                writer.member("cluster", known.status?.name)
                writer.member("instance", instance)
            }
        ]
        observation.live = [cephLive(ceph)]
        return observation
    }

    private func cephLive(_ ceph: CephStatus) -> ResourceBlock {
        Self.block("cephStatus") { writer in
            writer.member("health", ceph.health)
            writer.member("checks", ceph.messages.sorted())
            writer.member("monitors", ceph.monitors)
            writer.member("activeManager", ceph.activeManager)
            writer.member("standbyManagers", ceph.standbyManagers)
            writer.member("osds", ceph.osds)
            writer.member("osdsUp", ceph.osdsUp)
            writer.member("osdsIn", ceph.osdsIn)
            writer.member("placementGroups", ceph.placementGroups)
            guard let use = known.cephUse else { return }
            writer.array("pools") { writer in
                for pool in use.pools {
                    writer.object { writer in
                        writer.member("name", pool.name)
                        writer.member("usedBytes", pool.used)
                        writer.member("availableBytes", pool.available)
                        writer.member("usedPercent", pool.fraction.map { $0 * 100 }, decimals: 2)
                    }
                }
            }
        }
    }

    private static func status(of ceph: CephStatus) -> ResourceStatus {
        switch ceph.health {
        case "HEALTH_OK": .online
        case "HEALTH_WARN": .warning
        case "HEALTH_ERR": .offline
        default: .unknown
        }
    }
}
