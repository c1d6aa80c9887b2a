import Foundation
import HTTPKit
import Kernel
import Postgres
import PulseApp

/// An organisation as its owner holds it.
struct ProbedOrganisation: Sendable {
    let id: String
    let user: String
    let email: String
    let password: String
    let owner: Credential
    /// Said nowhere but in this organisation: every name it gave begins with it.
    let canary: String
    var agent: Credential?
    var token: Credential?
    /// Of its directory.
    var directory: Credential?
    /// What opens a route to the organisation: some are for its directory alone.
    func credential(for route: ProbedRoute) -> Credential {
        route.endpoint.access == .directory ? directory ?? owner : owner
    }

    /// Everything of it that has an id.
    var ids: Set<String> = []
    /// Those of them that its lists tell, and which list.
    var listed: [String: String] = [:]
    /// What it had and removed.
    var deleted: Set<String> = []
}

/// The organisations of a run: one that is asked about, and those that ask.
struct ProbeEstate: Sendable {
    private(set) var victim: ProbedOrganisation
    private(set) var prober: ProbedOrganisation
    private(set) var suspended: ProbedOrganisation
    /// Of a provider with a grant over the prober, in the prober.
    let provider: Credential
    /// Of a provider whose grant over the victim was taken back.
    let dismissed: Credential
    let configuration: PulseConfiguration
    let routes: [ProbedRoute]

    static func plant(
        _ configuration: PulseConfiguration, _ setting: BenchDatabase, _ client: ProbeClient, _ routes: [ProbedRoute]
    ) async throws -> ProbeEstate {
        var victim = try await found(configuration, client)
        var prober = try await found(configuration, client)
        let suspended = try await found(configuration, client)
        for (number, _) in ["victim", "prober"].enumerated() {
            var one = number == 0 ? victim : prober
            try await enrol(&one, client)
            one.directory = try await directory(of: one, client)
            try await fill(&one, routes, client)
            one.token = try await token(of: one, client)
            one.ids.insert(try await bring(to: one, setting))
            one.listed = try await harvest(one, routes, client)
            one.ids.formUnion(one.listed.keys)
            if number == 0 { victim = one } else { prober = one }
        }
        try await setting.prepare([
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(OrgID(suspended.id))"
        ])
        // What both can see belongs to neither.
        let shared = victim.ids.intersection(prober.ids)
        victim.ids.subtract(shared)
        prober.ids.subtract(shared)
        // After looking around: who looks after an organisation is named by its lists, and is not of it.
        let provider = try await engage(by: prober, configuration, client)
        let dismissed = try await engage(by: victim, configuration, client)
        victim.ids.insert(dismissed.grant)
        try await dismiss(dismissed, of: victim, client)
        return ProbeEstate(
            victim: victim, prober: prober, suspended: suspended, provider: provider.session(in: prober.id),
            dismissed: dismissed.session(in: dismissed.organisation.id), configuration: configuration, routes: routes)
    }

    /// Another prober, for what may cost it its session.
    func expendable(_ client: ProbeClient) async throws -> ProbedOrganisation {
        try await Self.found(configuration, client)
    }

    /// What the victim's lists told before and do not tell any more.
    func lost(_ client: ProbeClient) async throws -> [String: String] {
        let told = try await Self.harvest(victim, routes, client)
        // A rotation that was begun ends by itself, and the key it retires goes. Whoever knocks at a public door of an
        // organisation is noted, and moves the first page of its logs on.
        let moving = ["GET /api/security/keys", "GET /api/audit", "GET /api/security/sso/attempts"]
        return victim.listed.filter { told[$0.key] == nil && !moving.contains($0.value) }
    }

    // MARK: Planting

    static func found(_ configuration: PulseConfiguration, _ client: ProbeClient) async throws -> ProbedOrganisation {
        let canary = "canary-" + UUID().uuidString.prefix(8).lowercased()
        let email = "\(canary)@probe.example"
        let password = "correct horse \(UUID().uuidString)"
        let told = try await PulseRuns.foundOrganisation(
            configuration, name: canary, email: email, password: Secret(password), withEnrollmentToken: true)
        guard let object = try JSONSerialization.jsonObject(with: Data(told.utf8)) as? [String: Any],
            let org = object["orgId"] as? String, let user = object["userId"] as? String
        else { throw ProbeFault("an organisation was not founded: \(told)") }
        let owner = try await signIn(email, password, org, client)
        return ProbedOrganisation(
            id: org, user: user, email: email, password: password, owner: owner, canary: canary, ids: [org, user])
    }

