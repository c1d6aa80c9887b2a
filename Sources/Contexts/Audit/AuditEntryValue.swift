package import Kernel

/// One entry of a trail as it is stored: numbered, and chained to the one before it.
package struct AuditEntryValue: Sendable, Equatable {
    /// From 1, without gaps, in the order of commit.
    package var seq: Int64
    package var id: AuditEntryID
    package var at: Timestamp
    package var actor: String
    package var through: String?
    package var action: String
    package var object: String
    /// JSON texts, as they are under the hash.
    package var before: String?
    package var after: String?
    package var address: String
    package var userAgent: String
    package var requestID: String
    /// SHA-256 of the hash before it and its own bytes.
    package var hash: [UInt8]

    package init(
        seq: Int64, id: AuditEntryID, at: Timestamp, actor: String, through: String?, action: String, object: String,
        before: String?, after: String?, address: String, userAgent: String, requestID: String, hash: [UInt8]
    ) {
        self.seq = seq
        self.id = id
        self.at = at
        self.actor = actor
        self.through = through
        self.action = action
        self.object = object
        self.before = before
        self.after = after
        self.address = address
        self.userAgent = userAgent
        self.requestID = requestID
        self.hash = hash
    }
}
