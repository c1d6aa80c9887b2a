internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import Kernel
internal import Postgres
internal import Vault

/// The operators' way in: address, password and the code of the authenticator, all in one go. Which of them was wrong is
/// told to nobody.
struct OperatorSignIn: Sendable {
    static let maxAttempts = 5

    private let context: OperatorContext
    private let store: OperatorStore

    init(_ context: OperatorContext) {
        self.context = context
        store = OperatorStore(database: context.staff)
    }

    struct Opened: Sendable {
        let person: OperatorRecord
        let csrfToken: Secret<String>
        let expiresAt: Timestamp
        let cookies: [Cookie]
    }

    /// Costs one Argon2id whatever happens. Five failures of one name or from one network within 15 minutes lock both for
    /// 15 minutes.
    func open(
        _ email: String, _ password: Secret<String>, code: Secret<String>, from request: APIRequest
    ) async throws -> Opened {
        guard try await OperatorSignInRules(database: context.staff).passwordLogin() else {
            throw Problem.passwordLoginOff
        }
        let who = subject(of: email, request)
        let found = try await store.begin(EmailAddress(email)?.key ?? "", who, at: context.time.now)
        let verdict = try await context.identity.passwords.check(password, against: found.passwordHash)
        let step = try await step(of: code, found)
        if let lock = found.lockedUntil { throw OperatorSignInFailure.locked(until: lock, now: context.time.now) }
        guard let person = found.person, let step, verdict != .wrong else { throw try await wrong(who) }
        let renewed = verdict == .rightButOutdated ? try await context.identity.passwords.hash(password) : nil
        let (new, now) = (NewOperatorSession(at: context.time.now), context.time.now)
        let session = OperatorStore.NewSession(
            id: new.id, hash: new.hash, csrfHash: new.csrfHash, replaced: request.presentedOperatorHash,
            userAgent: request.origin.userAgent, address: request.origin.address)
        let expiresAt = try await context.staff.asNobody { transaction in
            let expiresAt = try await store.open(
                session, for: found, who, step: step, renewedHash: renewed, at: now, in: transaction)
            guard let expiresAt else { return Timestamp?.none }
            let entry = OperatorEntry(
                .sessionCreate, of: "operator_session:\(session.id)", by: .operator(person.id, consent: nil),
                from: request.origin)
            transaction.atCommit(entry, at: now)
            return expiresAt
        }
        guard let expiresAt else { throw try await wrong(who) }
        return Opened(
            person: person, csrfToken: new.csrf, expiresAt: expiresAt, cookies: new.cookies)
    }

    func end(_ request: APIRequest) async throws {
        let hash = request.presentedOperatorHash ?? []
        try await context.staff.asNobody { transaction in
            guard let session = try await store.end(hash, in: transaction) else { throw Problem.unauthenticated }
            let entry = try request.entry(.sessionEnd, of: "operator_session:\(session)")
            transaction.atCommit(entry, at: context.time.now)
        }
    }

    private func wrong(_ who: OperatorStore.Subject) async throws -> OperatorSignInFailure {
        .wrong(failures: try await store.fail(who, at: context.time.now))
    }

    /// A stranger's code is compared all the same, with a secret of nobody's.
    private func step(of code: Secret<String>, _ found: OperatorStore.Found) async throws -> Int64? {
        guard let sealed = found.secret, let person = found.person else {
            let secret = Secret(Randomness.system.bytes(TimeCode.secretBytes))
            _ = TimeCode.step(of: Self.digits(code), secret: secret, after: 0, at: context.time.now)
            return nil
        }
        return try await context.step(of: code, sealed: sealed, of: person.id, after: found.lastStep)
    }

    static func digits(_ code: Secret<String>) -> String { String(code.reveal().prefix(32)).trimmed }

    static func place(of person: OperatorID) -> SealedPlace {
        SealedPlace(table: "operator_totp", column: "secret", row: person)
    }

    /// What failures of an account are counted by.
    static func counted(_ email: String) -> [UInt8] { Digests.sha256("operator-name:" + email.trimmed.lowercased()) }

    private func subject(of email: String, _ request: APIRequest) -> OperatorStore.Subject {
        let network = context.identity.countsAddresses ? ClientNetwork.subject(of: request) : nil
        return OperatorStore.Subject(
            name: Self.counted(email),
            address: network.map { Digests.sha256(Array("operator-address:".utf8) + $0) })
    }
}

/// Why an operator is not signed in. The same for a stranger, a wrong password, a wrong or used code, and an account that
/// is disabled or not set up.
enum OperatorSignInFailure: Explained {
    case wrong(failures: Int)
    case locked(until: Timestamp, now: Timestamp)

    var problem: Problem {
        switch self {
        case .wrong(let failures):
            Problem(
                "invalid-credentials", status: 401, title: "Wrong e-mail address, password or code",
                detail: "A code works once, in its half minute and the ones beside it.",
                extras: [
                    "attempts": "\(failures)", "remaining": "\(max(0, OperatorSignIn.maxAttempts - failures))",
                    "maxAttempts": "\(OperatorSignIn.maxAttempts)",
                ])
        case .locked(let until, let now):
            Problem(
                "account-locked", status: 403, title: "Too many failed sign-ins", detail: "Try again after \(until).",
                retryAfterSeconds: max(1, Int((until - now).components.seconds)),
                extras: ["lockedUntil": "\(until)"])
        }
    }
}
