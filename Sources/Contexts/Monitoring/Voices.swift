import Inventory
import Kernel
import Resources

/// Which of the sources that speak of one resource writes its history: one series has one voice at a time, or it would
/// jump between two ways of measuring. Pure.
///
/// For each quantity it is the first by precedence of those that tell it. One that has not told it for as long as it may be
/// silent is followed by the next; when it speaks again, it is the voice again. What a machine tells late, of a time that
/// another has told of meanwhile, is left out.
struct Voices {
    /// A stretch of one quantity in one voice.
    private struct Spell {
        let place: Claim.Place
        /// By the device's clock.
        let from: Timestamp
        var to: Timestamp
        /// By ours.
        var heardAt: Timestamp
    }

    /// A series changes its voice when a source fails; more often within two days is not worth remembering.
    private static let spellsKept = 8
    /// What platforms and agents both tell of a machine as a whole.
    private static let shared: Set<MetricFamily> = [
        .cpu, .memory, .memoryUsed, .swapUsed, .disk, .netIn, .netOut, .diskRead, .diskWrite, .load1, .temperature,
    ]

    private var spells: [ResourceID: [MetricName: [Spell]]] = [:]

    /// What of a report goes into the resource's history.
    /// - Parameters:
    ///   - claims: of the resource, the one that speaks among them.
    ///   - isLate: told after its time; it says nothing of who speaks now.
    mutating func samples(
        of said: Observation, at place: Claim.Place, for resource: ResourceID, among claims: [Claim], isLate: Bool,
        now: Timestamp
    ) -> [(metric: MetricName, value: Double)] {
        guard claims.count > 1, let own = claims.first(where: { $0.place == place }) else { return said.samples }
        let isGuest = SourcePrecedence.isGuest(claims)
        let rivals = claims.filter { $0.place != place }
        let leaders = rivals.filter { SourcePrecedence.precedes($0, own, isGuest: isGuest) }
        return said.samples.filter { sample in
            let metric = sample.metric
            if SourcePrecedence.isNeverOf(own.said.source, metric.family, isGuest: isGuest) {
                return rivals.allSatisfy { $0.said.source == .agent }
            }
            let told = spells[resource]?[metric] ?? []
            if isLate { return isFree(said.measuredAt, metric, of: told, for: place, leaders) }
            guard !leaders.contains(where: { speaks($0, metric, told, now: now) }) else { return false }
            note(metric, of: resource, at: place, own, measuredAt: said.measuredAt, now: now)
            return true
        }
    }

    /// A resource is gone, or one source speaks of it alone.
    mutating func forget(_ resource: ResourceID) { spells[resource] = nil }

    private func speaks(_ claim: Claim, _ metric: MetricName, _ told: [Spell], now: Timestamp) -> Bool {
        // Known from before a restart: it will speak in a moment, or turn out to be silent.
        guard claim.isHeard else { return !claim.isStale && Self.isShared(metric) }
        return told.contains { $0.place == claim.place && now - $0.heardAt <= claim.said.silence }
    }

    private func isFree(
        _ at: Timestamp, _ metric: MetricName, of told: [Spell], for place: Claim.Place, _ leaders: [Claim]
    ) -> Bool {
        if let first = told.map(\.from).min(), at >= first {
            return !told.contains { $0.place != place && $0.from <= at && at <= $0.to }
        }
        // From before the memory of this monitor: whoever comes first by precedence will have told it.
        return leaders.isEmpty || !Self.isShared(metric)
    }

    private mutating func note(
        _ metric: MetricName, of resource: ResourceID, at place: Claim.Place, _ claim: Claim, measuredAt: Timestamp,
        now: Timestamp
    ) {
        var told = spells[resource]?[metric] ?? []
        if let last = told.last, last.place == place, now - last.heardAt <= claim.said.silence {
            told[told.count - 1].to = max(last.to, measuredAt)
            told[told.count - 1].heardAt = now
        } else {
            told.append(Spell(place: place, from: measuredAt, to: measuredAt, heardAt: now))
            if told.count > Self.spellsKept { told.removeFirst() }
        }
        spells[resource, default: [:]][metric] = told
    }

    private static func isShared(_ metric: MetricName) -> Bool {
        metric.text == metric.family.rawValue && shared.contains(metric.family)
    }
}
