import AgentProtocol
import Inventory
import JSONKit
import Kernel

/// What a container engine's part of a host's report claims. Pure.
struct DockerReading {
    /// Where the host stands, whose parts these are.
    struct Host {
        let connection: ConnectionID
        /// Of the host's own claim.
        let key: String
        let processors: Int64?
        let silence: Duration
        let measuredAt: Timestamp
        let receivedAt: Timestamp
    }

    struct Claims {
        var observations: [Observation] = []
        /// The lists that were told whole; what stood in one and does not now is going.
        var complete: Set<String> = []
    }

    let part: HostReport.Docker
    let host: Host

    var claims: Claims {
        var claims = Claims()
        // An engine that does not answer says nothing of what it holds.
        guard part.host.error == nil else { return claims }
        let containers = part.containers.map(ContainerIdentity.all)
        add(containers, "containers", to: &claims, observation)
        add(part.images, "images", to: &claims, observation)
        add(part.volumes, "volumes", to: &claims, observation)
        add(part.networks, "networks", to: &claims, observation)
        let manages = part.host.swarm?.controlAvailable == true
        let tasks = part.tasks.map(SwarmClaims.newestOfEachSlot)
        add(manages ? part.services : hasNoSwarm ? [] : nil, "services", to: &claims, observation)
        add(manages ? part.nodes : hasNoSwarm ? [] : nil, "nodes", to: &claims, observation)
        add(manages ? tasks : hasNoSwarm ? [] : nil, "tasks", to: &claims, observation)
        return claims
    }

    /// Who has left a swarm, or manages it no more, has nothing to tell of it. A manager that is locked, still joining or
    /// in error has, and cannot.
    private var hasNoSwarm: Bool {
        guard let swarm = part.host.swarm else { return false }
        return swarm.localState == "inactive" || (swarm.localState == "active" && swarm.controlAvailable == false)
    }

    private func add<Element>(
        _ elements: [Element]?, _ list: String, to claims: inout Claims, _ claim: (Element) -> Observation
    ) {
        guard let elements else { return }
        claims.observations += elements.map(claim)
        if !part.truncated.contains(list) { claims.complete.insert(scope(list)) }
    }

    func scope(_ list: String) -> String { "\(prefix)docker/\(list)" }

    func key(_ kind: String, _ name: String) -> String { "\(prefix)docker/\(kind)/\(name)" }

    /// Two machines that report under one name keep their containers apart, too.
    private var prefix: String { host.key == "host" ? "" : host.key + "/" }

    var runtime: String { part.host.runtime ?? "docker" }

    /// A claim of this engine, without what is special to its kind.
    func claim(
        _ type: ResourceType, _ kind: String, list: String, _ key: String, name: String, status: ResourceStatus,
        evidence: [Evidence] = [], parent: String?
    ) -> Observation {
        Observation(
            connection: host.connection, source: .docker, type: type, key: self.key(kind, key), scope: scope(list),
            evidence: evidence, parent: parent, name: name, technology: runtime, status: status,
            silence: max(host.silence, .seconds(120)), measuredAt: host.measuredAt, receivedAt: host.receivedAt)
    }

    // MARK: What an engine holds

    private func observation(of image: HostReport.DockerImage) -> Observation {
        let name = image.repoTags.first ?? image.repoDigests.first.map { String($0.prefix { $0 != "@" }) }
        var said = claim(
            .dockerImage, "image", list: "images", image.id, name: name ?? Self.short(image.id), status: .online,
            parent: host.key)
        said.facts = [
            ResourceBlock("docker") { json in
                json.member("imageId", image.id)
                json.member("repoTags", image.repoTags)
                json.member("repoDigests", image.repoDigests)
                json.member("sizeBytes", image.sizeBytes)
                json.member("createdAt", image.createdAt)
            }
        ]
        said.live = [
            ResourceBlock("dockerStatus") { json in
                json.member("containers", image.containers)
                json.member("sharedSizeBytes", image.sharedSizeBytes)
            }
        ]
        return said
    }

    private func observation(of volume: HostReport.DockerVolume) -> Observation {
        var said = claim(
            .dockerVolume, "volume", list: "volumes", volume.name, name: volume.name, status: .online,
            parent: host.key)
        said.facts = [
            ResourceBlock("docker") { json in
                json.member("driver", volume.driver)
                json.member("mountpoint", volume.mountpoint)
                json.member("scope", volume.scope)
                json.member("createdAt", volume.createdAt)
            }
        ]
        said.live = [
            ResourceBlock("dockerStatus") { json in
                json.member("sizeBytes", volume.sizeBytes)
                json.member("refCount", volume.refCount)
            }
        ]
        return said
    }

    private func observation(of network: HostReport.DockerNetwork) -> Observation {
        var said = claim(
            .dockerNetwork, "network", list: "networks", network.id, name: network.name, status: .online,
            parent: host.key)
        said.facts = [
            ResourceBlock("docker") { json in
                json.member("networkId", network.id)
                json.member("driver", network.driver)
                json.member("scope", network.scope)
                json.member("internal", network.isInternal)
                json.member("attachable", network.isAttachable)
                json.member("ingress", network.isIngress)
                json.member("enableIpv6", network.enablesIPv6)
                json.member("subnets", network.subnets)
                json.member("createdAt", network.createdAt)
            }
        ]
        return said
    }

    /// The first twelve digits, as the engine's own tools show an id.
    static func short(_ id: String) -> String { String((id.split(separator: ":").last ?? "").prefix(12)) }
}

extension ResourceBlock {
    init(_ name: String, _ members: (inout JSONWriter) -> Void) {
        var writer = JSONWriter(capacity: 512)
        writer.object { members(&$0) }
        self.init(name, json: writer.bytes)
    }
}
