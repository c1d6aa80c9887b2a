import JSONKit

/// `/nodes/{node}/disks/…`: disks with their wear, SMART, ZFS pools.
enum PVEDiskAnswers {
    static let routes = [
        PVERoute("nodes/{node}/disks/list", ["include-partitions", "skipsmart", "type"], .system) {
            call, json throws(PVEError) in
            let node = try call.node()
            json.array { json in
                for disk in DiskPlan.all(of: call.plan.nodes[node], ceph: call.plan.ceph) {
                    json.object { listed(disk, node, call, &$0) }
                }
            }
        },
        PVERoute("nodes/{node}/disks/smart", ["disk", "healthonly"], .system) { call, json throws(PVEError) in
            let node = try call.node()
            let device = try call.required("disk")
            let disks = DiskPlan.all(of: call.plan.nodes[node], ceph: call.plan.ceph)
            guard let disk = disks.first(where: { $0.device == device }) else {
                throw .internalError("disk \(device) not found")
            }
            json.object { smart(disk, at: call.scene.now, &$0) }
        },
        PVERoute("nodes/{node}/disks/zfs", [], .system) { call, json throws(PVEError) in
            let node = try call.node()
            json.array { json in
                for pool in PoolPlan.all(onNode: node, call.plan) { json.object { pool.list(call.scene, &$0) } }
            }
        },
        PVERoute("nodes/{node}/disks/zfs/{pool}", [], .system) { call, json throws(PVEError) in
            let node = try call.node()
            let name = call.path["pool"] ?? ""
            guard let pool = PoolPlan.all(onNode: node, call.plan).first(where: { $0.name == name }) else {
                throw .internalError("cannot open '\(name)': no such pool")
            }
            json.object { pool.detail(&$0) }
        },
    ]

    private static func listed(_ disk: DiskPlan, _ node: Int, _ call: PVECall, _ json: inout JSONWriter) {
        json.member("devpath", disk.device)
        json.member("by_id_link", "/dev/disk/by-id/ata-\(disk.serial)")
        json.member("model", disk.model)
        json.member("serial", disk.serial)
        json.member("size", disk.size)
        json.member("vendor", disk.kind == .nvme ? "unknown" : "ATA     ")
        json.member("wwn", "0x\(disk.name)")
        json.member("type", disk.kind.rawValue)
        json.member("health", disk.isFailing ? "FAILED" : disk.kind == .usb ? "UNKNOWN" : "PASSED")
        json.member("used", disk.use)
        json.member("gpt", disk.use == "BIOS boot" ? 1 : 0)
        json.member("mounted", 0)
        json.member("osdid", disk.use == "LVM" ? "\(disk.device.utf8.count)" : "-1")
        if disk.kind == .hdd {
            json.member("rpm", disk.seed.pick(.model, [5400, 7200]))
        } else {
            json.member("rpm", 0)
        }
        // What is not known is the text N/A; older ones write what they know as text now and then.
        guard let life = disk.lifeLeft(at: call.scene.now) else { return json.member("wearout", "N/A") }
        if call.release.isNine || disk.seed.chance(.options, 0.7) {
            json.member("wearout", life)
        } else {
            json.member("wearout", "\(life)")
        }
    }

    private static func smart(_ disk: DiskPlan, at time: Double, _ json: inout JSONWriter) {
        json.member("health", disk.isFailing ? "FAILED" : "PASSED")
        let hours = Int64((time - 1_700_000_000) / 3600) + Int64(disk.seed.int(.moment, 0...20_000))
        guard disk.kind != .nvme else {
            json.member("type", "text")
            json.member("wearout", disk.lifeLeft(at: time))
            return json.member(
                "text",
                """

                SMART/Health Information (NVMe Log 0x02)
                Critical Warning:                   0x0\(disk.isFailing ? 4 : 0)
                Temperature:                        \(disk.celsius) Celsius
                Available Spare:                    100%
                Available Spare Threshold:          10%
                Percentage Used:                    \(100 - (disk.lifeLeft(at: time) ?? 100))%
                Power On Hours:                     \(hours)
                Media and Data Integrity Errors:    \(disk.isFailing ? 12 : 0)

                """)
        }
        json.member("type", "ata")
        json.array("attributes") { json in
            attribute(5, "Reallocated_Sector_Ct", 100, 10, disk.isFailing ? 184 : 0, &json)
            attribute(9, "Power_On_Hours", 95, 0, hours, &json)
            attribute(194, "Temperature_Celsius", 100 - disk.celsius, 0, Int64(disk.celsius), &json)
            if let life = disk.lifeLeft(at: time) { attribute(233, "Media_Wearout_Indicator", life, 1, 0, &json) }
        }
    }

