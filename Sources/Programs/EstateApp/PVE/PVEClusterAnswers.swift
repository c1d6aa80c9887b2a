import JSONKit

/// `/cluster/…` and what concerns the whole: resources, status, options, HA, replication.
enum PVEClusterAnswers {
    static let routes = [
        PVERoute("version") { call, json in
            json.object { json in
                json.member("release", "\(call.release.major).\(call.release.minor)")
                json.member("repoid", call.release.repository)
                json.member("version", call.release.version)
            }
        },
        PVERoute("cluster") { call, json in
            json.array { json in
                for name in [
                    "acme", "backup", "ceph", "config", "firewall", "ha", "log", "nextid", "options", "replication",
                    "resources", "status", "tasks",
                ] {
                    json.object { $0.member("name", name) }
                }
            }
        },
        PVERoute("cluster/resources", ["type"]) { call, json throws(PVEError) in try resources(call, &json) },
        PVERoute("cluster/status", [], .system) { call, json in status(call, &json) },
        PVERoute("cluster/options") { call, json in options(call, &json) },
        PVERoute("cluster/nextid", ["vmid"]) { call, json in json.string("\(100 + call.plan.guests.count)") },
        PVERoute("pools", ["poolid", "type"]) { call, json in
            json.array { json in json.object { $0.member("poolid", "customers") } }
        },
        PVERoute("cluster/ha/status/current", [], .system) { call, json in highAvailability(call, &json) },
        PVERoute("cluster/ha/resources", ["type"], .system) { call, json in
            json.array { json in
                for guest in call.scene.guests() where guest.plan.isHighlyAvailable {
                    json.object { json in
                        json.member("sid", service(guest.plan))
                        json.member("type", guest.plan.kind == .qemu ? "vm" : "ct")
                        json.member("state", "started")
                        json.member("max_restart", 1)
                        json.member("max_relocate", 1)
                        json.member("digest", guest.plan.seed.hex(.options, digits: 40))
                    }
                }
            }
        },
        PVERoute("cluster/backup", [], .system) { call, json in
            json.array { json in
                json.object { json in
                    json.member("id", "backup-\(call.plan.seed.hex(.backup, digits: 8))")
                    json.member("type", "vzdump")
                    json.member("enabled", 1)
                    json.member("all", 1)
                    json.member("schedule", "01:00")
                    json.member("mode", "snapshot")
                    json.member("storage", Backups(call.scene).target?.name)
                }
            }
        },
    ]

    static func service(_ guest: GuestPlan) -> String { "\(guest.kind == .qemu ? "vm" : "ct"):\(guest.vmid)" }

    private static func resources(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let type = call.parameters["type"]
        if let type, !["vm", "storage", "node", "sdn"].contains(type) {
            throw .badParameter(
                "type", "value '\(type)' does not have a value in the enumeration 'vm, storage, node, sdn'")
        }
        json.array { json in
            if type == nil || type == "vm" {
                let locked = Backups(call.scene).lockedGuests()
                for guest in call.scene.guests() {
                    json.object {
                        PVEGuestAnswers.resource(
                            guest.plan, guest.state, isLocked: locked.contains(guest.plan.vmid), call, &$0)
                    }
                }
            }
            if type == nil {
                json.object { json in
                    json.member("id", "/pool/customers")
                    json.member("pool", "customers")
                    json.member("type", "pool")
                }
            }
            for node in call.scene.nodes.indices {
                if type == nil || type == "node" { json.object { PVENodeAnswers.resource(node, call, &$0) } }
                if type == nil || type == "storage" { storages(on: node, call, &json) }
                if type == nil || type == "sdn" { network(on: node, call, &json) }
            }
        }
    }

    private static func storages(on node: Int, _ call: PVECall, _ json: inout JSONWriter) {
        for storage in call.plan.storages where storage.isOn(node) {
            let name = call.scene.nodes[node].name
            let isThere = call.scene.nodes[node].isOnline
            json.object { json in
                json.member("id", "storage/\(name)/\(storage.name)")
                json.member("storage", storage.name)
                json.member("node", name)
                json.member("type", "storage")
                json.member("plugintype", storage.kind.rawValue)
                json.member("content", storage.content)
                json.flag("shared", storage.isShared)
                json.member("status", isThere ? "available" : "unknown")
                if isThere {
                    json.member("disk", StorageUse(storage, node, call.scene).used)
                    json.member("maxdisk", storage.size)
                }
            }
        }
    }

