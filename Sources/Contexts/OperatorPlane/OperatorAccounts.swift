internal import Audit
internal import Cryptography
internal import HTTPKit
package import Identity
internal import JSONKit
package import Kernel
package import Postgres

/// Operators' accounts: made in a shell, shut and reset there or by an operator_admin. An account's password and
/// authenticator come from its own person, by a link that works once within 24 hours.
package struct OperatorAccounts: Sendable {
    private let store: OperatorStore
    private let links: LinkKey
    private let url: String
    private let time: any TimeSource

    /// A way to set an account up, to be handed over once.
    package struct Link: Sendable {
        package let id: OperatorID
        package let address: Secret<String>
        package let expiresAt: Timestamp
    }

    /// - Parameters:
    ///   - staff: as pulse_operator.
    ///   - url: where operators reach their pages, without a slash at the end.
    package init(staff: Database, links: LinkKey, url: String, time: any TimeSource) {
        store = OperatorStore(database: staff)
        self.links = links
        self.url = url
        self.time = time
    }

    /// In a shell.
    /// - Throws: 409 `operator-exists`, 400 `invalid-field`.
    package func create(_ address: String, name: String, role: OperatorRole) async throws -> Link {
        guard let email = EmailAddress(address) else {
            throw Problem.invalidField("email", "“\(address)” is no mail address")
        }
        let now = time.now
        let person = OperatorRecord(
            id: OperatorID.new(at: now), email: email.text, displayName: try DisplayName.check(name, field: "name"),
            role: role)
        let token = BearerToken.new(.operatorSetup)
        try await store.database.asNobody { transaction in
            let hash = links.hash(token)
            guard try await store.create(person, key: email.key, setup: hash, at: now, in: transaction) else {
                throw Problem.operatorExists
            }
            transaction.atCommit(Self.shellEntry(.operatorCreate, person.id), at: now)
        }
        return link(person.id, token, now)
    }

    /// In a shell: whose account this address has.
    package func id(of address: String) async throws -> OperatorID {
        let key = EmailAddress(address)?.key
        guard let person = try await store.all().first(where: { EmailAddress($0.email)?.key == key }) else {
            throw Problem.operatorNotFound
        }
        return person.id
    }

    /// In a shell.
    package func reset(_ id: OperatorID) async throws -> Link {
        try await reset(id, Self.shellEntry(.operatorReset, id))
    }

    /// In a shell.
    package func disable(_ id: OperatorID, _ isDisabled: Bool) async throws {
        try await disable(id, isDisabled, Self.shellEntry(isDisabled ? .operatorDisable : .operatorEnable, id))
    }

    /// In a shell: the way back where no provider answers, and the way to leave passwords behind.
    package func setPasswordLogin(_ isOn: Bool) async throws {
        try await store.database.asNobody { transaction in
            try await OperatorSignInRules.setPasswordLogin(isOn, in: transaction)
            let entry = OperatorEntry(
                .signInUpdate, of: "operator_sign_in:password", by: Self.shell, from: Self.origin,
                note: isOn ? "on" : "off")
            transaction.atCommit(entry, at: time.now)
        }
    }

    /// JSON, one object a line, as they are listed over HTTP.
    package func list() async throws -> [String] {
        try await store.all().map { String(decoding: $0.json, as: UTF8.self) }
    }

    func reset(_ id: OperatorID, _ entry: OperatorEntry) async throws -> Link {
        let (token, now) = (BearerToken.new(.operatorSetup), time.now)
        try await store.database.asNobody { transaction in
            guard try await store.reset(id, setup: links.hash(token), at: now, in: transaction) else {
                throw Problem.operatorNotFound
            }
            transaction.atCommit(entry, at: now)
        }
        return link(id, token, now)
    }

    func disable(_ id: OperatorID, _ isDisabled: Bool, _ entry: OperatorEntry) async throws {
        try await store.database.asNobody { transaction in
            guard try await store.disable(id, isDisabled, at: time.now, in: transaction) else {
                throw Problem.operatorNotFound
            }
            transaction.atCommit(entry, at: time.now)
        }
    }

    private static func shellEntry(_ action: OperatorAction, _ id: OperatorID) -> OperatorEntry {
        OperatorEntry(action, of: "operator:\(id)", by: shell, from: origin)
    }

    private static let shell = Principal.system(job: "pulse-admin")
    private static let origin = AuditOrigin(requestID: "-", address: "-", userAgent: "pulse admin")

    /// The token stands behind the hash: no server and no log on the way sees it.
    private func link(_ id: OperatorID, _ token: BearerToken, _ now: Timestamp) -> Link {
        Link(
            id: id, address: Secret("\(url)/setup#token=\(token.text.reveal())"), expiresAt: now + .seconds(86_400))
    }
}

extension Problem {
    static let operatorExists = Problem(
        "operator-exists", status: 409, title: "This address has an operator's account already", field: "email")
}
