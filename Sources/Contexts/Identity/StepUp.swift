internal import Access
internal import Audit
internal import HTTPKit
internal import Kernel
internal import Postgres

/// Proving once more, inside a session, who one is: with the strongest thing the person has. A cookie and an overheard
/// password do not confirm the session of someone with an authenticator.
struct StepUp: Sendable {
    private let context: IdentityContext
    private let passwords: Passwords
    private let second: SecondStep
    private let zeroKnowledge: ZeroKnowledge

    init(_ context: IdentityContext) {
        self.context = context
        passwords = Passwords(context)
        second = SecondStep(context)
        zeroKnowledge = ZeroKnowledge(context)
    }

    /// - Returns: until when the session is fresh.
    func confirm(_ body: BodyMembers, for request: APIRequest) async throws -> Timestamp {
        let user = try request.caller().person().user
        guard try await second.isOn(user) else {
            if try body.optionalText("clientProof") != nil {
                try await proveWithoutPassword(body, of: user)
            } else {
                _ = try await passwords.prove(try body.text("password"), of: user)
            }
            return try await confirm(for: request)
        }
        guard let code = try body.optionalText("code") else {
            throw Problem.invalidField("code", "this account has two-step sign-in: a code is wanted")
        }
        let tries = context.confirmations(of: user)
        let left = try await tries.begin(at: context.time.now)
        guard let proof = try await second.proof(in: code, of: user) else { throw SecondStepFailure.wrong(left: left) }
        let freshUntil = try await confirm(for: request) { transaction in
            try await second.redeem(proof, of: user, left: left, in: transaction)
        }
        try await tries.forget()
        return freshUntil
    }

    /// A handshake of `/api/auth/srp/init` with one's own address.
    private func proveWithoutPassword(_ body: BodyMembers, of user: UserID) async throws {
        let tries = context.confirmations(of: user)
        _ = try await tries.begin(at: context.time.now)
        let own = try await PasswordStore(database: context.database).own(user)
        let verdict = try await zeroKnowledge.check(try body.claim(of: own?.email ?? ""))
        guard verdict.user == user else { throw PasswordFailure.wrong }
        try await tries.forget()
    }

    private func confirm(
        for request: APIRequest, first: (Transaction) async throws -> Void = { _ in }
    ) async throws -> Timestamp {
        let (user, session) = try request.caller().person()
        let now = context.time.now
        try await context.database.asCaller(request) { transaction in
            try await first(transaction)
            try await PasswordStore(database: context.database).confirm(session, of: user, at: now, in: transaction)
            transaction.atCommit(try request.audit(.sessionConfirm, of: "session:\(session)", at: now))
        }
        return now + FreshSession.lifetime
    }
}
