import JSONKit
package import Kernel

/// What changed in an organisation's inventory, numbered. Published after the commit that stored its number.
///
/// Applying one twice is harmless; a gap in the numbers means: load anew.
package struct Delta: Sendable, Hashable {
    package enum Body: Sendable, Hashable {
        /// The JSON object `{"upserts":[…],"removed":[…]}`; an upsert is a merge patch (RFC 7396) with its id, or the
        /// whole resource when it is new.
        case changes([UInt8])
        /// Too much to tell: load anew.
        case reload
    }

    /// Above this a reader is better served by a fresh load.
    package static let sizeLimit = 512 * 1024

    package let head: OrgHead
    package let at: Timestamp
    package let body: Body

    /// - Parameter upserts: a JSON object each.
    package init(head: OrgHead, at: Timestamp, upserts: [[UInt8]], removed: [ResourceID]) {
        self.head = head
        self.at = at
        var writer = JSONWriter(capacity: 1024)
        writer.object { writer in
            writer.array("upserts") { writer in
                for upsert in upserts { writer.raw(upsert) }
            }
            writer.member("removed", removed)
        }
        body = writer.bytes.count > Self.sizeLimit ? .reload : .changes(writer.bytes)
    }

    /// epoch, seq, at (8 bytes each, big-endian), then the changes; nothing after them means reload.
    package var payload: [UInt8] {
        var bytes: [UInt8] = []
        for number in [head.epoch, head.seq, at.milliseconds] {
            withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        }
        if case .changes(let json) = body { bytes += json }
        return bytes
    }

    /// - Returns: `nil` for bytes that are no delta.
    package init?(payload: [UInt8]) {
        guard payload.count >= 24 else { return nil }
        func number(_ start: Int) -> Int64 { payload[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) } }
        head = OrgHead(epoch: number(0), seq: number(8))
        at = Timestamp(milliseconds: number(16))
        body = payload.count == 24 ? .reload : .changes(Array(payload[24...]))
    }
}
