internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit
internal import Vault

/// The end of every sign-in of an operator through a provider: whose account it is, whether a second factor is still wanted,
/// and their session.
struct OperatorDesk: Sendable {
    let context: OperatorSignOn
    private let flows = OperatorFlowStore()
    private let links = OperatorLinkStore()

    init(_ context: OperatorSignOn) { self.context = context }

    struct Opened: Sendable {
        let csrf: Secret<String>
        let expiresAt: Timestamp
        let returnTo: String
        let cookies: [Cookie]
    }

    /// An account, and how the subject became its.
    private struct Known: Sendable {
        var person: OperatorID
        var email: String
        var secret: Sealed?
        var lastStep: Int64 = 0
        var lockedUntil: Timestamp?
        /// `nil`: it was linked before.
        var newBy: OperatorLink.Origin?
    }

    private enum Outcome: Sendable {
        case opened(Opened)
        case wantsCode
        case linked
    }

    /// What the provider said is proved and used up. Leads back to where the browser wanted to go, with the session's cookies
    /// or to the page that asks for the code.
    func finish(
        _ person: ProvenPerson, at provider: OperatorProvider, _ flow: OperatorFlow, from request: APIRequest
    ) async throws -> APIResponse {
        do {
            let outcome = try await context.staff.asNobody { transaction -> Outcome in
                // Held, so that whoever switches it off or removes it finds the session that begins here.
                let held = try await OperatorProviderStore(context: context).held(provider.id, transaction)
                guard let held, held.isEnabled, held.version == provider.version else { throw SSORefusal.changed }
                switch flow.kind {
                case .login:
                    return try await login(person, at: provider, flow, code: nil, from: request, transaction)
                case .link: return try await link(person, at: provider, flow, from: request, transaction)
                }
            }
            switch outcome {
            case .opened(let opened):
                return Self.sent(LocalPath.told(flow.returnTo, [("sso", "success")]), opened.cookies)
            case .linked: return Self.sent(LocalPath.told(flow.returnTo, [("sso", "linked")]))
            case .wantsCode: return Self.sent("/login?sso=code")
            }
        } catch let refusal as SSORefusal {
            return try await refuse(refusal, of: person, at: provider, flow, from: request)
        }
    }

    /// The code of the authenticator, for the answer of a provider that waits for it. A wrong one leaves it waiting, and counts
    /// with the failures of the account.
    /// - Throws: 409 `code-not-wanted`; as the password's sign-in for a wrong code and a locked account; 403 for the rest.
    func complete(_ code: Secret<String>, from request: APIRequest) async throws -> Opened {
        let browser = FlowCookie.operators.hash(of: request) ?? []
        do {
            let outcome = try await context.staff.asNobody { transaction -> Outcome in
                // The provider first, as whoever removes it does, or the two would wait for each other.
                guard
                    let id = try await flows.provider(waitingFor: browser, at: context.time.now, transaction),
                    let provider = try await OperatorProviderStore(context: context).held(id, transaction),
                    let flow = try await flows.takeWaiting(
                        browser: browser, of: id, at: context.time.now, transaction), let kept = flow.kept,
                    let person = ProvenPerson(
                        text: try await context.vault.openText(kept, for: .instance, at: flow.place()))
                else { throw Problem.codeNotWanted }
                guard provider.isEnabled else { throw SSORefusal.providerNotFound }
                guard provider.version == flow.version else { throw SSORefusal.changed }
                return try await login(person, at: provider, flow, code: code, from: request, transaction)
            }
            guard case .opened(let opened) = outcome else { throw Problem.codeNotWanted }
            return opened
        } catch let refusal as SSORefusal {
            throw Problem.operatorRefused(refusal)
        } catch let wrong as WrongCode {
            throw try await context.operators.wrongCode(of: wrong.email)
        }
    }

    /// Where a sign-in was begun here, the operators' log tells why it did not succeed, and of which subject: an admin can
    /// link it. What anybody can send without having begun anything leaves nothing.
    func refuse(
        _ refusal: SSORefusal, of person: ProvenPerson? = nil, at provider: OperatorProvider, _ flow: OperatorFlow?,
        from request: APIRequest
    ) async throws -> APIResponse {
        if let flow {
            let words = [refusal.reason, flow.kind.rawValue] + (person.map { ["subject \($0.subject)"] } ?? [])
            let entry = OperatorEntry(
                .providerRefuse, of: "operator_provider:\(provider.id)", by: OperatorSignOn.job, from: request.origin,
                note: String(words.joined(separator: ", ").prefix(500)))
            _ = try await context.staff.executeGlobally(entry.append(at: context.time.now))
        }
        let back = flow?.kind == .link ? flow?.returnTo ?? "/login" : "/login"
        return Self.sent(LocalPath.told(back, [("sso", "error"), ("sso_error", refusal.code)]))
    }

