package import Inventory
package import Kernel

/// The samples of one organisation that are on their way into history. Pure: the caller brings the time and writes what
/// comes out.
///
///     buffer.add(samples, of: resource, measuredAt: …, now: now)
///     if buffer.isDue(at: now) {
///         let checkpoint = buffer.checkpoint(at: now)
///         // one transaction: the fence, HistoryStore.appending(checkpoint, in: org), the deletion of the log rows
///         buffer.stored(checkpoint)
///     }
///
/// A checkpoint holds everything that was added before it, so when it is committed, every log row handed in until then
/// may go. A buffer that dies leaves nothing behind: whoever replays the log starts pieces of its own.
package struct HeadBuffer: Sendable {
    /// What charts may lag behind, together with the report's own way.
    package static let pace: Duration = .seconds(8)

    /// A piece is full with twenty minutes of reports, or with this many samples: the newest is rewritten at every
    /// checkpoint and half full on average; each one has its own names, and what it learned of its columns goes with it,
    /// so that ten minutes weighed a tenth more. 1260 samples are 3 to 4 KB plain, which fits a page, and 2 KB when it is
    /// written densely for the last time.
    static let rowsOfPiece = 120
    static let samplesOfPiece = 1260
    /// Nothing was added for this long: the piece is left to the keeper.
    private static let idle: Duration = .seconds(600)
    /// By the device's clock: what is older than raw history is kept, or from a clock that runs ahead, is refused.
    private static let latest: Duration = .seconds(600)
    private static let oldest: Duration = Tier.raw.retention - .seconds(3600)

    private struct Place: Hashable {
        let resource: ResourceID
        let window: Int64
    }

    private struct Piece {
        let id: Int64
        var table = SampleTable()
        var version = 0
        var stored = 0
        var touched: Timestamp
        var isFull: Bool {
            table.rowCount >= HeadBuffer.rowsOfPiece || table.cellCount >= HeadBuffer.samplesOfPiece
        }
    }

    private var pieces: [Place: [Piece]] = [:]
    private var unstoredSince: Timestamp?
    private var lastID: Int64 = 0
    private let salt: Int64

    /// - Parameter randomness: keeps the pieces of two writers apart, whatever their clocks say.
    package init(randomness: Randomness = .system) {
        salt = randomness.bytes(2).reduce(0) { $0 << 8 | Int64($1) }
    }

    package var isEmpty: Bool { pieces.isEmpty }
    /// Samples that no checkpoint has stored yet.
    package var hasUnstored: Bool { unstoredSince != nil }

    /// Takes what one report says about one resource.
    /// - Returns: how many samples were new. Known ones (same series, same time) and values that no number can stand for
    ///   are left out; so is everything when the device's clock is off by more than ten minutes ahead or two days behind.
    @discardableResult
    package mutating func add(
        _ samples: [(metric: MetricName, value: Double)], of resource: ResourceID, measuredAt: Timestamp, now: Timestamp
    ) -> Int {
        guard measuredAt < now + Self.latest, measuredAt > now - Self.oldest else { return 0 }
        let time = measuredAt.milliseconds
        let place = Place(resource: resource, window: Tier.raw.windowStart(of: time))
        // Taken out while it changes: with a second holder every column would be copied.
        var list = pieces.removeValue(forKey: place) ?? []
        let target = list.firstIndex { $0.table.contains(time) } ?? list.lastIndex { !$0.isFull } ?? list.count
        if target == list.count { list.append(Piece(id: nextID(at: now), touched: now)) }
        let taken = list[target].table.add(samples, at: time)
        if taken > 0 {
            list[target].version += 1
            list[target].touched = now
            unstoredSince = unstoredSince ?? now
        }
        // A piece of which nothing was taken is none.
        if list[target].version == 0 { list.remove(at: target) }
        if !list.isEmpty { pieces[place] = list }
        return taken
    }

    /// Something has waited for `pace`, or since a moment that is still to come: the clock was set back.
    package func isDue(at now: Timestamp) -> Bool { unstoredSince.map { now - $0 >= Self.pace || $0 > now } ?? false }

    /// Everything that is not stored yet.
    package func checkpoint(at now: Timestamp) -> HeadCheckpoint {
        var rows: [HeadCheckpoint.Row] = []
        if unstoredSince != nil {
            for (place, list) in pieces {
                for piece in list where piece.version != piece.stored {
                    let chunk = piece.table.chunk
                    // A full piece is written for the last time.
                    let codec = piece.isFull ? ChunkCodec.dense : ChunkCodec.plain
                    rows.append(
                        HeadCheckpoint.Row(
                            resource: place.resource, window: place.window, piece: piece.id, version: piece.version,
                            sampleCount: chunk.sampleCount, codec: codec, data: ChunkCodec.write(chunk, codec: codec),
                            brief: piece.isFull
                                ? ChunkCodec.write(Headline.brief(of: chunk), codec: ChunkCodec.plain) : []))
                }
            }
        }
        return HeadCheckpoint(at: now, rows: rows.sorted { ($0.resource, $0.piece) < ($1.resource, $1.piece) })
    }

    /// The checkpoint is committed. What was added since then stays for the next one.
    package mutating func stored(_ checkpoint: HeadCheckpoint) {
        for row in checkpoint.rows {
            let place = Place(resource: row.resource, window: row.window)
            guard let index = pieces[place]?.firstIndex(where: { $0.id == row.piece }) else { continue }
            pieces[place]?[index].stored = row.version
        }
        unstoredSince = nil
        // Most go on growing: only where one is done anything is changed.
        var done: Set<Place> = []
        for (place, list) in pieces {
            for (index, piece) in list.enumerated() {
                // The clock was set back: how long nothing is added counts from here.
                if piece.touched > checkpoint.at { pieces[place]?[index].touched = checkpoint.at }
                if piece.version != piece.stored {
                    unstoredSince = checkpoint.at
                } else if piece.isFull || checkpoint.at - piece.touched > Self.idle {
                    done.insert(place)
                }
            }
        }
        for place in done {
            pieces[place]?.removeAll { piece in
                piece.version == piece.stored && (piece.isFull || checkpoint.at - piece.touched > Self.idle)
            }
            if pieces[place]?.isEmpty == true { pieces[place] = nil }
        }
    }

    private mutating func nextID(at now: Timestamp) -> Int64 {
        lastID = max(lastID + 1, now.milliseconds)
        return lastID << 16 | salt
    }
}

/// What a `HeadBuffer` wants written, whole and at once.
package struct HeadCheckpoint: Sendable {
    struct Row: Sendable {
        let resource: ResourceID
        let window: Int64
        let piece: Int64
        let version: Int
        let sampleCount: Int
        let codec: Int16
        let data: [UInt8]
        /// Quarters of the headlines, written plainly; empty while the piece grows: it is rewritten every few seconds, and
        /// its samples are quick to read.
        let brief: [UInt8]
    }

    let at: Timestamp
    let rows: [Row]

    package var isEmpty: Bool { rows.isEmpty }
    package var sampleCount: Int { rows.reduce(0) { $0 + $1.sampleCount } }
}
