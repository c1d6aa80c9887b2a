import Inventory
import Kernel

/// Further machines that report under one claim's name: copies of a machine that kept its credential. They are told apart
/// by their network cards, and are called `NAME#CARD`.
struct Twins {
    /// Under one name, beside the first. More are no machines that somebody forgot to enrol.
    private static let most = 16
    /// One of as many as are kept gives up its place to another after this much silence.
    static let yieldsAfter: Duration = .seconds(3600)
    /// One that is silent for this long is gone. The first one stays, as each machine that was enrolled.
    static let forgottenAfter: Duration = .seconds(86_400)

    private(set) var all: [Claim.Place: [String]] = [:]

    /// What reports by itself has no other name; a list says itself when there is another thing under an old number.
    static func may(_ said: Observation) -> Bool {
        said.scope.isEmpty && (said.source == .agent || said.source == .docker)
    }

    /// Under whose name this one reports; `nil` when it has its own.
    static func first(of claim: Claim) -> Claim.Place? {
        guard may(claim.said), let mark = claim.said.key.firstIndex(of: "#") else { return nil }
        return Claim.Place(claim.said.connection, String(claim.said.key[..<mark]))
    }

    func all(of first: Claim.Place) -> [String] { all[first] ?? [] }

    func isFull(of first: Claim.Place) -> Bool { all(of: first).count >= Self.most }

    func isOverfull(of first: Claim.Place) -> Bool { all(of: first).count > Self.most }

    mutating func add(_ name: String, to first: Claim.Place) { all[first, default: []].append(name) }

    mutating func remove(_ name: String, of first: Claim.Place) {
        all[first]?.removeAll { $0 == name }
        if all[first]?.isEmpty == true { all[first] = nil }
    }
}