    private static func network(on node: Int, _ call: PVECall, _ json: inout JSONWriter) {
        let name = call.scene.nodes[node].name
        json.object { json in
            json.member("id", "sdn/\(name)/localnetwork")
            json.member("sdn", "localnetwork")
            json.member("node", name)
            json.member("type", "sdn")
            json.member("status", call.scene.nodes[node].isOnline ? "ok" : "unknown")
        }
    }

    private static func status(_ call: PVECall, _ json: inout JSONWriter) {
        json.array { json in
            if !call.plan.isStandalone {
                json.object { json in
                    json.member("type", "cluster")
                    json.member("id", "cluster")
                    json.member("name", call.plan.name)
                    json.member("version", call.plan.nodes.count)
                    json.member("nodes", call.plan.nodes.count)
                    json.flag("quorate", call.scene.isQuorate)
                }
            }
            for (index, node) in call.scene.nodes.enumerated() {
                json.object { json in
                    json.member("type", "node")
                    json.member("id", "node/\(node.name)")
                    json.member("name", node.name)
                    json.member("ip", call.address(index))
                    json.flag("local", index == call.door)
                    json.member("nodeid", call.plan.isStandalone ? 0 : index + 1)
                    json.flag("online", node.isOnline)
                    json.member("level", "")
                }
            }
        }
    }

    private static func options(_ call: PVECall, _ json: inout JSONWriter) {
        json.object { json in
            json.member("keyboard", "en-us")
            json.member("mac_prefix", "BC:24:11")
            if call.plan.seed.chance(.tags, 0.7) { tagStyle(call, &json) }
            json.object("migration") { $0.member("type", "secure") }
            json.array("allowed-tags") { json in
                for tag in ["db", "lab", "production", "pulse-no-alerts", "staging", "web"] { json.string(tag) }
            }
        }
    }

    /// A property string until 8, its parts from 9 on.
    private static func tagStyle(_ call: PVECall, _ json: inout JSONWriter) {
        let colors = "production:ff0000;staging:ffaa00;web:00aaff:ffffff"
        let isCaseSensitive = call.plan.seed.chance(.options, 0.3)
        guard call.release.isNine else {
            return json.member("tag-style", "color-map=\(colors)\(isCaseSensitive ? ",case-sensitive=1" : "")")
        }
        json.object("tag-style") { json in
            json.member("color-map", colors)
            if isCaseSensitive { json.member("case-sensitive", 1) }
        }
    }

    private static func highAvailability(_ call: PVECall, _ json: inout JSONWriter) {
        let master = call.scene.nodes.firstIndex { $0.isOnline } ?? 0
        json.array { json in
            json.object { json in
                json.member("id", "quorum")
                json.member("node", call.scene.nodes[call.door].name)
                json.flag("quorate", call.scene.isQuorate)
                json.member("status", call.scene.isQuorate ? "OK" : "No quorum")
                json.member("type", "quorum")
            }
            let protected = call.scene.guests().filter { $0.plan.isHighlyAvailable }
            guard !protected.isEmpty else { return }
            json.object { json in
                json.member("id", "master")
                json.member("node", call.scene.nodes[master].name)
                json.member("status", "\(call.scene.nodes[master].name) (active)")
                json.member("timestamp", Int64(call.scene.now))
                json.member("type", "master")
            }
            for (index, node) in call.scene.nodes.enumerated() {
                json.object { json in
                    json.member("id", "lrm:\(node.name)")
                    json.member("node", node.name)
                    json.member("status", "\(node.name) (\(node.isOnline ? "active" : "old timestamp - dead?"))")
                    json.member("timestamp", Int64(node.isOnline ? call.scene.now : call.scene.nodes[index].since))
                    json.member("type", "lrm")
                }
            }
            for guest in protected {
                json.object { json in
                    let name = call.scene.nodes[guest.state.node].name
                    let state =
                        guest.state.power == .unknown ? "fence" : guest.state.power == .running ? "started" : "stopped"
                    json.member("id", "service:\(service(guest.plan))")
                    json.member("sid", service(guest.plan))
                    json.member("node", name)
                    json.member("state", state)
                    json.member("status", "\(service(guest.plan)) (\(name), \(state))")
                    json.member("type", "service")
                }
            }
        }
    }
}
