internal import Audit
internal import Cryptography
internal import Kernel
internal import Postgres

/// The chain of the operators' log, computed as the database does (`operator_log_bytes`), so that what is verified does not
/// rest on what the database says of itself. Pure: who calls brings the entries, in order and without leaving any out.
struct OperatorChain: Sendable {
    /// Of the last entry that was right.
    private(set) var hash = Digests.sha256(Array("pulse.operator.genesis.1".utf8))
    /// Of the last entry that was right; 0: none yet.
    private(set) var seq: Int64 = 0

    /// One entry with what is hashed of it.
    struct Link: Sendable {
        let seq: Int64
        let fields: [UInt8]
        let hash: [UInt8]

        static let columns: SQL = """
            l.seq, l.id, l.at, l.actor, l.action, l.object, l.about, l.note, l.address, l.user_agent, l.request_id, l.hash
            """

        init(_ row: inout RowReader) throws {
            var bytes: [UInt8] = []
            seq = try row.next()
            bytes.append(field: "pulse.operator.entry.1")
            bytes.append(field: seq)
            bytes.append(field: try row.next(OperatorLogEntryID.self).bytes)
            bytes.append(field: try row.next(Timestamp.self).milliseconds)
            for _ in 1...3 { bytes.append(field: try row.next(String.self)) }
            if let about = try row.next(OrgID?.self) {
                bytes.append(field: about.bytes)
            } else {
                bytes.append(field: String?.none)
            }
            bytes.append(field: try row.next(String?.self))
            for _ in 1...3 { bytes.append(field: try row.next(String.self)) }
            fields = bytes
            hash = try row.next()
        }
    }

    init() {}

    /// Goes on after an entry that is known to be right.
    init(after checkpoint: OperatorCheckpoint) {
        (seq, hash) = (checkpoint.seq, checkpoint.hash)
    }

    /// - Returns: whether the entry continues the chain; if not, nothing has changed.
    mutating func follow(_ link: Link) -> Bool {
        guard link.seq == seq + 1, Digests.sha256(hash + link.fields) == link.hash else { return false }
        (seq, hash) = (link.seq, link.hash)
        return true
    }
}
