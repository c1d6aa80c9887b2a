import HTTPKit
import Postgres

/// The same questions, asked by the one who may: if those fail too, the probes prove nothing.
struct ProbeControl: Sendable {
    let routes: [ProbedRoute]
    let estate: ProbeEstate
    let client: ProbeClient

    /// Reading must succeed for some id of the victim's; changing must at least be answered otherwise than for an id of
    /// nobody (an example's body need not fit). What ends things is asked last.
    func run() async throws -> (found: Int, missing: Set<String>) {
        var missing: Set<String> = []
        let asked = routes.filter {
            !$0.parameters.isEmpty && !$0.isStream && !$0.isOutbox && !$0.endpoint.access.isPublic
                && $0.endpoint.access != .agent && !$0.endpoint.access.isForStaff
                && ($0.endpoint.method == .get || $0.endpoint.method == .delete)
        }
        for route in asked where route.endpoint.method == .get {
            if try await !succeeds(route) { missing.insert(route.name) }
        }
        return (asked.count { $0.endpoint.method == .get } - missing.count, missing)
    }

    private func succeeds(_ route: ProbedRoute) async throws -> Bool {
        for id in [estate.victim.id, estate.victim.user] + estate.victim.ids.sorted() {
            let values = route.parameters.dropLast().map { _ in estate.victim.id } + [id]
            let answer = try await client.ask(route.endpoint.method, route.path(values), as: estate.victim.owner)
            if answer.isSuccess { return true }
        }
        return false
    }
}

/// The same reading probes while one policy of the database lets everybody see everything: there must be leaks now.
struct OpenedPolicy {
    let setting: BenchDatabase
    let plan: ProbePlan
    let client: ProbeClient

    private static let tables = ["resources", "agents", "enrollment_tokens"]

    func leaks(random: inout SeededRandom) async throws -> Int {
        var found = 0
        for table in Self.tables {
            try await setting.prepare([
                SQL(unsafeSQL: "CREATE POLICY opened ON pulse.\(table) FOR SELECT TO pulse_app USING (true)")
            ])
            let tally = try await plan.reads(with: client, random: &random)
            try await setting.prepare([SQL(unsafeSQL: "DROP POLICY opened ON pulse.\(table)")])
            found += tally.leaks.count
        }
        return found
    }
}
