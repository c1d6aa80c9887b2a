import Inventory
import JSONKit
import Kernel
import Resources

/// What the stored bytes of a resource tell of the moment at which they were written, for the first comparison after a
/// takeover. Bytes that were damaged in storage tell less.
enum ReadBack {
    static func state(of stored: StoredResource) -> ChangeReading.State {
        var (seconds, source, known): (Int64?, String?, String?) = (nil, nil, nil)
        var areSilent = false
        members(of: stored.live) { key, reader throws(JSONError) in
            switch key {
            case "uptime": seconds = try reader.decode(Int64?.self)
            case "uptimeSource": source = try reader.decode(String?.self)
            case "lastKnownStatus": known = try reader.decode(String?.self)
            case "sourceStatus":
                let sources = try reader.decode(JSONValue.self).object ?? [:]
                areSilent = !sources.isEmpty && sources.values.allSatisfy { $0["status"] == "stale" }
            default: try reader.skip()
            }
        }
        let status = ResourceStatus(rawValue: stored.status)
        // Written before what was last known was kept: nobody remembers it.
        let isForgotten = known == nil && areSilent && status != .offline
        let heard = isForgotten ? nil : known.flatMap(ResourceStatus.init) ?? status
        // Where one source speaks it is the one that told it.
        let teller = source ?? (stored.sources.count == 1 ? stored.source : nil)
        let uptime = teller.flatMap(InventorySource.init).flatMap { source in
            seconds.map {
                ResourceRecord.Uptime(source, connection: stored.connection, seconds: $0)
            }
        }
        return .init(
            stored: stored, sources: nil, heard: heard, isGuess: known != nil || isForgotten, uptime: nil,
            uptimes: [], storedUptime: uptime, movedAt: nil)
    }

    static func parentName(of stored: StoredResource) -> String? {
        var name: String?
        members(of: stored.facts) { key, reader throws(JSONError) in
            if key == "parentName" { name = try reader.decode(String?.self) } else { try reader.skip() }
        }
        return name
    }

    private static func members(
        of bytes: [UInt8], _ read: (JSONKey, inout JSONReader) throws(JSONError) -> Void
    ) {
        var reader = JSONReader(bytes)
        try? reader.object(read)
    }
}
