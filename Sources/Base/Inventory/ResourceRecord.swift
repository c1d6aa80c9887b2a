import JSONKit
package import Kernel

/// One thing that is watched, with its last values, merged from all that is claimed about it: what `GET /api/resources`
/// shows and deltas change.
///
/// Its JSON is cut in two so that a change of values does not rewrite what it is: `facts` are who and what it is,
/// `live` is what was measured last. No member stands in both, so the wire form is one after the other.
package struct ResourceRecord: Sendable, Hashable {
    package let id: ResourceID
    /// The one whose claim leads, and with whose live values it is stored.
    package let connection: ConnectionID
    package var type: ResourceType
    package var technology: String?
    package var name: String
    package var status: ResourceStatus
    /// When the server last received something about it.
    package var lastSeen: Timestamp
    /// When anything of it last changed, values included.
    package var updatedAt: Timestamp
    /// Who speaks of it, the leading one first.
    package var sources: [Source]
    package var identity: ResourceIdentity
    package var parent: Parent?
    package var tags: [String] = []
    package var metrics: ResourceMetrics
    package var uptimeSeconds: Int64?
    /// How long it has been up by each who tells it, the one that counts first; empty where one speaks of it alone. What is
    /// inside a guest begins at another moment than the guest.
    package var uptimes: [Uptime] = []
    /// The hottest sensor, °C.
    package var temperature: Double?
    package var facts: [ResourceBlock]
    package var live: [ResourceBlock]

    package struct Source: Sendable, Hashable {
        package let source: InventorySource
        package let connection: ConnectionID
        package var isStale: Bool
        package var lastSeen: Timestamp

        package init(_ source: InventorySource, connection: ConnectionID, isStale: Bool, lastSeen: Timestamp) {
            self.source = source
            self.connection = connection
            self.isStale = isStale
            self.lastSeen = lastSeen
        }
    }

    package struct Parent: Sendable, Hashable {
        package let id: ResourceID
        package let name: String
        /// Who says so, and by what name of its own: the id may become another one where nothing has moved.
        package let connection: ConnectionID
        package let key: String

        package init(id: ResourceID, name: String, connection: ConnectionID, key: String) {
            self.id = id
            self.name = name
            self.connection = connection
            self.key = key
        }
    }

    package struct Uptime: Sendable, Hashable {
        package let source: InventorySource
        package let connection: ConnectionID
        package let seconds: Int64

        package init(_ source: InventorySource, connection: ConnectionID, seconds: Int64) {
            self.source = source
            self.connection = connection
            self.seconds = seconds
        }
    }

    package init(
        id: ResourceID, connection: ConnectionID, type: ResourceType, technology: String?, name: String,
        status: ResourceStatus, lastSeen: Timestamp, updatedAt: Timestamp, sources: [Source],
        identity: ResourceIdentity, metrics: ResourceMetrics = ResourceMetrics(), uptimeSeconds: Int64? = nil,
        temperature: Double? = nil, facts: [ResourceBlock] = [], live: [ResourceBlock] = []
    ) {
        self.id = id
        self.connection = connection
        self.type = type
        self.technology = technology
        self.name = name
        self.status = status
        self.lastSeen = lastSeen
        self.updatedAt = updatedAt
        self.sources = sources
        self.identity = identity
        self.metrics = metrics
        self.uptimeSeconds = uptimeSeconds
        self.temperature = temperature
        self.facts = facts
        self.live = live
    }

    /// The members that say who and what it is, as one object.
    package var factsJSON: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", type.rawValue)
            writer.member("technology", technology)
            writer.member("name", name)
            writer.array("sources") { writer in
                var told: Set<InventorySource> = []
                for source in sources where told.insert(source.source).inserted {
                    writer.string(source.source.rawValue)
                }
            }
            writer.member("identity", identity)
            writer.object("canonicalIdentity") { writer in
                writer.member("displayName", name)
                writer.member("hostname", identity.hostnames.first)
                writer.member("primaryId", id)
            }
            writer.object("metricsTarget") { writer in
                writer.member("resourceType", type.rawValue)
                writer.member("resourceId", id)
            }
            writer.member("parentId", parent?.id)
            writer.member("parentName", parent?.name)
            writer.member("tags", tags)
            Self.write(facts, to: &writer)
        }
        return writer.exactBytes
    }

    /// The members that change with every report, as one object.
    package var liveJSON: [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        writer.object { writer in
            writer.member("status", status.rawValue)
            writer.member("lastSeen", lastSeen)
            writer.member("updatedAt", updatedAt)
            writer.object("sourceStatus") { writer in
                var told: Set<InventorySource> = []
                for source in sources where told.insert(source.source).inserted {
                    writer.object(source.source.rawValue) { writer in
                        writer.member("status", status == .offline ? "offline" : source.isStale ? "stale" : "online")
                        writer.member("lastSeen", source.lastSeen)
                    }
                }
            }
            writer.member("metrics", metrics)
            writer.member("uptime", uptimeSeconds)
            writer.member("uptimeSource", uptimes.first?.source.rawValue)
            writer.member("temperature", temperature, decimals: 1)
            Self.write(live, to: &writer)
        }
        return writer.exactBytes
    }

    private static func write(_ blocks: [ResourceBlock], to writer: inout JSONWriter) {
        for block in blocks {
            writer.key(block.name)
            writer.raw(block.json)
        }
    }

    /// The wire form of a resource from its two halves.
    package static func wire(facts: [UInt8], live: [UInt8]) -> [UInt8] {
        guard facts.count > 2, live.count > 2 else { return facts.count > 2 ? facts : live }
        return facts.dropLast() + [UInt8(ascii: ",")] + live.dropFirst()
    }

    package var wire: [UInt8] { Self.wire(facts: factsJSON, live: liveJSON) }
}
