import Inventory
package import Kernel

/// One line of the timeline: what became different about a resource, as two states that followed each other.
package struct ResourceChange: Sendable, Hashable {
    /// The wire's, never renamed. Later rooms add theirs.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case stateTransition = "state_transition"
        /// It appeared, is gone, or somebody has said with what it is one.
        case activity
        case restart
        case configUpdate = "config_update"
        /// It runs somewhere else.
        case relationshipChange = "relationship_change"
    }

    /// What somebody said about identity, as the `reason` of an activity. The wire's, never renamed.
    enum Word: String {
        case linked, unlinked
        /// The word was taken back.
        case linkWithdrawn = "link-withdrawn"
        case unlinkWithdrawn = "unlink-withdrawn"
    }

    package enum Confidence: String, Sendable, Hashable { case high, medium, low }

    package let id: ResourceChangeID
    package let resource: ResourceID
    package let connection: ConnectionID
    package let name: String
    package let type: String
    package let at: Timestamp
    package let kind: Kind
    package var from: String?
    package var to: String?
    package let source: String
    package var confidence: Confidence
    package var reason: String?
    package var related: ResourceID?

    package init(
        of resource: StoredResource, at: Timestamp, _ kind: Kind, from: String? = nil, to: String? = nil,
        confidence: Confidence = .high, reason: String? = nil, related: ResourceID? = nil
    ) {
        id = .new(at: at)
        self.resource = resource.id
        connection = resource.connection
        name = resource.name
        type = resource.type
        self.at = at
        self.kind = kind
        self.from = from
        self.to = to
        source = resource.source
        self.confidence = confidence
        self.reason = reason
        self.related = related
    }
}
