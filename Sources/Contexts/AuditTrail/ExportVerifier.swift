internal import Audit
package import Cryptography
internal import Kernel

/// Checks an export without a database and without a network: every entry against the one before it, the whole against its
/// signed head. Streams: one piece is read while others are checked on all cores.
package struct ExportVerifier: Sendable {
    /// What was found to be right.
    package struct Report: Sendable, Equatable {
        package let head: ExportHead
        package let key: VerifyingKey
    }

    /// What was found to be wrong, as a sentence that says where.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let description: String

        init(_ description: String) { self.description = description }
    }

    /// A head is some 900 bytes.
    private static let maxHead = 8192
    private static let pieceBytes = 1 << 20
    /// Pieces that are checked at once: 16 of a megabyte, with what they are parsed into some 60 MB.
    private static let width = 16

    /// The key that must have signed; `nil`: the one the file names, which is then for the reader to compare.
    private let pinned: VerifyingKey?

    package init(pinned: VerifyingKey? = nil) { self.pinned = pinned }

    /// - Throws: `Fault`; an error of the source.
    package func verify(_ source: some ExportSource) async throws -> Report {
        let signed = try head(of: source)
        let head = signed.head
        let end = source.byteCount - signed.line.count
        var content = RunningDigest()
        var reading = Reading(end: end, skipsHeader: head.format == .csv)
        var expected = (seq: head.firstSeq, hash: head.previous)
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let lines = try reading.next(from: source, piece: Self.pieceBytes, digest: &content) {
                let piece = Piece(format: head.format, lines: lines, firstSeq: expected.seq, previous: expected.hash)
                expected = (expected.seq + Int64(piece.count), try piece.lastHash())
                if running == Self.width {
                    try await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { try piece.verify(in: head.org) }
            }
            try await group.waitForAll()
        }
        let count = Int(expected.seq - head.firstSeq)
        guard count == head.count, expected.seq - 1 == head.seq else {
            throw Fault("there are \(count) entries, and the signed head says \(head.count)")
        }
        guard expected.hash == head.hash else { throw Fault("the last entry is not the one the signed head names") }
        guard content.finalize() == head.content else {
            throw Fault("the entries fit together, but the file was changed between them")
        }
        return Report(head: head, key: signed.key)
    }

    private func head(of source: some ExportSource) throws -> ExportHead.Signed {
        let tail = try source.read(
            at: max(0, source.byteCount - Self.maxHead), count: min(Self.maxHead, source.byteCount))
        guard tail.last == UInt8(ascii: "\n") else { throw Fault("the file ends in the middle of a line") }
        let start = tail.dropLast().lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        guard let signed = ExportHead.Signed(line: Array(tail[start...])) else {
            throw Fault("the last line is not a signed head: the file was cut, or its head was changed")
        }
        guard signed.isGenuine else { throw Fault("the signature of the head is wrong") }
        if let pinned, pinned != signed.key {
            throw Fault("the head is signed by the key \(signed.key.id), not by \(pinned.id)")
        }
        return signed
    }
}

/// Cuts a file into pieces of whole lines, and digests all of it on the way.
private struct Reading {
    let end: Int
    let skipsHeader: Bool
    private var position = 0
    private var carry: [UInt8] = []

    init(end: Int, skipsHeader: Bool) {
        self.end = end
        self.skipsHeader = skipsHeader
    }

    mutating func next(
        from source: some ExportSource, piece: Int, digest: inout RunningDigest
    ) throws -> [UInt8]? {
        if position == 0, skipsHeader {
            let header = Array(ExportLine.header.utf8)
            guard end >= header.count, try source.read(at: 0, count: header.count) == header else {
                throw ExportVerifier.Fault("the first line is not the header of an export")
            }
            digest.update(header)
            position = header.count
        }
        var lines = carry
        carry = []
        while position < end {
            let bytes = try source.read(at: position, count: min(piece, end - position))
            guard !bytes.isEmpty else { throw ExportVerifier.Fault("the file became shorter while it was read") }
            position += bytes.count
            digest.update(bytes)
            guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else {
                lines += bytes
                continue
            }
            lines += bytes[...last]
            carry = Array(bytes[(last + 1)...])
            return lines
        }
        guard lines.isEmpty else { throw ExportVerifier.Fault("a line before the head has no end") }
        return nil
    }
}

/// Some whole lines of an export, to be checked on their own: the hash before them is the one their neighbour claims.
private struct Piece: Sendable {
    let format: ExportFormat
    let lines: [UInt8]
    let firstSeq: Int64
    let previous: [UInt8]
    let count: Int

    init(format: ExportFormat, lines: [UInt8], firstSeq: Int64, previous: [UInt8]) {
        self.format = format
        self.lines = lines
        self.firstSeq = firstSeq
        self.previous = previous
        count = lines.withUnsafeBufferPointer { $0.reduce(0) { $0 + ($1 == UInt8(ascii: "\n") ? 1 : 0) } }
    }

    func verify(in org: OrgID) throws {
        var check = ChainCheck(of: org, after: previous, next: firstSeq)
        var start = lines.startIndex
        while start < lines.endIndex, let end = lines[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let entry = try read(lines[start..<end], seq: check.next)
            if let fault = check.follow(entry) { throw ExportVerifier.Fault(fault) }
            start = end + 1
        }
    }

    /// The hash that the last line claims; whether it is right shows when the piece is verified.
    func lastHash() throws -> [UInt8] {
        let body = lines.dropLast()
        let start = body.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? lines.startIndex
        return try read(body[start...], seq: firstSeq + Int64(count) - 1).hash
    }

    private func read(_ line: ArraySlice<UInt8>, seq: Int64) throws -> AuditEntryValue {
        guard
            let entry = try? format == .csv ? ExportLine.entry(csv: line) : ExportLine.entry(json: line)
        else { throw ExportVerifier.Fault("the line where entry \(seq) belongs cannot be read") }
        return entry
    }
}
