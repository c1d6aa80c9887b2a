internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// Where a browser goes after a provider has spoken.
struct Arrival: Sendable {
    let path: String
    var cookies: [Cookie] = []
}

/// The end of every sign-in through a provider, whatever the protocol: who it is, what they may have, and their session.
struct SignInDesk: Sendable {
    let context: SSOContext
    let log: AttemptLog
    private let flows = FlowStore()

    init(_ context: SSOContext) {
        self.context = context
        log = AttemptLog(context: context)
    }

    /// - Parameter flow: `nil` where the provider began it.
    /// - Returns: where to, with the session's cookies when there is one. What is refused is noted and told in the path.
    func finish(
        _ person: ProvenPerson, at provider: IdentityProvider, _ flow: Flow?, in org: OrgID, from request: APIRequest
    ) async throws -> Arrival {
        do {
            return try await context.database.asOrg(org) { transaction in
                try await conclude(person, at: provider, flow, in: org, from: request, transaction)
            }
        } catch let refusal as SSORefusal {
            return try await refuse(refusal, of: person, at: provider, flow, in: org, from: request)
        }
    }

    /// Notes it in the log and in the trail.
    func refuse(
        _ refusal: SSORefusal, of person: ProvenPerson? = nil, at provider: IdentityProvider, _ flow: Flow?,
        in org: OrgID, from request: APIRequest
    ) async throws -> Arrival {
        let (now, kind) = (context.time.now, flow?.kind ?? .login)
        let attempt = try await context.database.asOrg(org) { transaction in
            let attempt = try await log.note(
                refusal, of: person, user: flow?.user, provider: provider.id, kind: kind, in: org, from: request.origin,
                transaction)
            let record = AuditRecord(
                .ssoRefuse, of: "sso_provider:\(provider.id)", by: .system(job: "single-sign-on"), from: request.origin
            ).changing(after: ["reason": .string(refusal.reason), "kind": .string(kind.rawValue)])
            transaction.atCommit(record.append(at: now))
            return attempt
        }
        let back = flow?.returnTo ?? "/login"
        guard kind != .test else { return Arrival(path: LocalPath.told(back, [("sso_test", "\(attempt)")])) }
        let type = provider.speech.type
        return Arrival(path: LocalPath.told(back, [(type, "error"), ("\(type)_error", refusal.code)]))
    }

