internal import Cryptography
internal import Kernel
internal import Postgres
internal import Vault

/// What a person has beside their password: an authenticator, and recovery codes for the day it is lost.
struct SecondStep: Sendable {
    /// A code that fits and is not used up yet.
    enum Proof: Sendable {
        case totp(step: Int64)
        case recovery(hash: [UInt8])
    }

    private let context: IdentityContext
    private let store: SecondStepStore

    init(_ context: IdentityContext) {
        self.context = context
        store = SecondStepStore(database: context.database)
    }

    static func place(of user: UserID) -> SealedPlace {
        SealedPlace(table: "totp_secrets", column: "secret", row: user)
    }

    func isOn(_ user: UserID) async throws -> Bool {
        try await context.database.firstGlobally(SecondStepStore.isOn(user)) { try $0.next(Bool.self) } ?? false
    }

    /// Looks at a code without using it up. Attempts are counted by the caller, before.
    /// - Returns: `nil` when it fits nothing.
    func proof(in typed: Secret<String>, of user: UserID) async throws -> Proof? {
        let digits = Array(typed.reveal().prefix(64).utf8.filter { $0 != UInt8(ascii: " ") })
        guard digits.count == 6, digits.allSatisfy({ (48...57).contains($0) }) else {
            return RecoveryCode(typed).map { .recovery(hash: $0.hash(of: user, key: context.links)) }
        }
        guard let row = try await store.secret(of: user), row.enabledAt != nil else { return nil }
        let secret = try await context.vault.open(row.sealed, for: .instance, at: Self.place(of: user))
        let step = TimeCode.step(
            of: String(decoding: digits, as: UTF8.self), secret: secret, after: row.lastStep, at: context.time.now)
        return step.map { .totp(step: $0) }
    }

    /// Uses the code up. Of two requests with one code one gets in.
    /// - Throws: `SecondStepFailure.wrong` when it was used before.
    func redeem(_ proof: Proof, of user: UserID, left: Int, in transaction: Transaction) async throws {
        let isGood =
            switch proof {
            case .totp(let step): try await store.use(step: step, of: user, in: transaction)
            case .recovery(let hash): try await store.use(code: hash, of: user, at: context.time.now, in: transaction)
            }
        guard isGood else { throw SecondStepFailure.wrong(left: left) }
    }
}

/// Someone has proved the first step and owes the second.
struct SecondStepChallenge: Sendable {
    let token: Secret<String>
    let expiresAt: Timestamp

    var problem: Problem {
        Problem(
            "second-factor-required", status: 401, title: "One more step",
            detail: "Send the code of your authenticator, or a recovery code, to /api/login/second-factor.",
            extras: ["challenge": token.reveal(), "methods": "totp,recovery", "expiresAt": "\(expiresAt)"])
    }

    static let example = SecondStepChallenge(token: Secret("p2f_…"), expiresAt: Timestamp(seconds: 300)).problem
}

/// Why the second step fails.
enum SecondStepFailure: Explained {
    case wrong(left: Int), expired, alreadyOn, notBegun, notOn

    var problem: Problem {
        switch self {
        case .wrong(let left):
            Problem(
                "second-factor-wrong", status: 403, title: "This code is not right",
                detail:
                    "A code works once, in its half minute and the ones beside it; a recovery code once and for all.",
                extras: ["remaining": "\(left)"])
        case .expired:
            Problem(
                "second-factor-expired", status: 400, title: "Sign in again",
                detail: "The second step has to follow the first within five minutes, and only once.")
        case .alreadyOn: Problem("totp-enabled", status: 409, title: "Two-step sign-in is on already")
        case .notBegun:
            Problem(
                "totp-not-begun", status: 409, title: "There is nothing to confirm",
                detail: "Begin with POST /api/security/totp; a secret waits 15 minutes for its first code.")
        case .notOn: Problem("totp-off", status: 409, title: "Two-step sign-in is off")
        }
    }
}
