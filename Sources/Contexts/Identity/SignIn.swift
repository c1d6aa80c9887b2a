internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
package import Kernel
internal import Mail
internal import Postgres

/// The ways in: a password, or a link sent to the mailbox.
struct SignIn: Sendable {
    static let maxAttempts = 5

    private let context: IdentityContext
    private let store: LoginStore
    private let opening: SessionOpening
    private let second: SecondStep
    private let challenges: SecondStepStore
    private let zeroKnowledge: ZeroKnowledge

    init(_ context: IdentityContext) {
        self.context = context
        second = SecondStep(context)
        zeroKnowledge = ZeroKnowledge(context)
        challenges = SecondStepStore(database: context.database)
        store = LoginStore(database: context.database)
        opening = SessionOpening(context)
    }

    /// Costs one Argon2id whatever happens. Five failures of one name or from one network within 15 minutes lock both for
    /// 15 minutes, but not for a browser this person has used before, which is counted by itself; a right password that
    /// arrives while the lock falls does not count.
    func byPassword(
        _ username: String, _ password: Secret<String>, remember: Bool, from request: APIRequest
    ) async throws -> FirstStep {
        let who = LoginSubject(typed: username, from: request, countsAddresses: context.countsAddresses)
        // What is no address is nobody's, and is looked up all the same.
        let key = EmailAddress(username)?.key ?? ""
        let found = try await store.begin(key, who, at: context.time.now)
        let verdict = try await context.passwords.check(password, against: found.passwordHash)
        if let lock = found.lockedUntil { throw SignInError.locked(until: lock, now: context.time.now) }
        guard let user = found.user, verdict != .wrong else {
            let failure = try await store.fail(who, byDevice: found.countsByDevice, at: context.time.now)
            throw SignInError.wrong(failures: failure.count)
        }
        let renewed = verdict == .rightButOutdated ? try await context.passwords.hash(password) : nil
        let step = try await context.database.asNobody { transaction in
            let now = context.time.now
            let passed = try await store.pass(
                user, who, byDevice: found.countsByDevice, renewedHash: renewed, at: now, in: transaction)
            guard passed else { throw SignInError.locked(until: now + .seconds(900), now: now) }
            return try await proceed(user, by: "password", remember: remember, from: request, in: transaction)
        }
        return told(step, of: request)
    }

    /// By the proof of an SRP handshake. Counted as passwords are.
    /// - Returns: the server's proof beside, for the client to check.
    func byProof(
        _ claim: ZeroKnowledge.Claim, remember: Bool, from request: APIRequest
    ) async throws -> (step: FirstStep, serverProof: [UInt8]) {
        let who = LoginSubject(typed: claim.email, from: request, countsAddresses: context.countsAddresses)
        let found = try await store.begin(EmailAddress(claim.email)?.key ?? "", who, at: context.time.now)
        let verdict = try await zeroKnowledge.check(claim)
        if let lock = found.lockedUntil { throw SignInError.locked(until: lock, now: context.time.now) }
        guard let user = verdict.user else {
            let failure = try await store.fail(who, byDevice: found.countsByDevice, at: context.time.now)
            throw SignInError.wrong(failures: failure.count)
        }
        let step = try await context.database.asNobody { transaction in
            let now = context.time.now
            let passed = try await store.pass(
                user, who, byDevice: found.countsByDevice, renewedHash: nil, at: now, in: transaction)
            guard passed else { throw SignInError.locked(until: now + .seconds(900), now: now) }
            return try await proceed(user, by: "srp", remember: remember, from: request, in: transaction)
        }
        return (told(step, of: request), verdict.serverProof)
    }

