import JSONKit

/// `/storage` and `/nodes/{node}/storage`.
enum PVEStorageAnswers {
    static let routes = [
        PVERoute("storage", ["type"]) { call, json in
            json.array { json in
                for storage in call.plan.storages { json.object { configuration(storage, call, &$0) } }
            }
        },
        PVERoute("storage/{storage}") { call, json throws(PVEError) in
            let storage = try call.storage()
            json.object { configuration(storage, call, &$0) }
        },
        PVERoute("nodes/{node}/storage", ["content", "enabled", "format", "storage", "target"]) {
            call, json throws(PVEError) in
            let node = try call.node()
            let content = call.parameters["content"]
            json.array { json in
                for storage in call.plan.storages where storage.isOn(node) {
                    if let content, !storage.content.split(separator: ",").contains(content[...]) { continue }
                    if let name = call.parameters["storage"], name != storage.name { continue }
                    json.object { json in
                        json.member("storage", storage.name)
                        status(storage, node, call, &json)
                    }
                }
            }
        },
        PVERoute("nodes/{node}/storage/{storage}") { call, json throws(PVEError) in
            _ = (try call.node(), try call.storage())
            json.array { json in
                for name in ["content", "rrddata", "status"] { json.object { $0.member("subdir", name) } }
            }
        },
        PVERoute("nodes/{node}/storage/{storage}/status") { call, json throws(PVEError) in
            let (node, storage) = (try call.node(), try call.storage())
            guard storage.isOn(node) else {
                throw .internalError("storage '\(storage.name)' is not available on node '\(call.path["node"] ?? "")'")
            }
            json.object { status(storage, node, call, &$0) }
        },
        PVERoute("nodes/{node}/storage/{storage}/content", ["content", "vmid"]) { call, json throws(PVEError) in
            let (node, storage) = (try call.node(), try call.storage())
            guard storage.isOn(node) else {
                throw .internalError("storage '\(storage.name)' is not available on node '\(call.path["node"] ?? "")'")
            }
            try StorageContent(storage, node, call).write(&json)
        },
    ]

    private static func configuration(_ storage: StoragePlan, _ call: PVECall, _ json: inout JSONWriter) {
        json.member("storage", storage.name)
        json.member("type", storage.kind.rawValue)
        json.member("content", storage.content)
        json.member("digest", call.plan.seed.hex(.options, digits: 40))
        if let nodes = storage.nodes {
            json.member("nodes", nodes.map { call.scene.nodes[$0].name }.joined(separator: ","))
        }
        // That RBD, NFS and PBS are shared is understood; none says here whether it is enabled or active.
        switch storage.kind {
        case .dir: json.member("path", "/var/lib/vz")
        case .lvmthin:
            json.member("thinpool", "data")
            json.member("vgname", "pve")
        case .zfspool:
            json.member("pool", storage.name == "local-zfs" ? "rpool/data" : storage.name)
            json.member("sparse", 1)
        case .nfs:
            json.member("server", "\(call.plan.network).5")
            json.member("export", "/export/pve")
            json.member("path", "/mnt/pve/\(storage.name)")
        case .rbd:
            json.member("pool", storage.name)
            json.member("krbd", 0)
        case .pbs:
            json.member("server", "\(call.plan.network).6")
            json.member("datastore", "main")
            json.member("username", "backup@pbs")
            json.member("fingerprint", call.plan.seed.hex(.certificate, digits: 64))
        }
        if storage.kind == .lvmthin || storage.kind == .dir {
            json.member("shared", storage.kind == .dir ? 0 : nil as Int?)
        }
    }

    private static func status(_ storage: StoragePlan, _ node: Int, _ call: PVECall, _ json: inout JSONWriter) {
        let use = StorageUse(storage, node, call.scene)
        json.member("type", storage.kind.rawValue)
        json.member("content", storage.content)
        json.member("active", 1)
        json.member("enabled", 1)
        json.flag("shared", storage.isShared)
        json.member("total", use.size)
        json.member("used", use.used)
        json.member("avail", use.available)
        json.member("used_fraction", Double(use.used) / Double(use.size))
    }
}

