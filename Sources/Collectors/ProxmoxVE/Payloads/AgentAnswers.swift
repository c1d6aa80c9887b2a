internal import CollectorKit
internal import JSONKit

/// The guest agent wraps its answers once more: `{"data": {"result": …}}`.
enum AgentAnswer {
    static func result<Value>(
        _ reader: inout JSONReader, _ read: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value? {
        var value: Value?
        guard reader.peek() == .object else {
            try reader.skip()
            return nil
        }
        try reader.enterObject()
        while let key = try reader.nextKey() {
            if key == "result" { value = try read(&reader) } else { try reader.skip() }
        }
        return value
    }
}

/// `agent/get-osinfo`.
struct AgentSystem: Sendable, Hashable {
    var id: String?
    var name: String?
    var version: String?
    var kernel: String?
    var isWindows: Bool { id == "mswindows" }

    static func read(_ reader: inout JSONReader) throws(JSONError) -> AgentSystem {
        try AgentAnswer.result(&reader) { reader throws(JSONError) in
            try reader.maybeRow(AgentSystem()) { key, reader, row throws(JSONError) in
                switch key {
                case "id": row.id = try reader.laxText()
                case "pretty-name": row.name = try reader.laxText()
                case "name":
                    let name = try reader.laxText()
                    row.name = row.name ?? name
                case "version-id": row.version = try reader.laxText()
                case "kernel-release": row.kernel = try reader.laxText()
                default: try reader.skip()
                }
            } ?? AgentSystem()
        } ?? AgentSystem()
    }
}

/// `agent/info`: its version, written in three ways.
enum AgentVersion {
    static func read(_ reader: inout JSONReader) throws(JSONError) -> String? {
        try AgentAnswer.result(&reader) { reader throws(JSONError) in
            let (version, other) =
                try reader.maybeRow((String?.none, String?.none)) { key, reader, row throws(JSONError) in
                    switch key {
                    case "version": row.0 = try text(&reader)
                    case "qemu-ga": row.1 = try text(&reader)
                    default: try reader.skip()
                    }
                } ?? (nil, nil)
            return version ?? other
        } ?? nil
    }

    private static func text(_ reader: inout JSONReader) throws(JSONError) -> String? {
        guard reader.peek() == .object else { return try reader.laxText() }
        return try reader.row(String?.none) { key, reader, row throws(JSONError) in
            if key == "version" { row = try reader.laxText() } else { try reader.skip() }
        }
    }
}

/// A file system that the guest agent lists (`agent/get-fsinfo`).
struct AgentFileSystem: Sendable, Hashable {
    var mountpoint = ""
    var name = ""
    var type = ""
    var total: Int64 = 0
    var used: Int64 = 0
    /// Where it lies; filled with the mount point when the agent does not say.
    var device = ""
    private var privileged: Int64 = 0
    private var isAny = false

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [AgentFileSystem] {
        try AgentAnswer.result(&reader) { reader throws(JSONError) in
            try reader.laxList(most: 256) { reader throws(JSONError) in
                let one = try reader.row(AgentFileSystem(), member)
                return one.isAny ? one.completed : nil
            }
        } ?? []
    }

    private static func member(
        _ key: JSONKey, _ reader: inout JSONReader, _ row: inout AgentFileSystem
    ) throws(JSONError) {
        switch key {
        case "mountpoint": row.mountpoint = try reader.laxText() ?? ""
        case "name": row.name = try reader.laxText() ?? ""
        case "type": row.type = try reader.laxText() ?? ""
        case "total-bytes": row.total = try reader.laxCount() ?? 0
        case "total-bytes-privileged": row.privileged = try reader.laxCount() ?? 0
        case "used-bytes": row.used = try reader.laxCount() ?? 0
        case "disk": row.device = try reader.laxList(most: 1, device).first ?? ""
        default: return try reader.skip()
        }
        row.isAny = true
    }

    private static func device(_ reader: inout JSONReader) throws(JSONError) -> String? {
        let disk = try reader.row(("", "", "", "")) { key, reader, row throws(JSONError) in
            switch key {
            case "dev": row.0 = try reader.laxText() ?? ""
            case "serial": row.1 = try reader.laxText() ?? ""
            case "bus-type": row.2 = try reader.laxText() ?? ""
            case "target": row.3 = try reader.laxText() ?? ""
            default: try reader.skip()
            }
        }
        if !disk.0.isEmpty { return disk.0 }
        if !disk.1.isEmpty { return disk.1 }
        return disk.2.isEmpty ? nil : "\(disk.2)-\(disk.3)"
    }

    private var completed: AgentFileSystem {
        var one = self
        if one.total == 0, privileged > 0 { one.total = privileged }
        let drive = one.name.utf8.count == 3 && one.name.hasSuffix(":\\") ? one.name : nil
        if let drive, one.mountpoint.isEmpty || one.mountpoint.hasPrefix("\\\\?\\Volume{") { one.mountpoint = drive }
        if one.mountpoint.dropFirst().hasPrefix(":") {
            one.mountpoint = one.mountpoint.prefix(1).uppercased() + one.mountpoint.dropFirst()
        }
        if one.device.isEmpty {
            one.device =
                one.mountpoint == "/"
                ? "root-filesystem"
                : one.mountpoint.dropFirst().hasPrefix(":") ? String(one.mountpoint.prefix(2)) : one.mountpoint
        }
        return one
    }
}

/// An interface as the agent (`network-get-interfaces`) or a container (`interfaces`) lists it.
struct GuestInterface: Sendable, Hashable {
    struct Address: Sendable, Hashable {
        var text = ""
        /// 0...128.
        var prefix = 0
    }

    var name = ""
    var mac: String?
    var addresses: [Address] = []

    static func readAgent(_ reader: inout JSONReader) throws(JSONError) -> [GuestInterface] {
        try AgentAnswer.result(&reader) { reader throws(JSONError) in try list(&reader) } ?? []
    }

    static func readContainer(_ reader: inout JSONReader) throws(JSONError) -> [GuestInterface] { try list(&reader) }

    private static func list(_ reader: inout JSONReader) throws(JSONError) -> [GuestInterface] {
        try reader.laxList(most: 128) { reader throws(JSONError) in
            var one = try reader.row(GuestInterface(), member)
            var seen: Set<String> = []
            one.addresses = one.addresses.filter { !$0.text.isEmpty && seen.insert($0.text).inserted }
            return one.name.isEmpty && one.mac == nil && one.addresses.isEmpty ? nil : one
        }
    }

    private static func member(
        _ key: JSONKey, _ reader: inout JSONReader, _ row: inout GuestInterface
    ) throws(JSONError) {
        switch key {
        case "name": row.name = try reader.laxText() ?? ""
        case "hardware-address", "hwaddr": row.mac = try reader.laxText()?.lowercased()
        case "inet", "inet6": row.addresses += [address(try reader.laxText() ?? "")]
        case "ip-addresses": row.addresses += try reader.laxList(most: 64, address)
        default: try reader.skip()
        }
    }

    private static func address(_ reader: inout JSONReader) throws(JSONError) -> Address? {
        try reader.row(Address()) { key, reader, row throws(JSONError) in
            switch key {
            case "ip-address": row.text = try reader.laxText() ?? ""
            case "prefix": row.prefix = min(max(try reader.laxInt() ?? 0, 0), 128)
            default: try reader.skip()
            }
        }
    }

    private static func address(_ text: String) -> Address {
        let parts = text.split(separator: "/").map(String.init)
        return Address(text: parts.first ?? "", prefix: parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
    }
}
