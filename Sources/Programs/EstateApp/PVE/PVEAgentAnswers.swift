import JSONKit

/// `/nodes/{node}/qemu/{vmid}/agent/…`: what the guest agent says, or why it says nothing.
enum PVEAgentAnswers {
    private static let base = "nodes/{node}/qemu/{vmid}/agent"

    static let routes = [
        PVERoute("\(base)/get-osinfo", [], .guestAgent) { call, json throws(PVEError) in
            let guest = try ask(&call)
            json.object { $0.object("result") { system(guest.plan, &$0) } }
        },
        PVERoute("\(base)/info", [], .guestAgent) { call, json throws(PVEError) in
            let guest = try ask(&call)
            json.object { json in
                json.object("result") { json in
                    json.member("version", guest.plan.isWindows ? "108.0.2" : "8.2.2")
                    json.array("supported_commands") { json in
                        for name in [
                            "guest-ping", "guest-get-fsinfo", "guest-network-get-interfaces", "guest-get-osinfo",
                        ] {
                            json.object { json in
                                json.member("name", name)
                                json.member("enabled", true)
                                json.member("success-response", true)
                            }
                        }
                    }
                }
            }
        },
        PVERoute("\(base)/get-host-name", [], .guestAgent) { call, json throws(PVEError) in
            let guest = try ask(&call)
            json.object { $0.object("result") { $0.member("host-name", hostname(guest.plan, guest.state)) } }
        },
        PVERoute("\(base)/get-fsinfo", [], .guestAgent) { call, json throws(PVEError) in
            let guest = try ask(&call)
            json.object { $0.array("result") { GuestFileSystems.write(guest.plan, at: call.scene.now, &$0) } }
        },
        PVERoute("\(base)/network-get-interfaces", [], .guestAgent) { call, json throws(PVEError) in
            let guest = try ask(&call)
            json.object { $0.array("result") { interfaces(guest.plan, guest.state, call, &$0) } }
        },
        PVERoute("\(base)/file-read", ["file", "count"], .guestAgent) { call, json throws(PVEError) in
            let file = try call.required("file")
            let guest = try ask(&call)
            guard file == "/proc/meminfo", !guest.plan.isWindows else {
                throw .internalError(
                    "Agent error: failed to open file '\(file)' (mode: 'r'): No such file or directory")
            }
            let text = meminfo(guest.plan, at: call.scene.now)
            json.object { json in
                json.member("content", text)
                json.member("bytes-read", text.utf8.count)
                json.member("truncated", 0)
            }
        },
    ]

    /// What a guest calls itself; PVE's name for it may be another.
    static func hostname(_ guest: GuestPlan, _ state: GuestState) -> String {
        guest.isWindows ? String(state.name.uppercased().prefix(15)) : state.name
    }

    /// The guest in the path when its agent answers; slow ones delay the answer by 3 to 8 seconds.
    private static func ask(_ call: inout PVECall) throws(PVEError) -> (plan: GuestPlan, state: GuestState) {
        let guest = try call.guest(.qemu)
        guard guest.plan.agent != .disabled else { throw .internalError("No QEMU guest agent configured") }
        guard guest.state.power == .running else { throw .internalError("VM \(guest.plan.vmid) is not running") }
        guard guest.plan.agent != .missing else { throw .internalError("QEMU guest agent is not running") }
        if guest.plan.agent == .slow { call.delay = guest.plan.seed.number(.delay, 3...8) }
        return guest
    }

    private static func system(_ guest: GuestPlan, _ json: inout JSONWriter) {
        let system = GuestSystem.all[guest.system]
        json.member("id", system.id)
        json.member("name", system.name)
        json.member("pretty-name", system.pretty)
        json.member("version", system.version)
        json.member("version-id", system.version.split(separator: " ").first.map(String.init))
        json.member("kernel-release", system.kernel)
        json.member("kernel-version", "#1 SMP PREEMPT_DYNAMIC")
        json.member("machine", guest.isWindows ? "x86_64" : "x86_64")
        if guest.isWindows { json.member("variant", "server") }
    }

