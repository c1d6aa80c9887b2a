import Foundation
import HTTPKit
import Postgres

/// The same questions, asked by the one who may: if those fail too, the probes prove nothing.
struct ProbeControl: Sendable {
    let routes: [ProbedRoute]
    let estate: ProbeEstate
    let client: ProbeClient

    /// Reading must succeed for some id of the victim's.
    func run() async throws -> (found: Int, missing: Set<String>) {
        var missing: Set<String> = []
        let asked = customers.filter { $0.endpoint.method == .get }
        for route in asked where try await !succeeds(route) { missing.insert(route.name) }
        return (asked.count - missing.count, missing)
    }

    /// Changing must at least be answered otherwise for some id of the victim's than for one of nobody; an example's body
    /// need not fit. Much of the victim ends here, and at last the organisation itself: nothing can be asked afterwards.
    /// - Parameter more: ids of the victim's that came up later.
    func changes(of more: [String]) async throws -> (share: Double, missing: Set<String>) {
        var missing: Set<String> = []
        let asked = customers.filter { !$0.endpoint.method.isSafe }.sorted { $0.harm < $1.harm }
        for route in asked where try await !tellsApart(route, more) { missing.insert(route.name) }
        return (1 - Double(missing.count) / Double(max(1, asked.count)), missing)
    }

    /// Routes of people whose path names something.
    private var customers: [ProbedRoute] {
        routes.filter {
            !$0.parameters.isEmpty && !$0.isStream && !$0.isOutbox && !$0.endpoint.access.isPublic
                && $0.endpoint.access != .agent && !$0.endpoint.access.isForStaff && !$0.isForAll
        }
    }

    private func tellsApart(_ route: ProbedRoute, _ more: [String]) async throws -> Bool {
        let victim = estate.victim
        // Each time anew: the route before may have ended the session, or it is not fresh any more.
        let owner = try await ProbeEstate.signIn(victim.email, victim.password, victim.id, client)
        let leading = route.parameters.dropLast().map { _ in victim.id }
        for id in [victim.id] + more + victim.ids.sorted() {
            let nobody = UUID().uuidString.lowercased()
            func ask(_ id: String) async throws -> ProbeAnswer {
                try await client.ask(
                    route.endpoint.method, route.path(leading + [id]),
                    as: route.endpoint.access == .directory ? victim.credential(for: route) : owner,
                    body: route.body(naming: id))
            }
            let (nothing, there) = (try await ask(nobody), try await ask(id))
            if there.status != nothing.status || there.slug != nothing.slug { return true }
        }
        return false
    }

    private func succeeds(_ route: ProbedRoute) async throws -> Bool {
        for id in [estate.victim.id, estate.victim.user] + estate.victim.ids.sorted() {
            let values = route.parameters.dropLast().map { _ in estate.victim.id } + [id]
            let answer = try await client.ask(
                route.endpoint.method, route.path(values), as: estate.victim.credential(for: route))
            if answer.isSuccess { return true }
        }
        return false
    }
}

extension ProbedRoute {
    /// Tells everybody the same: what the protocol is, and nothing of an organisation.
    fileprivate var isForAll: Bool {
        ["/scim/v2/Schemas/{id}", "/scim/v2/ResourceTypes/{id}"].contains(endpoint.path)
    }

    /// What ends more comes later.
    fileprivate var harm: Int {
        (endpoint.method == .delete ? 1 : 0)
            + (parameters.count == 1 && endpoint.path.hasPrefix("/api/orgs/{id}") ? 2 : 0)
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
