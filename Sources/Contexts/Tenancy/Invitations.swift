internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Mail
internal import Postgres

/// Asking people in: nobody becomes a member without saying yes, by the link in their mailbox or signed in with the
/// invited address.
struct Invitations: Sendable {
    private let context: IdentityContext
    private let opening: SessionOpening
    let store: InvitationStore

    init(_ context: IdentityContext) {
        self.context = context
        store = InvitationStore(database: context.database)
        opening = SessionOpening(context)
    }

    var now: Timestamp { context.time.now }

    // MARK: The organisation's side

    /// Mails a link for seven days. Inviting an address again renews its invitation and ends the link before.
    func invite(
        _ email: EmailAddress, as role: Role, action: AuditAction = .invitationCreate, for request: APIRequest
    ) async throws -> Invitation {
        let (actor, _, org) = try request.member()
        guard role != .owner else { throw Problem.ownerRequired.with(detail: "Invite them first, then make them one.") }
        guard role != .custom else { throw Problem.invalidRole }
        let token = BearerToken.new(.invitation)
        return try await context.database.asOrg(org) { transaction in
            let now = context.time.now
            let invitation = try await store.invite(
                email, as: role, by: actor, hash: context.links.hash(token),
                counted: Digests.sha256("invitations:\(org)"), at: now, in: transaction)
            let place = try await transaction.first("SELECT name FROM org_details()") { try $0.next(String.self) }
            transaction.atCommit(
                try request.audit(
                    action, of: "invitation:\(invitation.id)", before: nil, after: ["role": .string(role.rawValue)],
                    at: now))
            let letter = InvitationLetter(
                to: email, organisation: place ?? "", inviter: invitation.invitedByName ?? "", role: role.rawValue,
                token: token.text, publicURL: context.publicURL)
            transaction.afterCommit { [mail = context.mail] in _ = mail.send(letter.mail) }
            return invitation
        }
    }

    func revoke(_ id: InvitationID, for request: APIRequest) async throws {
        let org = try request.member().org
        try await context.database.asOrg(org) { transaction in
            let now = context.time.now
            guard try await store.revoke(id, at: now, in: transaction) else { throw Problem.invitationNotFound }
            transaction.atCommit(try request.audit(.invitationRevoke, of: "invitation:\(id)", at: now))
        }
    }

    // MARK: The invited person's side

    func read(_ text: String) async throws -> InvitationStore.Link {
        guard let token = BearerToken(text.trimmed, kind: .invitation) else { throw Self.unknown }
        let link = try await store.read(context.links.hash(token), at: context.time.now)
        if let problem = link.state.problem { throw problem }
        return link
    }

    /// Somebody new gets an account and a session; somebody known joins and signs in as always, with whatever their
    /// account asks for besides the mailbox.
    func accept(
        link text: String, password: Secret<String>?, displayName: String?, from request: APIRequest
    ) async throws -> (joined: InvitationStore.Acceptance, signedIn: SignedIn?) {
        guard let token = BearerToken(text.trimmed, kind: .invitation) else { throw Self.unknown }
        let link = try await read(text)
        let (name, hash) = try await credentials(for: link, password, displayName)
        return try await context.database.asNobody { transaction in
            let now = context.time.now
            let joined = try await store.accept(
                .link(context.links.hash(token)), newUser: UserID.new(at: now), name: name, passwordHash: hash,
                at: now, in: transaction)
            let user = try Self.joined(joined)
            var signedIn: SignedIn?
            if joined.isNew {
                signedIn = try await opening.open(for: user, org: joined.org, from: request, in: transaction)
            }
            let actor = signedIn.map { Principal.user(user, session: $0.session) } ?? .system(job: "invitation-link")
            let record = AuditRecord(.invitationAccept, of: Self.name(joined), by: actor, from: request.origin)
            transaction.atCommit(record.append(at: now))
            return (joined, signedIn)
        }
    }

    /// - Parameter wanted: an invitation, or the organisation it is of.
    func accept(_ wanted: String, for request: APIRequest) async throws -> Membership {
        let user = try request.caller().person().user
        let org = try await context.database.asNobody { transaction in
            let now = context.time.now
            let joined = try await store.accept(
                .person(user, wanted: wanted), newUser: user, name: "", passwordHash: nil, at: now, in: transaction)
            if joined.state == .unknown { throw Problem.invitationNotFound }
            _ = try Self.joined(joined)
            transaction.atCommit(try request.audit(.invitationAccept, of: Self.name(joined), at: now))
            return joined.org
        }
        let all = try await context.database.rowsGlobally(Membership.query(of: user)) { try Membership(&$0) }
        guard let membership = all.first(where: { $0.id == org }) else { throw Problem.organisationNotFound }
        return membership
    }

    func decline(_ wanted: InvitationID, for request: APIRequest) async throws {
        let user = try request.caller().person().user
        try await context.database.asNobody { transaction in
            let now = context.time.now
            guard let id = try await store.decline(wanted, by: user, at: now, in: transaction) else {
                throw Problem.invitationNotFound
            }
            transaction.atCommit(try request.audit(.invitationDecline, of: "invitation:\(id)", at: now))
        }
    }

    private func credentials(
        for link: InvitationStore.Link, _ password: Secret<String>?, _ displayName: String?
    ) async throws -> (name: String, hash: String?) {
        guard !link.isKnown else { return ("", nil) }
        guard let password else { throw InvitationState.noPassword.problem ?? .notFound }
        let name = try displayName.map { name throws(Problem) in try DisplayName.check(name) }
        let mailboxName = link.email.split(separator: "@").first.map(String.init) ?? ""
        return (name ?? mailboxName, try await context.passwords.accept(password, of: link.email))
    }

    private static var unknown: Problem { InvitationState.unknown.problem ?? .notFound }

    private static func joined(_ answer: InvitationStore.Acceptance) throws(Problem) -> UserID {
        if let problem = answer.state.problem { throw problem }
        guard let user = answer.user else { throw unknown }
        return user
    }

    private static func name(_ joined: InvitationStore.Acceptance) -> String {
        "invitation:\(joined.invitation.map(\.description) ?? "?")"
    }
}
