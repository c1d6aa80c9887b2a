package import Inventory
package import Kernel

/// One resource from all that is claimed about it. Pure.
package enum ResourceMerge {
    /// - Parameters:
    ///   - claims: of one resource, at least one.
    ///   - parent: what the claim's own `parent` is, if it is known.
    package static func record(
        _ id: ResourceID, from claims: [Claim], now: Timestamp, parent: (Claim) -> ResourceRecord.Parent?
    ) -> ResourceRecord {
        let isGuest = SourcePrecedence.isGuest(claims)
        let ranked = claims.count == 1 ? claims : claims.sorted { precedes($0, $1, isGuest: isGuest) }
        let lead = ranked[0].said
        var record = ResourceRecord(
            id: id, connection: lead.connection, type: lead.type, technology: nil, name: lead.name,
            status: status(of: ranked), lastSeen: ranked.lazy.map(\.said.receivedAt).max() ?? now, updatedAt: now,
            sources: ranked.map {
                .init(
                    $0.said.source, connection: $0.said.connection, isStale: $0.isStale, lastSeen: $0.said.receivedAt)
            }, identity: identity(of: ranked))
        record.technology = ranked.lazy.compactMap(\.said.technology).first
        record.parent = ranked.lazy.compactMap(parent).first
        record.tags = tags(of: ranked)
        // What is live beats what is stale, then rank decides.
        let heard = ranked.filter(\.isHeard)
        let voices = heard.contains(where: \.isStale) ? heard.filter { !$0.isStale } + heard.filter(\.isStale) : heard
        record.metrics = metrics(of: voices, isGuest: isGuest)
        record.uptimeSeconds = voices.lazy.compactMap(\.said.uptimeSeconds).first
        if claims.count > 1 { record.uptimes = uptimes(of: voices) }
        record.temperature = voices.lazy.compactMap(\.said.temperature).first
        record.facts = blocks(ranked.map(\.said.facts))
        record.live = blocks(voices.map(\.said.live))
        return record
    }

    private static func precedes(_ left: Claim, _ right: Claim, isGuest: Bool) -> Bool {
        let ranks = [left, right].map { SourcePrecedence.rank($0, isGuest: isGuest) }
        if ranks[0] == ranks[1], left.isStale != right.isStale { return !left.isStale }
        return SourcePrecedence.precedes(left, right, isGuest: isGuest)
    }

    /// The best that somebody says who is heard; of a disk the worst, because who says that it is well may not have looked as
    /// closely. When all are silent: a machine that reports by itself is offline, of
    /// what is asked we do not know.
    private static func status(of ranked: [Claim]) -> ResourceStatus {
        let live = ranked.filter { !$0.isStale }
        let isDisk = ranked.first?.said.type == .physicalDisk
        let order: [ResourceStatus] = isDisk ? [.offline, .warning, .online] : [.online, .warning]
        for status in order where live.contains(where: { $0.said.status == status }) {
            return status
        }
        if let first = live.first { return first.said.status }
        return ranked.allSatisfy { $0.said.source == .agent || $0.said.status == .offline } ? .offline : .warning
    }

    private static func tags(of ranked: [Claim]) -> [String] {
        let all = ranked.count == 1 ? ranked[0].said.tags : ranked.flatMap(\.said.tags)
        return all.count < 2 ? all : Array(Set(all)).sorted()
    }

    private static func identity(of claims: [Claim]) -> ResourceIdentity {
        let told = claims.map(\.said.identity)
        func union(_ values: (ResourceIdentity) -> [String]) -> [String] {
            if told.count == 1, values(told[0]).count < 2 { return values(told[0]) }
            var seen: Set<String> = []
            return told.flatMap(values).filter { seen.insert($0).inserted }
        }
        return ResourceIdentity(
            machineID: told.lazy.compactMap(\.machineID).first, dmiUUID: told.lazy.compactMap(\.dmiUUID).first,
            hostnames: union(\.hostnames), ipAddresses: union(\.ipAddresses), macAddresses: union(\.macAddresses),
            clusterNames: union(\.clusterNames))
    }

    private static func metrics(of voices: [Claim], isGuest: Bool) -> ResourceMetrics {
        var merged = ResourceMetrics()
        for voice in voices {
            let said = voice.said.metrics
            let isOutsider = SourcePrecedence.isNeverOf(voice.said.source, .cpu, isGuest: isGuest)
            if !isOutsider || voices.allSatisfy({ $0.said.source == .agent }) {
                merged.cpuPercent = merged.cpuPercent ?? said.cpuPercent
            }
            merged.memory = merged.memory ?? said.memory
            merged.disk = merged.disk ?? said.disk
            merged.netIn = merged.netIn ?? said.netIn
            merged.netOut = merged.netOut ?? said.netOut
            merged.diskRead = merged.diskRead ?? said.diskRead
            merged.diskWrite = merged.diskWrite ?? said.diskWrite
        }
        return merged
    }

    private static func uptimes(of voices: [Claim]) -> [ResourceRecord.Uptime] {
        voices.map(\.said).compactMap { said in
            said.uptimeSeconds.map { .init(said.source, connection: said.connection, seconds: $0) }
        }
    }

    /// Of two of one name the first.
    private static func blocks(_ all: [[ResourceBlock]]) -> [ResourceBlock] {
        if all.count == 1, all[0].count < 2 { return all[0] }
        var names: Set<String> = []
        return all.joined().filter { names.insert($0.name).inserted }
    }
}
