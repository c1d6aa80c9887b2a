import JSONKit

/// Storage replication: jobs of the cluster, their states on the nodes.
enum PVEReplicationAnswers {
    static let routes = [
        PVERoute("cluster/replication", []) { call, json in
            json.array { json in
                for guest in call.scene.guests() where guest.plan.hasReplication {
                    json.object { job(guest.plan, guest.state, call, &$0) }
                }
            }
        },
        PVERoute("nodes/{node}/replication", ["guest"]) { call, json throws(PVEError) in
            let node = try call.node()
            let only = try call.number("guest")
            json.array { json in
                for guest in call.scene.guests(onNode: node) where guest.plan.hasReplication {
                    if let only, only != guest.plan.vmid { continue }
                    json.object { status(guest.plan, guest.state, call, &$0) }
                }
            }
        },
        PVERoute("nodes/{node}/replication/{id}/status") { call, json throws(PVEError) in
            let node = try call.node()
            let id = call.path["id"] ?? ""
            guard
                let guest = call.scene.guests(onNode: node).first(where: {
                    $0.plan.hasReplication && "\($0.plan.vmid)-0" == id
                })
            else { throw .internalError("no such replication job '\(id)'") }
            json.object { status(guest.plan, guest.state, call, &$0) }
        },
    ]

    private static func job(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        json.member("id", "\(guest.vmid)-0")
        json.member("guest", guest.vmid)
        json.member("jobnum", 0)
        json.member("type", "local")
        json.member("source", call.scene.nodes[state.node].name)
        json.member("target", call.scene.nodes[(state.node + 1) % call.plan.nodes.count].name)
        json.member("schedule", "*/15")
    }

    /// Every quarter of an hour; one job in twelve has been failing since the last hour began.
    private static func status(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        job(guest, state, call, &json)
        json.member("vmtype", guest.kind.rawValue)
        let last = (call.scene.now / 900).rounded(.down) * 900
        let fails = guest.seed.child(.replication).chance(.failure, 1 / 12)
        json.member("last_sync", Int64(fails ? (last / 3600).rounded(.down) * 3600 - 900 : last))
        json.member("last_try", Int64(last))
        json.member("next_sync", Int64(last + 900))
        json.member("duration", guest.seed.number(.duration, 1.5...40), decimals: 3)
        json.member("fail_count", fails ? 1 + Int(last / 900) % 4 : 0)
        if fails { json.member("error", "command 'zfs snapshot' failed: exit code 1") }
    }
}
