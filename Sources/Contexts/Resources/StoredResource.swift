import Inventory
package import Kernel

/// A resource as its row and its connection's live blob hold it.
package struct StoredResource: Sendable, Hashable {
    package let id: ResourceID
    package let connection: ConnectionID
    package let type: String
    package let source: String
    package let name: String
    package let status: String
    /// When something was last received; `nil` when nothing ever was.
    package let lastSeen: Timestamp?
    /// A JSON object each; see `ResourceRecord`.
    package let facts: [UInt8]
    package let live: [UInt8]

    package init(
        id: ResourceID, connection: ConnectionID, type: String, source: String, name: String, status: String,
        lastSeen: Timestamp?, facts: [UInt8], live: [UInt8]
    ) {
        self.id = id
        self.connection = connection
        self.type = type
        self.source = source
        self.name = name
        self.status = status
        self.lastSeen = lastSeen
        self.facts = facts
        self.live = live
    }

    /// What the API shows.
    package var wire: [UInt8] { ResourceRecord.wire(facts: facts, live: live) }
}
