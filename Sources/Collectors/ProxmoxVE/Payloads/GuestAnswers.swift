internal import CollectorKit
internal import JSONKit

/// `/nodes/{node}/{qemu|lxc}/{vmid}/status/current`.
struct GuestStatus: Sendable, Hashable {
    struct Balloon: Sendable, Hashable {
        var actual: UInt64?
        var total: UInt64?
        var free: UInt64?
    }

    struct Meminfo: Sendable, Hashable {
        var total: UInt64 = 0
        var used: UInt64?
        var free: UInt64?
        var available: UInt64?
        var buffers: UInt64?
        var cached: UInt64?
    }

    var mem: UInt64?
    var maxMem: UInt64?
    var freeMem: UInt64?
    var balloon: UInt64?
    var balloonInfo: Balloon?
    var meminfo: Meminfo?
    var lock: String?
    var haState: String?
    var isManaged = false
    var qmpStatus: String?
    var agent = AgentState.unknown

    /// Whether the guest agent may be asked.
    enum AgentState: Sendable, Hashable {
        case unknown, off, enabled, available, notAvailable
        var isQueryable: Bool { self == .enabled || self == .available }
    }

    static func read(_ reader: inout JSONReader) throws(JSONError) -> GuestStatus {
        try reader.row(GuestStatus()) { key, reader, row throws(JSONError) in
            switch key {
            case "mem": row.mem = try reader.knownMemoryBytes()
            case "maxmem": row.maxMem = try reader.knownMemoryBytes()
            case "freemem": row.freeMem = try reader.knownMemoryBytes()
            case "balloon": row.balloon = try reader.knownMemoryBytes()
            case "ballooninfo": row.balloonInfo = try reader.maybeRow(Balloon(), balloon)
            case "meminfo": row.meminfo = try reader.maybeRow(Meminfo(), meminfo)
            case "lock": row.lock = try reader.laxText()
            case "qmpstatus": row.qmpStatus = try reader.laxText()
            case "agent": row.agent = try agent(&reader)
            case "ha":
                row =
                    try reader.maybeRow(row) { key, reader, row throws(JSONError) in
                        switch key {
                        case "state": row.haState = try reader.laxText()
                        case "managed": row.isManaged = try reader.laxBool()
                        default: try reader.skip()
                        }
                    } ?? row
            default: try reader.skip()
            }
        }
    }

    private static func balloon(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout Balloon) throws(JSONError) {
        switch key {
        case "actual": row.actual = try reader.knownMemoryBytes()
        case "total_mem": row.total = try reader.knownMemoryBytes()
        case "free_mem": row.free = try reader.knownMemoryBytes()
        default: try reader.skip()
        }
    }

    private static func meminfo(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout Meminfo) throws(JSONError) {
        switch key {
        case "total": row.total = try reader.memoryBytes()
        case "used": row.used = try reader.knownMemoryBytes()
        case "free": row.free = try reader.knownMemoryBytes()
        case "available": row.available = try reader.knownMemoryBytes()
        case "buffers": row.buffers = try reader.knownMemoryBytes()
        case "cached": row.cached = try reader.knownMemoryBytes()
        default: try reader.skip()
        }
    }

    /// A number up to 8.2, `{enabled, available}` since: what is known to be available counts, enabled alone only where
    /// nothing is said of that.
    private static func agent(_ reader: inout JSONReader) throws(JSONError) -> AgentState {
        guard reader.peek() == .object else { return try reader.laxCount() ?? 0 > 0 ? .enabled : .off }
        let (enabled, available) =
            try reader.maybeRow((Int64?.none, Int64?.none)) { key, reader, row throws(JSONError) in
                switch key {
                case "enabled": row.0 = try reader.laxCount()
                case "available": row.1 = try reader.laxCount()
                default: try reader.skip()
                }
            } ?? (nil, nil)
        if let available { return available > 0 ? .available : enabled ?? 0 > 0 ? .notAvailable : .off }
        return enabled ?? 0 > 0 ? .enabled : .off
    }
}

/// A guest's configuration, as far as it says what the guest is.
struct GuestConfig: Sendable, Hashable {
    struct Disk: Sendable, Hashable {
        let slot: String
        let storage: String?
        let volume: String
        let size: Int64?
        var isCDROM: Bool
    }

    struct NIC: Sendable, Hashable {
        let slot: String
        let mac: String?
        let bridge: String?
        let model: String?
    }

    var name: String?
    var systemUUID: String?
    var startsOnBoot = false
    var osType: String?
    var machine: String?
    var cores: Int?
    var sockets: Int?
    var isAgentEnabled = false
    var isUnprivileged: Bool?
    var disks: [Disk] = []
    var nics: [NIC] = []

