/// One PVE cluster, or one machine alone, as it was set up: what does not move with time.
package struct ClusterPlan: Sendable {
    package let index: Int
    package let organisation: Int
    package let label: String
    package let name: String
    let seed: Seed
    let release: PVERelease
    package let nodes: [NodePlan]
    package let guests: [GuestPlan]
    let storages: [StoragePlan]
    let ceph: CephPlan?
    let isCalm: Bool
    /// First two or three numbers of the network the guests live in; the same few all over the world.
    let network: String
    let domain: String

    package var organisationLabel: String { Estate.label(ofOrganisation: organisation) }
    package var isStandalone: Bool { nodes.count == 1 }

    init(index: Int, organisation: Int, number: Int, seed: Seed, shape: EstateShape) {
        self.index = index
        self.organisation = organisation
        self.seed = seed
        isCalm = shape.isCalm
        label = "o\(organisation + 1)c\(number + 1)"
        release = PVERelease.draw(seed, shape.releases)
        let site = seed.pick(.site, Self.sites)
        let count = Self.nodeCount(seed, shape)
        name = count == 1 ? (seed.chance(.name, 0.4) ? "pve" : "\(site)-1") : "\(seed.pick(.name, Self.ranks))-\(site)"
        network = seed.pick(.subnet, Self.networks)
        domain = seed.pick(.domain, ["lan", "local", "internal", "home.arpa", "example.net"])
        // Two of five lone machines are called what the installer proposes.
        nodes = (0..<count).map { node in
            let name = count == 1 && seed.chance(.name, 0.4) ? "pve" : "\(site)-\(node + 1)"
            return NodePlan(index: node, name: name, seed: seed.child(.node, node), guests: shape.guests, of: count)
        }
        ceph = count >= 3 && seed.chance(.ceph, 0.5) ? CephPlan(seed: seed.child(.ceph), nodes: count) : nil
        let storages = StoragePlan.all(seed: seed, nodes: count, hasCeph: ceph != nil)
        self.storages = storages
        guests = GuestPlan.all(seed: seed, count: shape.guests, nodes: count, storages: storages, network: network)
    }

    static func nodeCount(_ seed: Seed, _ shape: EstateShape) -> Int {
        shape.nodes ?? seed.pick(.nodeCount, [1, 1, 1, 2, 3, 3, 3, 4, 5])
    }

    func index(ofNode name: String) -> Int? { nodes.firstIndex { $0.name == name } }

    static let sites = ["west", "east", "north", "south", "core", "lab", "edge", "hq", "dc1", "dc2", "branch", "home"]
    static let ranks = ["prod", "test", "main", "office", "dr", "cloud"]
    /// What routers hand out when nobody thinks about it; hence the many estates that look alike from within.
    static let networks = [
        "192.168.1", "192.168.1", "192.168.178", "192.168.0", "10.0.0", "10.10.10", "172.16.0", "10.20.0",
    ]
}
