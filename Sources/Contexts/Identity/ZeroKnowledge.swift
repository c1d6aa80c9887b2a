internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// Signing in without sending the password: SRP-6a (RFC 5054) with the group of 2048 bits and SHA-256.
///
/// Whoever asks gets a handshake of the same shape for the same work. For a stranger the salts and the verifier are
/// keyed digests of the address, so asking twice tells nothing; the server's secret number is one of the handshake's id,
/// so nothing secret waits in the database.
struct ZeroKnowledge: Sendable {
    /// PBKDF2-SHA256 in the browser (OWASP's figure is 600,000).
    static let iterations = 650_000
    static let saltBytes = 16

    struct Handshake: Sendable {
        let id: SRPHandshakeID
        let salt: [UInt8]
        let kdfSalt: [UInt8]
        let serverPublic: [UInt8]
    }

    /// What a client claims to prove.
    struct Claim: Sendable {
        let email: String
        let handshake: String
        let clientPublic: [UInt8]
        let proof: [UInt8]
    }

    /// What came of a claim. `user` is `nil` when it is wrong.
    struct Verdict: Sendable {
        let user: UserID?
        let serverProof: [UInt8]
    }

    private let context: IdentityContext
    private let store: ZeroKnowledgeStore
    private let srp = SRP()

    init(_ context: IdentityContext) {
        self.context = context
        store = ZeroKnowledgeStore(database: context.database)
    }

    func begin(_ email: EmailAddress) async throws -> Handshake {
        let id = SRPHandshakeID.new(at: context.time.now)
        let kept = try await store.begin(id, email.key, name: Self.name(email.key), at: context.time.now)
        let made = decoy(email.key)
        let verifier = kept.verifier ?? made.verifier
        let secret = secret(of: id)
        let serverPublic = try await context.passwords.compute { [srp] in
            srp.serverPublic(verifier: verifier, secret: secret)
        }
        return Handshake(
            id: id, salt: kept.salt ?? made.salt, kdfSalt: kept.kdfSalt ?? made.kdfSalt, serverPublic: serverPublic)
    }

    /// Uses the handshake up and checks the claim; the same work for strangers, who are always wrong.
    /// - Throws: 400 `srp-handshake-expired`.
    func check(_ claim: Claim) async throws -> Verdict {
        let key = EmailAddress(claim.email)?.key ?? ""
        guard let id = SRPHandshakeID(claim.handshake.trimmed),
            let kept = try await store.take(id, key, name: Self.name(key), at: context.time.now)
        else { throw ZeroKnowledgeFailure.expired }
        let made = decoy(key)
        let (verifier, salt) = (kept.verifier ?? made.verifier, kept.salt ?? made.salt)
        let secret = secret(of: id)
        let serverProof = try await context.passwords.compute { [srp] () -> [UInt8]? in
            let serverPublic = srp.serverPublic(verifier: verifier, secret: secret)
            let shared = srp.serverSecret(
                clientPublic: claim.clientPublic, serverPublic: serverPublic, verifier: verifier, secret: secret)
            guard let shared else { return nil }
            let wanted = srp.clientProof(
                identity: key, salt: salt, clientPublic: claim.clientPublic, serverPublic: serverPublic, secret: shared)
            guard Digests.constantTimeEqual(wanted, claim.proof) else { return nil }
            return srp.serverProof(clientPublic: claim.clientPublic, clientProof: claim.proof, secret: shared)
        }
        return Verdict(user: serverProof == nil ? nil : kept.user, serverProof: serverProof ?? [])
    }

    /// Keeps a verifier in the place of the password. Wants a fresh session and an organisation that has it on.
    func register(salt: [UInt8], kdfSalt: [UInt8], verifier: [UInt8], for request: APIRequest) async throws {
        let (user, session) = try request.caller().person()
        // All of one length: another would tell people with a verifier from strangers.
        for (field, bytes) in [("salt", salt), ("kdfSalt", kdfSalt)] where bytes.count != Self.saltBytes {
            throw Problem.invalidField(field, "\(Self.saltBytes) bytes in hexadecimal are wanted")
        }
        guard srp.isVerifier(verifier) else {
            throw Problem.invalidField("verifier", "a number of the group is wanted, in hexadecimal")
        }
        let email = try await context.database.asCaller(request) { transaction in
            let now = context.time.now
            try await transaction.requireFreshSession(request, at: now)
            let isOffered = try await transaction.first(ZeroKnowledgeStore.state(of: user)) { try $0.next(Bool.self) }
            guard isOffered == true else { throw ZeroKnowledgeFailure.off }
            try await store.register(
                user, keeping: session, salt: salt, kdfSalt: kdfSalt, verifier: verifier, at: now, in: transaction)
            try await DeviceStore.forgetOthers(of: user, than: request, in: transaction)
            transaction.atCommit(try request.audit(.zeroKnowledgeRegister, of: "user:\(user)", at: now))
            return try await transaction.first(PersonStore.query(user)) { try Person(&$0) }?.email
        }
        if let email { context.tell(.zeroKnowledgeOn, to: email, of: request) }
    }

    /// 256 bits that this installation alone can derive from the handshake.
    private func secret(of handshake: SRPHandshakeID) -> Secret<[UInt8]> {
        Secret(context.links.digest(handshake.bytes, purpose: "srp-server-secret-v1"))
    }

    private static func name(_ key: String) -> [UInt8] { Digests.sha256("srp-name:" + key) }

    /// What a person without a verifier is told: the same each time they ask.
    private func decoy(_ key: String) -> (salt: [UInt8], kdfSalt: [UInt8], verifier: Secret<[UInt8]>) {
        let seed = context.links.digest(Array(key.utf8), purpose: "srp-decoy-v1")
        let salts = Digests.derivedKey(from: Secret(seed), purpose: "salts", bytes: 2 * Self.saltBytes).reveal()
        return (
            Array(salts.prefix(Self.saltBytes)), Array(salts.suffix(Self.saltBytes)),
            Digests.derivedKey(from: Secret(seed), purpose: "verifier", bytes: 256)
        )
    }
}

enum ZeroKnowledgeFailure: Explained {
    case expired, off

    var problem: Problem {
        switch self {
        case .expired:
            Problem(
                "srp-handshake-expired", status: 400, title: "Begin again",
                detail: "A handshake works once, within a minute, and for the address it was begun with.")
        case .off:
            Problem(
                "zero-knowledge-off", status: 409, title: "None of your organisations has switched this on",
                detail: "Whoever manages its security can, with PUT /api/security/sign-in-policy.")
        }
    }
}
