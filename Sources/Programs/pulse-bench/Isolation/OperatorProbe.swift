import Cryptography
import Foundation
import HTTPKit
import Kernel
import PulseApp

/// The operators' listener: what opens a customer's door opens none there, an operator sees nothing of an organisation that
/// has not let them in, and through one that has, nothing of another.
struct OperatorProbe: Sendable {
    let routes: [ProbedRoute]
    let estate: ProbeEstate
    let client: ProbeClient
    /// Let in by the prober, and by nobody else.
    let staff: Credential
    /// Another operator's request to the victim.
    let request: String

    /// Signs an operator in, whom the prober lets in; another one waits for the victim's answer.
    static func begin(
        _ configuration: PulseConfiguration, _ routes: [ProbedRoute], _ estate: ProbeEstate, client: ProbeClient,
        customers: ProbeClient
    ) async throws -> OperatorProbe {
        let staff = try await signIn(configuration, client)
        let access = try await ask(estate.prober.id, as: staff, client)
        let agreed = try await customers.ask(
            .post, "/api/orgs/\(estate.prober.id)/support-access/\(access)/approve", as: estate.prober.owner, body: "{}"
        )
        guard agreed.isSuccess else { throw ProbeFault("an operator is not let in: \(agreed.text)") }
        let request = try await ask(estate.victim.id, as: try await signIn(configuration, client), client)
        return OperatorProbe(routes: routes, estate: estate, client: client, staff: staff, request: request)
    }

    /// - Parameter plan: for comparing answers and looking for the victim's words in them.
    func run(with plan: ProbePlan, random: inout SeededRandom) async throws -> ProbeTally {
        var tally = ProbeTally()
        for route in routes { try await refuse(customersAt: route, with: plan, &random, into: &tally) }
        var pairs: [ProbePair] = []
        for route in routes where route.isView {
            try await knock(at: route, with: plan, into: &tally)
            pairs += views(route, plan, &random)
        }
        for route in routes where route.endpoint.path == "/api/operator/support-access/{id}" {
            pairs.append(pair(route, [request], [plan.absent(like: request, &random)]))
        }
        tally.add(try await plan.run(pairs, client))
        return tally
    }

    /// Routes through which the operator finds nothing at all, not even of the organisation that let them in.
    func unproven() async throws -> Set<String> {
        var missing: Set<String> = []
        for route in routes where route.isView && !route.isStream {
            // Of a thing that only a query names there may be nothing.
            if route.parameters.count == 1, route.endpoint.query.contains(where: \.isRequired) { continue }
            var found = false
            for id in [estate.prober.id, estate.prober.user] + estate.prober.ids.sorted() where !found {
                let values = [estate.prober.id] + route.parameters.dropFirst().map { _ in id }
                found = try await client.ask(.get, route.path(values), as: staff).isSuccess
            }
            if !found { missing.insert(route.name) }
        }
        return missing
    }

    // MARK: Probes

    /// Whoever is somebody at the customers' door is nobody here, the victim's own owner too.
    private func refuse(
        customersAt route: ProbedRoute, with plan: ProbePlan, _ random: inout SeededRandom, into tally: inout ProbeTally
    ) async throws {
        for (who, credential) in plan.credentials + [("victim's owner", estate.victim.owner)] {
            let named = route.parameters.map { _ in estate.victim.id }
            let absent = named.map { plan.absent(like: $0, &random) }
            for values in [named, absent] {
                let answer = try await client.ask(
                    route.endpoint.method, route.path(values), as: credential,
                    body: route.body(naming: values.last ?? ""))
                plan.check(answer, of: route, "\(who) at the operators' door", asked: values, in: &tally)
                // What is no handshake is told so before anybody is asked who they are.
                let isTurnedAway = answer.status == 401 || (route.isStream && answer.status == 426)
                if route.endpoint.access.isForStaff, !isTurnedAway {
                    tally.leaks.insert("\(route.name) answers \(who) with \(answer.status)")
                }
            }
        }
    }

