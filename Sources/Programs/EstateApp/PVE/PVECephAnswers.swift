import JSONKit

/// `/cluster/ceph/…` and the same below a node.
enum PVECephAnswers {
    static let routes = [
        PVERoute("cluster/ceph/status", [], .system) { call, json throws(PVEError) in
            status(try ceph(call), call, &json)
        },
        PVERoute("cluster/ceph/df", [], .system) { call, json throws(PVEError) in usage(try ceph(call), call, &json) },
        PVERoute("nodes/{node}/ceph/status", [], .system) { call, json throws(PVEError) in
            _ = try call.node()
            status(try ceph(call), call, &json)
        },
        PVERoute("cluster/ceph/flags", [], .system) { call, json throws(PVEError) in
            _ = try ceph(call)
            json.array { json in
                for name in ["nobackfill", "noout", "norebalance", "noscrub", "pause"] {
                    json.object { json in
                        json.member("name", name)
                        json.member("value", 0)
                    }
                }
            }
        },
    ]

    private static func ceph(_ call: PVECall) throws(PVEError) -> CephPlan {
        guard let ceph = call.plan.ceph else { throw .internalError("binary not installed: /usr/bin/ceph-mon") }
        return ceph
    }

    private static func status(_ ceph: CephPlan, _ call: PVECall, _ json: inout JSONWriter) {
        let names = call.scene.nodes.map(\.name)
        let up = call.scene.nodes.indices.filter { call.scene.nodes[$0].isOnline }
        let used = Int64(Double(ceph.size) * ceph.use.value(at: call.scene.now))
        json.object { json in
            json.member("fsid", ceph.fsid)
            health(ceph, missing: names.count - up.count, &json)
            json.array("quorum") { json in for index in up.prefix(3) { json.int(Int64(index)) } }
            json.array("quorum_names") { json in for index in up.prefix(3) { json.string(names[index]) } }
            json.object("monmap") { json in
                json.member("epoch", 3)
                // Newer ones say how many, older ones say which.
                guard !call.release.isNine else { return json.member("num_mons", min(3, names.count)) }
                json.array("mons") { json in
                    for (index, name) in names.prefix(3).enumerated() {
                        json.object { json in
                            json.member("rank", index)
                            json.member("name", name)
                            json.member("addr", "\(call.address(index)):6789/0")
                        }
                    }
                }
            }
            json.object("osdmap") { json in
                json.member("epoch", 1042)
                json.member("num_osds", ceph.osdCount)
                json.member("num_up_osds", up.count * ceph.osdsPerNode)
                json.member("num_in_osds", ceph.osdCount)
            }
            json.object("mgrmap") { json in
                json.member("available", true)
                json.member("active_name", up.first.map { names[$0] })
                json.array("standbys") { json in
                    for index in up.dropFirst() { json.object { $0.member("name", names[index]) } }
                }
            }
            json.object("pgmap") { json in
                json.member("num_pgs", 129)
                json.member("num_pools", ceph.pools.count)
                json.member("bytes_total", ceph.size)
                json.member("bytes_used", used)
                json.member("bytes_avail", ceph.size - used)
                json.member("read_bytes_sec", Int64(ceph.reads.value(at: call.scene.now)))
                json.member("write_bytes_sec", Int64(ceph.writes.value(at: call.scene.now)))
                json.member("read_op_per_sec", Int64(ceph.reads.value(at: call.scene.now) / 32_768))
                json.member("write_op_per_sec", Int64(ceph.writes.value(at: call.scene.now) / 16_384))
                json.array("pgs_by_state") { json in
                    json.object { json in
                        json.member(
                            "state_name", up.count == names.count ? "active+clean" : "active+undersized+degraded")
                        json.member("count", 129)
                    }
                }
            }
        }
    }

    private static func health(_ ceph: CephPlan, missing: Int, _ json: inout JSONWriter) {
        json.object("health") { json in
            let isWell = missing == 0 && !ceph.complains
            json.member("status", isWell ? "HEALTH_OK" : missing > 1 ? "HEALTH_ERR" : "HEALTH_WARN")
            json.object("checks") { json in
                if missing > 0 { check("OSD_HOST_DOWN", "\(missing) host down", &json) }
                if ceph.complains { check("OSD_NEARFULL", "1 nearfull osd(s)", &json) }
            }
            json.array("mutes") { _ in }
        }
    }

    private static func check(_ name: String, _ text: String, _ json: inout JSONWriter) {
        json.object(name) { json in
            json.member("severity", "HEALTH_WARN")
            json.member("muted", false)
            json.object("summary") { json in
                json.member("message", text)
                json.member("count", 1)
            }
            json.array("detail") { json in json.object { $0.member("message", text) } }
        }
    }

    private static func usage(_ ceph: CephPlan, _ call: PVECall, _ json: inout JSONWriter) {
        let used = Int64(Double(ceph.size) * ceph.use.value(at: call.scene.now))
        json.object { json in
            json.object("stats") { json in
                json.member("total_bytes", ceph.size)
                json.member("total_used_bytes", used)
                json.member("total_used_raw_bytes", used)
                json.member("total_used_raw_ratio", Double(used) / Double(ceph.size))
                json.member("total_avail_bytes", ceph.size - used)
                json.member("num_osds", ceph.osdCount)
            }
            json.array("pools") { json in
                for (index, name) in ceph.pools.enumerated() {
                    // Three copies of everything; the manager's own pool is tiny.
                    let stored = index == 0 ? used / 3 - 1_000_000 : 1_000_000
                    json.object { json in
                        json.member("id", index + 1)
                        json.member("name", name)
                        json.object("stats") { json in
                            json.member("stored", stored)
                            json.member("bytes_used", stored * 3)
                            json.member("max_avail", (ceph.size - used) / 3)
                            json.member("objects", stored / 4_194_304)
                            json.member("percent_used", Double(stored * 3) / Double(stored * 3 + ceph.size - used))
                        }
                    }
                }
            }
        }
    }
}
