import AgentProtocol
import Inventory
import JSONKit
import Kernel

/// Of a swarm every manager tells the same: what they tell is one, by the swarm's id, which is one the world over.
enum SwarmClaims {
    /// While a service is brought up to date a slot has an old task and a new one.
    static func newestOfEachSlot(_ tasks: [HostReport.SwarmTask]) -> [HostReport.SwarmTask] {
        var newest: [String: HostReport.SwarmTask] = [:]
        for task in tasks {
            let known = newest[slot(of: task)]
            if let known, isBefore(task, known) { continue }
            newest[slot(of: task)] = task
        }
        return newest.values.sorted { slot(of: $0) < slot(of: $1) }
    }

    private static func isBefore(_ left: HostReport.SwarmTask, _ right: HostReport.SwarmTask) -> Bool {
        (left.createdAt?.milliseconds ?? 0, left.id) < (right.createdAt?.milliseconds ?? 0, right.id)
    }

    /// A task that ended is followed by another of its slot; a global service has one a node.
    static func slot(of task: HostReport.SwarmTask) -> String {
        guard let service = task.serviceID else { return task.id }
        return "\(service)/\(task.slot.map(String.init) ?? task.nodeID ?? task.id)"
    }

    static func status(of service: HostReport.SwarmService) -> ResourceStatus {
        guard let running = service.runningTasks, let desired = service.desiredTasks else { return .unknown }
        if desired == 0, running == 0 { return .unknown }
        return running >= desired ? .online : running == 0 ? .offline : .warning
    }

    static func status(of task: HostReport.SwarmTask) -> ResourceStatus {
        switch task.currentState {
        case "running": .online
        case "new", "pending", "assigned", "accepted", "ready", "preparing", "starting": .warning
        case "complete", "shutdown", "failed", "rejected", "remove", "orphaned": .offline
        default: .unknown
        }
    }

    static func status(of node: HostReport.SwarmNode) -> ResourceStatus {
        switch node.state {
        case "ready": node.availability == "active" ? .online : .warning
        case "down", "disconnected": .offline
        default: .unknown
        }
    }
}

extension DockerReading {
    private func evidence(_ kind: String, _ name: String) -> [Evidence] {
        part.host.swarm?.clusterID.map { [Evidence(.platformID, "swarm:\($0)/\(kind)/\(name)")] } ?? []
    }

    private var swarm: ResourceIdentity {
        ResourceIdentity(
            clusterNames: [part.host.swarm?.clusterName, part.host.swarm?.clusterID].compactMap { $0 }
                .filter { !$0.isEmpty })
    }

    private func cluster(_ json: inout JSONWriter) {
        json.member("clusterId", part.host.swarm?.clusterID)
        json.member("clusterName", part.host.swarm?.clusterName)
    }

    func observation(of service: HostReport.SwarmService) -> Observation {
        var said = claim(
            .dockerService, "service", list: "services", service.id, name: service.name,
            status: SwarmClaims.status(of: service), evidence: evidence("service", service.id), parent: nil)
        said.identity = swarm
        said.facts = [
            ResourceBlock("docker") { json in
                json.member("serviceId", service.id)
                cluster(&json)
                json.member("stack", service.stack)
                json.member("image", service.image)
                json.member("mode", service.mode)
                json.member("desiredTasks", service.desiredTasks)
                json.member("endpointPorts", service.endpointPorts)
                json.member("createdAt", service.createdAt)
            }
        ]
        said.live = [
            ResourceBlock("dockerStatus") { json in
                json.member("runningTasks", service.runningTasks)
                json.member("completedTasks", service.completedTasks)
                json.member("updateState", service.updateState)
                json.member("updateMessage", service.updateMessage)
                json.member("updatedAt", service.updatedAt)
            }
        ]
        return said
    }

    func observation(of task: HostReport.SwarmTask) -> Observation {
        let slot = SwarmClaims.slot(of: task)
        let place = task.slot.map(String.init) ?? task.nodeName ?? task.nodeID ?? ""
        let name = task.serviceName.map { "\($0).\(place)" } ?? Self.short(task.id)
        var said = claim(
            .dockerTask, "task", list: "tasks", slot, name: name, status: SwarmClaims.status(of: task),
            evidence: evidence("task", slot), parent: task.serviceID.map { key("service", $0) } ?? host.key)
        said.identity = swarm
        said.facts = [
            ResourceBlock("docker") { json in
                cluster(&json)
                json.member("serviceId", task.serviceID)
                json.member("serviceName", task.serviceName)
                json.member("slot", task.slot)
                json.member("nodeId", task.nodeID)
                json.member("nodeName", task.nodeName)
            }
        ]
        said.live = [
            ResourceBlock("dockerStatus") { json in
                json.member("taskId", task.id)
                json.member("state", task.currentState)
                json.member("desiredState", task.desiredState)
                json.member("error", task.error)
                json.member("message", task.message)
                json.member("containerId", task.containerID)
                json.member("createdAt", task.createdAt)
                json.member("updatedAt", task.updatedAt)
            }
        ]
        return said
    }

    func observation(of node: HostReport.SwarmNode) -> Observation {
        var said = claim(
            .dockerSwarmNode, "node", list: "nodes", node.id, name: node.hostname ?? Self.short(node.id),
            status: SwarmClaims.status(of: node), evidence: evidence("node", node.id), parent: host.key)
        said.identity = swarm
        said.facts = [
            ResourceBlock("docker") { json in
                json.member("nodeId", node.id)
                cluster(&json)
                json.member("role", node.role)
                json.member("availability", node.availability)
                json.member("leader", node.isLeader)
                json.member("engineVersion", node.engineVersion)
                json.member("os", node.os)
                json.member("architecture", node.architecture)
                json.member("cpus", node.nanoCPUs.map { Double($0) / 1e9 })
                json.member("memoryBytes", node.memoryBytes)
                json.member("address", node.address)
            }
        ]
        said.live = [
            ResourceBlock("dockerStatus") { json in
                json.member("state", node.state)
                json.member("message", node.message)
                json.member("managerReachability", node.managerReachability)
            }
        ]
        return said
    }
}
