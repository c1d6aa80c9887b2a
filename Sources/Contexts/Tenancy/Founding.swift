internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
package import Identity
package import Kernel
internal import Postgres

/// Founds an organisation from the operator's shell, by the same statements as a sign-up, without the mail.
package struct Founding: Sendable {
    /// What `found` has found or founded.
    package struct Place: Sendable {
        package let user: UserID
        package let org: OrgID
        package let isNew: Bool
    }

    private let context: IdentityContext
    private let store: SignUpStore

    package init(_ context: IdentityContext) {
        self.context = context
        store = SignUpStore(database: context.database)
    }

    /// Doing it twice is fine: the first organisation of that name which the person belongs to stays.
    /// - Throws: when the password does not fit, or is not the one of an account that exists.
    package func found(
        _ name: String, for email: EmailAddress, password: Secret<String>, from request: APIRequest
    ) async throws -> Place {
        if let user = try await person(email) {
            let organisations = try await context.database.rowsGlobally(Membership.query(of: user)) {
                try Membership(&$0)
            }
            if let known = organisations.first(where: { $0.displayName == name && $0.isOpen }) {
                return Place(user: user, org: known.id, isNew: false)
            }
        }
        try PasswordRule.check(password, email: email.text)
        let passwordHash = try await context.passwords.hash(password)
        let (now, token, org) = (context.time.now, BearerToken.new(.signup), OrgID.new(at: context.time.now))
        let linkHash = context.links.hash(token)
        // A subject of its own, so that an operator at work does not use up the mailbox's three links an hour.
        let subject = Digests.sha256("founding:" + token.text.reveal())
        _ = try await store.request(
            linkHash, email: email, organisation: name, subject: subject, address: nil, at: now)
        return try await context.database.asNobody { transaction in
            let done = try await store.complete(
                linkHash, user: UserID.new(at: now), displayName: String(email.text.prefix { $0 != "@" }),
                passwordHash: passwordHash, org: org, slug: Slug(from: name), at: now, in: transaction)
            guard done.state == .open, let user = done.user else { throw SignUpError.link(done.state) }
            let record = AuditRecord(
                .organisationCreate, of: "organisation:\(org)", by: .system(job: "admin"), from: request.origin)
            transaction.atCommit(record.append(at: now))
            return Place(user: user, org: org, isNew: true)
        }
    }

    private func person(_ email: EmailAddress) async throws -> UserID? {
        try await context.database.firstGlobally(
            "SELECT user_id FROM begin_login(\(email.key), NULL, NULL, \(context.time.now))"
        ) {
            try $0.next(UserID?.self)
        }.flatMap { $0 }
    }
}