    static func sent(_ path: String, _ cookies: [Cookie] = []) -> APIResponse {
        APIResponse.redirect(to: path, status: 303).with(cookies: cookies)
    }

    // MARK: Signing in

    /// Nothing is written before the second factor is there, but that the answer waits for it.
    private func login(
        _ person: ProvenPerson, at provider: OperatorProvider, _ flow: OperatorFlow, code: Secret<String>?,
        from request: APIRequest, _ transaction: Transaction
    ) async throws -> Outcome {
        try provider.limits.check(person)
        let subject = person.subjectHash(at: provider.id, speaking: provider.speech.type)
        var known = try await account(of: person, subject, at: provider, transaction)
        var step: Int64?
        if !provider.secondFactor.areSaid(of: person) {
            guard let account = known, let secret = account.secret else { throw SSORefusal.secondFactorMissing }
            guard let code else {
                try await wait(person, flow, transaction)
                return .wantsCode
            }
            if let end = account.lockedUntil { throw context.operators.locked(until: end) }
            step = try await context.operators.step(
                of: code, sealed: secret, of: account.person, after: account.lastStep)
            guard step != nil else { throw WrongCode(email: account.email) }
        }
        if known == nil { known = try await newcomer(person, at: provider, from: request, transaction) }
        guard let known else { throw SSORefusal.notLinked }
        if let origin = known.newBy {
            try await keep(
                person, subject, of: known.person, origin, at: provider, by: OperatorSignOn.job, from: request,
                transaction)
        }
        return .opened(
            try await open(known, person, subject, at: provider, flow, step: step, from: request, transaction))
    }

    /// - Returns: `nil` for whoever has no account and may get one.
    private func account(
        of person: ProvenPerson, _ subject: [UInt8], at provider: OperatorProvider, _ transaction: Transaction
    ) async throws -> Known? {
        if let linked = try await links.owner(of: subject, transaction) {
            guard let known = try await find(linked, address: nil, transaction) else { throw SSORefusal.accountShut }
            return known
        }
        let address = provider.vouchesForAddress(person) ? person.address : nil
        if provider.trustsAddresses, let address {
            // A second subject with the address of somebody who has come by another one is not believed.
            if var known = try await find(nil, address: address, transaction),
                !(try await links.isLinked(known.person, at: provider.id, transaction))
            {
                known.newBy = .address
                return known
            }
        }
        guard provider.makesOperators, provider.limits.isInGroup(person) else { throw SSORefusal.notLinked }
        return nil
    }

    private func find(
        _ id: OperatorID?, address: EmailAddress?, _ transaction: Transaction
    ) async throws -> Known? {
        let found = try await transaction.first(
            "SELECT id, email, secret, last_step FROM vouched_account(\(id), \(address?.key), NULL, \(context.time.now))"
        ) { row in
            Known(
                person: try row.next(), email: try row.next(), secret: try row.next(),
                lastStep: try row.next(Int64?.self) ?? 0)
        }
        guard var known = found else { return nil }
        // The lock is of the account's address, which is known only now.
        known.lockedUntil =
            try await transaction.first(
                """
                SELECT locked_until
                FROM vouched_account(\(known.person), NULL, \(OperatorContext.counted(known.email)), \(context.time.now))
                """
            ) { try $0.next(Timestamp?.self) } ?? nil
        return known
    }

    private func newcomer(
        _ person: ProvenPerson, at provider: OperatorProvider, from request: APIRequest, _ transaction: Transaction
    ) async throws -> Known {
        guard provider.vouchesForAddress(person), let address = person.address else { throw SSORefusal.noAddress }
        let now = context.time.now
        let name = [person.displayName, person.username].compactMap { $0 }.lazy.compactMap {
            try? DisplayName.check($0)
        }
        let shown = name.first ?? String(address.text.prefix { $0 != "@" })
        let made =
            try await transaction.first(
                """
                SELECT vouched_operator(\(OperatorID.new(at: now)), \(address.text), \(address.key), \(shown), \(now))
                """
            ) { try $0.next(OperatorID?.self) } ?? nil
        guard let made else { throw SSORefusal.addressTaken }
        let entry = OperatorEntry(
            .operatorCreate, of: "operator:\(made)", by: OperatorSignOn.job, from: request.origin,
            note: "provider \(provider.id)")
        transaction.atCommit(entry, at: now)
        return Known(person: made, email: address.text, newBy: .new)
    }

