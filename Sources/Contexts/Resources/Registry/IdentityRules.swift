import Kernel

/// What people have said about identity, which beats all evidence: these two are one thing, these two are not.
package struct IdentityRules: Sendable, Equatable {
    package enum Kind: String, Sendable, Hashable, CaseIterable { case same, different }

    private var same: [Claim.Place: Set<Claim.Place>] = [:]
    private var different: [Claim.Place: Set<Claim.Place>] = [:]

    package init() {}

    package mutating func add(_ kind: Kind, _ left: Claim.Place, _ right: Claim.Place) {
        for (one, other) in [(left, right), (right, left)] {
            if kind == .same {
                same[one, default: []].insert(other)
            } else {
                different[one, default: []].insert(other)
            }
        }
    }

    func areSame(_ left: Claim.Place, _ right: Claim.Place) -> Bool { same[left]?.contains(right) == true }

    func areDifferent(_ left: Claim.Place, _ right: Claim.Place) -> Bool { different[left]?.contains(right) == true }

    func linked(to place: Claim.Place) -> Set<Claim.Place> { same[place] ?? [] }

    /// Claims of which something else is said now.
    func touched(since before: IdentityRules) -> Set<Claim.Place> {
        func changed(_ old: [Claim.Place: Set<Claim.Place>], _ new: [Claim.Place: Set<Claim.Place>]) -> [Claim.Place] {
            Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        }
        return Set(changed(before.same, same) + changed(before.different, different))
    }
}
