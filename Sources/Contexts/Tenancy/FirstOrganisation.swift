internal import Access
internal import Audit
package import Cryptography
internal import Identity
package import Kernel
package import Postgres

/// An organisation with its owner from the operator's shell, without a mailbox: for a new installation and for demos.
///
/// Goes the way of a sign-up whose link is opened at once, so it needs no right that a sign-up does not need.
package struct FirstOrganisation: Sendable {
    private let database: Database
    private let passwords: PasswordHasher
    private let time: any TimeSource

    package init(database: Database, passwords: PasswordHasher, time: any TimeSource) {
        self.database = database
        self.passwords = passwords
        self.time = time
    }

    /// Doing it again finds what is there: the person by address, the organisation by name among those they own.
    /// - Throws: a problem when the name or password does not fit, or when the account has another password.
    package func ensure(
        _ name: String, owner email: EmailAddress, password: Secret<String>
    ) async throws -> (org: OrgID, user: UserID) {
        let name = try OrganisationName.check(name, field: "organization")
        guard let known = try await person(email, password) else { return try await found(name, email, password) }
        let all = try await database.rowsGlobally(Membership.query(of: known)) { try Membership(&$0) }
        if let present = all.first(where: { $0.displayName == name && $0.role == .owner }) {
            return (present.id, known)
        }
        return (try await another(name, for: known), known)
    }

    /// - Returns: `nil` when the address is new.
    private func person(_ email: EmailAddress, _ password: Secret<String>) async throws -> UserID? {
        let nobody = Digests.sha256("nobody")
        let found = try await database.firstGlobally(
            "SELECT user_id, password_hash FROM begin_login(\(email.key), \(nobody), \([UInt8]?.none), \(time.now))"
        ) { (user: try $0.next(UserID?.self), hash: try $0.next(String?.self)) }
        guard let found, let user = found.user else { return nil }
        guard try await passwords.check(password, against: found.hash) != .wrong else {
            throw Problem.invalidField("password", "the account \(email) exists and has another one")
        }
        return user
    }

    private func found(
        _ name: String, _ email: EmailAddress, _ password: Secret<String>
    ) async throws -> (org: OrgID, user: UserID) {
        let hash = try await passwords.accept(password, of: email.text)
        let link = Randomness.system.bytes(32)
        let store = SignUpStore(database: database)
        // The count is for this link alone: an operator is not a stranger who signs up by the dozen.
        _ = try await store.request(
            link, email: email, organisation: name, subject: Digests.sha256(link), address: nil, at: time.now)
        return try await database.asNobody { transaction in
            let now = time.now
            let org = OrgID.new(at: now)
            let done = try await store.complete(
                link, user: UserID.new(at: now), displayName: String(email.text.prefix { $0 != "@" }),
                passwordHash: hash, org: org, slug: Slug(from: name), at: now, in: transaction)
            guard done.state == .open, let user = done.user else { throw SignUpError.link(done.state) }
            transaction.atCommit(Self.entry(org, at: now))
            return (org, user)
        }
    }

    private func another(_ name: String, for user: UserID) async throws -> OrgID {
        let now = time.now
        let org = OrgID.new(at: now)
        try await database.asNobody { transaction in
            let slug = try await transaction.first(
                "SELECT create_org(\(org), \(name), \(Slug(from: name).text), \(user), \(now))"
            ) { try $0.next(String?.self) }
            guard let slug, slug != nil else { throw Problem.organisationLimit }
            transaction.atCommit(Self.entry(org, at: now))
        }
        return org
    }

    private static func entry(_ org: OrgID, at now: Timestamp) -> SQL {
        AuditRecord(
            .organisationCreate, of: "organisation:\(org)", by: .system(job: "bootstrap"),
            from: AuditOrigin(requestID: "-", address: "-", userAgent: "pulse admin")
        ).append(at: now)
    }
}