    private func open(
        _ known: Known, _ person: ProvenPerson, _ subject: [UInt8], at provider: OperatorProvider, _ flow: OperatorFlow,
        step: Int64?, from request: APIRequest, _ transaction: Transaction
    ) async throws -> Opened {
        let now = context.time.now
        let new = NewOperatorSession(at: now)
        // A code that was typed now is a proof of now.
        let proved = step == nil ? person.provedAt.map { min($0, now) } : now
        let expiresAt =
            try await transaction.first(
                """
                SELECT open_vouched_session(
                    \(new.id), \(known.person), \(step), \(OperatorContext.counted(known.email)), \(proved), \(person.endsAt),
                    \(new.hash), \(new.csrfHash), \(flow.beginner?.session), \(request.origin.userAgent), \(request.origin.address), \(now))
                """
            ) { try $0.next(Timestamp?.self) } ?? nil
        guard let expiresAt else {
            if step == nil { throw SSORefusal.accountShut }
            throw WrongCode(email: known.email)
        }
        try await links.note(subject, at: now, transaction)
        let method = provider.speech.type + (step == nil ? "" : "+totp")
        let logout = try await context.vault.seal(
            Secret(person.logout.json), for: .instance, at: Self.logoutPlace(of: new.id))
        try await transaction.execute(
            """
            INSERT INTO operator_sso_sessions (session_id, provider_id, method, subject_hash, sid_hash, name_hash, logout,
                                               created_at)
            VALUES (\(new.id), \(provider.id), \(method), \(subject), \(person.sessionName.map { Digests.sha256($0) }),
                    \(person.personName.map { Digests.sha256($0) }), \(logout), \(now))
            """)
        let entry = OperatorEntry(
            .sessionCreate, of: "operator_session:\(new.id)", by: .operator(known.person, consent: nil),
            from: request.origin, note: "provider \(provider.id), \(method)")
        transaction.atCommit(entry, at: now)
        return Opened(csrf: new.csrf, expiresAt: expiresAt, returnTo: flow.returnTo, cookies: new.cookies)
    }

    static func logoutPlace(of session: OperatorSessionID) -> SealedPlace {
        SealedPlace(table: "operator_sso_sessions", column: "logout", row: session)
    }

    private func wait(_ person: ProvenPerson, _ flow: OperatorFlow, _ transaction: Transaction) async throws {
        let state = Digests.sha256(Randomness.system.bytes(32))
        var waiting = OperatorFlow(
            stateHash: state, provider: flow.provider, version: flow.version, kind: .login,
            browserHash: flow.browserHash, returnTo: flow.returnTo, beginner: flow.beginner,
            createdAt: context.time.now, kept: nil)
        waiting.kept = try await context.vault.seal(person.text, for: .instance, at: waiting.place())
        try await flows.insert(
            waiting, requestHash: Digests.sha256(Array("code\0".utf8) + state), wantsCode: true, transaction)
    }

    // MARK: Linking

    /// Whoever began it is still signed in.
    private func link(
        _ person: ProvenPerson, at provider: OperatorProvider, _ flow: OperatorFlow, from request: APIRequest,
        _ transaction: Transaction
    ) async throws -> Outcome {
        try provider.limits.check(person)
        guard let beginner = flow.beginner,
            try await transaction.first(
                "SELECT operator_session_lives(\(beginner.session), \(beginner.person), \(context.time.now))",
                { try $0.next(Bool.self) }) == true
        else { throw SSORefusal.sessionGone }
        let subject = person.subjectHash(at: provider.id, speaking: provider.speech.type)
        if let other = try await links.owner(of: subject, transaction) {
            guard other == beginner.person else { throw SSORefusal.linkedToAnother }
            return .linked
        }
        try await keep(
            person, subject, of: beginner.person, .person, at: provider, by: .operator(beginner.person, consent: nil),
            from: request, transaction)
        return .linked
    }

    private func keep(
        _ person: ProvenPerson, _ subject: [UInt8], of id: OperatorID, _ origin: OperatorLink.Origin,
        at provider: OperatorProvider, by actor: Principal, from request: APIRequest, _ transaction: Transaction
    ) async throws {
        let now = context.time.now
        let link = OperatorLink(
            id: OperatorLinkID.new(at: now), person: id, provider: provider.id,
            subject: String(person.subject.prefix(128)), linkedAt: now, origin: origin)
        guard try await links.insert(link, hash: subject, transaction) else { throw SSORefusal.linkedToAnother }
        let entry = OperatorEntry(
            .linkCreate, of: "operator:\(id)", by: actor, from: request.origin,
            note: "provider \(provider.id), \(origin.rawValue)")
        transaction.atCommit(entry, at: now)
    }
}

/// A code that is not the authenticator's, or was used: told to the account's counter once the transaction is undone.
private struct WrongCode: Error { let email: String }

extension Problem {
    static func operatorRefused(_ refusal: SSORefusal) -> Problem {
        Problem(
            "operator-sign-in-refused", status: 403, title: "The provider's word does not open this door",
            detail: refusal.sentence, extras: ["reason": refusal.code])
    }
}
