package import Kernel

/// What one source claims about one thing at one moment. The monitor merges claims into `ResourceRecord`s.
package struct Observation: Sendable {
    package let connection: ConnectionID
    package let source: InventorySource
    package let type: ResourceType
    /// What it may be recognised by, strongest first. Never empty.
    package let evidence: [Evidence]
    package let name: String
    package let technology: String?
    package let identity: ResourceIdentity
    package let metrics: ResourceMetrics
    package let uptimeSeconds: Int64?
    package let temperature: Double?
    package let agent: AgentFacts?
    /// When the device measured: places the samples.
    package let measuredAt: Timestamp
    /// When the server received it: decides freshness.
    package let receivedAt: Timestamp
    /// Ascending by name.
    package let samples: [(metric: MetricName, value: Double)]

    package init(
        connection: ConnectionID, source: InventorySource, type: ResourceType, evidence: [Evidence], name: String,
        technology: String?, identity: ResourceIdentity, metrics: ResourceMetrics, uptimeSeconds: Int64?,
        temperature: Double?, agent: AgentFacts?, measuredAt: Timestamp, receivedAt: Timestamp,
        samples: [(metric: MetricName, value: Double)]
    ) {
        precondition(!evidence.isEmpty, "a claim about nobody")
        self.connection = connection
        self.source = source
        self.type = type
        self.evidence = evidence
        self.name = name
        self.technology = technology
        self.identity = identity
        self.metrics = metrics
        self.uptimeSeconds = uptimeSeconds
        self.temperature = temperature
        self.agent = agent
        self.measuredAt = measuredAt
        self.receivedAt = receivedAt
        self.samples = samples
    }
}

/// One key by which a thing is known, kept in `resource_keys`.
package struct Evidence: Hashable, Sendable {
    package enum Kind: String, Sendable, Hashable {
        case machineID = "machine-id"
        case dmiUUID = "dmi-uuid"
        case agentID = "agent-id"
    }

    package let kind: Kind
    package let value: String

    package init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
    }
}
