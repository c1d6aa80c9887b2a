/// A storage of a cluster, as its configuration names it.
struct StoragePlan: Sendable {
    enum Kind: String, Sendable { case dir, lvmthin, zfspool, nfs, rbd, pbs }

    let name: String
    let kind: Kind
    let content: String
    /// Indices of the nodes it is restricted to; `nil`: all.
    let nodes: [Int]?
    /// Bytes, per node unless shared.
    let size: Int64
    let seed: Seed

    var isShared: Bool { kind == .nfs || kind == .rbd || kind == .pbs }
    var holdsDisks: Bool { content.contains("images") }
    var holdsBackups: Bool { content.contains("backup") }
    func isOn(_ node: Int) -> Bool { nodes?.contains(node) ?? true }

    /// Which pool of a node is behind it.
    var pool: String? { kind == .zfspool ? (name == "local-zfs" ? "rpool" : "tank") : nil }

    /// 0...1 of `size`; shared ones are the same seen from every node.
    func use(onNode node: Int) -> Curve {
        let seed = isShared ? seed : seed.child(.node, node)
        return Curve(
            base: seed.number(.usage, 0.15...0.82), daily: kind == .pbs || kind == .nfs ? 0.02 : 0.004,
            phase: 3600, seed: seed.child(.usage))
    }

    static func all(seed: Seed, nodes: Int, hasCeph: Bool) -> [StoragePlan] {
        func make(_ name: String, _ kind: Kind, _ content: String, gigabytes: Int64, nodes: [Int]? = nil) -> StoragePlan
        {
            StoragePlan(
                name: name, kind: kind, content: content, nodes: nodes, size: gigabytes * 1_000_000_000,
                seed: seed.child(.storage, name.utf8.reduce(0) { $0 &* 31 &+ Int($1) }))
        }
        var storages = [make("local", .dir, "iso,vztmpl,backup,snippets", gigabytes: 94)]
        let isZFS = seed.chance(.storage, 0.5)
        storages.append(
            isZFS
                ? make("local-zfs", .zfspool, "images,rootdir", gigabytes: 1_800)
                : make("local-lvm", .lvmthin, "images,rootdir", gigabytes: 840))
        let pooled = (0..<nodes).filter { NodePlan.hasPool(seed.child(.node, $0)) }
        if !pooled.isEmpty {
            storages.append(make("tank", .zfspool, "images,rootdir", gigabytes: 7_200, nodes: pooled))
        }
        if hasCeph { storages.append(make("ceph-vm", .rbd, "images,rootdir", gigabytes: 18_000)) }
        if nodes > 1 || seed.chance(.backup, 0.4) {
            storages.append(make("nas", .nfs, nodes > 1 ? "images,backup,iso" : "backup,iso", gigabytes: 12_000))
        }
        if seed.child(.backup).chance(.storage, 0.5) {
            storages.append(make("pbs-main", .pbs, "backup", gigabytes: 24_000))
        }
        return storages
    }
}

extension NodePlan {
    static func hasPool(_ seed: Seed) -> Bool { seed.chance(.pool, 0.6) }
}
