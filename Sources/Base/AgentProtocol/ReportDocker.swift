package import JSONKit

extension HostReport {
    /// What a container engine on the host tells. A list that is nil was not read this time, and what was told of it
    /// before stands; an empty one is empty. No environment, no commands, no options: that is where secrets are.
    package struct Docker: Hashable, Sendable {
        package var host = DockerEngine()
        /// Containers by state, whole even when the list was cut.
        package var containersTotal: Int64?
        package var containers: [DockerContainer]?
        package var images: [DockerImage]?
        package var volumes: [DockerVolume]?
        package var networks: [DockerNetwork]?
        /// Told by managers of a swarm alone.
        package var services: [SwarmService]?
        package var tasks: [SwarmTask]?
        package var nodes: [SwarmNode]?
        package var storageUsage: DockerStorageUsage?
        /// Lists that hold the first so many only.
        package var truncated: [String] = []
        package var degraded: [DockerDegraded] = []

        package init() {}
    }

    /// The engine itself.
    package struct DockerEngine: Hashable, Sendable {
        /// `docker` or `podman`.
        package var runtime: String?
        /// Why the engine does not answer, one plain sentence; nil when it does.
        package var error: String?
        package var id: String?
        package var name: String?
        package var runtimeVersion: String?
        package var apiVersion: String?
        package var os: String?
        package var kernelVersion: String?
        package var architecture: String?
        package var storageDriver: String?
        package var cgroupVersion: String?
        package var totalCPU: Int64?
        package var totalMemoryBytes: Int64?
        package var swarm: Swarm?

        package init() {}

        package struct Swarm: Hashable, Sendable {
            package var nodeID: String?
            /// `manager` or `worker`.
            package var nodeRole: String?
            /// inactive, pending, active, error, locked.
            package var localState: String?
            package var controlAvailable: Bool?
            package var clusterID: String?
            package var clusterName: String?
            package var error: String?

            package init() {}
        }
    }

    /// A part of the engine's answer that is missing this time.
    package struct DockerDegraded: Hashable, Sendable {
        /// containers, stats, inspect, images, volumes, networks, usage, services, tasks, nodes.
        package var part: String
        /// timeout, unreachable, permission, too-large, bad-answer, server-error, unsupported.
        package var reason: String
        package var detail: String

        package init(part: String, reason: String, detail: String) {
            self.part = part
            self.reason = reason
            self.detail = detail
        }
    }
}

extension HostReport.Docker: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "host": try reader.decode(into: &host)
            case "containersTotal": try reader.lax(&containersTotal)
            case "containers": try reader.lax(&containers)
            case "images": try reader.lax(&images)
            case "volumes": try reader.lax(&volumes)
            case "networks": try reader.lax(&networks)
            case "services": try reader.lax(&services)
            case "tasks": try reader.lax(&tasks)
            case "nodes": try reader.lax(&nodes)
            case "storageUsage": try reader.lax(&storageUsage)
            case "truncated": try reader.lax(&truncated)
            case "degraded": try reader.lax(&degraded)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("host", host)
            json.member("containersTotal", containersTotal)
            json.member("containers", containers)
            json.member("images", images)
            json.member("volumes", volumes)
            json.member("networks", networks)
            json.member("services", services)
            json.member("tasks", tasks)
            json.member("nodes", nodes)
            json.member("storageUsage", storageUsage)
            if !truncated.isEmpty { json.member("truncated", truncated) }
            if !degraded.isEmpty { json.member("degraded", degraded) }
        }
    }
}

extension HostReport.DockerEngine: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "runtime": try reader.lax(&runtime)
            case "error": try reader.lax(&error)
            case "id": try reader.lax(&id)
            case "name": try reader.lax(&name)
            case "runtimeVersion": try reader.lax(&runtimeVersion)
            case "apiVersion": try reader.lax(&apiVersion)
            case "os": try reader.lax(&os)
            case "kernelVersion": try reader.lax(&kernelVersion)
            case "architecture": try reader.lax(&architecture)
            case "storageDriver": try reader.lax(&storageDriver)
            case "cgroupVersion": try reader.lax(&cgroupVersion)
            case "totalCpu": try reader.lax(&totalCPU)
            case "totalMemoryBytes": try reader.lax(&totalMemoryBytes)
            case "swarm": try reader.lax(&swarm)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("runtime", runtime)
            json.member("error", error)
            json.member("id", id)
            json.member("name", name)
            json.member("runtimeVersion", runtimeVersion)
            json.member("apiVersion", apiVersion)
            json.member("os", os)
            json.member("kernelVersion", kernelVersion)
            json.member("architecture", architecture)
            json.member("storageDriver", storageDriver)
            json.member("cgroupVersion", cgroupVersion)
            json.member("totalCpu", totalCPU)
            json.member("totalMemoryBytes", totalMemoryBytes)
            json.member("swarm", swarm)
        }
    }
}

extension HostReport.DockerEngine.Swarm: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "nodeId": try reader.lax(&nodeID)
            case "nodeRole": try reader.lax(&nodeRole)
            case "localState": try reader.lax(&localState)
            case "controlAvailable": try reader.lax(&controlAvailable)
            case "clusterId": try reader.lax(&clusterID)
            case "clusterName": try reader.lax(&clusterName)
            case "error": try reader.lax(&error)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("nodeId", nodeID)
            json.member("nodeRole", nodeRole)
            json.member("localState", localState)
            json.member("controlAvailable", controlAvailable)
            json.member("clusterId", clusterID)
            json.member("clusterName", clusterName)
            json.member("error", error)
        }
    }
}

extension HostReport.DockerDegraded: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        self.init(part: "", reason: "", detail: "")
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "part": try reader.decode(into: &part)
            case "reason": try reader.decode(into: &reason)
            case "detail": try reader.decode(into: &detail)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("part", part)
            json.member("reason", reason)
            json.member("detail", detail)
        }
    }
}
