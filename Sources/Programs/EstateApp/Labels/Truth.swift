import Crypto
import JSONKit

/// What is really there, with ids that nothing on the wire shows.
struct Truth {
    let scene: ClusterScene

    init(_ scene: ClusterScene) { self.scene = scene }

    /// One JSON object a line, without the line's end.
    func write(_ line: ([UInt8]) -> Void) {
        let plan = scene.plan
        emit("cluster", [plan.label], line) { json in
            json.member("name", plan.name)
            json.member("standalone", plan.isStandalone)
            json.member("version", plan.release.version)
        }
        for (index, node) in plan.nodes.enumerated() { self.node(node, scene.nodes[index], line) }
        for guest in scene.guests() { self.guest(guest.plan, guest.state, line) }
        for storage in plan.storages { self.storage(storage, line) }
    }

    /// The id of a part of a cluster: stable over everything that happens to it.
    static func id(_ path: [String]) -> String {
        let digest = SHA256.hash(data: Array(path.joined(separator: "/").utf8))
        return "t-"
            + digest.prefix(8).map { byte in
                let digits = String(byte, radix: 16)
                return digits.count == 1 ? "0\(digits)" : digits
            }.joined()
    }

    static func id(ofNode node: NodePlan, in plan: ClusterPlan) -> String { id([plan.label, "node", "\(node.index)"]) }
    static func id(ofGuest guest: GuestPlan, in plan: ClusterPlan) -> String {
        id([plan.label, "guest", "\(guest.vmid)"])
    }

    private func emit(
        _ kind: String, _ path: [String], _ line: ([UInt8]) -> Void, _ rest: (inout JSONWriter) -> Void
    ) {
        var json = JSONWriter()
        json.object { json in
            json.member("trueId", Self.id(path))
            json.member("kind", kind)
            json.member("organisation", scene.plan.organisationLabel)
            json.member("cluster", scene.plan.label)
            rest(&json)
        }
        line(json.bytes)
    }

    private func node(_ node: NodePlan, _ state: NodeState, _ line: ([UInt8]) -> Void) {
        emit("node", [scene.plan.label, "node", "\(node.index)"], line) { json in
            json.member("name", state.name)
            json.member("hostname", state.name)
            json.member("machineId", node.machineID)
            json.member("dmiUuid", node.hardwareUUID)
            json.member("addresses", ["\(scene.plan.network).\(2 + node.index)"])
            json.member("macs", [node.hardwareAddress])
            json.member("status", state.isOnline ? "online" : "offline")
        }
        for disk in DiskPlan.all(of: node, ceph: scene.plan.ceph) {
            emit("disk", [scene.plan.label, "node", "\(node.index)", "disk", disk.device], line) { json in
                json.member("node", state.name)
                json.member("serial", disk.serial)
                json.member("device", disk.device)
                json.member("model", disk.model)
                json.member("wearout", disk.lifeLeft(at: scene.now))
            }
        }
    }

    private func guest(_ guest: GuestPlan, _ state: GuestState, _ line: ([UInt8]) -> Void) {
        emit("guest", [scene.plan.label, "guest", "\(guest.vmid)"], line) { json in
            json.member("vmid", guest.vmid)
            json.member("guestKind", guest.kind.rawValue)
            json.member("name", state.name)
            json.member("hostname", PVEAgentAnswers.hostname(guest, state))
            json.member("node", scene.nodes[state.node].name)
            json.member("machineId", guest.machineID)
            json.member("dmiUuid", guest.hardwareUUID)
            json.member("addresses", [guest.address])
            json.member("macs", [guest.hardwareAddress])
            json.member("template", guest.isTemplate)
            json.member("status", state.power == .running ? "running" : state.power == .stopped ? "stopped" : "unknown")
            json.member("agent", guest.agent.rawValue)
            json.member("clonedFrom", guest.clonedFrom)
        }
    }

    private func storage(_ storage: StoragePlan, _ line: ([UInt8]) -> Void) {
        if storage.isShared {
            return emit("storage", [scene.plan.label, "storage", storage.name], line) { json in
                json.member("name", storage.name)
                json.member("type", storage.kind.rawValue)
                json.member("shared", true)
            }
        }
        for node in scene.nodes.indices where storage.isOn(node) {
            emit("storage", [scene.plan.label, "storage", storage.name, "\(node)"], line) { json in
                json.member("name", storage.name)
                json.member("type", storage.kind.rawValue)
                json.member("shared", false)
                json.member("node", scene.nodes[node].name)
            }
        }
    }
}
