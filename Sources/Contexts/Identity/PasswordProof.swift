internal import Cryptography
package import HTTPKit
package import Kernel
package import Postgres

/// A password on the way in through a door that asks for more than it: it costs one Argon2id whatever happens, and failures
/// are counted and locked as those of every sign-in by password.
package struct PasswordProof: Sendable {
    /// Somebody who typed a name and a password.
    package struct Candidate: Sendable {
        /// `nil`: nobody, or the password is not theirs. To be looked for all the same, so that it takes as long.
        package let user: UserID?
        fileprivate let who: LoginSubject
        fileprivate let byDevice: Bool
        fileprivate let renewedHash: String?
    }

    private let context: IdentityContext
    private let store: LoginStore

    package init(_ context: IdentityContext) {
        self.context = context
        store = LoginStore(database: context.database)
    }

    /// - Throws: 403 `account-locked`, after the same work.
    package func check(
        _ username: String, _ password: Secret<String>, from request: APIRequest
    ) async throws -> Candidate {
        let who = LoginSubject(typed: username, from: request, countsAddresses: context.countsAddresses)
        let found = try await store.begin(EmailAddress(username)?.key ?? "", who, at: context.time.now)
        let verdict = try await context.passwords.check(password, against: found.passwordHash)
        if let lock = found.lockedUntil { throw SignInError.locked(until: lock, now: context.time.now) }
        return Candidate(
            user: verdict == .wrong ? nil : found.user, who: who, byDevice: found.countsByDevice,
            renewedHash: verdict == .rightButOutdated ? try await context.passwords.hash(password) : nil)
    }

    /// Counts a failure, whichever part of what was asked did not fit.
    /// - Returns: 401 `invalid-credentials`, to be thrown.
    package func refuse(_ candidate: Candidate) async throws -> SignInError {
        let failure = try await store.fail(candidate.who, byDevice: candidate.byDevice, at: context.time.now)
        return .wrong(failures: failure.count)
    }

    /// Everything fitted.
    /// - Throws: 403 `account-locked` when a lock fell meanwhile; the transaction undoes what it did.
    package func pass(_ candidate: Candidate, as user: UserID, in transaction: Transaction) async throws {
        let now = context.time.now
        let passed = try await store.pass(
            user, candidate.who, byDevice: candidate.byDevice, renewedHash: candidate.renewedHash, at: now,
            in: transaction)
        guard passed else { throw SignInError.locked(until: now + .seconds(900), now: now) }
    }
}
