import ArgumentParser
import EstateApp
import Foundation
import Inventory
import JSONKit
import Kernel
import Resources

/// How well and how fast claims find their machines, on observations whose truth is known and not shown to the registry.
///
/// Counted are pairs of observations of one organisation: of those put together, how many belong together (precision); of
/// those that belong together, how many were put together (recall). An observation belongs where it stands at the end, after
/// all unions.
struct IdentityBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "identity", abstract: "Machines out of what several sources say of them.")

    @Option(help: "Organisations.") var organisations = 1_000
    @Option(help: "Machines in all of them.") var systems = 50_000
    @Option(help: "Claims about them.") var observations = 200_000
    @Option(help: "Of the estate.") var seed: UInt64 = 1

    func run() throws {
        var export = ObservationExport()
        (export.organisations, export.systems) = (organisations, systems)
        (export.observations, export.seed) = (observations, seed)
        if let complaint = export.complaint { throw ValidationError(complaint) }
        var told: [LabelledObservation] = []
        told.reserveCapacity(observations)
        export.write { line in if let one = LabelledObservation(line) { told.append(one) } }
        var figures = Figures()
        figures.require(told.count == observations, "every line is an observation")

        var score = PairScore()
        var holders: [ResourceID: String] = [:]
        var (crossed, resources, spent) = (0, 0, 0.0)
        for (organisation, claims) in Dictionary(grouping: told, by: \.organisation).sorted(by: { $0.key < $1.key }) {
            var ids: [ResourceID] = []
            var registry = Registry(
                org: LabelledObservation.org(organisation), claims: [], keys: [:], now: claims[0].said.receivedAt)
            var follow: [ResourceID: ResourceID] = [:]
            spent += seconds {
                for claim in claims {
                    ids.append(registry.take(claim.said, now: claim.said.receivedAt))
                }
                follow = registry.drain().successions
            }
            let ends = ids.map { Self.end(of: $0, follow) }
            score.add(zip(ends, claims).map { ($0, $1.system) })
            for id in Set(ends) {
                if let other = holders.updateValue(organisation, forKey: id), other != organisation { crossed += 1 }
                resources += 1
            }
        }
        figures.line("observations", Double(told.count), "observations")
        figures.line("resources", Double(resources), "resources")
        figures.line("systems", Double(systems), "systems")
        figures.line("precision", score.precision * 100, "%", atLeast: 99.9)
        figures.line("recall", score.recall * 100, "%", atLeast: 99.5)
        figures.line("cross_org_merges", Double(crossed), "merges", atMost: 0)
        figures.line("seconds_per_50000", spent / Double(told.count) * 50_000, "s", atMost: 2)
        try figures.conclude()
    }

    private static func end(of id: ResourceID, _ follow: [ResourceID: ResourceID]) -> ResourceID {
        var (id, steps) = (id, 0)
        while let next = follow[id], steps < 1000 { (id, steps) = (next, steps + 1) }
        return id
    }
}

/// Pairs put together, pairs that belong together, and pairs that are both.
struct PairScore {
    private var together = 0
    private var belong = 0
    private var right = 0

    /// - Parameter placed: of one organisation: where each observation was put, and the machine it was taken from.
    mutating func add(_ placed: [(ResourceID, String)]) {
        func pairs(_ counts: some Sequence<Int>) -> Int { counts.reduce(0) { $0 + $1 * ($1 - 1) / 2 } }
        together += pairs(Dictionary(grouping: placed, by: \.0).values.lazy.map(\.count))
        belong += pairs(Dictionary(grouping: placed, by: \.1).values.lazy.map(\.count))
        right += pairs(Dictionary(grouping: placed, by: { "\($0.0) \($0.1)" }).values.lazy.map(\.count))
    }

    var precision: Double { together == 0 ? 1 : Double(right) / Double(together) }
    var recall: Double { belong == 0 ? 1 : Double(right) / Double(belong) }
}
