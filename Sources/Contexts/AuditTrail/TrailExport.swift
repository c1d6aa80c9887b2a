internal import Audit
internal import Cryptography
package import Kernel

/// Writes an export: entries as they stand, then the signed head. Reads in pieces, so its size does not matter.
package struct TrailExport: Sendable {
    private let store: TrailStore
    private let keys: TrailKeys
    private let time: any TimeSource

    /// Entries of one round trip and of one write: 1,000 of some 500 bytes.
    private static let batch = 1000

    package init(store: TrailStore, keys: TrailKeys, time: any TimeSource) {
        self.store = store
        self.keys = keys
        self.time = time
    }

    /// The entries between two times; without times all that are kept. What is written while it runs is not in it.
    /// - Throws: when the chain does not fit together: an export is signed, so nothing wrong may be under it.
    package func write(
        _ org: OrgID, as format: ExportFormat, from: Timestamp? = nil, to: Timestamp? = nil,
        _ sink: ([UInt8]) async throws -> Void
    ) async throws {
        var content = RunningDigest()
        func put(_ bytes: [UInt8]) async throws {
            content.update(bytes)
            try await sink(bytes)
        }
        let (first, last, previous) = try await bounds(org, from: from, to: to)
        if format == .csv { try await put(Array(ExportLine.header.utf8)) }
        var check = ChainCheck(of: org, after: previous, next: first)
        while check.next <= last {
            let entries = try await store.entries(in: org, from: check.next, through: last, limit: Self.batch)
            guard !entries.isEmpty else { throw BrokenTrail(description: "entry \(check.next) is missing") }
            var bytes: [UInt8] = []
            for entry in entries {
                if let fault = check.follow(entry) { throw BrokenTrail(description: fault) }
                bytes += format == .csv ? ExportLine.csv(entry) : ExportLine.json(entry)
            }
            try await put(bytes)
        }
        let head = ExportHead(
            org: org, format: format, firstSeq: first, previous: previous, count: check.count, seq: last,
            hash: check.hash, at: time.now, content: content.finalize())
        try await sink(try head.signed(by: keys.signing).line)
    }

    private func bounds(
        _ org: OrgID, from: Timestamp?, to: Timestamp?
    ) async throws -> (first: Int64, last: Int64, previous: [UInt8]) {
        let (head, previous) = try await store.ends(of: org)
        guard let previous else { throw BrokenTrail(description: "entries are gone without a seal") }
        guard from != nil || to != nil else { return (head.firstSeq, head.seq, previous) }
        guard let range = try await store.range(in: org, from: from, to: to, upTo: head.seq) else {
            return (head.seq + 1, head.seq, head.hash)
        }
        guard range.lowerBound > head.firstSeq else { return (head.firstSeq, range.upperBound, previous) }
        let before = try await store.entries(
            in: org, from: range.lowerBound - 1, through: range.lowerBound - 1, limit: 1)
        guard let hash = before.first?.hash else { throw BrokenTrail(description: "an entry is missing") }
        return (range.lowerBound, range.upperBound, hash)
    }
}

/// The trail does not fit together, so it is not signed for.
package struct BrokenTrail: Error, CustomStringConvertible {
    package let description: String
}
