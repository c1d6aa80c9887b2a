internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Mail
internal import Postgres

/// A person's own password: proving it again, changing it, and setting a new one by mail.
struct Passwords: Sendable {
    private let context: IdentityContext
    private let store: PasswordStore

    init(_ context: IdentityContext) {
        self.context = context
        store = PasswordStore(database: context.database)
    }

    /// Checks the password of someone signed in. Counted, and one Argon2id whatever happens.
    /// - Throws: 403 `wrong-password`, 403 `account-locked`.
    func prove(_ password: Secret<String>, of user: UserID) async throws -> (email: String, hash: String?) {
        let tries = context.confirmations(of: user)
        _ = try await tries.begin(at: context.time.now)
        guard let own = try await store.own(user) else { throw Problem.unauthenticated }
        guard try await context.passwords.check(password, against: own.hash) != .wrong else {
            throw PasswordFailure.wrong
        }
        try await tries.forget()
        return own
    }

    /// All other sessions end, and links on their way too.
    /// - Parameter current: may be missing only where there is no password yet; then the session must be fresh.
    /// - Returns: how many sessions ended.
    func change(from current: Secret<String>?, to new: Secret<String>, for request: APIRequest) async throws -> Int {
        let (user, session) = try request.caller().person()
        guard let own = try await store.own(user) else { throw Problem.unauthenticated }
        try await context.passwords.vet(new, of: own.email, field: "newPassword")
        if let current {
            guard try await prove(current, of: user).hash == own.hash else { throw PasswordFailure.changedMeanwhile }
        } else if own.hash != nil {
            throw Problem.invalidField("currentPassword", "the present password is wanted")
        }
        let hash = try await context.passwords.hash(new)
        let ended = try await context.database.asCaller(request) { transaction in
            let now = context.time.now
            if current == nil { try await transaction.requireFreshSession(request, at: now) }
            let ended = try await store.change(
                user, keeping: session, checked: own.hash, to: hash, at: now, in: transaction)
            guard let ended else { throw PasswordFailure.changedMeanwhile }
            try await store.confirm(session, of: user, at: now, in: transaction)
            try await DeviceStore.forgetOthers(of: user, than: request, in: transaction)
            transaction.atCommit(try request.audit(.passwordChange, of: "user:\(user)", at: now))
            return ended
        }
        context.tell(.passwordChanged, to: own.email, of: request)
        return ended
    }

    /// Mails a link to whoever has an account; the same work and the same answer for everybody.
    func requestLink(to email: EmailAddress) async throws {
        let token = BearerToken.new(.passwordReset)
        let letter = Self.letter(to: email, token: token.text, publicURL: context.publicURL)
        let isWanted = try await store.requestLink(
            context.links.hash(token), to: email, subject: Digests.sha256("reset-link:" + email.key),
            at: context.time.now)
        if isWanted { context.mail.send(letter) }
    }

    /// Whose password the link sets. It stays good.
    func check(_ text: String) async throws -> String {
        guard let email = try await store.read(try hash(of: text), at: context.time.now) else {
            throw PasswordFailure.badLink
        }
        return email
    }

    /// Sets the password and ends every session. Signing in is another step: a second factor is asked for there.
    func complete(_ text: String, password: Secret<String>, for request: APIRequest) async throws {
        let link = try hash(of: text)
        let newHash = try await context.passwords.accept(password, of: try await check(text))
        let email = try await context.database.asNobody { transaction in
            let now = context.time.now
            guard let done = try await store.redeem(link, newHash: newHash, at: now, in: transaction) else {
                throw PasswordFailure.badLink
            }
            try await DeviceStore.forgetOthers(of: done.user, than: request, in: transaction)
            let record = AuditRecord(
                .passwordReset, of: "user:\(done.user)", by: .system(job: "password-reset"), from: request.origin)
            try await transaction.auditWhereTheyBegin(done.user, record, at: now)
            return done.email
        }
        context.tell(.passwordReset, to: email, of: request)
    }

    private func hash(of text: String) throws(PasswordFailure) -> [UInt8] {
        guard let token = BearerToken(text.trimmed, kind: .passwordReset) else { throw .badLink }
        return context.links.hash(token)
    }

    private static func letter(to email: EmailAddress, token: Secret<String>, publicURL: String) -> OutgoingMail {
        LinkLetter(
            to: email, subject: "Set a new password for Pulse", greeting: "Hello,",
            before: "open this link to set a new password for Pulse:",
            link: "\(publicURL)/reset-password?token=\(token.reveal())", button: "Set a new password",
            after: "It works once and for 30 minutes. If you did not ask for it, ignore this mail: nothing happens."
        ).mail
    }
}

extension Transaction {
    /// Leaves an entry of what happens outside any organisation in the one its person begins in.
    func auditWhereTheyBegin(_ user: UserID, _ record: AuditRecord, at now: Timestamp) async throws {
        let memberships = try await rows(Membership.query(of: user)) { try Membership(&$0) }
        guard let org = memberships.favourite() else { return }
        atCommit("SELECT set_config('pulse.org_id', \(org.id.description), true)")
        atCommit(record.append(at: now))
    }
}

/// Why a password is not changed.
enum PasswordFailure: Explained {
    case wrong, changedMeanwhile, badLink

    var problem: Problem {
        switch self {
        case .wrong: Problem("wrong-password", status: 403, title: "That is not your password")
        case .changedMeanwhile:
            Problem(
                "password-changed-meanwhile", status: 409, title: "The password has just been changed",
                detail: "It was changed somewhere else while this request was on its way. Sign in again.")
        case .badLink:
            Problem(
                "reset-link-invalid", status: 400, title: "This link does not work",
                detail: "It was used before, replaced by a newer one, is older than 30 minutes, or is not complete.")
        }
    }
}