    private static func interfaces(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        json.object { json in
            json.member("name", guest.isWindows ? "Loopback Pseudo-Interface 1" : "lo")
            if !guest.isWindows { json.member("hardware-address", "00:00:00:00:00:00") }
            json.array("ip-addresses") { json in
                address("127.0.0.1", 8, &json)
            }
        }
        json.object { json in
            json.member("name", guest.isWindows ? "Ethernet" : "ens18")
            json.member("hardware-address", guest.hardwareAddress)
            json.array("ip-addresses") { json in
                address(guest.address, 24, &json)
                address("fe80::be24:11ff:fe\(guest.vmid % 10)0:1", 64, &json)
            }
            json.object("statistics") { json in
                json.member("rx-bytes", call.scene.counter(guest.networkIn, of: state))
                json.member("tx-bytes", call.scene.counter(guest.networkOut, of: state))
                json.member("rx-packets", call.scene.counter(guest.networkIn, of: state) / 700)
                json.member("tx-packets", call.scene.counter(guest.networkOut, of: state) / 700)
                for name in ["rx-errs", "tx-errs", "rx-dropped", "tx-dropped"] { json.member(name, 0) }
            }
        }
        guard guest.seed.chance(.docker, 0.15), !guest.isWindows else { return }
        json.object { json in
            json.member("name", "docker0")
            json.member("hardware-address", HardwareAddress.text(guest.seed.child(.docker), vendor: "02:42:ac"))
            json.array("ip-addresses") { json in
                address("172.17.0.1", 16, &json)
            }
        }
    }

    private static func address(_ text: String, _ prefix: Int, _ json: inout JSONWriter) {
        json.object { json in
            json.member("ip-address", text)
            json.member("ip-address-type", text.contains(":") ? "ipv6" : "ipv4")
            json.member("prefix", prefix)
        }
    }

    /// Kernels before 3.14, one guest in twelve here, do not know MemAvailable.
    private static func meminfo(_ guest: GuestPlan, at time: Double) -> String {
        let memory = GuestMemory(guest, at: time)
        func line(_ name: String, _ bytes: Int64) -> String {
            let number = "\(bytes >> 10)"
            let padding = String(repeating: " ", count: max(1, 25 - name.utf8.count - 1 - number.utf8.count))
            return "\(name):\(padding)\(number) kB\n"
        }
        var text = line("MemTotal", memory.total) + line("MemFree", memory.free)
        if !guest.seed.chance(.detail, 0.08) { text += line("MemAvailable", memory.available) }
        text += line("Buffers", memory.cached / 20) + line("Cached", memory.cached / 20 * 16)
        text += line("SwapCached", 0) + line("SwapTotal", memory.total / 4) + line("SwapFree", memory.total / 4)
        return text + line("Shmem", memory.cached / 40) + line("SReclaimable", memory.cached / 20 * 3)
    }
}

/// The file systems within a guest.
enum GuestFileSystems {
    static func write(_ guest: GuestPlan, at time: Double, _ json: inout JSONWriter) {
        let used = guest.diskUse(at: time)
        guard !guest.isWindows else {
            volume("C:\\", "\\\\?\\Volume{\(guest.seed.uuid(.disk))}\\", "NTFS", guest.disk, used, "sda3", &json)
            return volume("System Reserved", "System Reserved", "NTFS", 524_288_000, 40_000_000, "sda1", &json)
        }
        volume("/", "sda1", "ext4", guest.disk / 100 * 97, used, "/dev/sda1", &json)
        volume("/boot/efi", "sda15", "vfat", 129_718_272, 6_160_384, "/dev/sda15", &json)
        guard guest.seed.chance(.content, 0.2) else { return }
        // Snap's read-only images are always full.
        volume("/snap/core20/2434", "loop0", "squashfs", 67_108_864, 67_108_864, "/dev/loop0", &json)
    }

    private static func volume(
        _ mount: String, _ name: String, _ type: String, _ total: Int64, _ used: Int64, _ device: String,
        _ json: inout JSONWriter
    ) {
        json.object { json in
            json.member("name", name)
            json.member("mountpoint", mount)
            json.member("type", type)
            json.member("total-bytes", total)
            json.member("total-bytes-privileged", total + total / 32)
            json.member("used-bytes", used)
            json.array("disk") { json in
                json.object { json in
                    json.member("bus-type", "scsi")
                    json.member("bus", 0)
                    json.member("target", 0)
                    json.member("unit", 0)
                    json.member("dev", device)
                }
            }
        }
    }
}
