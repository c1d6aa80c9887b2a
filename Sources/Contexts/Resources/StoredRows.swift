import Compression
import Kernel
import Postgres

/// Rows of resources as they come: what a connection reported last comes with one of its rows only, because it is told of
/// all its resources at once and a page may hold a hundred of them.
struct StoredRows {
    private struct Row {
        let id: ResourceID
        let connection: ConnectionID
        let type: String
        let source: String
        let sources: [String]
        let parent: ResourceID?
        let tags: [String]
        let clusters: [String]
        let name: String
        let status: String
        let facts: [UInt8]
        let at: Timestamp?
    }

    private var rows: [Row] = []
    private var blobs: [ConnectionID: [UInt8]] = [:]

    /// The columns that `take` reads, of a row named `row` joined with its live values, named `live`.
    static let columns: SQL = """
        row.id, row.connection_id, row.type, row.source, row.sources, row.parent_id, row.tags,
        row.clusters, row.name, row.status, row.facts, live.at,
        CASE WHEN row_number() OVER (PARTITION BY row.connection_id) = 1 THEN live.blob END
        """

    var count: Int { rows.count }

    @discardableResult
    mutating func take(_ row: inout RowReader) throws -> ResourceID {
        let taken = Row(
            id: try row.next(), connection: try row.next(), type: try row.next(), source: try row.next(),
            sources: try row.next(), parent: try row.next(), tags: try row.next(), clusters: try row.next(),
            name: try row.next(), status: try row.next(),
            facts: (try? Packed.unpack(try row.next([UInt8].self), limit: 1024 * 1024)) ?? [], at: try row.next())
        rows.append(taken)
        if let blob = try row.next([UInt8]?.self) { blobs[taken.connection] = blob }
        return taken.id
    }

    /// In the order of the rows.
    var resources: [StoredResource] {
        let wanted = Dictionary(grouping: rows, by: \.connection)
        let live = blobs.reduce(into: [ResourceID: [UInt8]]()) { live, entry in
            live.merge(LiveBlob.members(Set(wanted[entry.key, default: []].map(\.id)), of: entry.value)) { $1 }
        }
        return rows.map { row in
            StoredResource(
                id: row.id, connection: row.connection, type: row.type, source: row.source, sources: row.sources,
                parent: row.parent, tags: row.tags, clusters: row.clusters, name: row.name,
                status: row.status, lastSeen: row.at, facts: row.facts, live: live[row.id] ?? [])
        }
    }
}
