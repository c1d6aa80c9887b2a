import Inventory
import JSONKit
import Kernel
import Resources

/// One resource in a monitor's memory: what is stored of it, and what readers were told last.
struct WatchedResource {
    /// Behind one reference: a monitor looks at each with every poll, and every look at the thing itself would count two
    /// dozen references up and down.
    private final class Known: Sendable {
        let stored: StoredResource
        /// What it was made from; `nil` for what was only read back.
        let record: ResourceRecord?

        init(_ stored: StoredResource, from record: ResourceRecord? = nil) {
            self.stored = stored
            self.record = record
        }
    }

    private var known: Known
    /// `nil` until readers know of it.
    private var published: Known?
    /// What was last told of it, as long as it was told since this monitor began; `isGuess` when its status now is only
    /// what we make of silence.
    private var heard: ResourceStatus?
    private var isGuess = false
    private var movedAt: Timestamp?
    private var storedUptime: ResourceRecord.Uptime?

    var stored: StoredResource { known.stored }
    /// `nil` also for what was only read back; its name is stored.
    var parent: ResourceRecord.Parent? { known.record?.parent }
    var parentName: String? { known.record.map { $0.parent?.name } ?? ReadBack.parentName(of: stored) }

    /// As it was found in the database: readers have it from there.
    init(stored: StoredResource) {
        known = Known(stored)
        published = known
    }

    /// - Parameter before: what it was; who and what it is seldom changes and is not written anew then.
    init(_ record: ResourceRecord, after before: WatchedResource?) {
        let isSame = before?.known.record.map { Self.isSame($0, record) } ?? false
        isGuess = Self.isGuess(record, after: before)
        heard = isGuess ? before?.state.heard : record.status
        let facts = isSame ? before?.stored.facts : nil
        if isGuess, let heard {
            var shown = record
            shown.live.append(ResourceBlock("lastKnownStatus", json: Array("\"\(heard.rawValue)\"".utf8)))
            known = Known(StoredResource(shown, facts: facts), from: record)
        } else {
            known = Known(StoredResource(record, facts: facts), from: record)
        }
        published = before?.published
        movedAt = before?.movedAt
        // Until the one who told it is heard again.
        if record.sources.count > 1, let told = before?.uptimeOfBefore,
            !record.uptimes.contains(where: { $0.source == told.source })
        {
            storedUptime = told
        }
    }

    private var uptimeOfBefore: ResourceRecord.Uptime? { known.record == nil ? state.storedUptime : storedUptime }

    /// Nobody who speaks of it was heard lately, or what is shown again is as old as it was: it is not known how it is.
    private static func isGuess(_ record: ResourceRecord, after before: WatchedResource?) -> Bool {
        guard record.status != .offline else { return false }
        if record.sources.allSatisfy(\.isStale) { return true }
        guard record.status == .unknown, let before else { return false }
        return before.state.isGuess || before.stored.lastSeen.map { record.lastSeen <= $0 } ?? false
    }

    /// What is compared to tell what has changed.
    var state: ChangeReading.State {
        guard let record = known.record else { return ReadBack.state(of: stored) }
        let alone = record.uptimeSeconds.map {
            ResourceRecord.Uptime(record.sources[0].source, connection: record.connection, seconds: $0)
        }
        return .init(
            stored: stored, sources: record.sources, heard: heard, isGuess: isGuess,
            uptime: record.uptimes.first ?? alone, uptimes: record.uptimes, storedUptime: storedUptime, movedAt: movedAt
        )
    }

    /// It runs on another machine since.
    mutating func markMoved(at now: Timestamp) { movedAt = now }

    /// Whether the facts of both are the same, as they are written.
    private static func isSame(_ one: ResourceRecord, _ other: ResourceRecord) -> Bool {
        one.id == other.id && one.type == other.type && one.technology == other.technology && one.name == other.name
            && one.sources.elementsEqual(other.sources) { $0.source == $1.source } && one.identity == other.identity
            && one.parent == other.parent && one.tags == other.tags && one.facts == other.facts
    }

    mutating func markPublished() { published = known }

    /// The JSON object that says what readers must change; the whole resource when they do not know it; `nil` for nothing.
    /// A half that is the same byte for byte is not read.
    var patch: [UInt8]? {
        guard let published = published?.stored else { return stored.wire }
        var writer = JSONWriter(capacity: 512)
        let hasAny = writer.unlessEmpty { writer in
            writer.beginObject()
            defer { writer.endObject() }
            writer.member("id", stored.id)
            var hasAny = false
            for (before, after) in [(published.facts, stored.facts), (published.live, stored.live)]
            where before != after {
                let told = StoredPatch.write(from: before, to: after, into: &writer)
                hasAny = hasAny || told
            }
            return hasAny
        }
        return hasAny ? writer.bytes : nil
    }

    /// The same values under another status, for what nobody has spoken of since this monitor began.
    mutating func mark(_ status: ResourceStatus, at now: Timestamp) {
        let isOffline = status == .offline
        (heard, isGuess) = (isOffline ? .offline : state.heard, !isOffline)
        let known: JSONValue = isGuess ? heard.map { .string($0.rawValue) } ?? .null : .null
        let change: JSONValue = [
            "status": .string(status.rawValue), "updatedAt": .string(now.description),
            "sourceStatus": .object([stored.source: ["status": isOffline ? "offline" : "stale"]]),
            "lastKnownStatus": known,
        ]
        var writer = JSONWriter(capacity: stored.live.count + 32)
        MergePatch.apply(change, to: Self.parse(stored.live)).encode(to: &writer)
        self.known = Known(stored.with(status: status.rawValue, live: writer.bytes), from: self.known.record)
    }

    /// Our own bytes; if they were damaged in storage, readers are told the whole resource again.
    private static func parse(_ bytes: [UInt8]) -> JSONValue {
        var reader = JSONReader(bytes)
        return (try? reader.decode(JSONValue.self)) ?? .object([:])
    }
}