    /// By a passkey: possession and person in one, so no second step is asked for.
    func byPasskey(
        credential: [UInt8], clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8], remember: Bool,
        from request: APIRequest
    ) async throws -> SignedIn {
        let signedIn = try await context.database.asNobody { transaction in
            let user = try await Passkeys(context).redeem(
                credential: credential, clientData: clientData, authenticatorData: authenticatorData,
                signature: signature, in: transaction)
            return try await begin(user, by: "passkey", remember: remember, from: request, in: transaction)
        }
        _ = told(.signedIn(signedIn), of: request)
        return signedIn
    }

    /// Mails a link to whoever has an account. The caller answers the same in every case, after the same work.
    /// - Returns: the cookie by which the browser that asks is known again when it opens the link.
    func requestLink(to email: EmailAddress) async throws -> Cookie {
        let token = BearerToken.new(.magicLink)
        let letter = LoginLetter(to: email, token: token.text, publicURL: context.publicURL).mail
        let isWanted = try await store.requestLink(
            context.links.hash(token), to: email, subject: Digests.sha256("login-link:" + email.key),
            at: context.time.now)
        if isWanted { context.mail.send(letter) }
        return LinkCookie.set(for: token, key: context.links)
    }

    /// - Throws: `SignInError.badLink` for anything but an unused link of the last 15 minutes.
    func byLink(_ text: String, from request: APIRequest) async throws -> FirstStep {
        guard let token = BearerToken(text.trimmed, kind: .magicLink) else { throw SignInError.badLink }
        let step = try await context.database.asNobody { transaction in
            let hash = context.links.hash(token)
            guard let user = try await store.redeemLink(hash, at: context.time.now, in: transaction) else {
                throw SignInError.badLink
            }
            return try await proceed(user, by: "link", remember: false, from: request, in: transaction)
        }
        return told(step, of: request)
    }

    /// The second step: a code of the authenticator or a recovery code, within five minutes of the first.
    /// - Throws: `SecondStepFailure`; 403 `account-locked` after five wrong ones within 15 minutes. A browser they know is
    ///   counted by itself here too.
    func bySecondStep(
        _ challenge: Secret<String>, code: Secret<String>, from request: APIRequest
    ) async throws -> SignedIn {
        guard let token = BearerToken(challenge.reveal().trimmed, kind: .secondFactor) else {
            throw SecondStepFailure.expired
        }
        let (hash, device) = (context.links.hash(token), request.presentedDevice?.hash)
        guard let owed = try await challenges.challenge(hash, device: device, at: context.time.now) else {
            throw SecondStepFailure.expired
        }
        let whom = owed.byDevice ? device ?? [] : owed.user.bytes
        let tries = Attempts(
            database: context.database, kind: .secondFactor, subject: Digests.sha256(Array("second:".utf8) + whom))
        let left = try await tries.begin(at: context.time.now)
        guard let proof = try await second.proof(in: code, of: owed.user) else {
            throw SecondStepFailure.wrong(left: left)
        }
        let signedIn = try await context.database.asNobody { transaction in
            guard try await challenges.close(hash, at: context.time.now, in: transaction) else {
                throw SecondStepFailure.expired
            }
            try await second.redeem(proof, of: owed.user, left: left, in: transaction)
            return try await begin(
                owed.user, by: "second-factor", remember: owed.remember, from: request, in: transaction)
        }
        try await tries.forget()
        if case .recovery = proof { context.tell(.recoveryCodeUsed, to: signedIn.email, of: request) }
        _ = told(.signedIn(signedIn), of: request)
        return signedIn
    }

    /// The browser that asked for this link is the one that opens it, and means to: no scanner of a mail server, no
    /// preview, and nobody who was sent somebody else's link.
    func isAsker(of text: String, _ request: APIRequest) -> Bool {
        guard let token = BearerToken(text.trimmed, kind: .magicLink) else { return false }
        let isPrefetch = ["sec-purpose", "purpose", "x-moz"].contains { request.headers[$0] != nil }
        return !isPrefetch && LinkCookie.fits(token, request, key: context.links)
    }

    private func told(_ step: FirstStep, of request: APIRequest) -> FirstStep {
        if case .signedIn(let signedIn) = step, signedIn.isNewDevice {
            context.tell(.newDevice, to: signedIn.email, of: request)
        }
        return step
    }

    /// After the first step: a session, or the challenge for the second.
    private func proceed(
        _ user: UserID, by method: String, remember: Bool, from request: APIRequest, in transaction: Transaction
    ) async throws -> FirstStep {
        let owesSecond = try await transaction.first(SecondStepStore.isOn(user)) { try $0.next(Bool.self) }
        guard owesSecond ?? true else {
            return .signedIn(try await begin(user, by: method, remember: remember, from: request, in: transaction))
        }
        let (token, now) = (BearerToken.new(.secondFactor), context.time.now)
        try await challenges.open(
            context.links.hash(token), for: user, remember: remember, at: now, in: transaction)
        return .challenged(SecondStepChallenge(token: token.text, expiresAt: now + .seconds(300)))
    }

    /// Opens the session and leaves its entry in the trail of the organisation the person begins in.
    private func begin(
        _ user: UserID, by method: String, remember: Bool, from request: APIRequest, in transaction: Transaction
    ) async throws -> SignedIn {
        let signedIn = try await opening.open(
            for: user, remember: remember, hasSecondStep: true, method: method, from: request, in: transaction)
        if let org = signedIn.org {
            let actor = Principal.user(user, session: signedIn.session)
            let record = AuditRecord(
                .sessionCreate, of: "session:\(signedIn.session)", by: actor, from: request.origin)
            transaction.atCommit("SELECT set_config('pulse.org_id', \(org.id.description), true)")
            transaction.atCommit(record.append(at: context.time.now))
        }
        return signedIn
    }
}

/// What the first step of a sign-in leads to.
enum FirstStep: Sendable {
    case signedIn(SignedIn)
    case challenged(SecondStepChallenge)

    /// - Throws: 401 `second-factor-required` with the challenge.
    func session() throws(Problem) -> SignedIn {
        switch self {
        case .signedIn(let signedIn): return signedIn
        case .challenged(let challenge): throw challenge.problem
        }
    }
}

/// Why someone is not signed in. None of these says whether an account exists.
package enum SignInError: Explained {
    case wrong(failures: Int)
    case locked(until: Timestamp, now: Timestamp)
    case badLink

    package var problem: Problem {
        switch self {
        case .wrong(let failures):
            Problem(
                "invalid-credentials", status: 401, title: "Wrong e-mail address or password",
                extras: [
                    "attempts": "\(failures)", "remaining": "\(max(0, SignIn.maxAttempts - failures))",
                    "maxAttempts": "\(SignIn.maxAttempts)",
                ])
        case .locked(let until, let now):
            Problem(
                "account-locked", status: 403, title: "Too many failed sign-ins",
                detail: "Try again after \(until), or ask for a sign-in link.",
                retryAfterSeconds: max(1, Int((until - now).components.seconds)),
                extras: [
                    "lockedUntil": "\(until)",
                    "remainingMinutes": "\(max(1, ((until - now).components.seconds + 59) / 60))",
                ])
        case .badLink:
            Problem(
                "invalid-magic-link", status: 400, title: "This sign-in link does not work",
                detail: "It was used before, replaced by a newer one, is older than 15 minutes, or is not complete.")
        }
    }
}
