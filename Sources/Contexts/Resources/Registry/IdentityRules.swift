import Inventory
import Kernel

/// What people have said about identity, which beats all evidence: these two are one thing, these two are not.
package struct IdentityRules: Sendable {
    package enum Kind: String, Sendable, Hashable, CaseIterable { case same, different }

    private var same: [Claim.Place: Set<Claim.Place>] = [:]
    private var different: [Claim.Place: Set<Claim.Place>] = [:]

    /// What stood where it is missed now.
    private(set) var missed: [Claim.Place: Observation] = [:]

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

    mutating func miss(_ said: Observation) { missed[Claim.Place(said.connection, said.key)] = said }

    /// Somebody has said something of it.
    func mentions(_ place: Claim.Place) -> Bool { same[place] != nil || different[place] != nil }

    /// What was said of it counts no more.
    mutating func forget(_ place: Claim.Place) {
        missed[place] = nil
        for other in same.removeValue(forKey: place) ?? [] { Self.remove(place, from: other, in: &same) }
        for other in different.removeValue(forKey: place) ?? [] { Self.remove(place, from: other, in: &different) }
    }

    private static func remove(
        _ place: Claim.Place, from other: Claim.Place, in said: inout [Claim.Place: Set<Claim.Place>]
    ) {
        said[other]?.remove(place)
        if said[other]?.isEmpty == true { said[other] = nil }
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
