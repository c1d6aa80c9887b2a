import Inventory
import Kernel

/// How many systems an organisation watches, and why each counts as one. Pure. Counted are the roots: machines with an
/// agent, nodes and hosts of platforms, backup servers and mail gateways; what runs on them or belongs to them is not.
package struct MonitoredSystems: Sendable {
    /// One view of a system: what one source shows of it.
    struct Surface: Sendable, Hashable {
        let name: String
        let kind: Kind
        let source: String
    }

    /// The rank says which view leads; the names are the wire's.
    enum Kind: String, Sendable, Comparable, CaseIterable {
        case proxmoxNode = "proxmox-node"
        case vmwareHost = "vmware-host"
        case truenasSystem = "truenas-system"
        case dockerHost = "docker-host"
        case host
        case pbsServer = "pbs-server"
        case pmgServer = "pmg-server"

        static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
        private var rank: Int { Self.allCases.firstIndex(of: self)! }
    }

    struct Reason: Sendable, Hashable {
        let kind: String
        let signal: String
    }

    struct System: Sendable {
        fileprivate(set) var id: ResourceID
        fileprivate(set) var name: String
        fileprivate(set) var kind: Kind
        /// The worst of its views.
        fileprivate(set) var status: ResourceStatus
        fileprivate(set) var reasons: [Reason]
        fileprivate(set) var surfaces: [Surface]
        fileprivate(set) var resources: [ResourceID]
        fileprivate var names: Set<String>
        fileprivate var addresses: Set<String>
    }

    let systems: [System]

    /// - Parameter resources: with the claims of each; those of another kind are left out.
    init(_ resources: [(id: ResourceID, name: String, type: ResourceType, status: ResourceStatus, claims: [Claim])]) {
        let roots = resources.compactMap(Self.root).sorted { ($0.kind, $0.id) < ($1.kind, $1.id) }
        systems = Self.attached(roots).sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }

    private static func root(
        _ resource: (id: ResourceID, name: String, type: ResourceType, status: ResourceStatus, claims: [Claim])
    ) -> System? {
        let surfaces = resource.claims.compactMap { claim in
            kind(of: claim.said).map { Surface(name: claim.said.name, kind: $0, source: claim.said.source.rawValue) }
        }
        guard [.agent, .pbs, .pmg].contains(resource.type), let lead = surfaces.map(\.kind).min() else { return nil }
        var reasons: [Reason] = []
        for (index, left) in resource.claims.enumerated() {
            for right in resource.claims[(index + 1)...] {
                guard let why = MergeReason.between(left.said, right.said) else { continue }
                reasons.append(Reason(kind: why.kind.rawValue, signal: why.signal))
            }
        }
        if reasons.isEmpty, resource.claims.count > 1 { reasons = [Reason(kind: "manual", signal: "link")] }
        return System(
            id: resource.id, name: resource.name, kind: lead, status: resource.status, reasons: unique(reasons),
            surfaces: surfaces, resources: [resource.id],
            names: Set(resource.claims.flatMap(\.said.identity.hostnames).map { $0.lowercased() }),
            addresses: Set(resource.claims.flatMap(\.said.identity.ipAddresses).filter(ClaimMatch.isTelling)))
    }

    /// Two roots that nothing strong makes one are one system all the same when the lesser names exactly one greater by its
    /// full name or its address; never two of one kind, which share names by mistake.
    private static func attached(_ roots: [System]) -> [System] {
        var systems: [System] = []
        for root in roots {
            func hosts(_ shares: (System) -> Bool) -> [Int] {
                systems.indices.filter { systems[$0].kind < root.kind && shares(systems[$0]) }
            }
            let byName = hosts { !$0.names.isDisjoint(with: root.names) }
            let byAddress = hosts { !$0.addresses.isDisjoint(with: root.addresses) }
            let reason =
                byName.count == 1
                ? Reason(kind: "exact-host-attachment", signal: "exact-host")
                : Reason(kind: "exact-ip-attachment", signal: "exact-ip")
            let candidates = byName.count == 1 ? byName : byAddress
            guard candidates.count == 1, let host = candidates.first, byName.count <= 1 else {
                systems.append(root)
                continue
            }
            systems[host].surfaces += root.surfaces
            systems[host].resources += root.resources
            systems[host].status = worse(systems[host].status, root.status)
            systems[host].reasons = unique(systems[host].reasons + root.reasons + [reason])
        }
        for index in systems.indices where systems[index].reasons.isEmpty {
            systems[index].reasons = [Reason(kind: "standalone", signal: "single-top-level-view")]
        }
        return systems
    }

    private static func kind(of said: Observation) -> Kind? {
        switch (said.type, said.source) {
        case (.agent, .proxmox): .proxmoxNode
        case (.agent, .vmware): .vmwareHost
        case (.agent, .truenas): .truenasSystem
        case (.agent, .docker): .dockerHost
        case (.pbs, _): .pbsServer
        case (.pmg, _): .pmgServer
        // An agent inside a guest is another view of what its platform tells of, when the two are one.
        case (.agent, _): .host
        default: nil
        }
    }

    private static func worse(_ left: ResourceStatus, _ right: ResourceStatus) -> ResourceStatus {
        let order: [ResourceStatus] = [.online, .unknown, .warning, .offline]
        return order.firstIndex(of: left)! >= order.firstIndex(of: right)! ? left : right
    }

    private static func unique(_ reasons: [Reason]) -> [Reason] {
        var seen: Set<Reason> = []
        return reasons.filter { seen.insert($0).inserted }
    }
}