    static func signIn(
        _ email: String, _ password: String, _ org: String, _ client: ProbeClient
    ) async throws -> Credential {
        let body = #"{"email":"\#(email)","password":"\#(password)"}"#
        let answer = try await client.ask(.post, "/api/login", body: body)
        guard answer.status == 200, let csrf = (answer.json as? [String: Any])?["csrfToken"] as? String else {
            throw ProbeFault("no sign-in: \(answer.status) \(answer.text)")
        }
        let cookies = answer.headers.split(separator: "\n").filter { $0.lowercased().hasPrefix("set-cookie: ") }
            .compactMap { $0.dropFirst(12).split(separator: ";").first }
            .filter { !$0.hasPrefix("pulse_org_id") }
        return .session(cookie: (cookies + ["pulse_org_id=\(org)"]).joined(separator: "; "), csrf: csrf)
    }

    /// A machine with the canary's name, and the agent's own credential.
    private static func enrol(_ one: inout ProbedOrganisation, _ client: ProbeClient) async throws {
        let ticket = try await client.ask(
            .post, "/api/agents/enrollment-tokens", as: one.owner, body: #"{"name":"\#(one.canary) machine"}"#)
        guard let token = (ticket.json as? [String: Any])?["token"] as? String else {
            throw ProbeFault("no enrolment token: \(ticket.text)")
        }
        let machine = UUID().uuidString.lowercased()
        let enrolled = try await client.ask(
            .post, "/api/agents/agent/enroll", as: .token(token),
            body: """
                {"hostname":"\(one.canary)-host","os":"linux","arch":"amd64","agentVersion":"1.0.0","machineId":"\(machine)"}
                """)
        guard let object = enrolled.json as? [String: Any], let agent = object["agentId"] as? String,
            let runtime = object["runtimeToken"] as? String
        else { throw ProbeFault("no agent: \(enrolled.text)") }
        one.agent = .token(runtime)
        one.ids.insert(agent)
        let report = ProbeReport(hostname: "\(one.canary)-host", machine: machine)
        let told = try await client.ask(.post, "/api/agents/agent/report", as: one.agent, body: report.json(number: 1))
        guard told.isSuccess else { throw ProbeFault("the report was refused: \(told.text)") }
        for _ in 0..<600 {
            if try await client.ask(.get, "/api/resources", as: one.owner).text.contains(one.canary) { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ProbeFault("the machine does not appear")
    }

    /// Creates what can be created, by the example of each route, twice; the second is removed again.
    private static func fill(
        _ one: inout ProbedOrganisation, _ routes: [ProbedRoute], _ client: ProbeClient
    ) async throws {
        let creations = routes.filter {
            $0.endpoint.method == .post && [201, 202].contains($0.endpoint.status) && !$0.endpoint.access.isPublic
                && $0.endpoint.access != .agent && $0.endpoint.path != "/api/orgs" && $0.parameters.count <= 1
        }
        for route in creations where route.parameters.isEmpty || route.endpoint.path.hasPrefix("/api/orgs/{id}/") {
            for number in 1...2 {
                guard let body = ProbeBody(route.endpoint.requestExample, canary: "\(one.canary)-\(number)") else {
                    break
                }
                let path = route.path(route.parameters.map { _ in one.id })
                let answer = try await client.ask(.post, path, as: one.credential(for: route), body: body.text)
                let made = Set(answer.text.matches(of: ProbedRoute.uuid).map { String($0.output) })
                guard answer.isSuccess else { continue }
                one.ids.formUnion(made)
                guard number == 2 else { continue }
                let removal = routes.first {
                    $0.endpoint.method == .delete && $0.parameters.count == route.parameters.count + 1
                        && $0.endpoint.path.hasPrefix(route.endpoint.path + "/{")
                }
                for id in made where removal != nil {
                    let gone = try await client.ask(
                        .delete, removal!.path(route.parameters.map { _ in one.id } + [id]),
                        as: one.credential(for: route))
                    if gone.isSuccess { one.deleted.insert(id) }
                }
            }
        }
        one.ids.subtract(one.deleted)
        one.ids.insert(try await domain(of: one, client))
        one.ids.insert(try await attempt(in: one, client))
    }

    static let domainEnding = ".probe.example"

    /// A mail domain of this organisation's: what is named by a name instead of an id.
    private static func domain(of one: ProbedOrganisation, _ client: ProbeClient) async throws -> String {
        let domain = one.id + domainEnding
        let claimed = try await client.ask(
            .post, "/api/security/domains", as: one.owner, body: #"{"domain":"\#(domain)"}"#)
        guard claimed.isSuccess else { throw ProbeFault("no domain: \(claimed.text)") }
        return domain
    }

    /// Somebody tried to come in by the organisation's identity provider, with nothing in hand.
    private static func attempt(in one: ProbedOrganisation, _ client: ProbeClient) async throws -> String {
        let providers = try await client.ask(.get, "/api/security/sso/providers", as: one.owner).json as? [String: Any]
        let addresses = (providers?["data"] as? [[String: Any]])?.first?["addresses"] as? [String: String]
        guard let callback = addresses?["redirectUrl"].flatMap({ URL(string: $0) })?.path() else {
            throw ProbeFault("no identity provider")
        }
        _ = try await client.ask(.get, callback, as: one.owner)
        let log = try await client.ask(.get, "/api/security/sso/attempts", as: one.owner).json as? [String: Any]
        guard let attempt = (log?["data"] as? [[String: Any]])?.first?["id"] as? String else {
            throw ProbeFault("no attempt in the log")
        }
        return attempt
    }

    /// A provider that looks after a customer, and the customer's grant.
    private struct Engagement {
        let organisation: ProbedOrganisation
        let grant: String

        /// Its owner's session, with the organisation they work in.
        func session(in org: String) -> Credential {
            guard case .session(let cookie, let csrf) = organisation.owner else { return organisation.owner }
            return .session(cookie: cookie.replacing(/pulse_org_id=[^;]*/, with: "pulse_org_id=\(org)"), csrf: csrf)
        }
    }

    /// Offered, taken, and of use: through it the customer's machine is seen.
    private static func engage(
        by customer: ProbedOrganisation, _ configuration: PulseConfiguration, _ client: ProbeClient
    ) async throws -> Engagement {
        let provider = try await found(configuration, client)
        let place = try await client.ask(.get, "/api/orgs/\(provider.id)", as: provider.owner).json as? [String: Any]
        let until = ISO8601DateFormatter().string(from: Date() + 86_400)
        let offered = try await client.ask(
            .post, "/api/provider-grants", as: customer.owner,
            body: #"{"provider":"\#(place?["slug"] as? String ?? "")","role":"admin","expiresAt":"\#(until)"}"#)
        guard let grant = (offered.json as? [String: Any])?["id"] as? String else {
            throw ProbeFault("no grant: \(offered.text)")
        }
        let taken = try await client.ask(.post, "/api/provider/grants/\(grant)/accept", as: provider.owner)
        let engagement = Engagement(organisation: provider, grant: grant)
        let seen = try await client.ask(.get, "/api/resources", as: engagement.session(in: customer.id))
        guard taken.isSuccess, seen.text.contains(customer.canary) else {
            throw ProbeFault("a grant opens nothing: \(taken.status) \(seen.text)")
        }
        return engagement
    }

    private static func dismiss(
        _ engagement: Engagement, of customer: ProbedOrganisation, _ client: ProbeClient
    ) async throws {
        let ended = try await client.ask(.delete, "/api/provider-grants/\(engagement.grant)", as: customer.owner)
        guard ended.isSuccess else { throw ProbeFault("a grant is not taken back: \(ended.text)") }
    }

    /// A trail that came along from elsewhere: an import would want another organisation that is fresh.
    /// - Returns: the id of the organisation it was of.
    private static func bring(to one: ProbedOrganisation, _ setting: BenchDatabase) async throws -> String {
        let source = UUID().uuidString.lowercased()
        let id = UUID().uuidString.lowercased()
        let line = #"{"seq":1,"id":"\#(id)","at":"2026-11-21T09:30:00Z","actor":"\#(one.canary)"}"#
        for (kind, line) in [("entries", line), ("heads", #"{"seq":1,"first_seq":1}"#)] {
            try await setting.prepare([
                "INSERT INTO pulse.prior_trails VALUES (\(OrgID(one.id)), \(OrgID(source)), \(kind), 1, \(line))"
            ])
        }
        return source
    }

    private static func token(of one: ProbedOrganisation, _ client: ProbeClient) async throws -> Credential? {
        let answer = try await client.ask(
            .post, "/api/security/tokens", as: one.owner, body: #"{"name":"\#(one.canary) token","scopes":["*"]}"#)
        return ((answer.json as? [String: Any])?["token"] as? String).map(Credential.token)
    }

    private static func directory(of one: ProbedOrganisation, _ client: ProbeClient) async throws -> Credential {
        let answer = try await client.ask(
            .post, "/api/security/scim/tokens", as: one.owner, body: #"{"name":"\#(one.canary) directory"}"#)
        guard let token = (answer.json as? [String: Any])?["token"] as? String else {
            throw ProbeFault("no directory token: \(answer.text)")
        }
        return .token(token)
    }

    // MARK: Looking

    /// Every id that the owner is told by the lists of the organisation.
    static func harvest(
        _ one: ProbedOrganisation, _ routes: [ProbedRoute], _ client: ProbeClient
    ) async throws -> [String: String] {
        var found = [one.id: "itself", one.user: "itself"]
        for route in routes where route.isList {
            let path = route.path(route.parameters.map { _ in one.id })
            let text = try await client.ask(.get, path, as: one.credential(for: route)).text
            for match in text.matches(of: ProbedRoute.uuid) { found[String(match.output)] = route.name }
        }
        return found.filter { !one.deleted.contains($0.key) }
    }
}

extension ProbedRoute {
    /// Answers from the organisation as a whole, again and again.
    var isList: Bool {
        endpoint.method == .get && endpoint.kind == .json && !endpoint.access.isPublic && !isOutbox
            && (parameters.isEmpty || parameters == ["id"] && endpoint.path.hasPrefix("/api/orgs/{id}"))
    }
}

struct ProbeFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
