import Crypto
import Foundation
import Inventory
import JSONKit
import Kernel

/// A line of `pulse-estate observations`: the claim as our collectors would make it, and beside it the hidden truth.
struct LabelledObservation {
    let organisation: String
    let said: Observation
    /// For the score alone.
    let system: String

    init?(_ line: [UInt8]) {
        var reader = JSONReader(line)
        guard let json = try? reader.decode(JSONValue.self), let organisation = json["organisation"]?.string,
            let source = json["source"]?.string, let at = json["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let claims = json["claims"], let system = json["truth"]?["system"]?.string
        else { return nil }
        self.organisation = organisation
        self.system = system
        said =
            source == "pve"
            ? Self.platform(claims, organisation, at) : Self.machine(claims, organisation, source: source, at)
    }

    static func org(_ name: String) -> OrgID { .deterministic(fromDigest: Array(SHA256.hash(data: Data(name.utf8)))) }

    private static func connection(_ organisation: String, _ name: String) -> ConnectionID {
        .deterministic(fromDigest: Array(SHA256.hash(data: Data("\(organisation)/\(name)".utf8))))
    }

    private static func platform(_ claims: JSONValue, _ organisation: String, _ at: Timestamp) -> Observation {
        let instance = claims["instance"]?.string ?? ""
        let name = claims["name"]?.string ?? claims["node"]?.string ?? ""
        let (type, key): (ResourceType, String) =
            switch claims["type"]?.string {
            case "qemu": (.vm, "guest/\(claims["vmid"]?.int ?? 0)")
            case "lxc": (.systemContainer, "guest/\(claims["vmid"]?.int ?? 0)")
            default: (.agent, "node/\(claims["node"]?.string ?? "")")
            }
        var evidence = [Evidence(.platformID, "pve:\(instance)/\(key)")]
        let dmi = claims["dmiUuid"]?.string?.lowercased()
        if let dmi { evidence.append(Evidence(.dmiUUID, dmi)) }
        evidence += hardware(claims)
        return Observation(
            connection: connection(organisation, instance), source: .proxmox, type: type, key: key, evidence: evidence,
            name: name, identity: identity(claims, dmi: dmi, name: claims["hostname"]?.string ?? name),
            measuredAt: at, receivedAt: at)
    }

    private static func machine(
        _ claims: JSONValue, _ organisation: String, source: String, _ at: Timestamp
    ) -> Observation {
        let id = claims["sourceId"]?.string ?? ""
        let hostname = claims["hostname"]?.string ?? ""
        let machine = claims["machineId"]?.string?.lowercased()
        let dmi = claims["dmiUuid"]?.string?.lowercased()
        var evidence: [Evidence] = []
        if let machine { evidence.append(Evidence(.machineID, machine)) }
        evidence.append(Evidence(.agentID, "\(source):\(id)"))
        if let dmi { evidence.append(Evidence(.dmiUUID, dmi)) }
        evidence += hardware(claims)
        return Observation(
            connection: connection(organisation, "\(source):\(id)"), source: source == "docker" ? .docker : .agent,
            type: .agent, key: "host", evidence: evidence, name: hostname,
            identity: identity(claims, machine: machine, dmi: dmi, name: hostname), measuredAt: at, receivedAt: at)
    }

    /// Of a node and of an agent on it, and of any machine whose disks were read.
    private static func hardware(_ claims: JSONValue) -> [Evidence] {
        var evidence = (claims["diskSerials"]?.array ?? []).compactMap(\.string).map { Evidence(.hostDisk, $0) }
        let isMachine = claims["type"]?.string == "node" || claims["type"]?.string == "host"
        if isMachine, let cluster = claims["cluster"]?.string, let node = claims["node"]?.string {
            evidence.append(Evidence(.clusterNode, "\(cluster)/\(node)".lowercased()))
        }
        return evidence
    }

    private static func identity(
        _ claims: JSONValue, machine: String? = nil, dmi: String? = nil, name: String
    ) -> ResourceIdentity {
        func strings(_ member: String) -> [String] { claims[member]?.array?.compactMap(\.string) ?? [] }
        return ResourceIdentity(
            machineID: machine, dmiUUID: dmi, hostnames: [name],
            ipAddresses: strings("addresses").map { String($0.prefix { $0 != "/" }) },
            macAddresses: strings("macs").map { $0.lowercased() })
    }
}
