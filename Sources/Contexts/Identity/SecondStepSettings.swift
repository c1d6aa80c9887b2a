internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres
internal import Vault

/// Switching the second step on and off.
struct SecondStepSettings: Sendable {
    /// What an authenticator needs; shown once.
    struct Enrolment: Sendable {
        let secret: Secret<String>
        let address: Secret<String>
        let picture: Secret<String>
        let expiresAt: Timestamp
    }

    /// How long a new secret waits for its first code.
    private static let patience: Duration = .seconds(900)

    private let context: IdentityContext
    private let store: SecondStepStore

    init(_ context: IdentityContext) {
        self.context = context
        store = SecondStepStore(database: context.database)
    }

    /// Makes a secret that works only after its first code. Doing it again makes another.
    func begin(for request: APIRequest) async throws -> Enrolment {
        let (user, session) = try request.caller().person()
        let secret = Secret(Randomness.system.bytes(TimeCode.secretBytes))
        let sealed = try await context.vault.seal(secret, for: .instance, at: SecondStep.place(of: user))
        let now = context.time.now
        let email = try await context.database.asCaller(request) { transaction in
            try await transaction.requireFreshSession(request, at: now)
            guard try await store.begin(user, sealed, at: now, in: transaction) else {
                throw SecondStepFailure.alreadyOn
            }
            transaction.atCommit(try request.audit(.totpBegin, of: "user:\(user)", at: now))
            return try await transaction.first(PersonStore.query(user)) { try Person(&$0) }?.email ?? "\(session)"
        }
        let address = TimeCode.address(secret: secret, account: email, issuer: "Pulse")
        guard let picture = QRCode.svg(of: address) else { throw SecondStepFailure.notBegun }
        return Enrolment(
            secret: Secret(Base32.encode(secret.reveal())), address: address, picture: Secret(picture),
            expiresAt: now + Self.patience)
    }

    /// - Returns: the recovery codes, for the one time they are shown.
    func confirm(_ code: Secret<String>, for request: APIRequest) async throws -> [Secret<String>] {
        let user = try request.caller().person().user
        let tries = context.confirmations(of: user)
        let left = try await tries.begin(at: context.time.now)
        let now = context.time.now
        guard let row = try await store.secret(of: user), row.enabledAt == nil, now - row.createdAt < Self.patience
        else { throw SecondStepFailure.notBegun }
        let secret = try await context.vault.open(row.sealed, for: .instance, at: SecondStep.place(of: user))
        guard let step = TimeCode.step(of: code.reveal().trimmed, secret: secret, after: row.lastStep, at: now) else {
            throw SecondStepFailure.wrong(left: left)
        }
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.new() }
        let hashes = codes.map { $0.hash(of: user, key: context.links) }
        try await change(.secondFactorOn, .totpEnable, for: request) { transaction in
            guard
                try await store.enable(user, row.sealed, step: step, codes: hashes, at: now, in: transaction)
            else { throw SecondStepFailure.notBegun }
        }
        try await tries.forget()
        return codes.map(\.text)
    }

    func disable(for request: APIRequest) async throws {
        let user = try request.caller().person().user
        try await change(.secondFactorOff, .totpDisable, for: request) { transaction in
            try await transaction.requireFreshSession(request, at: context.time.now)
            guard try await store.disable(user, in: transaction) else { throw SecondStepFailure.notOn }
        }
    }

    /// New recovery codes; the old ones end.
    func renewCodes(for request: APIRequest) async throws -> [Secret<String>] {
        let user = try request.caller().person().user
        let codes = (0..<RecoveryCode.count).map { _ in RecoveryCode.new() }
        let hashes = codes.map { $0.hash(of: user, key: context.links) }
        try await change(.recoveryCodesRenewed, .recoveryCodesCreate, for: request) { transaction in
            try await transaction.requireFreshSession(request, at: context.time.now)
            let isOn = try await transaction.first(SecondStepStore.isOn(user)) { try $0.next(Bool.self) }
            guard isOn == true else { throw SecondStepFailure.notOn }
            try await store.renewCodes(user, hashes, in: transaction)
        }
        return codes.map(\.text)
    }

    /// One change with its audit entry, and the mail that tells of it.
    private func change(
        _ event: SecurityLetter.Event, _ action: AuditAction, for request: APIRequest,
        _ body: (Transaction) async throws -> Void
    ) async throws {
        let user = try request.caller().person().user
        let email = try await context.database.asCaller(request) { transaction in
            try await body(transaction)
            transaction.atCommit(try request.audit(action, of: "user:\(user)", at: context.time.now))
            return try await transaction.first(PersonStore.query(user)) { try Person(&$0) }?.email
        }
        if let email { context.tell(event, to: email, of: request) }
    }
}