    private static func attribute(
        _ id: Int, _ name: String, _ value: Int, _ threshold: Int, _ raw: Int64, _ json: inout JSONWriter
    ) {
        json.object { json in
            let number = "\(id)"
            json.member("id", String(repeating: " ", count: 3 - number.utf8.count) + number)
            json.member("name", name)
            json.member("flags", "-O--CK")
            json.member("value", value)
            json.member("normalized", value)
            json.member("worst", value)
            json.member("threshold", threshold)
            json.member("fail", "-")
            json.member("raw", "\(raw)")
        }
    }
}

/// A ZFS pool of a node.
struct PoolPlan {
    let name: String
    let size: Int64
    let seed: Seed
    let use: Curve
    let disks: [DiskPlan]

    /// One pool in fourteen has lost a disk.
    var isDegraded: Bool { disks.count > 1 && seed.chance(.health, 0.07) }

    static func all(onNode node: Int, _ plan: ClusterPlan) -> [PoolPlan] {
        let disks = DiskPlan.all(of: plan.nodes[node], ceph: plan.ceph)
        return plan.storages.compactMap { storage in
            guard let pool = storage.pool, storage.isOn(node) else { return nil }
            return PoolPlan(
                name: pool, size: storage.size, seed: storage.seed.child(.pool, node), use: storage.use(onNode: node),
                disks: pool == "rpool" ? [disks[0]] : disks.filter { $0.use == "ZFS" })
        }
    }

    func list(_ scene: ClusterScene, _ json: inout JSONWriter) {
        let used = Int64(Double(size) * use.value(at: scene.now))
        json.member("name", name)
        json.member("size", size)
        json.member("alloc", used)
        json.member("free", size - used)
        json.member("frag", seed.int(.usage, 0...40))
        json.member("dedup", 1.0)
        json.member("health", isDegraded ? "DEGRADED" : "ONLINE")
    }

    func detail(_ json: inout JSONWriter) {
        json.member("name", name)
        json.member("state", isDegraded ? "DEGRADED" : "ONLINE")
        if isDegraded {
            json.member("status", "One or more devices has been removed by the administrator.")
            json.member("action", "Online the device using zpool online or replace the device with 'zpool replace'.")
        }
        json.member("scan", "scrub repaired 0B in 03:12:44 with 0 errors on Sun Nov  9 03:36:45 2025")
        json.member("errors", "No known data errors")
        json.array("children") { json in
            json.object { json in
                device(name, isDegraded ? "DEGRADED" : "ONLINE", 0, &json)
                json.array("children") { json in
                    guard disks.count > 1 else { return leaves(&json) }
                    json.object { json in
                        device("raidz1-0", isDegraded ? "DEGRADED" : "ONLINE", 0, &json)
                        json.array("children") { leaves(&$0) }
                    }
                }
            }
        }
    }

    private func leaves(_ json: inout JSONWriter) {
        for (index, disk) in disks.enumerated() {
            json.object { json in
                let isBad = isDegraded && index == disks.count - 1
                json.member("leaf", 1)
                device(
                    "ata-\(disk.model.split(separator: " ").joined(separator: "_"))_\(disk.serial)",
                    isBad ? "REMOVED" : "ONLINE", isBad ? 14 : 0, &json)
            }
        }
    }

    private func device(_ name: String, _ state: String, _ errors: Int, _ json: inout JSONWriter) {
        json.member("name", name)
        json.member("state", state)
        json.member("read", errors)
        json.member("write", errors / 2)
        json.member("cksum", 0)
        json.member("msg", "")
    }
}
