package import Audit
package import Kernel

/// Follows a chain entry by entry. Pure: who calls brings the entries, in order and without leaving any out.
package struct ChainCheck: Sendable {
    private var chain: AuditChain
    /// Of the last entry that was right.
    package private(set) var hash: [UInt8]
    /// The number the next entry must have.
    package private(set) var next: Int64
    package private(set) var count = 0

    package init(of org: OrgID, after previous: [UInt8], next: Int64) {
        chain = AuditChain(of: org)
        hash = previous
        self.next = next
    }

    /// What is wrong with the entry, in a few words; `nil`: it continues the chain.
    package mutating func follow(_ entry: AuditEntryValue) -> String? {
        guard entry.seq == next else { return "entry \(next) is missing" }
        guard chain.hash(of: entry, after: hash) == entry.hash else {
            return "entry \(entry.seq) is not what was written, or follows another one"
        }
        hash = entry.hash
        next += 1
        count += 1
        return nil
    }
}

/// What a look at a chain found.
struct ChainVerdict: Sendable, Equatable {
    var entries = 0
    var firstSeq: Int64 = 1
    var seq: Int64 = 0
    var checkpoints = 0
    /// The first entry that does not fit; `nil`: all do.
    var brokenSeq: Int64?
    var message = "the chain is intact"
}
