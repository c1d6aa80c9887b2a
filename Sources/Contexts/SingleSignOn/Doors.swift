internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// What the doors of both protocols share: which organisation and provider an address means, and how a sign-in begins.
struct Doors: Sendable {
    struct Place: Sendable {
        let org: OrgID
        let slug: String
        let provider: IdentityProvider
        let addresses: ProviderAddresses

        /// What the provider's metadata is remembered by.
        var key: String { "\(org) \(provider.id) \(provider.version)" }
    }

    /// Who begins something, where it is not a plain sign-in.
    struct Beginner: Sendable {
        let kind: FlowKind
        var user: UserID?
        var session: SessionID?
    }

    let context: SSOContext
    let store: ProviderStore
    let desk: SignInDesk
    let flows = FlowStore()

    init(_ context: SSOContext) {
        self.context = context
        store = ProviderStore(context)
        desk = SignInDesk(context)
    }

    /// - Returns: `nil` for an organisation or a provider that is not there, or is of the other protocol: all alike.
    func place(of request: APIRequest, type: String) async throws -> Place? {
        let (slug, id) = (request.parameters["org"] ?? "", request.parameters["provider"] ?? "")
        let org = try await context.database.firstGlobally("SELECT id FROM sso_org(\(slug))") {
            try $0.next(OrgID.self)
        }
        guard let org, let provider = try await store.one(id, in: org), provider.speech.type == type else { return nil }
        return Place(
            org: org, slug: slug, provider: provider,
            addresses: ProviderAddresses(publicURL: context.publicURL, slug: slug, provider: provider))
    }

    /// - Returns: `nil` for a provider that is not there.
    func place(of id: String, in org: OrgID) async throws -> Place? {
        guard let provider = try await store.one(id, in: org) else { return nil }
        let slug = try await context.slug(of: org)
        return Place(
            org: org, slug: slug, provider: provider,
            addresses: ProviderAddresses(publicURL: context.publicURL, slug: slug, provider: provider))
    }

    /// Answers that name nobody: there is no provider to ask.
    func nowhere(_ type: String) -> APIResponse {
        .redirect(
            to: LocalPath.told("/login", [(type, "error"), ("\(type)_error", SSORefusal.providerNotFound.code)]),
            status: 303)
    }

    func sent(_ arrival: Arrival) -> APIResponse {
        APIResponse.redirect(to: arrival.path, status: 303).with(cookies: arrival.cookies)
    }

    /// Where an administrator or a member begins something at a provider of theirs: the address to go to, which this
    /// browser alone can bring to an end.
    func begin(
        _ beginner: Beginner, at place: Place, returnTo: String, hint: String? = nil, from request: APIRequest
    ) async throws -> (departure: Departure, cookies: [Cookie]) {
        let browser = FlowCookie.members.browser(of: request)
        let wishes = SignInWishes(isFresh: beginner.kind == .stepUp, hint: hint)
        let begun = try await context.dialogue.begin(
            with: place.provider.speech, at: place.addresses, key: place.key, asking: wishes)
        var kept: Sealed?
        if let text = begun.kept {
            kept = try await context.vault.seal(text, for: .org(place.org), at: Flow.place(of: begun.stateHash))
        }
        let flow = Flow(
            stateHash: begun.stateHash, provider: place.provider.id, version: place.provider.version,
            kind: beginner.kind, browserHash: browser.hash, returnTo: returnTo, user: beginner.user,
            session: beginner.session, createdAt: context.time.now, kept: kept)
        try await context.database.asOrg(place.org) { transaction in
            try await flows.insert(flow, requestHash: begun.requestHash, in: place.org, transaction)
        }
        return (begun.departure, browser.new)
    }
}

extension Doors {
    /// In the trail: what a provider ended.
    func noteLogout(
        of sessions: [SessionID], at place: Place, from request: APIRequest, _ transaction: Transaction
    ) {
        let record = AuditRecord(
            .ssoLogout, of: "sso_provider:\(place.provider.id)", by: .system(job: "single-sign-on"),
            from: request.origin
        ).changing(after: ["sessions": .array(sessions.map { .string("\($0)") })])
        transaction.atCommit(record.append(at: context.time.now))
    }

    /// In the trail: what would have ended something, and why it did not.
    func noteLogout(refused refusal: SSORefusal, at place: Place, from request: APIRequest) async throws {
        try await context.database.asOrg(place.org) { transaction in
            let record = AuditRecord(
                .ssoRefuse, of: "sso_provider:\(place.provider.id)", by: .system(job: "single-sign-on"),
                from: request.origin
            ).changing(after: ["reason": .string(refusal.reason), "kind": "logout"])
            transaction.atCommit(record.append(at: context.time.now))
        }
    }

    /// `GET …/login` of both protocols.
    func login(_ request: APIRequest, type: String) async throws -> APIResponse {
        guard let place = try await place(of: request, type: type), place.provider.isEnabled else {
            return nowhere(type)
        }
        let returnTo = LocalPath.checked(request.query["returnTo"])
        do {
            let (departure, cookies) = try await begin(
                Beginner(kind: .login), at: place, returnTo: returnTo, hint: request.query["loginHint"], from: request)
            return departure.response.with(cookies: cookies)
        } catch let refusal as SSORefusal {
            let arrival = try await desk.refuse(refusal, at: place.provider, nil, in: place.org, from: request)
            return sent(arrival)
        }
    }
}
