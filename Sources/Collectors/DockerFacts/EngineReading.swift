import AgentProtocol
import JSONKit
import Kernel

/// The engine, and what it keeps beside containers. Pure.
enum EngineReading {
    /// Versions of the API that we understand; between the two the engine's own newest is spoken.
    static let oldest = (1, 24)
    static let newest = (1, 51)

    /// - Returns: such as `1.41`.
    /// - Throws: when the engine speaks none that we understand.
    static func version(of json: JSONValue) throws(EngineFault) -> String {
        guard let most = number(json["ApiVersion"]?.string) else {
            throw EngineFault(.badAnswer, "the engine does not tell its version")
        }
        let least = number(json["MinAPIVersion"]?.string) ?? oldest
        let chosen = most < newest ? most : newest
        guard chosen >= oldest, chosen >= least else {
            throw EngineFault(.unsupported, "the engine speaks no version of its API that the agent understands")
        }
        return "\(chosen.0).\(chosen.1)"
    }

    private static func number(_ text: String?) -> (Int, Int)? {
        let parts = (text ?? "").split(separator: ".").map { Int($0) }
        guard parts.count == 2, let major = parts[0], let minor = parts[1], (0...99).contains(major) else { return nil }
        return (major, minor)
    }

    /// - Parameters:
    ///   - version: the answer of `/version`.
    ///   - info: the answer of `/info`.
    static func engine(version: JSONValue, info: JSONValue, speaking api: String) -> HostReport.DockerEngine {
        var engine = HostReport.DockerEngine()
        let components = version["Components"]?.array ?? []
        let isPodman = components.contains { ($0["Name"]?.string ?? "").lowercased().contains("podman") }
        engine.runtime = isPodman ? "podman" : "docker"
        engine.runtimeVersion = version.line("Version", limit: 64)
        engine.apiVersion = api
        engine.id = info.line("ID", limit: 128)
        engine.name = info.line("Name")
        engine.os = info.line("OperatingSystem")
        engine.kernelVersion = info.line("KernelVersion") ?? version.line("KernelVersion")
        engine.architecture = info.line("Architecture", limit: 32) ?? version.line("Arch", limit: 32)
        engine.storageDriver = info.line("Driver", limit: 64)
        engine.cgroupVersion = info.line("CgroupVersion", limit: 8)
        engine.totalCPU = info.count("NCPU").flatMap { $0 > 0 && $0 <= Int64(ReportLimits.cores) ? $0 : nil }
        engine.totalMemoryBytes = info.count("MemTotal").flatMap { $0 > 0 ? $0 : nil }
        engine.swarm = swarm(info["Swarm"])
        return engine
    }

    private static func swarm(_ json: JSONValue?) -> HostReport.DockerEngine.Swarm? {
        guard let json, let state = json.line("LocalNodeState", limit: 32) else { return nil }
        var swarm = HostReport.DockerEngine.Swarm()
        swarm.localState = state
        guard state != "inactive" else { return swarm }
        swarm.nodeID = json.line("NodeID", limit: 64)
        swarm.controlAvailable = json["ControlAvailable"]?.bool
        swarm.nodeRole = swarm.controlAvailable == true ? "manager" : "worker"
        swarm.clusterID = json["Cluster"]?.line("ID", limit: 64)
        swarm.clusterName = json["Cluster"]?["Spec"]?.line("Name", limit: 128)
        swarm.error = json.line("Error")
        return swarm
    }

    static func image(_ json: JSONValue) -> HostReport.DockerImage? {
        guard let id = json.line("Id", limit: 128) else { return nil }
        var image = HostReport.DockerImage()
        image.id = id
        image.repoTags = lines(json["RepoTags"]).filter { $0 != "<none>:<none>" }
        image.repoDigests = lines(json["RepoDigests"]).filter { !$0.hasPrefix("<none>") }
        image.sizeBytes = json.count("Size")
        image.sharedSizeBytes = json.count("SharedSize")
        image.containers = json.count("Containers")
        image.createdAt = json.seconds("Created")
        return image
    }

    static func volume(_ json: JSONValue) -> HostReport.DockerVolume? {
        guard let name = json.line("Name") else { return nil }
        var volume = HostReport.DockerVolume()
        volume.name = name
        volume.driver = json.line("Driver", limit: 128)
        volume.mountpoint = json.line("Mountpoint", limit: 512)
        volume.scope = json.line("Scope", limit: 32)
        volume.createdAt = json.time("CreatedAt")
        volume.sizeBytes = json["UsageData"]?.count("Size")
        volume.refCount = json["UsageData"]?.count("RefCount")
        return volume
    }

    static func network(_ json: JSONValue) -> HostReport.DockerNetwork? {
        guard let id = json.line("Id", limit: 128), let name = json.line("Name") else { return nil }
        var network = HostReport.DockerNetwork()
        network.id = id
        network.name = name
        network.driver = json.line("Driver", limit: 128)
        network.scope = json.line("Scope", limit: 32)
        network.isInternal = json["Internal"]?.bool
        network.isAttachable = json["Attachable"]?.bool
        network.isIngress = json["Ingress"]?.bool
        network.enablesIPv6 = json["EnableIPv6"]?.bool
        network.subnets = (json["IPAM"]?["Config"]?.array ?? []).prefix(16).compactMap { $0.line("Subnet", limit: 64) }
        network.createdAt = json.time("Created")
        return network
    }

    static func lines(_ json: JSONValue?, most: Int = 16) -> [String] {
        (json?.array ?? []).prefix(most).compactMap { $0.string?.asLine(limit: 256) }.filter { !$0.isEmpty }
    }
}
