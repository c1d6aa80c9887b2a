/// The kinds of resources; the raw values are the wire's and are never renamed.
package enum ResourceType: String, Sendable, Hashable, CaseIterable {
    /// A machine: a host with an agent, a hypervisor's node, a storage appliance.
    case agent
    case vm
    case systemContainer = "system-container"
    case appContainer = "app-container"
    case dockerService = "docker-service"
    case dockerImage = "docker-image"
    case dockerVolume = "docker-volume"
    case dockerNetwork = "docker-network"
    case dockerTask = "docker-task"
    case dockerSwarmNode = "docker-swarm-node"
    case storage
    case network
    case pbs
    case pmg
    case ceph
    case physicalDisk = "physical_disk"
    case networkEndpoint = "network-endpoint"
}

package enum ResourceStatus: String, Sendable, Hashable, CaseIterable {
    case online, warning, unknown, offline
}

/// Which kind of collector made a claim.
package enum InventorySource: String, Sendable, Hashable, CaseIterable {
    case agent, proxmox, docker, pbs, pmg, kubernetes, truenas, vmware, availability

    /// Whose values count when several live sources speak of one thing: the higher.
    package var priority: Int {
        switch self {
        case .agent: 3
        case .proxmox, .vmware: 2
        case .docker: 1
        case .pbs, .pmg, .kubernetes, .truenas, .availability: 0
        }
    }
}
