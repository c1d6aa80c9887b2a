/// The names of columns as they were read last, by their place. Rows of one kind mostly have the same columns, and a name
/// is quicker to compare than to make and to look up: of a page of charts there are some hundred thousand.
struct ColumnBook {
    private struct Entry {
        /// As it stands in the directory: what it shares with the name before, and the rest.
        let written: [UInt8]
        let id: ColumnID
        let isWanted: Bool
    }

    private let wanted: (ColumnID) -> Bool
    private var entries: [Entry] = []
    /// So many names of the row that is being read have been read.
    private var place = 0

    init(wanted: @escaping (ColumnID) -> Bool) { self.wanted = wanted }

    /// The next row's names follow.
    mutating func begin() { place = 0 }

    /// - Returns: the next name, and whether its column is wanted.
    mutating func next(from cursor: inout ByteCursor) throws(ChunkError) -> (id: ColumnID, isWanted: Bool) {
        defer { place += 1 }
        // All before it are the same, or stand in the book instead of those that were.
        if place < entries.count, cursor.skip(entries[place].written) {
            return (entries[place].id, entries[place].isWanted)
        }
        let start = cursor.rest
        let id = try Directory.readID(after: place == 0 ? "" : entries[place - 1].id.metric, from: &cursor)
        entries.removeLast(max(0, entries.count - place))
        entries.append(
            Entry(written: Array(start.prefix(start.count - cursor.rest.count)), id: id, isWanted: wanted(id)))
        return (id, entries[place].isWanted)
    }
}