    private func conclude(
        _ person: ProvenPerson, at provider: IdentityProvider, _ flow: Flow?, in org: OrgID, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Arrival {
        let desk = NewcomerDesk(provider: provider, org: org, now: context.time.now)
        switch flow?.kind ?? .login {
        case .test: return try await test(person, desk, flow, from: request, transaction)
        case .login: return try await login(person, desk, flow, from: request, transaction)
        case .link: return try await link(person, desk, flow, from: request, transaction)
        case .stepUp: return try await confirm(person, desk, flow, from: request, transaction)
        }
    }

    // MARK: What it was for

    private func login(
        _ person: ProvenPerson, _ desk: NewcomerDesk, _ flow: Flow?, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Arrival {
        let (provider, now) = (desk.provider, desk.now)
        let known = try await desk.admit(person, transaction)
        let binding = SessionBinding(
            to: desk.org, provider: provider.id, method: provider.speech.type,
            provedAt: person.provedAt.map { min($0, now) }, endsAt: person.endsAt)
        let signedIn = try await SessionOpening(context.identity).open(
            for: known.user, hasSecondStep: true, bound: binding, from: request, in: transaction)
        try await remember(signedIn.session, of: known.user, person, desk, transaction)
        _ = try await log.note(
            nil, of: person, user: known.user, provider: provider.id, kind: .login, in: desk.org, from: request.origin,
            transaction)
        let actor = Principal.user(known.user, session: signedIn.session)
        if known.isNewMember {
            let record = AuditRecord(.memberAdd, of: "user:\(known.user)", by: actor, from: request.origin)
                .changing(after: ["provider": .string(provider.id)])
            transaction.atCommit(record.append(at: now))
        }
        var told: [String: JSONValue] = ["provider": .string(provider.id), "method": .string(provider.speech.type)]
        if known.isNewLink { told["linked"] = true }
        if let role = known.role { told["role"] = .string(role.rawValue) }
        let record = AuditRecord(.ssoLogin, of: "session:\(signedIn.session)", by: actor, from: request.origin)
            .changing(after: .object(told))
        transaction.atCommit(record.append(at: now))
        let path = LocalPath.told(flow?.returnTo ?? "/", [(provider.speech.type, "success")])
        return Arrival(path: path, cookies: signedIn.cookies)
    }

    private func link(
        _ person: ProvenPerson, _ desk: NewcomerDesk, _ flow: Flow?, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Arrival {
        let (user, session) = try await living(flow, transaction, at: desk.now)
        let known = try await desk.link(person, to: user, transaction)
        _ = try await log.note(
            nil, of: person, user: user, provider: desk.provider.id, kind: .link, in: desk.org, from: request.origin,
            transaction)
        let record = AuditRecord(
            .ssoLink, of: "user:\(known.user)", by: .user(user, session: session), from: request.origin
        ).changing(after: ["provider": .string(desk.provider.id)])
        transaction.atCommit(record.append(at: desk.now))
        return Arrival(path: LocalPath.told(flow?.returnTo ?? "/", [("sso", "linked")]))
    }

    private func confirm(
        _ person: ProvenPerson, _ desk: NewcomerDesk, _ flow: Flow?, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Arrival {
        let (user, session) = try await living(flow, transaction, at: desk.now)
        guard try await desk.linked(person.subjectHash(at: desk.provider), transaction) == user else {
            throw SSORefusal.anotherPerson
        }
        // Clocks differ by a minute; hours ago is not now.
        guard let flow, let provedAt = person.provedAt, provedAt >= flow.createdAt - .seconds(60) else {
            throw SSORefusal.notFresh
        }
        try await transaction.execute("SELECT confirm_session(\(user), \(session), \(desk.now))")
        _ = try await log.note(
            nil, of: person, user: user, provider: desk.provider.id, kind: .stepUp, in: desk.org, from: request.origin,
            transaction)
        let record = AuditRecord(
            .sessionConfirm, of: "session:\(session)", by: .user(user, session: session), from: request.origin)
        transaction.atCommit(record.append(at: desk.now))
        return Arrival(path: LocalPath.told(flow.returnTo, [("sso", "confirmed")]))
    }

    /// Nobody gets in; what would have come of it is written beside what the provider told.
    private func test(
        _ person: ProvenPerson, _ desk: NewcomerDesk, _ flow: Flow?, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Arrival {
        let refusal = try await verdict(on: person, desk, transaction)
        let attempt = try await log.note(
            refusal, of: person, user: flow?.user, provider: desk.provider.id, kind: .test, in: desk.org,
            from: request.origin, transaction)
        let record = AuditRecord(
            .ssoTest, of: "sso_provider:\(desk.provider.id)", by: .system(job: "single-sign-on"), from: request.origin)
        transaction.atCommit(record.append(at: desk.now))
        return Arrival(path: LocalPath.told(flow?.returnTo ?? "/", [("sso_test", "\(attempt)")]))
    }

    private func verdict(
        on person: ProvenPerson, _ desk: NewcomerDesk, _ transaction: Transaction
    ) async throws -> SSORefusal? {
        do throws(SSORefusal) { try desk.provider.limits.check(person) } catch { return error }
        return try await desk.wouldAdmit(person, transaction) ? nil : .notMember
    }

    // MARK: Pieces

    /// Whoever began this is still signed in, and still a member.
    private func living(
        _ flow: Flow?, _ transaction: Transaction, at now: Timestamp
    ) async throws -> (UserID, SessionID) {
        guard let user = flow?.user, let session = flow?.session,
            try await transaction.first(
                """
                SELECT true FROM sessions_of(\(user), \(now)) s JOIN members m ON m.user_id = \(user) WHERE s.id = \(session)
                """, { try $0.next(Bool.self) }) != nil
        else { throw SSORefusal.sessionGone }
        return (user, session)
    }

    /// What logging out at the provider needs later, sealed.
    private func remember(
        _ session: SessionID, of user: UserID, _ person: ProvenPerson, _ desk: NewcomerDesk, _ transaction: Transaction
    ) async throws {
        let logout = try await context.vault.seal(
            Secret(person.logout.json), for: .org(desk.org), at: LogoutNote.place(of: session))
        let latest = desk.now + .seconds(30 * 86_400)
        let end = min(person.endsAt ?? latest, latest)
        try await transaction.execute(
            """
            INSERT INTO sso_sessions (org_id, session_id, provider_id, user_id, subject_hash, sid_hash, name_hash, logout,
                                      created_at, expires_at, renew_at)
            VALUES (\(desk.org), \(session), \(desk.provider.id), \(user), \(person.subjectHash(at: desk.provider)),
                    \(person.sessionName.map { Digests.sha256($0) }), \(person.personName.map { Digests.sha256($0) }),
                    \(logout), \(desk.now), \(end), \(person.renewAt))
            """)
    }
}
