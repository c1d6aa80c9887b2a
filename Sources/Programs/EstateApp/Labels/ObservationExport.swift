import JSONKit
import Kernel

/// `pulse-estate observations`: what sources would claim, with the hidden label beside it.
package struct ObservationExport: Sendable {
    package var organisations = 1_000
    package var systems = 50_000
    package var observations = 200_000
    package var seed: UInt64 = 1

    package init() {}

    /// `nil` when all is well.
    package var complaint: String? {
        if !(1...100_000).contains(organisations) { return "--organisations is \(organisations); it wants 1 to 100000" }
        if !(organisations...10_000_000).contains(systems) {
            return "--systems is \(systems); it wants at least one for each organisation and at most 10000000"
        }
        if !(systems...100_000_000).contains(observations) {
            return "--observations is \(observations); it wants at least one for each system and at most 100000000"
        }
        return nil
    }

    /// One JSON object a line with its end: organisation by organisation, in each by time.
    package func write(to output: ([UInt8]) -> Void) {
        let seed = Seed(seed).child(.source)
        let sizes = Self.shares(of: systems, seed, organisations)
        var number = 0
        var (before, told) = (0, 0)
        for (organisation, size) in sizes.enumerated() {
            let estate = ObservedEstate(organisation: organisation, count: size, seed: seed)
            before += size
            // Exact over all: each organisation brings the total to its share.
            let due = Int(Double(observations) * Double(before) / Double(systems)) - told
            told += due
            for one in Self.schedule(estate, due) {
                number += 1
                output(Self.line(number, one, estate))
            }
        }
    }

    private struct Planned {
        let system: ObservedSystem
        let source: ObservationClaims.Source
        let time: Double
        let seed: Seed
        var isDetailed: Bool
    }

    /// Small organisations are many and large ones few; the sum is exact and nobody is empty.
    private static func shares(of total: Int, _ seed: Seed, _ count: Int) -> [Int] {
        let weights = (0..<count).map { organisation -> Double in
            let draw = seed.child(.organisation, organisation).fraction(.size)
            return 0.2 + draw * draw * 2.4
        }
        let sum = weights.reduce(0, +)
        var sizes: [Int] = []
        var (reached, given) = (0.0, 0)
        for weight in weights {
            reached += weight
            let upTo = Int((reached / sum * Double(total - count)).rounded())
            sizes.append(1 + upTo - given)
            given = upTo
        }
        return sizes
    }

    private static func schedule(_ estate: ObservedEstate, _ count: Int) -> [Planned] {
        let systems = estate.systems
        var planned: [Planned] = []
        planned.reserveCapacity(count)
        for (index, system) in systems.enumerated() {
            let sources = sources(of: system)
            let share = count / systems.count + (index < count % systems.count ? 1 : 0)
            for turn in 0..<share {
                let seed = system.seed.child(.detail, turn)
                // Everybody who sees it says so at least once, then at random.
                let source = turn < sources.count ? sources[turn] : sources[seed.int(.source, 0...sources.count - 1)]
                let time = (system.born + seed.fraction(.moment) * (system.gone - system.born)).rounded(.down)
                planned.append(
                    Planned(system: system, source: source, time: time, seed: seed, isDetailed: seed.chance(.load, 0.6))
                )
            }
        }
        planned.sort { ($0.time, $0.system.trueID) < ($1.time, $1.system.trueID) }
        return firstLooksAreDetailed(planned, estate)
    }

    /// A collector reads a guest's configuration when it first meets it; later looks may be the short list only.
    private static func firstLooksAreDetailed(_ planned: [Planned], _ estate: ObservedEstate) -> [Planned] {
        var met: Set<String> = []
        return planned.map { one in
            guard one.source == .pve, let place = one.system.place(at: one.time) else { return one }
            var one = one
            let way = estate.doubled.contains(place.cluster) && one.seed.chance(.doubled, 0.4)
            if met.insert("\(one.system.trueID) \(place.cluster) \(way)").inserted { one.isDetailed = true }
            return one
        }
    }

    private static func sources(of system: ObservedSystem) -> [ObservationClaims.Source] {
        var sources: [ObservationClaims.Source] = system.places.isEmpty ? [] : [.pve]
        if system.agentID != nil { sources.append(.agent) }
        if system.engineID != nil { sources.append(.docker) }
        return sources
    }

    private static func line(_ number: Int, _ one: Planned, _ estate: ObservedEstate) -> [UInt8] {
        var json = JSONWriter(capacity: 512)
        json.object { json in
            json.member("n", number)
            json.member("organisation", estate.label)
            json.member("at", Timestamp(milliseconds: Int64(one.time) * 1000))
            json.member("source", one.source.rawValue)
            json.object("claims") { json in
                ObservationClaims(
                    system: one.system, estate: estate, source: one.source, time: one.time, seed: one.seed,
                    isDetailed: one.isDetailed
                ).write(&json)
            }
            json.object("truth") { $0.member("system", one.system.trueID) }
        }
        return json.bytes + [0x0A]
    }
}
