package import Inventory
package import Kernel

/// A resource as its row and its connection's live blob hold it.
package struct StoredResource: Sendable, Hashable {
    package let id: ResourceID
    package let connection: ConnectionID
    package let type: String
    package let source: String
    /// Who speaks of it, the leading one first.
    package let sources: [String]
    package let parent: ResourceID?
    package let tags: [String]
    /// Lower case.
    package let clusters: [String]
    package let name: String
    package let status: String
    /// When something was last received; `nil` when nothing ever was.
    package let lastSeen: Timestamp?
    /// A JSON object each; see `ResourceRecord`.
    package let facts: [UInt8]
    package let live: [UInt8]

    package init(
        id: ResourceID, connection: ConnectionID, type: String, source: String, sources: [String] = [],
        parent: ResourceID? = nil, tags: [String] = [], clusters: [String] = [], name: String, status: String,
        lastSeen: Timestamp?, facts: [UInt8], live: [UInt8]
    ) {
        self.id = id
        self.connection = connection
        self.type = type
        self.source = source
        self.sources = sources.isEmpty ? [source] : sources
        self.parent = parent
        self.tags = tags
        self.clusters = clusters
        self.name = name
        self.status = status
        self.lastSeen = lastSeen
        self.facts = facts
        self.live = live
    }

    /// What the API shows.
    package var wire: [UInt8] { ResourceRecord.wire(facts: facts, live: live) }

    /// The same under another status, with other live values.
    package func with(status: String, live: [UInt8]) -> StoredResource {
        StoredResource(
            id: id, connection: connection, type: type, source: source, sources: sources, parent: parent, tags: tags,
            clusters: clusters, name: name, status: status, lastSeen: lastSeen, facts: facts, live: live)
    }
}

extension StoredResource {
    /// - Parameter facts: the record's, where they are at hand.
    package init(_ record: ResourceRecord, facts: [UInt8]? = nil) {
        var told: Set<InventorySource> = []
        let sources = record.sources.map(\.source).filter { told.insert($0).inserted }
        self.init(
            id: record.id, connection: record.connection, type: record.type.rawValue, source: sources[0].rawValue,
            sources: sources.map(\.rawValue), parent: record.parent?.id, tags: record.tags,
            clusters: record.identity.clusterNames.map { $0.lowercased() }, name: record.name,
            status: record.status.rawValue, lastSeen: record.lastSeen, facts: facts ?? record.factsJSON,
            live: record.liveJSON)
    }
}
