internal import CollectorKit
internal import JSONKit

/// `/nodes/{node}/status`.
struct NodeStatus: Sendable, Hashable {
    struct Memory: Sendable, Hashable {
        var total: UInt64 = 0
        var used: UInt64?
        var free: UInt64?
        var available: UInt64?
        /// The older spelling, which is told apart.
        var avail: UInt64?
        var buffers: UInt64?
        var cached: UInt64?
    }

    var cpu: Double?
    var memory = Memory()
    var swapTotal: UInt64?
    var swapUsed: UInt64?
    var loadAverage: [Double] = []
    var kernel: String?
    var version: String?
    var cpuModel: String?
    var cores: Int?
    var sockets: Int?
    var threads: Int?
    var megahertz = ""
    var rootTotal: Int64?
    var rootUsed: Int64?
    var uptime: Int64?
    var ioWait: Double?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> NodeStatus {
        try reader.row(NodeStatus()) { key, reader, row throws(JSONError) in
            switch key {
            case "cpu": row.cpu = try reader.laxDouble()
            case "memory": row.memory = try reader.maybeRow(Memory(), memory) ?? Memory()
            case "swap":
                let swap = try reader.maybeRow(Memory(), memory)
                (row.swapTotal, row.swapUsed) = (swap?.total, swap?.used)
            case "loadavg": row.loadAverage = try loads(&reader)
            case "kversion": row.kernel = try reader.laxText()
            case "pveversion": row.version = try reader.laxText()
            case "uptime": row.uptime = try reader.laxUptime()
            case "wait": row.ioWait = try reader.laxDouble()
            case "cpuinfo":
                row =
                    try reader.maybeRow(row) { key, reader, row throws(JSONError) in
                        switch key {
                        case "model": row.cpuModel = try reader.laxText()
                        case "cores": row.cores = try reader.laxInt()
                        case "sockets": row.sockets = try reader.laxInt()
                        case "cpus": row.threads = try reader.laxInt()
                        case "mhz": row.megahertz = try megahertz(&reader)
                        default: try reader.skip()
                        }
                    } ?? row
            case "rootfs":
                row =
                    try reader.maybeRow(row) { key, reader, row throws(JSONError) in
                        switch key {
                        case "total": row.rootTotal = try reader.bytes()
                        case "used": row.rootUsed = try reader.bytes()
                        default: try reader.skip()
                        }
                    } ?? row
            default: try reader.skip()
            }
        }
    }

    private static func memory(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout Memory) throws(JSONError) {
        switch key {
        case "total": row.total = try reader.memoryBytes()
        case "used": row.used = try reader.knownMemoryBytes()
        case "free": row.free = try reader.knownMemoryBytes()
        case "available": row.available = try reader.knownMemoryBytes()
        case "avail": row.avail = try reader.knownMemoryBytes()
        case "buffers": row.buffers = try reader.knownMemoryBytes()
        case "cached": row.cached = try reader.knownMemoryBytes()
        default: try reader.skip()
        }
    }

    /// Numbers, or numbers as text.
    private static func loads(_ reader: inout JSONReader) throws(JSONError) -> [Double] {
        guard reader.peek() == .array else {
            try reader.skip()
            return []
        }
        var loads: [Double] = []
        try reader.enterArray()
        while try reader.nextElement() { if let load = try reader.laxDouble() { loads.append(load) } }
        return loads
    }

    /// A number is rounded to whole MHz; a text stays as it is.
    static func megahertz(_ reader: inout JSONReader) throws(JSONError) -> String {
        if reader.peek() == .number { return Int64(cutting: try reader.double().rounded()).map { "\($0)" } ?? "" }
        return try reader.laxText() ?? ""
    }
}

/// The newest row of `/nodes/{node}/rrddata`. What a row lacks was not measured.
struct NodeHistory: Sendable, Hashable {
    var time: Int64 = 0
    var memTotal: Double?
    var memUsed: Double?
    var memAvailable: Double?

    static func newest(_ reader: inout JSONReader) throws(JSONError) -> NodeHistory? {
        let rows = try reader.laxList { reader throws(JSONError) in
            try reader.row(NodeHistory()) { key, reader, row throws(JSONError) in
                switch key {
                case "time": row.time = try reader.laxCount() ?? 0
                case "memtotal", "maxmem": row.memTotal = try reader.laxDouble()
                case "memused", "mem": row.memUsed = try reader.laxDouble()
                case "memavailable": row.memAvailable = try reader.laxDouble()
                default: try reader.skip()
                }
            }
        }
        return rows.filter { $0.memUsed != nil || $0.memAvailable != nil }.max { $0.time < $1.time }
    }
}

/// Lists of which the number matters: `/nodes/{node}/apt/update`.
enum PendingUpdates {
    static func read(_ reader: inout JSONReader) throws(JSONError) -> Int {
        try reader.laxList { reader throws(JSONError) in
            try reader.row("") { key, reader, row throws(JSONError) in
                if key == "Package" { row = try reader.laxText() ?? "" } else { try reader.skip() }
            }
        }.count { !$0.isEmpty }
    }
}
