import Inventory
import JSONKit
import Kernel
import Resources

/// One resource in a monitor's memory: what is stored of it, and what readers were told last.
struct WatchedResource {
    private(set) var stored: StoredResource
    /// `nil` until readers know of it.
    private(set) var published: StoredResource?
    /// What it was made from; `nil` for what was only read back.
    private var record: ResourceRecord?
    private var isUnheard = false

    /// As it was found in the database: readers have it from there.
    init(stored: StoredResource) {
        self.stored = stored
        published = stored
    }

    /// - Parameter before: what it was; who and what it is seldom changes and is not written anew then.
    init(_ record: ResourceRecord, after before: WatchedResource?) {
        let isSame = before?.record.map { Self.isSame($0, record) } ?? false
        stored = StoredResource(record, facts: isSame ? before?.stored.facts : nil)
        published = before?.published
        self.record = record
        isUnheard = record.sources.allSatisfy(\.isStale)
    }

    /// What is compared to tell what has changed.
    var state: ChangeReading.State {
        .init(
            stored: stored, parentName: record?.parent?.name, uptimeSeconds: record?.uptimeSeconds,
            isUnheard: isUnheard)
    }

    /// Whether the facts of both are the same, as they are written.
    private static func isSame(_ one: ResourceRecord, _ other: ResourceRecord) -> Bool {
        one.id == other.id && one.type == other.type && one.technology == other.technology && one.name == other.name
            && one.sources.elementsEqual(other.sources) { $0.source == $1.source } && one.identity == other.identity
            && one.parent == other.parent && one.tags == other.tags && one.facts == other.facts
    }

    mutating func markPublished() { published = stored }

    /// What readers must change, without the id; the whole resource when they do not know it; `nil` for nothing. A half
    /// that is the same byte for byte is not read.
    var patch: [String: JSONValue]? {
        guard let published else { return Self.parse(stored.wire).object }
        var patch: [String: JSONValue] = [:]
        for (before, after) in [(published.facts, stored.facts), (published.live, stored.live)] where before != after {
            patch.merge(StoredPatch.between(before, after)) { $1 }
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
