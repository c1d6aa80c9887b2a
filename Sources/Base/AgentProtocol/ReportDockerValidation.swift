import Kernel

extension HostReport.Docker {
    /// Refuses what no engine says, naming the member.
    func validate() throws(Problem) {
        try validateEngine()
        let lists = [
            ("containers", containers?.count, ReportLimits.containers),
            ("images", images?.count, ReportLimits.dockerObjects),
            ("volumes", volumes?.count, ReportLimits.dockerObjects),
            ("networks", networks?.count, ReportLimits.dockerObjects),
            ("services", services?.count, ReportLimits.dockerObjects),
            ("tasks", tasks?.count, ReportLimits.dockerObjects), ("nodes", nodes?.count, ReportLimits.dockerObjects),
            ("truncated", truncated.count, 16), ("degraded", degraded.count, 32),
        ]
        for (name, count, limit) in lists { try Check.count(count ?? 0, limit, "docker.\(name)") }
        for (index, container) in (containers ?? []).enumerated() {
            try container.validate("docker.containers.\(index)")
        }
        for (index, image) in (images ?? []).enumerated() { try image.validate("docker.images.\(index)") }
        for (index, volume) in (volumes ?? []).enumerated() { try volume.validate("docker.volumes.\(index)") }
        for (index, network) in (networks ?? []).enumerated() { try network.validate("docker.networks.\(index)") }
        for (index, service) in (services ?? []).enumerated() { try service.validate("docker.services.\(index)") }
        for (index, task) in (tasks ?? []).enumerated() { try task.validate("docker.tasks.\(index)") }
        for (index, node) in (nodes ?? []).enumerated() { try node.validate("docker.nodes.\(index)") }
    }

    private func validateEngine() throws(Problem) {
        let swarm = host.swarm
        try Check.texts(
            "docker.host",
            [
                ("runtime", host.runtime), ("error", host.error), ("id", host.id), ("name", host.name),
                ("runtimeVersion", host.runtimeVersion), ("apiVersion", host.apiVersion), ("os", host.os),
                ("kernelVersion", host.kernelVersion), ("architecture", host.architecture),
                ("storageDriver", host.storageDriver), ("cgroupVersion", host.cgroupVersion),
                ("swarm.nodeId", swarm?.nodeID), ("swarm.nodeRole", swarm?.nodeRole),
                ("swarm.localState", swarm?.localState), ("swarm.clusterId", swarm?.clusterID),
                ("swarm.clusterName", swarm?.clusterName), ("swarm.error", swarm?.error),
            ])
        try Check.range(host.totalCPU, 0...Int64(ReportLimits.cores), "docker.host.totalCpu")
        try Check.size(host.totalMemoryBytes, "docker.host.totalMemoryBytes")
        try Check.size(containersTotal, "docker.containersTotal")
        for (index, part) in degraded.enumerated() {
            try Check.texts(
                "docker.degraded.\(index)", [("part", part.part), ("reason", part.reason), ("detail", part.detail)])
        }
        for (index, list) in truncated.enumerated() { try Check.text(list, "docker.truncated.\(index)") }
    }
}

