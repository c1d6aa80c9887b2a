import AgentProtocol
import JSONKit
import Kernel

/// What a manager tells of its swarm. Pure.
enum SwarmReading {
    static func service(_ json: JSONValue) -> HostReport.SwarmService? {
        guard let id = json.line("ID", limit: 64), let spec = json["Spec"], let name = spec.line("Name") else {
            return nil
        }
        var service = HostReport.SwarmService()
        service.id = id
        service.name = name
        service.stack = spec["Labels"]?.line("com.docker.stack.namespace", limit: 128)
        // The digest behind the name says nothing to a person.
        let image = spec["TaskTemplate"]?["ContainerSpec"]?.line("Image")
        service.image = image.map { String($0.prefix { $0 != "@" }) }
        let mode = spec["Mode"]
        service.mode =
            mode?["Replicated"] != nil
            ? "replicated"
            : mode?["Global"] != nil
                ? "global"
                : mode?["ReplicatedJob"] != nil ? "replicated-job" : mode?["GlobalJob"] != nil ? "global-job" : nil
        let status = json["ServiceStatus"]
        service.desiredTasks = status?.count("DesiredTasks") ?? mode?["Replicated"]?.count("Replicas")
        service.runningTasks = status?.count("RunningTasks")
        service.completedTasks = status?.count("CompletedTasks")
        service.updateState = json["UpdateStatus"]?.line("State", limit: 64)
        service.updateMessage = json["UpdateStatus"]?.line("Message")
        service.endpointPorts = (json["Endpoint"]?["Ports"]?.array ?? []).prefix(32).map { port in
            "\(port.count("PublishedPort") ?? 0):\(port.count("TargetPort") ?? 0)/\(port.line("Protocol", limit: 8) ?? "tcp")"
        }.sorted()
        service.createdAt = json.time("CreatedAt")
        service.updatedAt = json.time("UpdatedAt")
        return service
    }

    static func task(_ json: JSONValue) -> HostReport.SwarmTask? {
        guard let id = json.line("ID", limit: 64) else { return nil }
        var task = HostReport.SwarmTask()
        task.id = id
        task.serviceID = json.line("ServiceID", limit: 64)
        task.slot = json.count("Slot").flatMap { $0 > 0 ? $0 : nil }
        task.nodeID = json.line("NodeID", limit: 64)
        task.desiredState = json.line("DesiredState", limit: 32)
        let status = json["Status"]
        task.currentState = status?.line("State", limit: 32)
        task.error = status?.line("Err")
        task.message = status?.line("Message")
        task.containerID = status?["ContainerStatus"]?.line("ContainerID", limit: 128)
        task.createdAt = json.time("CreatedAt")
        task.updatedAt = json.time("UpdatedAt")
        return task
    }

    static func node(_ json: JSONValue) -> HostReport.SwarmNode? {
        guard let id = json.line("ID", limit: 64) else { return nil }
        var node = HostReport.SwarmNode()
        let description = json["Description"]
        node.id = id
        node.hostname = description?.line("Hostname")
        node.role = json["Spec"]?.line("Role", limit: 32)
        node.availability = json["Spec"]?.line("Availability", limit: 32)
        node.state = json["Status"]?.line("State", limit: 32)
        node.message = json["Status"]?.line("Message")
        node.address = json["Status"]?.line("Addr", limit: 64)
        node.managerReachability = json["ManagerStatus"]?.line("Reachability", limit: 32)
        node.isLeader = json["ManagerStatus"]?["Leader"]?.bool
        node.engineVersion = description?["Engine"]?.line("EngineVersion", limit: 64)
        node.os = description?["Platform"]?.line("OS", limit: 64)
        node.architecture = description?["Platform"]?.line("Architecture", limit: 32)
        node.nanoCPUs = description?["Resources"]?.count("NanoCPUs")
        node.memoryBytes = description?["Resources"]?.count("MemoryBytes")
        return node
    }

    /// Names for ids, and counts for engines that do not count by themselves.
    static func join(
        _ services: inout [HostReport.SwarmService], _ tasks: inout [HostReport.SwarmTask],
        _ nodes: [HostReport.SwarmNode]
    ) {
        let names = Dictionary(services.map { ($0.id, $0.name) }) { first, _ in first }
        let hosts = Dictionary(nodes.map { ($0.id, $0.hostname) }) { first, _ in first }
        for index in tasks.indices {
            tasks[index].serviceName = tasks[index].serviceID.flatMap { names[$0] }
            tasks[index].nodeName = tasks[index].nodeID.flatMap { hosts[$0] ?? nil }
        }
        let live = Dictionary(grouping: tasks) { $0.serviceID ?? "" }
        for index in services.indices {
            let own = live[services[index].id] ?? []
            services[index].runningTasks =
                services[index].runningTasks ?? Int64(own.count { $0.currentState == "running" })
            services[index].desiredTasks = services[index].desiredTasks ?? Int64(own.count)
        }
    }
}
