internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// Turns what is known into observations. Pure: no question, no clock.
struct ProxmoxMapping {
    let spec: ConnectionSpec
    let known: ClusterKnowledge
    let now: Timestamp
    /// One the world over where the cluster's authority is known; `nil` until that has been asked.
    let instance: String?
    let silence: Duration

    init(_ spec: ConnectionSpec, _ known: ClusterKnowledge, at now: Timestamp) {
        self.spec = spec
        self.known = known
        self.now = now
        instance = known.knowsAuthority ? known.authority ?? spec.id.description : nil
        silence = spec.grace
    }

    var observations: [Observation] {
        var all: [Observation] = []
        all.reserveCapacity(known.nodes.count + known.guests.count + known.storages.count + 8)
        let addresses = Dictionary((known.status?.members ?? []).map { ($0.name, $0) }) { first, _ in first }
        let replication = Dictionary(grouping: known.nodes.values.flatMap(\.replication), by: \.guest)
        for node in known.nodes.values { all.append(self.node(node, addresses[node.row.node])) }
        for guest in known.guests.values { all.append(self.guest(guest, replication[guest.row.vmid] ?? [])) }
        all += storages
        for node in known.nodes.values { all += disks(of: node) }
        if let ceph { all.append(ceph) }
        return all
    }

    /// The lists that were read to their end.
    var complete: Set<String> {
        var complete: Set<String> = ["storages"]
        if known.nodesAreComplete { complete.insert("nodes") }
        if known.guestsAreComplete { complete.insert("guests") }
        for node in known.nodes.values where node.isOnline && !node.disks.isEmpty {
            complete.insert("disks/\(node.row.node)")
        }
        if known.ceph != nil || !known.hasCeph { complete.insert("ceph") }
        return complete
    }

    /// Types that would stand in the lists that were read to their end, and do not.
    func absent(from observations: [Observation]) -> Set<ResourceType> {
        let complete = complete
        var read: Set<ResourceType> = [.storage]
        if complete.contains("guests") { read.formUnion([.vm, .systemContainer]) }
        if complete.contains("ceph") { read.insert(.ceph) }
        return read.subtracting(observations.map(\.type))
    }

    func platformID(_ path: String) -> [Evidence] {
        instance.map { [Evidence(.platformID, "pve:\($0)/\(path)")] } ?? []
    }

    func observation(
        _ type: ResourceType, _ key: String, scope: String, name: String, evidence: [Evidence], parent: String?,
        status: ResourceStatus, seenAt: Timestamp? = nil
    ) -> Observation {
        Observation(
            connection: spec.id, source: .proxmox, type: type, key: key, scope: scope, evidence: evidence,
            parent: parent, name: name, technology: "proxmox", status: status,
            identity: ResourceIdentity(clusterNames: clusterNames), silence: silence, measuredAt: seenAt ?? now,
            receivedAt: seenAt ?? now)
    }

    /// A node that stands alone is in none.
    var clusterNames: [String] { known.status?.name.map { [$0] } ?? [] }

    static func block(_ name: String, _ write: (inout JSONWriter) -> Void) -> ResourceBlock {
        var writer = JSONWriter(capacity: 512)
        writer.object { write(&$0) }
        return ResourceBlock(name, json: writer.exactBytes)
    }

    static func usage(_ used: Int64, of total: Int64) -> ResourceMetrics.Usage? {
        guard total > 0 else { return nil }
        return ResourceMetrics.Usage(
            percent: min(100, Double(used) / Double(total) * 100), usedBytes: used, totalBytes: total)
    }

    static func usage(_ truth: MemoryTruth?) -> ResourceMetrics.Usage? {
        guard let truth, let used = truth.used else { return nil }
        return usage(Int64(fitting: used), of: Int64(fitting: truth.total))
    }

    /// Proxmox writes fractions of all cores.
    static func percent(_ fraction: Double?) -> Double? { fraction.map { min(100, max(0, $0 * 100)) } }

    /// `;` between them, and in older releases `,` or blanks.
    static func tags(_ text: String) -> [String] {
        guard !text.isEmpty else { return [] }
        var seen: Set<String> = []
        return writtenTags(text).map { $0.lowercased() }.filter { seen.insert($0).inserted }
    }

    /// As the platform writes them.
    private static func writtenTags(_ text: String) -> [Substring] {
        text.split(whereSeparator: { $0 == ";" || $0 == "," || $0 == " " })
    }

    /// By the tag as it is told. The platform looks them up by the tag as it writes it.
    static func colours(_ text: String, _ style: TagStyle) -> [(tag: String, colour: String)] {
        var seen: Set<String> = []
        return writtenTags(text).compactMap { tag in
            style.colour(of: String(tag)).flatMap { colour in
                let told = tag.lowercased()
                return seen.insert(told).inserted ? (told, colour) : nil
            }
        }
    }

    static func samples(_ metrics: ResourceMetrics) -> [(metric: MetricName, value: Double)] {
        let all: [(MetricFamily, Double?)] = [
            (.cpu, metrics.cpuPercent), (.disk, metrics.disk?.percent), (.diskRead, metrics.diskRead),
            (.diskWrite, metrics.diskWrite), (.memory, metrics.memory?.percent),
            (.memoryUsed, metrics.memory.map { Double($0.usedBytes) }), (.netIn, metrics.netIn),
            (.netOut, metrics.netOut),
        ]
        return all.compactMap { family, value in value.map { (MetricName(family), $0) } }
    }

    static func write(_ truth: MemoryTruth?, to writer: inout JSONWriter) {
        guard let truth else { return }
        writer.object("memory") { writer in
            writer.member("source", truth.source.rawValue)
            writer.member("trust", truth.source.trust.rawValue)
            writer.member("fallbackReason", truth.reason)
            writer.member("carriedForward", truth.isCarried)
            writer.member("cacheBytes", truth.cache.map { Int64(fitting: $0) })
        }
    }
}

extension ConnectionSpec {
    /// Silent, or away, for longer than this is more than a late poll.
    var grace: Duration { max(.seconds(60), longestPause * 2) }
}

extension JSONWriter {
    /// Seconds of Unix as the wire writes moments.
    mutating func moment(_ key: String, _ seconds: Int64?) {
        guard let seconds, seconds > 0, seconds < 253_402_300_799 else { return }
        member(key, Timestamp(seconds: seconds))
    }
}
