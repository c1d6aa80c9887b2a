/// What an estate is made of; with the seed it decides everything in it.
package struct EstateShape: Hashable, Sendable {
    package enum Releases: String, CaseIterable, Sendable {
        case eight = "8"
        case nine = "9"
        case mixed
    }

    package var seed: UInt64 = 1
    package var organisations = 1
    /// Per organisation.
    package var clusters = 1
    /// Per cluster.
    package var guests = 50
    /// Per cluster; `nil`: 1 to 5, by seed.
    package var nodes: Int?
    package var releases = Releases.mixed
    /// Nothing migrates, reboots, fails or is renamed unless forced.
    package var isCalm = false

    package init() {}

    package static let limits = (organisations: 1...100_000, clusters: 1...64, guests: 0...20_000, nodes: 1...32)

    /// One sentence that names the flag, what it saw and what it wants; `nil` when all is well.
    package var complaint: String? {
        let asked = [
            ("organisations", organisations, Self.limits.organisations), ("clusters", clusters, Self.limits.clusters),
            ("guests", guests, Self.limits.guests), ("nodes", nodes ?? 1, Self.limits.nodes),
        ]
        for (name, value, range) in asked where !range.contains(value) {
            return "--\(name) is \(value); it wants \(range.lowerBound) to \(range.upperBound)"
        }
        // A node has one address below 127/8, which ends at 127.255.255.254.
        guard organisations * clusters <= 200_000 else {
            return "--organisations times --clusters is \(organisations * clusters); it wants at most 200000"
        }
        return nil
    }
}
