import Kernel

/// Where a chunk is kept.
struct ChunkKey: Hashable, Sendable {
    let resource: ResourceID
    let tier: Tier
    /// Start of the window, ms.
    let window: Int64
}

/// Closes windows: heads become chunks, and what is new in them is rolled up. Pure.
struct Sealing {
    /// What the touched rows hold; changed by `close`, and then to be written.
    private(set) var chunks: [ChunkKey: Chunk]
    private(set) var changed: Set<ChunkKey> = []
    private let isKept: (ChunkKey) -> Bool

    /// - Parameter isKept: rows that may be written. Of a window that was left open for days the finer tiers have no place
    ///   any more; the others still take it.
    init(existing chunks: [ChunkKey: Chunk], isKept: @escaping (ChunkKey) -> Bool = { _ in true }) {
        self.chunks = chunks
        self.isKept = isKept
    }

    /// The rows that closing a window may change.
    static func keys(of resource: ResourceID, window: Int64) -> [ChunkKey] {
        Tier.allCases.map { ChunkKey(resource: resource, tier: $0, window: $0.windowStart(of: window)) }
    }

    /// Late data closes a window a second time: only samples that were not there are rolled up, so doing it twice with
    /// the same pieces changes nothing.
    mutating func close(_ resource: ResourceID, window: Int64, pieces: [Chunk]) {
        let keys = Self.keys(of: resource, window: window)
        let known = chunks[keys[0]] ?? .empty
        let new = Chunk.merging(pieces).slice(window..<window + Tier.raw.window).subtracting(known)
        guard !new.times.isEmpty else { return }
        if isKept(keys[0]) {
            chunks[keys[0]] = Chunk.merging([known, new])
            changed.insert(keys[0])
        }
        for key in keys.dropFirst() where isKept(key) {
            let added = key.tier == .quarter ? Headline.only(in: new) : new
            guard !added.times.isEmpty else { continue }
            let before = chunks[key].map { [$0] } ?? []
            chunks[key] = Rollup.of(before + [added], every: key.tier.resolution)
            changed.insert(key)
        }
    }
}
