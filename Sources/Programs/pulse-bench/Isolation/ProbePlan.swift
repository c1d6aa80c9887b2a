import Foundation
import HTTPKit

/// What the probes of a run found.
struct ProbeTally: Sendable {
    var probes = 0
    /// Not turned away by router, limits or CSRF: the gate or the handler decided.
    var reached = 0
    var routes: Set<String> = []
    var leaks: Set<String> = []
    var serverErrors: Set<String> = []

    func share(of count: Int) -> Double { probes == 0 ? 0 : Double(count) / Double(probes) }

    mutating func add(_ other: ProbeTally) {
        probes += other.probes
        reached += other.reached
        routes.formUnion(other.routes)
        leaks.formUnion(other.leaks)
        serverErrors.formUnion(other.serverErrors)
    }

    mutating func count(_ answer: ProbeAnswer, of route: ProbedRoute) {
        probes += 1
        routes.insert(route.name)
        if !Self.unreached.contains(answer.slug ?? "") { reached += 1 }
        // A checkout that has built no agent to hand out says so.
        let isRefusedByDesign =
            answer.status == 501 && ["/scim/v2/Me", "/scim/v2/.search"].contains(route.endpoint.path)
        if answer.status >= 500, answer.slug != "installer-missing", !isRefusedByDesign {
            serverErrors.insert("\(route.name) answered \(answer.status): \(answer.slug ?? "?")")
        }
    }

    private static let unreached: Set<String> = [
        "route-not-found", "method-not-allowed", "rate-limited", "csrf-failed", "unsupported-media-type",
        "body-too-large", "request-timeout",
    ]
}

/// One question and its twin: the same about something that does not exist.
struct ProbePair: Sendable {
    let route: ProbedRoute
    let who: String
    let credential: Credential
    let values: [String]
    let absent: [String]
    var org: String?
    var absentOrg: String?
}

/// Every route, by every credential, about every kind of id, against the same about nothing.
struct ProbePlan: Sendable {
    let routes: [ProbedRoute]
    let estate: ProbeEstate

    /// Whole rounds over everything, until there were enough probes. Later rounds differ in the absent ids, in the way
    /// ids are written and in their order.
    func run(
        atLeast wanted: Int, with client: ProbeClient, random: inout SeededRandom
    ) async throws -> ProbeTally {
        var tally = try await onceOnly(client)
        while tally.probes < wanted {
            let pairs = round(of: routes, as: credentials, random: &random).shuffled(using: &random)
            tally.add(try await run(pairs.prefix(max(1, (wanted - tally.probes + 1) / 2) + routes.count), client))
            tally.add(try await run(headers(&random), client))
        }
        return tally
    }

    /// The reading routes alone, once: enough to see what an opened policy lets through.
    func reads(with client: ProbeClient, random: inout SeededRandom) async throws -> ProbeTally {
        let reading = routes.filter { $0.endpoint.method == .get && !$0.isStream }
        let pairs = round(of: reading, as: [("session", estate.prober.owner)], random: &random)
        var tally = try await run(pairs, client)
        for route in reading where route.isList {
            let path = route.path(route.parameters.map { _ in estate.prober.id })
            check(
                try await client.ask(.get, path, as: estate.prober.owner), of: route, "session", asked: [], in: &tally)
        }
        return tally
    }

    /// Every route with a parameter, once, by one more caller.
    func once(
        as who: String, _ credential: Credential, with client: ProbeClient, random: inout SeededRandom
    ) async throws -> ProbeTally {
        try await run(round(of: routes, as: [(who, credential)], random: &random), client)
    }

    var credentials: [(String, Credential)] {
        var all = [
            ("session", estate.prober.owner), ("suspended", estate.suspended.owner), ("provider", estate.provider),
            ("revoked provider", estate.dismissed),
        ]
        if let token = estate.prober.token { all.append(("token", token)) }
        if let agent = estate.prober.agent { all.append(("agent token", agent)) }
        if let directory = estate.prober.directory { all.append(("directory token", directory)) }
        return all
    }

    private func round(
        of routes: [ProbedRoute], as credentials: [(String, Credential)], random: inout SeededRandom
    ) -> [ProbePair] {
        let foreign = estate.victim.ids.sorted() + estate.victim.deleted.sorted() + ["not-an-id", "%00", "../orgs"]
        var pairs: [ProbePair] = []
        for route in routes where !route.parameters.isEmpty && !route.isStream && !route.isOutbox {
            for (who, credential) in credentials {
                for id in foreign {
                    let written = Bool.random(using: &random) ? id : id.uppercased()
                    let nothing = absent(like: written, &random)
                    let rest = route.parameters.count - 1
                    var leading = [Array(repeating: estate.victim.id, count: rest)]
                    if rest > 0 { leading.append(Array(repeating: estate.prober.id, count: rest)) }
                    for first in leading {
                        // A leading id of the victim's own has a twin that is nothing as well.
                        let twin = first.map { $0 == estate.prober.id ? $0 : absent(like: $0, &random) }
                        pairs.append(
                            ProbePair(
                                route: route, who: who, credential: credential, values: first + [written],
                                absent: twin + [nothing]))
                    }
                }
            }
        }
        return pairs
    }