    /// The victim has let nobody in: whatever is asked of it is refused alike, what is there and what is not. In the
    /// prober, which has, its things are nothing.
    private func views(_ route: ProbedRoute, _ plan: ProbePlan, _ random: inout SeededRandom) -> [ProbePair] {
        let rest = route.parameters.dropFirst()
        guard !route.isStream, !rest.isEmpty else { return [] }
        var pairs: [ProbePair] = []
        for id in estate.victim.ids.sorted() + ["not-an-id", "%00", "../orgs"] {
            let absent = plan.absent(like: id, &random)
            for org in [estate.victim.id, estate.prober.id] {
                pairs.append(pair(route, [org] + rest.map { _ in id }, [org] + rest.map { _ in absent }))
            }
        }
        return pairs
    }

    /// Without its leave nothing of the victim's is read, by no route.
    private func knock(at route: ProbedRoute, with plan: ProbePlan, into tally: inout ProbeTally) async throws {
        let values = route.parameters.map { _ in estate.victim.id }
        let answer = try await client.ask(.get, route.path(values), as: staff)
        plan.check(answer, of: route, "operator", asked: values, in: &tally)
        let isTurnedAway = answer.status == 403 || (route.isStream && answer.status == 426)
        if !isTurnedAway { tally.leaks.insert("\(route.name) answers an operator without leave with \(answer.status)") }
    }

    private func pair(_ route: ProbedRoute, _ values: [String], _ absent: [String]) -> ProbePair {
        ProbePair(route: route, who: "operator", credential: staff, values: values, absent: absent)
    }

    // MARK: Operators

    private static func ask(_ org: String, as staff: Credential, _ client: ProbeClient) async throws -> String {
        let asked = try await client.ask(
            .post, "/api/operator/orgs/\(org)/support-access", as: staff,
            body: #"{"reason":"The graphs stand still","minutes":600}"#)
        guard let id = (asked.json as? [String: Any])?["id"] as? String else {
            throw ProbeFault("no support access: \(asked.status) \(asked.text)")
        }
        return id
    }

    /// Made in a shell, set up and signed in as a person would. A code works once: setting up takes the one of the half
    /// minute before.
    private static func signIn(
        _ configuration: PulseConfiguration, _ client: ProbeClient
    ) async throws -> Credential {
        let email = "op-\(UUID().uuidString.prefix(8).lowercased())@host.example"
        let made = try await PulseRuns.createOperator(configuration, email: email, name: "Probe", role: .operator)
        guard let link = (try JSONSerialization.jsonObject(with: Data(made.utf8)) as? [String: Any])?["setupUrl"],
            let token = (link as? String)?.split(separator: "=").last
        else { throw ProbeFault("no operator: \(made)") }
        let begun = try await client.ask(.post, "/api/operator/setup/begin", body: #"{"token":"\#(token)"}"#)
        guard let text = (begun.json as? [String: Any])?["secret"] as? String else {
            throw ProbeFault("no setting up: \(begun.text)")
        }
        let secret = Secret(base32(text))
        let password = "correct horse \(UUID().uuidString)"
        func code(_ ahead: Int64) -> String {
            TimeCode.code(at: TimeCode.step(at: SystemTime().now) + ahead, secret: secret)
        }
        let done = try await client.ask(
            .post, "/api/operator/setup/complete",
            body: #"{"token":"\#(token)","password":"\#(password)","code":"\#(code(-1))"}"#)
        let opened = try await client.ask(
            .post, "/api/operator/login",
            body: #"{"email":"\#(email)","password":"\#(password)","code":"\#(code(0))"}"#)
        guard done.isSuccess, let csrf = (opened.json as? [String: Any])?["csrfToken"] as? String else {
            throw ProbeFault("no operator's sign-in: \(done.status) \(opened.status) \(opened.text)")
        }
        let cookies = opened.headers.split(separator: "\n").filter { $0.lowercased().hasPrefix("set-cookie: ") }
            .compactMap { $0.dropFirst("set-cookie: ".count).split(separator: ";").first }
        return .session(cookie: cookies.joined(separator: "; "), csrf: csrf)
    }

    private static func base32(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let bits = text.compactMap { alphabet.firstIndex(of: $0) }.flatMap { value in
            (0..<5).map { value >> (4 - $0) & 1 }
        }
        return stride(from: 0, to: bits.count - 7, by: 8).map { start in
            UInt8(bits[start..<start + 8].reduce(0) { $0 << 1 | $1 })
        }
    }
}

extension ProbedRoute {
    /// Of a customer's things, for an operator who was let in.
    var isView: Bool { if case .support = endpoint.access { true } else { false } }
}