extension HostReport.DockerContainer {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty, !name.isEmpty else { throw Check.refused("\(field).id", "a container has an id and a name") }
        try Check.texts(
            field,
            [
                ("id", id), ("name", name), ("image", image), ("imageId", imageID), ("state", state),
                ("status", status), ("health", health),
            ])
        // 100 a core.
        try Check.range(cpuPercent, 0...Double(ReportLimits.cores * 100), "\(field).cpuPercent")
        try Check.size(memoryUsageBytes, "\(field).memoryUsageBytes")
        try Check.size(memoryLimitBytes, "\(field).memoryLimitBytes")
        try Check.size(restartCount, "\(field).restartCount")
        for (name, rate) in [
            ("networkRxBytesPerSecond", networkRxBytesPerSecond), ("networkTxBytesPerSecond", networkTxBytesPerSecond),
            ("blockIo.readBytesPerSecond", blockReadBytesPerSecond),
            ("blockIo.writeBytesPerSecond", blockWriteBytesPerSecond),
        ] {
            try Check.rate(rate, "\(field).\(name)")
        }
        try Check.count(labels.count, ReportLimits.labelsPerContainer, "\(field).labels")
        for (key, value) in labels {
            try Check.text(key, "\(field).labels")
            try Check.text(value, "\(field).labels.\(key.prefix(64))")
        }
        try Check.count(ports.count, ReportLimits.partsPerContainer, "\(field).ports")
        for (index, port) in ports.enumerated() {
            try Check.range(port.privatePort, 0...65_535, "\(field).ports.\(index).privatePort")
            try Check.range(port.publicPort, 0...65_535, "\(field).ports.\(index).publicPort")
            try Check.texts("\(field).ports.\(index)", [("protocol", port.protocolName), ("ip", port.ip)])
        }
        try Check.count(networks.count, ReportLimits.partsPerContainer, "\(field).networks")
        for (index, network) in networks.enumerated() {
            try Check.texts(
                "\(field).networks.\(index)",
                [("name", network.name), ("ipv4", network.ipv4), ("ipv6", network.ipv6)])
        }
        try Check.count(mounts.count, ReportLimits.partsPerContainer, "\(field).mounts")
        for (index, mount) in mounts.enumerated() {
            try Check.texts(
                "\(field).mounts.\(index)",
                [("type", mount.type), ("source", mount.source), ("destination", mount.destination)])
        }
    }
}

extension HostReport.DockerImage {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty else { throw Check.refused("\(field).id", "an image has an id") }
        try Check.texts(field, [("id", id)])
        try Check.texts("\(field).repoTags", list: repoTags)
        try Check.texts("\(field).repoDigests", list: repoDigests)
        try Check.size(sizeBytes, "\(field).sizeBytes")
    }
}

extension HostReport.DockerVolume {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !name.isEmpty else { throw Check.refused("\(field).name", "a volume has a name") }
        try Check.texts(
            field, [("name", name), ("driver", driver), ("mountpoint", mountpoint), ("scope", scope)])
        try Check.size(sizeBytes, "\(field).sizeBytes")
    }
}

extension HostReport.DockerNetwork {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty, !name.isEmpty else { throw Check.refused("\(field).id", "a network has an id and a name") }
        try Check.texts(field, [("id", id), ("name", name), ("driver", driver), ("scope", scope)])
        try Check.texts("\(field).subnets", list: subnets)
    }
}

extension HostReport.SwarmService {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty, !name.isEmpty else { throw Check.refused("\(field).id", "a service has an id and a name") }
        try Check.texts(
            field,
            [
                ("id", id), ("name", name), ("stack", stack), ("image", image), ("mode", mode),
                ("updateState", updateState), ("updateMessage", updateMessage),
            ])
        try Check.texts("\(field).endpointPorts", list: endpointPorts)
        try Check.size(desiredTasks, "\(field).desiredTasks")
        try Check.size(runningTasks, "\(field).runningTasks")
    }
}

extension HostReport.SwarmTask {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty else { throw Check.refused("\(field).id", "a task has an id") }
        try Check.texts(
            field,
            [
                ("id", id), ("serviceId", serviceID), ("serviceName", serviceName), ("nodeId", nodeID),
                ("nodeName", nodeName), ("desiredState", desiredState), ("currentState", currentState),
                ("error", error), ("message", message), ("containerId", containerID),
            ])
    }
}

extension HostReport.SwarmNode {
    fileprivate func validate(_ field: String) throws(Problem) {
        guard !id.isEmpty else { throw Check.refused("\(field).id", "a node has an id") }
        try Check.texts(
            field,
            [
                ("id", id), ("hostname", hostname), ("role", role), ("availability", availability), ("state", state),
                ("message", message), ("address", address), ("managerReachability", managerReachability),
                ("engineVersion", engineVersion), ("os", os), ("architecture", architecture),
            ])
    }
}

extension Check {
    fileprivate static func texts(_ place: String, _ members: [(String, String?)]) throws(Problem) {
        for (name, value) in members { try text(value, "\(place).\(name)") }
    }

    fileprivate static func texts(_ place: String, list: [String]) throws(Problem) {
        try count(list.count, ReportLimits.partsPerContainer, place)
        for (index, value) in list.enumerated() { try text(value, "\(place).\(index)") }
    }
}
