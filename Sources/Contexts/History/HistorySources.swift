import CoreMetrics
import Inventory
import Kernel
import Postgres

/// What one resource has in a range, as it stands in the database.
struct HistorySource: Sendable {
    /// Of the tier, no sample twice, by the start of their windows.
    var stored: [Int64: Chunk] = [:]
    /// Samples that are in no roll-up yet, by window.
    var heads: [Int64: [Chunk]] = [:]
    /// Their quarters instead, where those were asked for: a piece each, and one quarter may be in several. Of a piece that
    /// still grows, its samples.
    var briefs: [Chunk] = []
    var past: [PastFrame] = []
    /// What was measured under the ids it had before; it counts where nothing else was measured.
    var earlier: [HistorySource] = []

    /// Two sources spoke of it before they were known to be of one machine. So near to a sample of the one, the other's is
    /// of the same moment.
    static let nearness: Int64 = 60_000

    /// What is to be added up: no sample is in two of them. Late samples, and the same ones twice, may stand beside their
    /// closed window; only there is it worth comparing.
    func parts(of tier: Tier) -> [Chunk] {
        var parts = briefs
        for (window, chunk) in stored where tier != .raw || heads[window] == nil { parts.append(chunk) }
        for (window, chunks) in heads {
            let known = tier == .raw ? stored[window].map { [$0] } ?? [] : []
            parts.append(Chunk.merging(known + chunks))
        }
        return parts
    }
}

/// What a read takes from the database.
struct SourceQuery {
    let tier: Tier
    let from: Int64
    let to: Int64
    /// Steps are whole quarters and only headlines are asked for: heads tell their quarters, not their samples.
    let takesBriefs: Bool
    let wanted: @Sendable (ColumnID) -> Bool
}

extension HistoryStore {
    /// Reads one tier, the heads and the platforms' past in one statement, so that a window that is closed meanwhile is
    /// seen exactly once.
    func sources(
        of resources: [ResourceID], and earlier: EarlierIDs = .none, _ query: SourceQuery, in org: OrgID
    ) async throws -> [ResourceID: HistorySource] {
        let all = resources + resources.flatMap { earlier[$0] }
        let results = try await database.batch(in: org, [Self.select(all, query)], timeout: .seconds(10))
        var sources: [ResourceID: HistorySource] = [:]
        var books: [Int16: ColumnBook] = [:]
        try results[0].each { row in
            let resource = try row.next(ResourceID.self)
            let kind = try row.next(Int16.self)
            let (t0, step) = (try row.next(Timestamp.self).milliseconds, try row.next(Int32.self))
            let (codec, data) = (try row.next(Int16.self), try row.next([UInt8].self))
            guard let chunk = decode(codec: codec, data, &books[kind, default: ColumnBook(wanted: query.wanted)]) else {
                return
            }
            let part = chunk.slice(query.from..<query.to + 1)
            switch kind {
            case 0: sources[resource, default: HistorySource()].stored[t0] = part
            case 1 where query.takesBriefs: sources[resource, default: HistorySource()].briefs.append(part)
            case 1: sources[resource, default: HistorySource()].heads[t0, default: []].append(part)
            // A piece that still grows, or of an older program: its samples stand for their quarters.
            case 2: sources[resource, default: HistorySource()].briefs.append(part)
            default:
                let frame = PastFrame(step: Int64(step) * 1000, samples: chunk)
                sources[resource, default: HistorySource()].past.append(frame)
            }
        }
        for resource in resources where !earlier[resource].isEmpty {
            let parts = earlier[resource].compactMap { sources.removeValue(forKey: $0) }
            guard !parts.isEmpty else { continue }
            sources[resource, default: HistorySource()].earlier = parts
        }
        return sources
    }

    private static func select(_ resources: [ResourceID], _ query: SourceQuery) -> SQL {
        let from = Timestamp(milliseconds: query.from)
        let oldestChunk = Timestamp(milliseconds: query.tier.windowStart(of: query.from))
        // A bucket that begins inside the range may begin with samples from before it.
        let oldestHead = Timestamp(milliseconds: Tier.raw.windowStart(of: query.from))
        let newest = Timestamp(milliseconds: query.to)
        let heads: SQL =
            query.takesBriefs
            ? """
            SELECT resource_id, (CASE WHEN coalesce(brief, '') = '' THEN 2 ELSE 1 END)::smallint, t0, 0,
                   CASE WHEN coalesce(brief, '') = '' THEN codec ELSE \(ChunkCodec.plain) END,
                   coalesce(nullif(brief, ''), data) FROM history_heads
            """ : "SELECT resource_id, 1::smallint, t0, 0, codec, data FROM history_heads"
        return """
            SELECT resource_id, 0::smallint, t0, 0, codec, data FROM history_chunks
            WHERE resource_id = ANY (\(resources)) AND tier = \(query.tier.rawValue)
              AND t0 >= \(oldestChunk) AND t0 <= \(newest)
            UNION ALL
            \(heads) WHERE resource_id = ANY (\(resources)) AND t0 >= \(oldestHead) AND t0 <= \(newest)
            UNION ALL
            SELECT resource_id, 3::smallint, t0, step_seconds, codec, data FROM history_past
            WHERE resource_id = ANY (\(resources)) AND t1 > \(from) AND t0 <= \(newest)
            """
    }
}
