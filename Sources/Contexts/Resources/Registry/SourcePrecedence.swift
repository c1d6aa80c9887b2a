package import Inventory

/// Whose word counts when several speak of one thing. Pure.
package enum SourcePrecedence {
    /// A machine that a platform runs, rather than one that runs others.
    package static func isGuest(_ claims: [Claim]) -> Bool {
        claims.contains { $0.said.type == .vm || $0.said.type == .systemContainer }
    }

    /// An agent knows its host best; of a guest the hypervisor says what it is, because inside one sees less.
    static func rank(_ claim: Claim, isGuest: Bool) -> Int {
        isGuest && claim.said.source == .agent ? 1 : claim.said.source.priority
    }

    /// Whether the left one goes first while both are heard. Of equals always the same.
    package static func precedes(_ left: Claim, _ right: Claim, isGuest: Bool) -> Bool {
        let (leftRank, rightRank) = (rank(left, isGuest: isGuest), rank(right, isGuest: isGuest))
        return leftRank != rightRank ? leftRank > rightRank : left.place < right.place
    }

    /// Inside a guest the CPU looks busy or idle against what it was given, not against what it got: what the hypervisor
    /// said last is better than what the guest says now.
    package static func isNeverOf(_ source: InventorySource, _ family: MetricFamily, isGuest: Bool) -> Bool {
        isGuest && source == .agent && family == .cpu
    }
}
