/// Which Proxmox VE a cluster runs. Payloads differ by it in the ways that clients trip over.
struct PVERelease: Hashable, Comparable, Sendable {
    let major: Int
    let minor: Int
    let patch: Int

    static let known = [
        PVERelease(major: 8, minor: 2, patch: 4), PVERelease(major: 8, minor: 4, patch: 1),
        PVERelease(major: 9, minor: 0, patch: 11), PVERelease(major: 9, minor: 1, patch: 2),
    ]

    static func draw(_ seed: Seed, _ releases: EstateShape.Releases) -> PVERelease {
        switch releases {
        case .eight: seed.pick(.release, known.filter { $0.major == 8 })
        case .nine: seed.pick(.release, known.filter { $0.major == 9 })
        case .mixed: seed.pick(.release, known)
        }
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    var version: String { "\(major).\(minor).\(patch)" }
    var repository: String { major == 9 ? "3a5e5e0c1a5c6b2f" : "44d3f3ca1f3a9e7d" }
    var debian: String { major == 9 ? "trixie" : "bookworm" }
    var kernel: String { major == 9 ? "6.14.11-4-pve" : "6.8.12-9-pve" }

    var isNine: Bool { major >= 9 }
    /// `agent` of a guest's status is an object since 8.3, a number before.
    var tellsAgentAsObject: Bool { (major, minor) >= (8, 3) }
    /// From 9 on a parameter that the schema does not know is an error.
    var refusesUnknownParameters: Bool { isNine }
}
