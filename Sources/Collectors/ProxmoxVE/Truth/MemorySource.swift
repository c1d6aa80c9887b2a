/// Where an amount of memory in use comes from, and how far it is to be believed. The raw values are the wire's.
enum MemorySource: String, Sendable, Hashable, CaseIterable {
    case available = "available-field"
    case freeBuffersCached = "derived-free-buffers-cached"
    case totalMinusUsed = "derived-total-minus-used"
    case agentMeminfo = "guest-agent-meminfo"
    case agentMeminfoDerived = "guest-agent-meminfo-derived"
    case agent
    case rrdAvailable = "rrd-memavailable"
    case rrdUsed = "rrd-memused"
    case previous = "previous-snapshot"
    case listing = "cluster-resources"
    case nodesEndpoint = "nodes-endpoint"
    case nodeStatusUsed = "node-status-used"
    case statusMem = "status-mem"
    case statusFreeMem = "status-freemem"
    case statusUnavailable = "status-unavailable"
    case unavailable
    case poweredOff = "powered-off"
    case unknown

    enum Trust: String, Sendable { case trusted, fallback, low }

    var trust: Trust {
        switch self {
        case .available, .freeBuffersCached, .agentMeminfo, .agentMeminfoDerived, .agent, .rrdAvailable, .rrdUsed,
            .poweredOff:
            .trusted
        case .totalMinusUsed, .previous, .nodesEndpoint, .nodeStatusUsed: .fallback
        case .unknown, .unavailable, .statusUnavailable, .listing, .statusMem, .statusFreeMem: .low
        }
    }

    /// Why nothing better was taken; `nil` where nothing better is to be had.
    var reason: String? {
        switch self {
        case .previous: "preserved-previous-snapshot"
        case .agent: "host-agent-memory"
        case .unavailable: "cache-aware-memory-unavailable"
        default: nil
        }
    }

    /// A label as somebody may have written it: older names lead to today's. `nil` for a name of its own.
    init?(label: String) {
        let label = label.split(separator: " ").joined().lowercased()
        let aliases: [String: MemorySource] = [
            "": .unknown, "avail-field": .available, "meminfo-available": .available,
            "node-status-available": .available, "meminfo-derived": .freeBuffersCached,
            "calculated": .freeBuffersCached, "meminfo-total-minus-used": .totalMinusUsed,
            "rrd-available": .rrdAvailable, "rrd-data": .rrdUsed, "listing-mem": .listing, "listing": .listing,
        ]
        guard let found = aliases[label] ?? MemorySource(rawValue: label) else { return nil }
        self = found
    }
}

/// An amount in use with what it rests on.
struct MemoryTruth: Sendable, Hashable {
    /// `nil` is unknown, which is neither 0 nor all of it.
    var used: UInt64?
    var total: UInt64
    var source: MemorySource
    var reason: String?
    var isCarried = false
    /// In use for caches, of what the hypervisor counts as used.
    var cache: UInt64?

    init(used: UInt64?, total: UInt64, source: MemorySource, reason: String? = nil) {
        self.used = used
        self.total = total
        self.source = source
        self.reason = reason ?? source.reason
    }

    /// 0...100.
    var percent: Double? {
        guard let used, total > 0 else { return nil }
        return min(100, Double(used) / Double(total) * 100)
    }
}
