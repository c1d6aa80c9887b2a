import Foundation
import HTTPKit

/// Whether the time an answer takes tells foreign from absent.
struct ProbeTiming: Sendable {
    struct Worst: Sendable {
        var route = "-"
        var percent = 0.0
        var microseconds = 0.0
        var pairs = 0
        /// Within 5 %, or within 50 µs, whichever is more.
        var isWithin: Bool { percent <= 5 || microseconds <= 50 }
    }

    let routes: [ProbedRoute]
    let estate: ProbeEstate
    let client: ProbeClient

    /// One after the other on one connection, foreign and absent in turns (which comes first alternates), so that both see
    /// the same weather; medians are compared. Every route whose path names something of an organisation.
    func worst(of pairs: Int) async throws -> Worst {
        var worst = Worst()
        for route in routes
        where route.endpoint.method == .get && !route.parameters.isEmpty && !route.isStream && !route.isOutbox
            && !route.endpoint.access.isPublic && route.endpoint.access != .agent
        {
            let found = try await difference(on: route, pairs: pairs)
            worst.pairs += pairs
            let isWorse = (found.microseconds > 50 ? found.percent : 0) > (worst.microseconds > 50 ? worst.percent : 0)
            if worst.route == "-" || isWorse
                || (worst.microseconds <= 50 && found.percent > worst.percent && found.microseconds <= 50)
            {
                worst = Worst(
                    route: route.name, percent: found.percent, microseconds: found.microseconds, pairs: worst.pairs)
            }
        }
        return worst
    }

    private func difference(on route: ProbedRoute, pairs: Int) async throws -> (percent: Double, microseconds: Double) {
        let foreign = estate.victim.ids.sorted()
        let leading = route.parameters.dropLast().map { _ in estate.victim.id }
        var (ofForeign, ofAbsent): ([Double], [Double]) = ([], [])
        for number in 0..<pairs {
            let one = foreign[number % foreign.count]
            let nothing = UUID().uuidString.lowercased()
            let absentLeading = leading.map { _ in UUID().uuidString.lowercased() }
            if number.isMultiple(of: 2) {
                ofForeign.append(try await time(route, leading + [one]))
                ofAbsent.append(try await time(route, absentLeading + [nothing]))
            } else {
                ofAbsent.append(try await time(route, absentLeading + [nothing]))
                ofForeign.append(try await time(route, leading + [one]))
            }
        }
        let (first, second) = (median(ofForeign), median(ofAbsent))
        return (abs(first - second) / second * 100, abs(first - second) * 1e6)
    }

    private func time(_ route: ProbedRoute, _ values: [String]) async throws -> Double {
        let start = ContinuousClock.now
        _ = try await client.ask(.get, route.path(values), as: estate.prober.owner)
        return (ContinuousClock.now - start).inSeconds
    }
}
