package import JSONKit
package import Kernel

/// One thing that is watched, with its last values: what `GET /api/resources` shows and deltas change.
///
/// Its JSON is cut in two so that a change of values does not rewrite what it is: `facts` are who and what it is,
/// `live` is what was measured last. No member stands in both, so the wire form is one after the other.
package struct ResourceRecord: Sendable, Hashable {
    package let id: ResourceID
    package let connection: ConnectionID
    package var type: ResourceType
    package var technology: String?
    package var name: String
    package var status: ResourceStatus
    /// When the server last received something about it.
    package var lastSeen: Timestamp
    /// When anything of it last changed, values included.
    package var updatedAt: Timestamp
    package var source: InventorySource
    package var identity: ResourceIdentity
    package var metrics: ResourceMetrics
    package var uptimeSeconds: Int64?
    /// The hottest sensor, °C.
    package var temperature: Double?
    package var agent: AgentFacts?

    package init(
        id: ResourceID, connection: ConnectionID, type: ResourceType, technology: String?, name: String,
        status: ResourceStatus, lastSeen: Timestamp, updatedAt: Timestamp, source: InventorySource,
        identity: ResourceIdentity, metrics: ResourceMetrics = ResourceMetrics(), uptimeSeconds: Int64? = nil,
        temperature: Double? = nil, agent: AgentFacts? = nil
    ) {
        self.id = id
        self.connection = connection
        self.type = type
        self.technology = technology
        self.name = name
        self.status = status
        self.lastSeen = lastSeen
        self.updatedAt = updatedAt
        self.source = source
        self.identity = identity
        self.metrics = metrics
        self.uptimeSeconds = uptimeSeconds
        self.temperature = temperature
        self.agent = agent
    }

    /// The members that say who and what it is, as one object.
    package var facts: [UInt8] {
        var writer = JSONWriter(capacity: 512)
        writer.object { writer in
            writer.member("id", id)
            writer.member("type", type.rawValue)
            writer.member("technology", technology)
            writer.member("name", name)
            writer.array("sources") { $0.string(source.rawValue) }
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
            writer.member("tags", [String]())
        }
        return writer.bytes
    }

    /// The members that change with every report, as one object.
    package var live: [UInt8] {
        var writer = JSONWriter(capacity: 2048)
        writer.object { writer in
            writer.member("status", status.rawValue)
            writer.member("lastSeen", lastSeen)
            writer.member("updatedAt", updatedAt)
            writer.object("sourceStatus") { writer in
                writer.object(source.rawValue) { writer in
                    writer.member("status", status == .offline ? "offline" : "online")
                    writer.member("lastSeen", lastSeen)
                }
            }
            writer.member("metrics", metrics)
            writer.member("uptime", uptimeSeconds)
            writer.member("temperature", temperature, decimals: 1)
            writer.member("agent", agent)
        }
        return writer.bytes
    }

    /// The wire form of a resource from its two halves.
    package static func wire(facts: [UInt8], live: [UInt8]) -> [UInt8] {
        guard facts.count > 2, live.count > 2 else { return facts.count > 2 ? facts : live }
        return facts.dropLast() + [UInt8(ascii: ",")] + live.dropFirst()
    }

    package var wire: [UInt8] { Self.wire(facts: facts, live: live) }
}

/// The kinds of resources so far; the raw values are the wire's and are never renamed.
package enum ResourceType: String, Sendable, Hashable, CaseIterable {
    /// A machine: a host with an agent, later a hypervisor's node too.
    case agent
}

package enum ResourceStatus: String, Sendable, Hashable, CaseIterable {
    case online, warning, unknown, offline
}

/// Which kind of collector made a claim.
package enum InventorySource: String, Sendable, Hashable, CaseIterable {
    case agent
}

/// By what a machine is known.
package struct ResourceIdentity: Sendable, Hashable, JSONEncodable {
    package var machineID: String?
    package var dmiUUID: String?
    package var hostnames: [String]
    package var ipAddresses: [String]
    package var macAddresses: [String]

    package init(
        machineID: String? = nil, dmiUUID: String? = nil, hostnames: [String] = [], ipAddresses: [String] = [],
        macAddresses: [String] = []
    ) {
        self.machineID = machineID
        self.dmiUUID = dmiUUID
        self.hostnames = hostnames
        self.ipAddresses = ipAddresses
        self.macAddresses = macAddresses
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("machineId", machineID)
            writer.member("dmiUuid", dmiUUID)
            writer.member("hostnames", hostnames)
            writer.member("ipAddresses", ipAddresses)
            writer.member("macAddresses", macAddresses)
        }
    }
}
