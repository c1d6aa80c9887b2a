internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// A passkey, as its owner sees it.
struct PasskeyEntry: Sendable {
    let id: PasskeyID
    let name: String
    let createdAt: Timestamp
    let lastUsedAt: Timestamp?
    let credentialID: [UInt8]

    init(_ row: inout RowReader) throws {
        id = try row.next()
        name = try row.next()
        createdAt = try row.next()
        lastUsedAt = try row.next()
        credentialID = try row.next()
    }

    static func all(of user: UserID) -> SQL {
        "SELECT id, name, created_at, last_used_at, credential_id FROM passkeys_of(\(user))"
    }
}

/// Adding, removing and signing in with passkeys (WebAuthn). The authenticator always asks for the person, so one
/// passkey is both steps.
struct Passkeys: Sendable {
    /// What the page hands to `navigator.credentials.create`.
    struct Creation: Sendable {
        let challenge: Secret<String>
        let user: UserID
        let email: String
        let known: [[UInt8]]
    }

    let site: SiteAddress
    private let context: IdentityContext

    init(_ context: IdentityContext) {
        self.context = context
        site = SiteAddress(publicURL: context.publicURL)
    }

    func begin(for request: APIRequest) async throws -> Creation {
        let user = try request.caller().person().user
        let token = BearerToken.new(.passkey)
        return try await context.database.asCaller(request) { transaction in
            let now = context.time.now
            try await transaction.requireFreshSession(request, at: now)
            try await open(token, for: user, at: now, in: transaction)
            let answers = try await transaction.batch([PersonStore.query(user), PasskeyEntry.all(of: user)])
            guard let person = try answers[0].first({ try Person(&$0) }) else { throw Problem.unauthenticated }
            return Creation(
                challenge: token.text, user: user, email: person.email,
                known: try answers[1].rows { try PasskeyEntry(&$0) }.map(\.credentialID))
        }
    }

    func add(
        _ name: String, clientData: [UInt8], authenticatorData: [UInt8], for request: APIRequest
    ) async throws -> PasskeyID {
        let user = try request.caller().person().user
        let name = try DisplayName.check(name, field: "name")
        guard let client = PasskeyClientData(clientData, for: .create, at: site),
            let key = PasskeyProof.newKey(authenticatorData: authenticatorData, site: site.host)
        else { throw PasskeyFailure.refused }
        let id = PasskeyID.new(at: context.time.now)
        let email = try await context.database.asCaller(request) { transaction in
            let now = context.time.now
            try await close(client.challenge, of: user, at: now, in: transaction)
            let verdict = try await transaction.first(
                """
                SELECT add_passkey(\(id), \(user), \(key.credentialID), \(key.publicKey), \(Int64(key.uses)), \(name), \(now))
                """
            ) { try $0.next(String.self) }
            guard verdict == "added" else { throw verdict == "full" ? PasskeyFailure.full : .taken }
            transaction.atCommit(try request.audit(.passkeyCreate, of: "passkey:\(id)", at: now))
            return try await transaction.first(PersonStore.query(user)) { try Person(&$0) }?.email
        }
        if let email { context.tell(.passkeyAdded, to: email, of: request) }
        return id
    }

    func remove(_ id: PasskeyID, for request: APIRequest) async throws {
        let user = try request.caller().person().user
        let email = try await context.database.asCaller(request) { transaction in
            let now = context.time.now
            try await transaction.requireFreshSession(request, at: now)
            let isGone = try await transaction.first("SELECT remove_passkey(\(user), \(id))") {
                try $0.next(Bool.self)
            }
            guard isGone == true else { throw Problem.notFound }
            transaction.atCommit(try request.audit(.passkeyDelete, of: "passkey:\(id)", at: now))
            return try await transaction.first(PersonStore.query(user)) { try Person(&$0) }?.email
        }
        if let email { context.tell(.passkeyRemoved, to: email, of: request) }
    }

    /// A challenge for whoever wants to sign in.
    func challenge() async throws -> Secret<String> {
        let token = BearerToken.new(.passkey)
        try await context.database.asNobody { transaction in
            try await open(token, for: nil, at: context.time.now, in: transaction)
        }
        return token.text
    }

    /// Checks a signature and uses its challenge up.
    func redeem(
        credential: [UInt8], clientData: [UInt8], authenticatorData: [UInt8], signature: [UInt8],
        in transaction: Transaction
    ) async throws -> UserID {
        let now = context.time.now
        guard let client = PasskeyClientData(clientData, for: .get, at: site) else { throw PasskeyFailure.refused }
        try await close(client.challenge, of: nil, at: now, in: transaction)
        let known = try await transaction.first(
            "SELECT id, user_id, public_key FROM passkey_by_credential(\(credential))"
        ) { (id: try $0.next(PasskeyID.self), user: try $0.next(UserID.self), key: try $0.next([UInt8].self)) }
        guard let known,
            let uses = PasskeyProof.uses(
                signedBy: known.key, authenticatorData: authenticatorData, clientData: clientData,
                signature: signature, site: site.host),
            try await transaction.first(
                "SELECT use_passkey(\(known.id), \(Int64(uses)), \(now))", { try $0.next(Bool.self) }) == true
        else { throw PasskeyFailure.refused }
        return known.user
    }

    private func open(
        _ token: BearerToken, for user: UserID?, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.execute("SELECT open_passkey_challenge(\(context.links.hash(token)), \(user), \(now))")
    }

    private func close(
        _ token: BearerToken, of user: UserID?, at now: Timestamp, in transaction: Transaction
    ) async throws {
        let isOpen = try await transaction.first(
            "SELECT close_passkey_challenge(\(context.links.hash(token)), \(user), \(now))"
        ) { try $0.next(Bool.self) }
        guard isOpen == true else { throw PasskeyFailure.refused }
    }
}
