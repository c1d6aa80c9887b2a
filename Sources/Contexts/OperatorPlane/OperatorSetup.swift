internal import Access
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import Kernel
internal import Postgres
internal import Vault

/// Setting an account up: who holds its link chooses a password and proves an authenticator, and only then can sign in.
struct OperatorSetup: Sendable {
    /// What an authenticator needs, shown to the holder of the link.
    struct Begun: Sendable {
        let person: OperatorRecord
        let secret: Secret<String>
        let address: Secret<String>
        let picture: Secret<String>
        let expiresAt: Timestamp
    }

    private let context: OperatorContext
    private let store: OperatorStore

    init(_ context: OperatorContext) {
        self.context = context
        store = OperatorStore(database: context.staff)
    }

    /// Makes a secret that works only after its first code. Doing it again makes another; the link stays good.
    func begin(_ text: String) async throws -> Begun {
        let hash = try hash(of: text)
        let now = context.time.now
        guard let setup = try await store.setup(hash, at: now) else { throw Problem.setupLinkInvalid }
        let person = setup.person
        let secret = Secret(Randomness.system.bytes(TimeCode.secretBytes))
        let sealed = try await context.identity.vault.seal(
            secret, for: .instance, at: OperatorSignIn.place(of: person.id))
        guard try await store.begin(hash, sealed, at: now) else { throw Problem.setupLinkInvalid }
        let address = TimeCode.address(secret: secret, account: person.email, issuer: "Pulse operators")
        guard let picture = QRCode.svg(of: address) else { throw Problem.setupLinkInvalid }
        return Begun(
            person: person, secret: Secret(Base32.encode(secret.reveal())), address: address,
            picture: Secret(picture), expiresAt: setup.expiresAt)
    }

    /// Uses the link up. Signing in is another step, with the next code.
    func complete(
        _ text: String, password: Secret<String>, code: Secret<String>, from request: APIRequest
    ) async throws {
        let hash = try hash(of: text)
        let now = context.time.now
        guard let setup = try await store.setup(hash, at: now) else { throw Problem.setupLinkInvalid }
        guard let sealed = setup.secret else { throw Problem.setupNotBegun }
        let person = setup.person
        let newHash = try await context.identity.passwords.accept(password, of: person.email)
        let secret = try await context.identity.vault.open(
            sealed, for: .instance, at: OperatorSignIn.place(of: person.id))
        guard let step = TimeCode.step(of: code.reveal().trimmed, secret: secret, after: 0, at: now) else {
            throw Problem.invalidField("code", "this is not what the authenticator shows for this secret now")
        }
        try await context.staff.asNobody { transaction in
            let done = try await store.complete(
                hash, checked: sealed, step: step, passwordHash: newHash, at: now, in: transaction)
            guard let done else { throw Problem.setupLinkInvalid }
            let entry = OperatorEntry(
                .operatorSetUp, of: "operator:\(done)", by: .operator(done, consent: nil), from: request.origin)
            transaction.atCommit(entry, at: now)
        }
    }

    private func hash(of text: String) throws(Problem) -> [UInt8] {
        guard let token = BearerToken(text.trimmed, kind: .operatorSetup) else { throw .setupLinkInvalid }
        return context.identity.links.hash(token)
    }
}

extension Problem {
    static let setupLinkInvalid = Problem(
        "setup-link-invalid", status: 400, title: "This link does not work",
        detail: "It was used, replaced by a newer one, is older than 24 hours, or is not complete.")
    static let setupNotBegun = Problem(
        "setup-not-begun", status: 409, title: "There is no authenticator to confirm",
        detail: "Begin with POST /api/operator/setup/begin.")
}
