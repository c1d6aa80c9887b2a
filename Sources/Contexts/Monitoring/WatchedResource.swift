import Inventory
import JSONKit
import Kernel
import Resources

/// One resource in a monitor's memory: what is stored of it, and what readers were told last.
struct WatchedResource {
    private(set) var stored: StoredResource
    private(set) var reportIntervalSeconds: Int?
    private(set) var lastSeen: Timestamp?
    private var wire: JSONValue
    /// `nil` until readers know of it.
    private(set) var publishedWire: JSONValue?

    /// As it was found in the database: readers have it from there.
    init(stored: StoredResource) {
        self.stored = stored
        lastSeen = stored.lastSeen
        wire = Self.parse(stored.wire)
        publishedWire = wire
        reportIntervalSeconds = wire["agent"]?["reportIntervalSeconds"]?.int
    }

    init(_ record: ResourceRecord) {
        stored = StoredResource(
            id: record.id, connection: record.connection, type: record.type.rawValue,
            source: record.sources[0].source.rawValue,
            name: record.name, status: record.status.rawValue, lastSeen: record.lastSeen, facts: record.factsJSON,
            live: record.liveJSON)
        lastSeen = record.lastSeen
        wire = Self.parse(stored.wire)
        reportIntervalSeconds = wire["agent"]?["reportIntervalSeconds"]?.int
    }

    func published(as before: JSONValue?) -> WatchedResource {
        var copy = self
        copy.publishedWire = before
        return copy
    }

    mutating func markPublished() { publishedWire = wire }

    /// What readers must change, without the id; the whole resource when they do not know it; `nil` for nothing.
    var patch: [String: JSONValue]? {
        guard let publishedWire else { return wire.object }
        return MergePatch.between(publishedWire, wire)?.object
    }

    /// The same values under another status.
    func marked(_ status: ResourceStatus, at now: Timestamp) -> WatchedResource {
        let told: JSONValue = status == .offline ? "offline" : "online"
        let change: JSONValue = [
            "status": .string(status.rawValue), "updatedAt": .string(now.description),
            "sourceStatus": .object([stored.source: ["status": told]]),
        ]
        var writer = JSONWriter(capacity: stored.live.count + 32)
        MergePatch.apply(change, to: Self.parse(stored.live)).encode(to: &writer)
        var copy = self
        copy.stored = StoredResource(
            id: stored.id, connection: stored.connection, type: stored.type, source: stored.source, name: stored.name,
            status: status.rawValue, lastSeen: lastSeen, facts: stored.facts, live: writer.bytes)
        copy.wire = Self.parse(copy.stored.wire)
        return copy
    }

    /// Our own bytes; if they were damaged in storage, readers are told the whole resource again.
    private static func parse(_ bytes: [UInt8]) -> JSONValue {
        var reader = JSONReader(bytes)
        return (try? reader.decode(JSONValue.self)) ?? .object([:])
    }
}
