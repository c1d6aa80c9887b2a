import Inventory
import JSONKit
import Kernel
import Resources

/// One resource in a monitor's memory: what is stored of it, and what readers were told last.
struct WatchedResource {
    private(set) var stored: StoredResource
    /// `nil` until readers know of it.
    private(set) var published: StoredResource?
    private var parentName: String?
    private var uptimeSeconds: Int64?
    private var isUnheard = false

    /// As it was found in the database: readers have it from there.
    init(stored: StoredResource) {
        self.stored = stored
        published = stored
    }

    init(_ record: ResourceRecord, publishedAs published: StoredResource?) {
        stored = StoredResource(record)
        self.published = published
        parentName = record.parent?.name
        uptimeSeconds = record.uptimeSeconds
        isUnheard = record.sources.allSatisfy(\.isStale)
    }

    /// What is compared to tell what has changed.
    var state: ChangeReading.State {
        .init(stored: stored, parentName: parentName, uptimeSeconds: uptimeSeconds, isUnheard: isUnheard)
    }

    mutating func markPublished() { published = stored }

    /// What readers must change, without the id; the whole resource when they do not know it; `nil` for nothing. A half
    /// that is the same byte for byte is not read.
    var patch: [String: JSONValue]? {
        guard let published else { return Self.parse(stored.wire).object }
        var patch: [String: JSONValue] = [:]
        for (before, after) in [(published.facts, stored.facts), (published.live, stored.live)] where before != after {
            let change = MergePatch.between(Self.parse(before), Self.parse(after))?.object ?? [:]
            patch.merge(change) { $1 }
        }
        return patch.isEmpty ? nil : patch
    }

    /// The same values under another status, for what nobody has spoken of since this monitor began.
    mutating func mark(_ status: ResourceStatus, at now: Timestamp) {
        let told: JSONValue = status == .offline ? "offline" : "stale"
        let change: JSONValue = [
            "status": .string(status.rawValue), "updatedAt": .string(now.description),
            "sourceStatus": .object([stored.source: ["status": told]]),
        ]
        var writer = JSONWriter(capacity: stored.live.count + 32)
        MergePatch.apply(change, to: Self.parse(stored.live)).encode(to: &writer)
        stored = stored.with(status: status.rawValue, live: writer.bytes)
        isUnheard = true
    }

    /// Our own bytes; if they were damaged in storage, readers are told the whole resource again.
    private static func parse(_ bytes: [UInt8]) -> JSONValue {
        var reader = JSONReader(bytes)
        return (try? reader.decode(JSONValue.self)) ?? .object([:])
    }
}
