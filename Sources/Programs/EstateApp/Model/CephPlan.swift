/// Ceph where a cluster has it.
struct CephPlan: Sendable {
    let seed: Seed
    let nodes: Int

    var fsid: String { seed.uuid(.fsid) }
    var osdsPerNode: Int { seed.int(.disk, 2...6) }
    var osdCount: Int { nodes * osdsPerNode }
    /// Raw bytes.
    var size: Int64 { Int64(osdCount) * 3_840_000_000_000 }
    var pools: [String] { ["ceph-vm", ".mgr"] }
    /// 0...1 of `size`.
    var use: Curve { Curve(base: seed.number(.usage, 0.2...0.7), daily: 0.004, seed: seed.child(.usage)) }
    var reads: Curve {
        Curve(base: seed.number(.readRate, 1e6...8e7), daily: 0.4, noise: 0.4, seed: seed.child(.readRate))
    }
    var writes: Curve {
        Curve(base: seed.number(.writeRate, 1e6...6e7), daily: 0.4, noise: 0.4, seed: seed.child(.writeRate))
    }
    /// One Ceph in eight complains.
    var complains: Bool { seed.chance(.health, 0.125) }
}
