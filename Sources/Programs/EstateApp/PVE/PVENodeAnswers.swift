import JSONKit

/// `/nodes` and what a node says of itself.
enum PVENodeAnswers {
    static let routes = [
        PVERoute("nodes") { call, json in
            json.array { json in
                for node in call.scene.nodes.indices {
                    json.object { json in
                        resource(node, call, &json)
                        if call.scene.nodes[node].isOnline { json.member("ssl_fingerprint", call.fingerprint) }
                    }
                }
            }
        },
        PVERoute("nodes/{node}") { call, json throws(PVEError) in
            _ = try call.node()
            json.array { json in
                for name in [
                    "apt", "ceph", "certificates", "disks", "lxc", "network", "qemu", "replication", "rrddata",
                    "status",
                    "storage", "subscription", "tasks", "time", "version",
                ] {
                    json.object { $0.member("name", name) }
                }
            }
        },
        PVERoute("nodes/{node}/status", [], .system) { call, json throws(PVEError) in try status(call, &json) },
        PVERoute("nodes/{node}/version") { call, json throws(PVEError) in
            _ = try call.node()
            json.object { json in
                json.member("release", "\(call.release.major).\(call.release.minor)")
                json.member("repoid", call.release.repository)
                json.member("version", call.release.version)
            }
        },
        PVERoute("nodes/{node}/time", [], .system) { call, json throws(PVEError) in
            _ = try call.node()
            json.object { json in
                json.member("localtime", Int64(call.scene.now))
                json.member("time", Int64(call.scene.now))
                json.member("timezone", "UTC")
            }
        },
        PVERoute("nodes/{node}/subscription") { call, json throws(PVEError) in
            _ = try call.node()
            json.object { json in
                json.member("status", "notfound")
                json.member("message", "There is no subscription key")
                json.member("serverid", call.plan.seed.hex(.subscription, digits: 32).uppercased())
                json.member("url", "https://www.proxmox.com/en/proxmox-virtual-environment/pricing")
            }
        },
        PVERoute("nodes/{node}/network", ["type"]) { call, json throws(PVEError) in try network(call, &json) },
        PVERoute("nodes/{node}/apt/update", [], .system) { call, json throws(PVEError) in try updates(call, &json) },
        PVERoute("nodes/{node}/certificates/info") { call, json throws(PVEError) in
            let node = try call.node()
            json.array { json in
                json.object { json in
                    json.member("filename", "pve-ssl.pem")
                    json.member("fingerprint", call.fingerprint)
                    json.member(
                        "subject",
                        "/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN=\(call.scene.nodes[node].name)")
                    json.member("notbefore", Int64(1_735_689_600))
                    json.member("notafter", Int64(1_893_456_000))
                    json.member("public-key-type", "id-ecPublicKey")
                    json.member("public-key-bits", 256)
                }
            }
        },
    ]

    /// A node in a list.
    static func resource(_ index: Int, _ call: PVECall, _ json: inout JSONWriter) {
        let node = call.scene.nodes[index]
        let plan = call.plan.nodes[index]
        json.member("id", "node/\(node.name)")
        json.member("node", node.name)
        json.member("type", "node")
        json.member("status", node.isOnline ? "online" : "offline")
        json.member("level", "")
        // Of a node that is away nothing else is known: the members are missing, not zero.
        guard node.isOnline else { return }
        let memory = NodeMemory(plan, at: call.scene.now)
        json.member("cpu", plan.cpu.value(at: call.scene.now))
        json.member("maxcpu", plan.threads)
        json.member("mem", memory.used)
        json.member("maxmem", memory.total)
        json.member("disk", Int64(Double(plan.rootSize) * plan.rootUse.value(at: call.scene.now)))
        json.member("maxdisk", plan.rootSize)
        json.member("uptime", call.scene.uptime(ofNode: index))
    }

