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

        /// What is not within is worse than what is; of two alike the larger share.
        func isWorse(than other: Worst) -> Bool {
            isWithin == other.isWithin ? percent > other.percent : !isWithin
        }
    }

    let routes: [ProbedRoute]
    let estate: ProbeEstate
    let client: ProbeClient

    /// What is real is there again: a difference that is too large is measured anew, and the least of three counts.
    private static let attempts = 3
    private static let warmUp = 50

    /// One after the other on one connection, foreign and absent in turns (which comes first is drawn), so that both see
    /// the same weather; medians are compared. Every route whose path names something of an organisation.
    func worst(of pairs: Int) async throws -> Worst {
        var worst = Worst()
        for route in routes
        where route.endpoint.method == .get && !route.parameters.isEmpty && !route.isStream && !route.isOutbox
            && !route.endpoint.access.isPublic && route.endpoint.access != .agent
            && !route.endpoint.access.isForStaff
        {
            let ids = try await fitting(route)
            _ = try await difference(on: route, ids, pairs: min(Self.warmUp, pairs))
            var found = try await difference(on: route, ids, pairs: pairs)
            for _ in 1..<Self.attempts where !found.isWithin && pairs >= IsolationProver.tellingPairs {
                let again = try await difference(on: route, ids, pairs: pairs)
                if again.percent < found.percent { found = again }
            }
            worst.pairs += pairs
            if worst.route == "-" || found.isWorse(than: worst) {
                (worst.route, worst.percent, worst.microseconds) = (route.name, found.percent, found.microseconds)
            }
        }
        return worst
    }

    /// The victim's ids that this route finds for the victim: of another kind they are as absent as any. Where there is none,
    /// all of them.
    private func fitting(_ route: ProbedRoute) async throws -> [String] {
        let all = [estate.victim.id, estate.victim.user] + estate.victim.ids.sorted()
        var fitting: [String] = []
        for id in all {
            let values = route.parameters.dropLast().map { _ in estate.victim.id } + [id]
            if try await client.ask(.get, route.path(values), as: estate.victim.credential(for: route)).isSuccess {
                fitting.append(id)
            }
        }
        return fitting.isEmpty ? all : fitting
    }

    private func difference(on route: ProbedRoute, _ foreign: [String], pairs: Int) async throws -> Worst {
        let leading = route.parameters.dropLast().map { _ in estate.victim.id }
        var (ofForeign, ofAbsent): ([Double], [Double]) = ([], [])
        for number in 0..<pairs {
            let there = leading + [foreign[number % foreign.count]]
            let nowhere = there.map { _ in UUID().uuidString.lowercased() }
            if Bool.random() {
                ofForeign.append(try await time(route, there))
                ofAbsent.append(try await time(route, nowhere))
            } else {
                ofAbsent.append(try await time(route, nowhere))
                ofForeign.append(try await time(route, there))
            }
        }
        let (first, second) = (median(ofForeign), median(ofAbsent))
        return Worst(percent: abs(first - second) / second * 100, microseconds: abs(first - second) * 1e6)
    }

    private func time(_ route: ProbedRoute, _ values: [String]) async throws -> Double {
        let path = route.path(values)
        let start = ContinuousClock.now
        _ = try await client.ask(.get, path, as: estate.prober.credential(for: route))
        return (ContinuousClock.now - start).inSeconds
    }
}
