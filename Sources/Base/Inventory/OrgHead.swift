/// The number of an organisation's last committed delta. Ordered by epoch, then by number.
package struct OrgHead: Sendable, Hashable, Comparable {
    package let epoch: Int64
    package let seq: Int64

    package init(epoch: Int64, seq: Int64) {
        self.epoch = epoch
        self.seq = seq
    }

    /// Before the first delta.
    package static let none = OrgHead(epoch: 0, seq: 0)

    package static func < (left: Self, right: Self) -> Bool { (left.epoch, left.seq) < (right.epoch, right.seq) }
}