    static func read(_ reader: inout JSONReader) throws(JSONError) -> GuestConfig {
        var config = try reader.row(GuestConfig()) { key, reader, row throws(JSONError) in
            switch key {
            case "name", "hostname": row.name = try reader.laxText()
            case "smbios1": row.systemUUID = uuid(try reader.laxText() ?? "")
            case "onboot": row.startsOnBoot = try reader.laxBool()
            case "ostype": row.osType = try reader.laxText()
            case "machine": row.machine = try reader.laxText()
            case "cores": row.cores = try reader.laxInt()
            case "sockets": row.sockets = try reader.laxInt()
            case "unprivileged": row.isUnprivileged = try reader.laxBool()
            case "agent": row.isAgentEnabled = isOn(agent: try reader.laxText() ?? "")
            default:
                let slot = key.description
                if isDisk(slot) {
                    let disk = disk(slot, try reader.laxText() ?? "")
                    // 31 SCSI disks, 16 of VirtIO, 256 mount points: no guest has them all.
                    if let disk, row.disks.count < 320 { row.disks.append(disk) }
                } else if slot.hasPrefix("net"), row.nics.count < 32, slot.dropFirst(3).allSatisfy(\.isNumber) {
                    row.nics.append(nic(slot, try reader.laxText() ?? ""))
                } else {
                    try reader.skip()
                }
            }
        }
        config.disks.sort { $0.slot < $1.slot }
        config.nics.sort { $0.slot < $1.slot }
        return config
    }

    private static func parts(_ text: String) -> [(String, String)] {
        text.split(separator: ",").map { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return pair.count == 2 ? (pair[0], pair[1]) : ("", pair[0])
        }
    }

    private static func uuid(_ text: String) -> String? {
        parts(text).first { $0.0 == "uuid" && $0.1.utf8.count == 36 }?.1.lowercased()
    }

    /// `1`, or `enabled=1,…`.
    private static func isOn(agent text: String) -> Bool {
        parts(text).contains { ($0.0.isEmpty || $0.0 == "enabled") && $0.1 == "1" }
    }

    private static func isDisk(_ slot: String) -> Bool {
        if slot == "rootfs" { return true }
        return ["scsi", "virtio", "ide", "sata", "mp", "efidisk", "tpmstate"].contains { bus in
            slot.hasPrefix(bus) && slot.utf8.count > bus.utf8.count && slot.dropFirst(bus.count).allSatisfy(\.isNumber)
        }
    }

    private static func disk(_ slot: String, _ text: String) -> Disk? {
        let parts = parts(text)
        guard let volume = parts.first(where: { $0.0.isEmpty || $0.0 == "file" || $0.0 == "volume" })?.1,
            volume != "none"
        else { return nil }
        let names = volume.split(separator: ":", maxSplits: 1).map(String.init)
        return Disk(
            slot: slot, storage: names.count == 2 ? names[0] : nil, volume: names.last ?? volume,
            size: parts.first { $0.0 == "size" }.flatMap { size($0.1) },
            isCDROM: parts.contains { $0.0 == "media" && $0.1 == "cdrom" })
    }

    /// `32G`, `528K`, `4T`: powers of 1024.
    private static func size(_ text: String) -> Int64? {
        let shift: Int64 = ["K": 10, "M": 20, "G": 30, "T": 40][text.suffix(1)] ?? 0
        guard let value = Double(shift == 0 ? text[...] : text.dropLast()) else { return nil }
        return Int64(cutting: value * Double(Int64(1) << shift))
    }

    private static func nic(_ slot: String, _ text: String) -> NIC {
        let parts = parts(text)
        // A VM writes `virtio=MAC`, a container `hwaddr=MAC`.
        let address = parts.first { pair in
            pair.1.utf8.count == 17 && pair.1.split(separator: ":").count == 6 && pair.0 != "gw6"
        }
        return NIC(
            slot: slot, mac: address?.1.lowercased(), bridge: parts.first { $0.0 == "bridge" }?.1,
            model: address.flatMap { $0.0 == "hwaddr" ? nil : $0.0 })
    }
}

/// What lies in `/snapshot` beside the present state.
struct GuestSnapshots: Sendable, Hashable {
    var count = 0
    var newest: Int64?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> GuestSnapshots {
        var snapshots = GuestSnapshots()
        for (name, time) in try reader.laxList({ reader throws(JSONError) in
            try reader.row(("", Int64?.none)) { key, reader, row throws(JSONError) in
                switch key {
                case "name": row.0 = try reader.laxText() ?? ""
                case "snaptime": row.1 = try reader.laxCount()
                default: try reader.skip()
                }
            }
        }) where !name.isEmpty && name != "current" {
            snapshots.count += 1
            snapshots.newest = [snapshots.newest, time].compactMap { $0 }.max()
        }
        return snapshots
    }
}