/// What lies on a storage: disks, backups, templates.
struct StorageContent {
    let storage: StoragePlan
    let node: Int
    let call: PVECall

    init(_ storage: StoragePlan, _ node: Int, _ call: PVECall) {
        self.storage = storage
        self.node = node
        self.call = call
    }

    func write(_ json: inout JSONWriter) throws(PVEError) {
        let only = call.parameters["content"]
        let vmid = try call.number("vmid")
        func wants(_ kind: String) -> Bool {
            (only == nil || only == kind) && storage.content.split(separator: ",").contains(kind[...])
        }
        json.array { json in
            if wants("images") || wants("rootdir") { disks(of: vmid, only, &json) }
            if wants("backup") { backups(of: vmid, &json) }
            if wants("vztmpl"), vmid == nil {
                file("vztmpl/debian-12-standard_12.7-1_amd64.tar.zst", "vztmpl", "tzst", 126_515_062, &json)
            }
            if wants("iso"), vmid == nil {
                file("iso/debian-12.8.0-amd64-netinst.iso", "iso", "iso", 661_651_456, &json)
            }
        }
    }

    private func disks(of vmid: Int?, _ only: String?, _ json: inout JSONWriter) {
        for guest in call.plan.guests where call.plan.storages[guest.storage].name == storage.name {
            if let vmid, vmid != guest.vmid { continue }
            guard let state = call.scene.state(of: guest), storage.isShared || state.node == node else { continue }
            let kind = guest.kind == .qemu ? "images" : "rootdir"
            if let only, only != kind { continue }
            json.object { json in
                json.member("volid", "\(storage.name):\(PVEGuestConfig.volume(of: guest, call.plan))")
                json.member("content", kind)
                json.member(
                    "format",
                    guest.kind == .lxc && storage.kind == .zfspool ? "subvol" : storage.kind == .nfs ? "qcow2" : "raw")
                json.member("size", guest.disk)
                // Container and VM numbers have come as text from this list for years.
                json.member("vmid", call.release.isNine ? nil as String? : "\(guest.vmid)")
                if call.release.isNine { json.member("vmid", guest.vmid) }
                json.member("ctime", Int64(1_735_000_000 + guest.vmid * 3600))
            }
        }
    }

    private func backups(of vmid: Int?, _ json: inout JSONWriter) {
        let backups = Backups(call.scene)
        guard backups.target?.name == storage.name else { return }
        for archive in backups.archives() {
            if let vmid, vmid != archive.guest.vmid { continue }
            guard storage.isShared || archive.node == node else { continue }
            json.object { json in
                let isPBS = storage.kind == .pbs
                json.member("volid", "\(storage.name):\(archive.path(isPBS: isPBS))")
                json.member("content", "backup")
                json.member(
                    "format", isPBS ? "pbs-\(archive.word)" : archive.format)
                json.member("subtype", archive.guest.kind.rawValue)
                json.member("ctime", Int64(archive.time))
                json.member("vmid", archive.guest.vmid)
                json.member("size", archive.size)
                json.member("notes", archive.guest.name)
                if archive.isProtected { json.member("protected", 1) }
                guard isPBS else { return }
                let started = String(Int64(archive.time), radix: 16, uppercase: true)
                json.object("verification") { json in
                    json.member("state", archive.isSound ? "ok" : "failed")
                    json.member(
                        "upid",
                        "UPID:pbs:00000A1B:0000C2D3:00000001:\(started):verify:main:backup@pbs:"
                    )
                }
                if archive.guest.seed.chance(.certificate, 0.3) {
                    json.member("encrypted", call.plan.seed.hex(.backup, digits: 64))
                }
            }
        }
    }

    private func file(_ path: String, _ kind: String, _ format: String, _ size: Int64, _ json: inout JSONWriter) {
        json.object { json in
            json.member("volid", "\(storage.name):\(path)")
            json.member("content", kind)
            json.member("format", format)
            json.member("size", size)
            json.member("ctime", Int64(1_733_000_000))
        }
    }
}
