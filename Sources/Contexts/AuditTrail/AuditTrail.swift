// AuditTrail: what people and auditors do with an organisation's audit trail.
// Owns: listing and summing it up, checking its chain, signed checkpoints, retention, exports and their offline verifier.
// Leaves to others: writing entries (Audit, in each change's own transaction), who may read them (Access).
// A checkpoint is signed only over entries that were just checked; entries are pruned only up to a checkpoint.
// Tempting wrong step: repairing a chain that does not fit. Say where it breaks and leave it: it is evidence.
internal import Audit
internal import HTTPKit
internal import Kernel
internal import Postgres

extension AuditEntryValue {
    /// The columns of `init(_:)`, of `audit_entries e`.
    static let columns: SQL = """
        e.seq, e.id, e.at, e.actor, e.through, e.action, e.object, e.before, e.after, e.address, e.user_agent,
        e.request_id, e.hash
        """

    init(_ row: inout RowReader) throws {
        self.init(
            seq: try row.next(), id: try row.next(), at: try row.next(), actor: try row.next(),
            through: try row.next(), action: try row.next(), object: try row.next(), before: try row.next(),
            after: try row.next(), address: try row.next(), userAgent: try row.next(), requestID: try row.next(),
            hash: try row.next())
    }
}

extension Scope {
    static let readAuditTrail = Scope("audit:read")
}

extension Set<OrgCondition> {
    /// Proof of what was done is nobody's to withhold: it can be read and taken out while a bill is open, and until an
    /// organisation is gone.
    static let evenClosing: Set<OrgCondition> = [.active, .suspendedForBilling, .pendingDeletion]
}
