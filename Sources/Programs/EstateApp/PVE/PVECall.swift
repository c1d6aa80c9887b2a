import JSONKit

/// What a caller may see.
enum PVERights: Sendable {
    /// An auditor with the guest agent, as a monitor wants it.
    case full
    /// VM.Audit and Datastore.Audit only: 403 for nodes' insides, Ceph and guest agents.
    case limited
}

/// One question that was understood: who asks what about which cluster, at which moment.
struct PVECall {
    let scene: ClusterScene
    let rights: PVERights
    let principal: String
    /// The node the client is connected to.
    let door: Int
    let access: PVEAccess
    /// SHA-256 of the certificate, as PVE writes it.
    let fingerprint: String
    /// Address of a node by its index.
    let address: @Sendable (Int) -> String
    let method: String
    /// Query or form.
    let parameters: [String: String]
    /// What stands in the path for `{node}`, `{vmid}` and the like.
    var path: [String: String] = [:]
    /// Seconds to let pass before answering.
    var delay = 0.0

    var plan: ClusterPlan { scene.plan }
    var release: PVERelease { scene.plan.release }

    /// The node in the path. - Throws: as pveproxy does when it cannot pass the question on.
    func node() throws(PVEError) -> Int {
        let name = path["node"] ?? ""
        let index = name == "localhost" ? door : scene.node(named: name)
        guard let index else {
            throw .internalError(
                "hostname lookup '\(name)' failed - failed to get address info for: \(name): Name or service not known")
        }
        guard scene.nodes[index].isOnline else { throw .unreachable }
        return index
    }

    /// The guest in the path, which must be of this kind and on the node in the path.
    func guest(_ kind: GuestPlan.Kind) throws(PVEError) -> (plan: GuestPlan, state: GuestState) {
        let node = try node()
        guard let vmid = Int(path["vmid"] ?? "") else {
            throw .badParameter("vmid", "type check ('integer') failed - got '\(path["vmid"] ?? "")'")
        }
        guard let guest = scene.guest(vmid), guest.plan.kind == kind, guest.state.node == node else {
            let folder = kind == .qemu ? "qemu-server" : "lxc"
            throw .internalError(
                "Configuration file 'nodes/\(scene.nodes[node].name)/\(folder)/\(vmid).conf' does not exist")
        }
        return guest
    }

    func storage() throws(PVEError) -> StoragePlan {
        let name = path["storage"] ?? ""
        guard let storage = plan.storages.first(where: { $0.name == name }) else {
            throw .internalError("storage '\(name)' does not exist")
        }
        return storage
    }

    func number(_ name: String) throws(PVEError) -> Int? {
        guard let text = parameters[name] else { return nil }
        guard let value = Int(text) else { throw .badParameter(name, "type check ('integer') failed - got '\(text)'") }
        return value
    }

    func required(_ name: String) throws(PVEError) -> String {
        guard let value = parameters[name] else {
            throw .badParameter(name, "property is missing and it is not optional")
        }
        return value
    }
}

extension JSONWriter {
    /// Proxmox's way of saying true and false.
    mutating func flag(_ key: String, _ value: Bool) { member(key, value ? 1 : 0) }
}
