package import Kernel

/// What one source claims about one thing at one moment. The monitor merges claims into `ResourceRecord`s.
package struct Observation: Sendable {
    package let connection: ConnectionID
    package let source: InventorySource
    package let type: ResourceType
    /// The connection's own name for the thing, the same in every report: `node/pve1`, `qemu/101`, `storage/pve1/local`.
    package var key: String
    /// The list of the report that it stands in; see `PollReport.complete`.
    package var scope: String
    /// What it may be recognised by, strongest first; `key` within the connection is evidence without being told.
    package var evidence: [Evidence]
    /// The `key` of what it runs on or belongs to, within the same connection.
    package var parent: String?
    package var name: String
    package var technology: String?
    package var status: ResourceStatus
    package var identity: ResourceIdentity
    package var metrics: ResourceMetrics
    package var uptimeSeconds: Int64?
    /// The hottest sensor, °C.
    package var temperature: Double?
    /// Normalised: trimmed, lower case.
    package var tags: [String]
    /// Further members of the resource, named by platform. `facts` change when the thing is changed, `live` with every
    /// report; a name stands in one of them only.
    package var facts: [ResourceBlock]
    package var live: [ResourceBlock]
    /// Silence longer than this means: not known any more.
    package var silence: Duration
    /// When the device measured: places the samples.
    package let measuredAt: Timestamp
    /// When the server received it: decides freshness.
    package let receivedAt: Timestamp
    /// Ascending by name.
    package var samples: [(metric: MetricName, value: Double)]

    package init(
        connection: ConnectionID, source: InventorySource, type: ResourceType, key: String, scope: String = "",
        evidence: [Evidence] = [], parent: String? = nil, name: String, technology: String? = nil,
        status: ResourceStatus = .online, identity: ResourceIdentity = ResourceIdentity(),
        metrics: ResourceMetrics = ResourceMetrics(), uptimeSeconds: Int64? = nil, temperature: Double? = nil,
        tags: [String] = [], facts: [ResourceBlock] = [], live: [ResourceBlock] = [], silence: Duration = .seconds(60),
        measuredAt: Timestamp, receivedAt: Timestamp, samples: [(metric: MetricName, value: Double)] = []
    ) {
        self.connection = connection
        self.source = source
        self.type = type
        self.key = key
        self.scope = scope
        self.evidence = evidence
        self.parent = parent
        self.name = name
        self.technology = technology
        self.status = status
        self.identity = identity
        self.metrics = metrics
        self.uptimeSeconds = uptimeSeconds
        self.temperature = temperature
        self.tags = tags
        self.facts = facts
        self.live = live
        self.silence = silence
        self.measuredAt = measuredAt
        self.receivedAt = receivedAt
        self.samples = samples
    }

    /// The claim's own name for the thing, which finds it again whatever else changes.
    package var claim: Evidence { Evidence(.claim, "\(connection)/\(key)") }
}

/// One member of a resource's JSON, ready to be written.
package struct ResourceBlock: Sendable, Hashable {
    package let name: String
    /// A JSON value.
    package let json: [UInt8]

    package init(_ name: String, json: [UInt8]) {
        self.name = name
        self.json = json
    }
}
