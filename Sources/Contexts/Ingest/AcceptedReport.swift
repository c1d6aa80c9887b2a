package import Kernel

/// A report that is durable: its row in the log, and the payload of the hint that tells of it.
package struct AcceptedReport: Sendable, Hashable {
    package let org: OrgID
    /// Its place in the log. Rises, with gaps; a lower one may become visible after a higher one.
    package let seq: Int64
    package let agent: AgentID
    package let receivedAt: Timestamp
    /// Told late, from the agent's queue: its samples count, its values are not the present ones.
    package let isBackfill: Bool
    /// The report as gzip.
    package let body: [UInt8]

    package init(org: OrgID, seq: Int64, agent: AgentID, receivedAt: Timestamp, isBackfill: Bool, body: [UInt8]) {
        self.org = org
        self.seq = seq
        self.agent = agent
        self.receivedAt = receivedAt
        self.isBackfill = isBackfill
        self.body = body
    }

    /// organisation (16 bytes), seq (8, big-endian), agent (16), received (8, ms), backfill (1), body.
    package var hint: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(49 + body.count)
        bytes += org.bytes
        withUnsafeBytes(of: seq.bigEndian) { bytes.append(contentsOf: $0) }
        bytes += agent.bytes
        withUnsafeBytes(of: receivedAt.milliseconds.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(isBackfill ? 1 : 0)
        bytes += body
        return bytes
    }

    /// - Returns: `nil` for bytes that are no hint.
    package init?(hint: [UInt8]) {
        guard hint.count >= 49 else { return nil }
        func number(_ start: Int) -> Int64 { hint[start..<start + 8].reduce(0) { $0 << 8 | Int64($1) } }
        self.init(
            org: OrgID(bytes: hint[0..<16]), seq: number(16), agent: AgentID(bytes: hint[24..<40]),
            receivedAt: Timestamp(milliseconds: number(40)), isBackfill: hint[48] == 1,
            body: Array(hint[49...]))
    }
}