    private static func status(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let index = try call.node()
        let plan = call.plan.nodes[index]
        let now = call.scene.now
        let memory = NodeMemory(plan, at: now)
        let cpu = plan.cpu.value(at: now)
        json.object { json in
            json.member("uptime", call.scene.uptime(ofNode: index))
            json.member("cpu", cpu)
            json.member("wait", plan.waiting.value(at: now))
            json.member("idle", 0)
            json.array("loadavg") { json in
                for minutes in [1.0, 5, 15] {
                    json.string(decimal(Double(plan.threads) * plan.cpu.mean(from: now - minutes * 60, to: now) * 1.1))
                }
            }
            json.object("memory") { memory.write(call.release, plan, &$0) }
            json.object("swap") { json in
                json.member("total", plan.swap)
                json.member("used", plan.swap / 64)
                json.member("free", plan.swap - plan.swap / 64)
            }
            json.object("rootfs") { json in
                let used = Int64(Double(plan.rootSize) * plan.rootUse.value(at: now))
                json.member("total", plan.rootSize)
                json.member("used", used)
                json.member("avail", plan.rootSize - used - plan.rootSize / 20)
                json.member("free", plan.rootSize - used)
            }
            json.object("cpuinfo") { json in
                json.member("model", plan.cpuModel)
                json.member("sockets", plan.sockets)
                json.member("cores", plan.sockets * plan.coresPerSocket)
                json.member("cpus", plan.threads)
                json.member("mhz", decimal(2100 + 900 * cpu, digits: 3))
                json.member("user_hz", 100)
                json.member("hvm", "1")
                json.member("flags", "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat")
            }
            json.member("kversion", "Linux \(call.release.kernel) #1 SMP PREEMPT_DYNAMIC PMX \(call.release.kernel)")
            json.object("current-kernel") { json in
                json.member("sysname", "Linux")
                json.member("release", call.release.kernel)
                json.member("version", "#1 SMP PREEMPT_DYNAMIC PMX \(call.release.kernel)")
                json.member("machine", "x86_64")
            }
            json.member("pveversion", "pve-manager/\(call.release.version)/\(call.release.repository)")
            json.object("boot-info") { json in
                json.member("mode", "efi")
                json.member("secureboot", 0)
            }
            json.object("ksm") { $0.member("shared", Int64(0)) }
        }
    }

    /// Two digits and more, as text: that is how load and clock rate come.
    static func decimal(_ value: Double, digits: Int = 2) -> String {
        var writer = JSONWriter(capacity: 16)
        writer.double(value, decimals: digits)
        let text = String(decoding: writer.bytes, as: UTF8.self)
        guard let dot = text.firstIndex(of: ".") else { return text + "." + String(repeating: "0", count: digits) }
        return text + String(repeating: "0", count: digits - text.distance(from: dot, to: text.endIndex) + 1)
    }

    private static func network(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let index = try call.node()
        let host = "\(call.plan.network).\(2 + index)"
        json.array { json in
            json.object { json in
                json.member("iface", "eno1")
                json.member("type", "eth")
                json.member("method", "manual")
                json.member("families", ["inet"])
                json.member("active", 1)
                json.member("exists", 1)
                json.member("priority", 3)
            }
            json.object { json in
                json.member("iface", "vmbr0")
                json.member("type", "bridge")
                json.member("method", "static")
                json.member("families", ["inet"])
                json.member("address", host)
                json.member("netmask", "24")
                json.member("cidr", "\(host)/24")
                json.member("gateway", "\(call.plan.network).1")
                json.member("bridge_ports", "eno1")
                json.member("bridge_stp", "off")
                json.member("bridge_fd", "0")
                json.member("active", 1)
                json.member("autostart", 1)
                json.member("priority", 4)
            }
        }
    }

    private static func updates(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let seed = call.plan.nodes[try call.node()].seed.child(.update)
        let week = Int(call.scene.now / 604_800)
        let count = seed.child(week).int(.content, 0...12)
        let packages = [
            "pve-manager", "qemu-server", "pve-kernel", "libpve-common-perl", "openssl", "libssl3", "zfsutils-linux",
            "pve-container", "proxmox-widget-toolkit", "tzdata", "base-files", "curl",
        ]
        json.array { json in
            for name in packages.prefix(count) {
                json.object { json in
                    json.member("Package", name)
                    json.member("Title", "\(name) package")
                    json.member("Description", "\(name): a part of this system")
                    json.member("OldVersion", "\(call.release.version)-1")
                    json.member("Version", "\(call.release.version)-2")
                    json.member("Priority", "optional")
                    json.member("Section", "admin")
                    json.member("Origin", name.contains("pve") || name.contains("proxmox") ? "Proxmox" : "Debian")
                    json.member("Arch", "amd64")
                }
            }
        }
    }
}

/// Where a node's memory goes. What Linux could give back at once is `available`.
struct NodeMemory {
    let total: Int64
    let used: Int64
    let available: Int64
    let free: Int64

    init(_ plan: NodePlan, at time: Double) {
        total = plan.memory
        used = Int64(Double(plan.memory) * plan.memoryUse.value(at: time))
        available = total - used
        // A tenth of what is not used is really empty, the rest is cache.
        free = available / 10
    }

    /// 8 says total, used and free, where used is without caches; `available` came with 8.4 and is certain since 9.
    func write(_ release: PVERelease, _ plan: NodePlan, _ json: inout JSONWriter) {
        json.member("total", total)
        json.member("used", used)
        json.member("free", release >= PVERelease.known[1] ? free : total - used)
        if release >= PVERelease.known[1] { json.member("available", available) }
    }
}
