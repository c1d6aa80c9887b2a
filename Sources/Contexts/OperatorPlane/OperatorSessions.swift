internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import Identity
package import Kernel
package import Postgres
package import Vault

// What every way in for operators shares, whether it is a password or a provider that vouches for them.

/// A session that is about to begin: what the browser is given, and what the database keeps of it.
package struct NewOperatorSession: Sendable {
    package let id: OperatorSessionID
    package let csrf: Secret<String>
    private let token: BearerToken

    package init(at now: Timestamp) {
        id = OperatorSessionID.new(at: now)
        token = BearerToken.new(.operatorSession)
        csrf = SessionCookies.csrfToken(for: token.text)
    }

    package var hash: [UInt8] { token.hash }
    package var csrfHash: [UInt8] { Digests.sha256(csrf.reveal()) }
    package var cookies: [Cookie] { OperatorCookies.set(token: token.text) }
}

extension OperatorContext {
    /// The step of an authenticator's code that is right now and was not used; `nil` for any other.
    package func step(
        of code: Secret<String>, sealed: Sealed, of person: OperatorID, after last: Int64
    ) async throws -> Int64? {
        let secret = try await identity.vault.open(sealed, for: .instance, at: OperatorSignIn.place(of: person))
        return TimeCode.step(of: OperatorSignIn.digits(code), secret: secret, after: last, at: time.now)
    }

    /// What an account's failures are counted by, whichever way its authenticator is asked.
    package static func counted(_ email: String) -> [UInt8] { OperatorSignIn.counted(email) }

    /// Counts a wrong code.
    /// - Returns: what to throw.
    package func wrongCode(of email: String) async throws -> any Explained {
        let who = OperatorStore.Subject(name: Self.counted(email), address: nil)
        return OperatorSignInFailure.wrong(failures: try await OperatorStore(database: staff).fail(who, at: time.now))
    }

    /// What to throw while codes of an account are not heard.
    package func locked(until end: Timestamp) -> any Explained {
        OperatorSignInFailure.locked(until: end, now: time.now)
    }

    /// What a route that asks for a code may refuse with.
    package static var codeProblems: [Problem] {
        [
            OperatorSignInFailure.wrong(failures: 1).problem,
            OperatorSignInFailure.locked(until: Timestamp(seconds: 900), now: Timestamp(seconds: 0)).problem,
        ]
    }
}

/// What a living session of an operator rests on.
package struct OperatorProof: Sendable {
    package let session: OperatorSessionID
    package let person: OperatorID
    /// When the person last proved who they are; `nil`: the provider does not say.
    package let provedAt: Timestamp?
    /// `nil`: on no provider.
    package let provider: String?
    /// `password+totp`; of a provider `oidc` or `saml`, with `+totp` where the code was asked for here.
    package let method: String
    /// What logging out over there needs.
    package let logout: Sealed?

    /// - Throws: 401 for whoever has no such session.
    package init(of request: APIRequest, at now: Timestamp, _ database: Database) async throws {
        guard let hash = request.presentedOperatorHash,
            let found = try await database.firstGlobally(
                Self.query(hash, now), Self.init)
        else { throw Problem.unauthenticated }
        self = found
    }

    fileprivate static func query(_ hash: [UInt8], _ now: Timestamp) -> SQL {
        """
        SELECT session_id, operator_id, proved_at, provider_id, method, logout FROM operator_session_proof(\(hash), \(now))
        """
    }

    fileprivate init(_ row: inout RowReader) throws {
        (session, person) = (try row.next(), try row.next())
        (provedAt, provider) = (try row.next(), try row.next())
        (method, logout) = (try row.next(), try row.next())
    }
}

extension Transaction {
    /// What opens a door for others wants the person, and not only their cookie.
    /// - Throws: 403 `fresh-session-required` unless they proved who they are within ten minutes.
    @discardableResult
    package func requireFreshOperator(_ request: APIRequest, at now: Timestamp) async throws -> OperatorProof {
        guard
            let proof = try await first(
                OperatorProof.query(request.presentedOperatorHash ?? [], now), OperatorProof.init)
        else { throw Problem.unauthenticated }
        guard let provedAt = proof.provedAt, now - provedAt < FreshSession.lifetime else {
            throw Problem.freshOperatorRequired
        }
        return proof
    }
}

extension Problem {
    package static let freshOperatorRequired = Problem(
        "fresh-session-required", status: 403, title: "Confirm that it is you",
        detail: "This needs a sign-in of the last 10 minutes: sign in again, at a provider with fresh=true.")
}