    /// The organisation named by the header instead of the path.
    private func headers(_ random: inout SeededRandom) -> [ProbePair] {
        var pairs: [ProbePair] = []
        // An agent's organisation is its token's; what it says of itself is what its machine becomes.
        for route in routes
        where !route.isStream && !route.endpoint.access.isPublic && !route.isOutbox && route.endpoint.access != .agent {
            // Where the path names the organisation no header does, and changing one's own would end the run.
            if route.endpoint.path.hasPrefix("/api/orgs/{id}"), !route.endpoint.method.isSafe { continue }
            for (who, credential) in credentials {
                let own = route.parameters.map { _ in estate.prober.id }
                pairs.append(
                    ProbePair(
                        route: route, who: "\(who) with a foreign organisation", credential: credential, values: own,
                        absent: own, org: estate.victim.id, absentOrg: absent(like: estate.victim.id, &random)))
            }
        }
        return pairs
    }

    /// Of the same shape and nobody's.
    func absent(like id: String, _ random: inout SeededRandom) -> String {
        if id.lowercased().hasSuffix(ProbeEstate.domainEnding) {
            return "\(UInt64.random(in: .min ... .max, using: &random))\(ProbeEstate.domainEnding)"
        }
        guard id.count == 36 else { return id }
        let digits = (0..<32).map { _ in "0123456789abcdef".randomElement(using: &random)! }
        var text = String(digits)
        for (offset, position) in [8, 12, 16, 20].enumerated() {
            text.insert("-", at: text.index(text.startIndex, offsetBy: position + offset))
        }
        // Version and variant as ids of ours have them: they must take the same way.
        var characters = Array(text)
        characters[14] = "7"
        characters[19] = "8"
        return id == id.uppercased() ? String(characters).uppercased() : String(characters)
    }

    func run(_ pairs: some Collection<ProbePair> & Sendable, _ client: ProbeClient) async throws -> ProbeTally {
        let lanes = 24
        let all = Array(pairs)
        return try await withThrowingTaskGroup(of: ProbeTally.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var tally = ProbeTally()
                    for index in stride(from: lane, to: all.count, by: lanes) {
                        try await ask(all[index], client, into: &tally)
                    }
                    return tally
                }
            }
            return try await group.reduce(into: ProbeTally()) { $0.add($1) }
        }
    }

    private func ask(_ pair: ProbePair, _ client: ProbeClient, into tally: inout ProbeTally) async throws {
        let (route, named) = (pair.route, pair.values.last ?? estate.victim.id)
        let method = route.endpoint.method
        let foreign = try await client.ask(
            method, route.path(pair.values), as: pair.credential, org: pair.org, body: route.body(naming: named))
        let nothing = try await client.ask(
            method, route.path(pair.absent), as: pair.credential, org: pair.absentOrg,
            body: route.body(naming: pair.absent.last ?? named))
        check(foreign, of: route, pair.who, asked: pair.values + [pair.org ?? ""], in: &tally)
        check(nothing, of: route, pair.who, asked: pair.absent + [pair.absentOrg ?? ""], in: &tally)
        // The prober's own organisation, whatever the header says: it changes as it is asked.
        if pair.org != nil, foreign.isSuccess, foreign.status == nothing.status { return }
        guard plain(foreign, pair.values + [pair.org ?? ""]) != plain(nothing, pair.absent + [pair.absentOrg ?? ""])
        else { return }
        tally.leaks.insert(
            "\(route.name) as \(pair.who): \(foreign.status) \(foreign.slug ?? "") for a foreign id, "
                + "\(nothing.status) \(nothing.slug ?? "") for an absent one")
    }

    /// Counts an answer and looks for words of the victim's in it.
    func check(
        _ answer: ProbeAnswer, of route: ProbedRoute, _ who: String, asked: [String], in tally: inout ProbeTally
    ) {
        tally.count(answer, of: route)
        let text = answer.headers + "\n" + answer.text
        if text.contains(estate.victim.canary) {
            tally.leaks.insert("\(route.name) as \(who) says a name of the victim's")
        }
        // What was asked may be told back, and nothing else.
        let spoken = asked.map { $0.lowercased() }
        for match in text.matches(of: ProbedRoute.uuid) {
            let id = match.output.lowercased()
            if estate.victim.ids.contains(id), !spoken.contains(id) {
                tally.leaks.insert("\(route.name) as \(who) says an id of the victim's")
            }
        }
    }

    /// Status, headers and body without what may differ: the request's own id, and the ids that were asked for.
    private func plain(_ answer: ProbeAnswer, _ asked: [String]) -> String {
        var text = "\(answer.status)\n\(answer.headers)\n\(answer.text)"
            .replacing(/"requestId":"[^"]*"/, with: "").replacing(/(?i)ratelimit[^\n]*\n/, with: "")
        for id in asked where !id.isEmpty {
            text = text.replacing(id, with: "ID").replacing(id.lowercased(), with: "ID")
        }
        return text
    }

    /// What must not be asked a thousand times: routes without a parameter that change something, and public ones. Each is
    /// asked once by somebody who may lose their session over it, naming the victim wherever its example names anything.
    private func onceOnly(_ client: ProbeClient) async throws -> ProbeTally {
        var tally = ProbeTally()
        for route in routes where route.isStream || route.parameters.isEmpty || route.isOutbox {
            guard !route.isStream else { continue }
            let prober =
                route.endpoint.method.isSafe || route.endpoint.access.isPublic || route.endpoint.access == .directory
                ? estate.prober : try await estate.expendable(client)
            let path = route.path(route.parameters.map { _ in estate.victim.id })
            for id in [estate.victim.id, estate.victim.user] {
                let answer = try await client.ask(
                    route.endpoint.method, path,
                    as: route.endpoint.access.isPublic ? nil : prober.credential(for: route),
                    body: route.body(naming: id))
                if route.isOutbox {
                    tally.count(answer, of: route)
                } else {
                    check(answer, of: route, "session", asked: [id], in: &tally)
                }
            }
        }
        return tally
    }
}
