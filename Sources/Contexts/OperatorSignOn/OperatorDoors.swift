internal import Access
internal import HTTPKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit
internal import Vault

/// What the doors of both protocols share: which provider an address means, and how a sign-in begins.
struct OperatorDoors: Sendable {
    struct Place: Sendable {
        let provider: OperatorProvider
        let addresses: ProviderAddresses
    }

    let context: OperatorSignOn
    let store: OperatorProviderStore
    let desk: OperatorDesk
    let flows = OperatorFlowStore()

    init(_ context: OperatorSignOn) {
        self.context = context
        store = OperatorProviderStore(context: context)
        desk = OperatorDesk(context)
    }

    /// - Returns: `nil` for a provider that is not there, or is of the other protocol: both alike.
    func place(of request: APIRequest, type: String? = nil) async throws -> Place? {
        guard let provider = try await store.one(request.parameters["provider"] ?? ""),
            type == nil || provider.speech.type == type
        else { return nil }
        return Place(provider: provider, addresses: provider.addresses(at: context.operators.url))
    }

    var nowhere: APIResponse {
        OperatorDesk.sent("/login?sso=error&sso_error=\(SSORefusal.providerNotFound.code)")
    }

    /// `GET …/login` of both protocols.
    func login(_ request: APIRequest, type: String) async throws -> APIResponse {
        guard let place = try await place(of: request, type: type), place.provider.isEnabled else { return nowhere }
        // Whoever is signed in already, and wants to be so freshly, gets a new session for the old one.
        let proof = try? await OperatorProof(of: request, at: context.time.now, context.staff)
        let left = try await begun(
            .login, at: place, by: proof, returnTo: LocalPath.checked(request.query["returnTo"]),
            isFresh: request.query["fresh"] == "true", from: request)
        switch left {
        case .success(let left): return left.departure.response.with(cookies: left.cookies)
        case .failure(let refusal): return OperatorDesk.sent("/login?sso=error&sso_error=\(refusal.code)")
        }
    }

    /// - Returns: where the browser goes, which it alone can bring to an end; or that the provider cannot be asked.
    func begun(
        _ kind: OperatorFlow.Kind, at place: Place, by proof: OperatorProof?, returnTo: String, isFresh: Bool,
        from request: APIRequest
    ) async throws -> Result<(departure: Departure, cookies: [Cookie]), SSORefusal> {
        let browser = FlowCookie.operators.browser(of: request)
        // A code of ours is wanted unless the provider says one of these.
        let wishes = SignInWishes(isFresh: isFresh, contextClasses: place.provider.secondFactor.contextClasses)
        let begun: BegunSignIn
        do throws(SSORefusal) {
            begun = try await context.dialogue.begin(
                with: place.provider.speech, at: place.addresses, key: place.provider.key, asking: wishes)
        } catch { return .failure(error) }
        var flow = OperatorFlow(
            stateHash: begun.stateHash, provider: place.provider.id, version: place.provider.version, kind: kind,
            browserHash: browser.hash, returnTo: returnTo, beginner: proof.map { ($0.person, $0.session) },
            createdAt: context.time.now, kept: nil)
        if let text = begun.kept {
            flow.kept = try await context.vault.seal(text, for: .instance, at: flow.place())
        }
        try await context.staff.asNobody { [flow] transaction in
            try await flows.insert(flow, requestHash: begun.requestHash, transaction)
        }
        return .success((begun.departure, browser.new))
    }

    /// - Throws: why what was begun there may not end now.
    func check(_ flow: OperatorFlow, at place: Place) throws(SSORefusal) {
        guard flow.provider == place.provider.id else { throw .providerMismatch }
        guard flow.version == place.provider.version else { throw .changed }
        guard place.provider.isEnabled else { throw .providerNotFound }
    }

    /// In the log: what a provider ended, of which session by session is told.
    func noteLogout(
        of sessions: [OperatorSessionID], at place: Place, from request: APIRequest, _ transaction: Transaction
    ) {
        let named = sessions.prefix(10).map { "\($0)" }.joined(separator: " ")
        let entry = OperatorEntry(
            .sessionEnd, of: "operator_provider:\(place.provider.id)", by: OperatorSignOn.job, from: request.origin,
            note: "\(sessions.count) by the provider: \(named)")
        transaction.atCommit(entry, at: context.time.now)
    }
}
