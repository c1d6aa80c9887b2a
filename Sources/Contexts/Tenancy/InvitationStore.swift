internal import Kernel
internal import Postgres

/// The rows of invitations, and the functions that know their rules; see their migration.
struct InvitationStore: Sendable {
    enum Outcome: String, Sendable {
        case ok, forbidden
        case alreadyMember = "already-member"
        case tooMany = "too-many"
    }

    /// What a mailed link is good for.
    struct Link: Sendable {
        let state: InvitationState
        let organisationName: String
        let email: String
        let role: String
        let inviter: String?
        let expiresAt: Timestamp?
        let isKnown: Bool
    }

    struct Acceptance: Sendable {
        let state: InvitationState
        let org: OrgID?
        let invitation: InvitationID?
        let user: UserID?
        let role: String?
        let isNew: Bool
    }

    /// How an invitation is found: by its mailed link, or by someone signed in with the invited address.
    enum Key: Sendable {
        case link([UInt8])
        case person(UserID, wanted: String)
    }

    let database: Database

    func invitations(
        in org: OrgID, after: InvitationID?, limit: Int, at now: Timestamp
    ) async throws -> ListPage<Invitation> {
        let rows = try await database.rows(
            in: org,
            """
            \(Invitation.query(at: now)) AND (\(after)::uuid IS NULL OR i.id < \(after))
            ORDER BY i.id DESC LIMIT \(limit + 1)
            """
        ) { try Invitation(&$0) }
        return ListPage(rows, limit: limit) { "\($0.id)" }
    }

    func invite(
        _ email: EmailAddress, as role: Role, by actor: UserID, hash: [UInt8], counted: [UInt8], at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Invitation {
        let answer = try await transaction.first(
            """
            SELECT outcome, invitation FROM invite(\(actor), \(InvitationID.new(at: now)), \(hash), \(email.text),
                                                   \(email.key), \(role.rawValue), \(counted), \(now))
            """
        ) { (outcome: Outcome(rawValue: try $0.next()), id: try $0.next(InvitationID?.self)) }
        switch answer?.outcome {
        case .ok: break
        case .alreadyMember: throw Problem.alreadyMember
        case .tooMany: throw Problem.tooManyInvitations
        case .forbidden, nil: throw Problem.forbidden
        }
        let invitation = try await transaction.first("\(Invitation.query(at: now)) AND i.id = \(answer?.id)") {
            try Invitation(&$0)
        }
        guard let invitation else { throw Problem.invitationNotFound }
        return invitation
    }

    /// - Returns: false when there is no such open invitation.
    func revoke(_ id: InvitationID, at now: Timestamp, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT revoke_invitation(\(id), \(now))") { try $0.next(String?.self) }
            .flatMap { $0 } != nil
    }

    func received(by user: UserID, at now: Timestamp) async throws -> [ReceivedInvitation] {
        try await database.rowsGlobally(
            """
            SELECT id, org_id, org_name, slug, role, inviter, created_at, expires_at
            FROM invitations_for(\(user), \(now))
            """
        ) { try ReceivedInvitation(&$0) }
    }

    func read(_ hash: [UInt8], at now: Timestamp) async throws -> Link {
        let row = try await database.firstGlobally(
            """
            SELECT state, org_name, email, role, inviter, expires_at, is_known FROM read_invitation(\(hash), \(now))
            """
        ) { row in
            Link(
                state: InvitationState(rawValue: try row.next()) ?? .unknown,
                organisationName: try row.next(String?.self) ?? "", email: try row.next(String?.self) ?? "",
                role: try row.next(String?.self) ?? "", inviter: try row.next(), expiresAt: try row.next(),
                isKnown: try row.next())
        }
        return row
            ?? Link(
                state: .unknown, organisationName: "", email: "", role: "", inviter: nil, expiresAt: nil, isKnown: false
            )
    }

    /// Joins; with state `open` it is done, and the transaction stands in the organisation.
    func accept(
        _ key: Key, newUser: UserID, name: String, passwordHash: String?, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Acceptance {
        let (hash, person, wanted): ([UInt8]?, UserID?, InvitationID?) =
            switch key {
            case .link(let hash): (hash, nil, nil)
            case .person(let user, let wanted): (nil, user, InvitationID(wanted))
            }
        let row = try await transaction.first(
            """
            SELECT state, org_id, invitation, user_id, role, is_new
            FROM accept_invitation(\(hash), \(person), \(wanted), \(newUser), \(name), \(passwordHash), \(now))
            """
        ) { row in
            Acceptance(
                state: InvitationState(rawValue: try row.next()) ?? .unknown, org: try row.next(),
                invitation: try row.next(), user: try row.next(), role: try row.next(),
                isNew: try row.next(Bool?.self) ?? false)
        }
        return row
            ?? Acceptance(state: .unknown, org: nil, invitation: nil, user: nil, role: nil, isNew: false)
    }

    /// - Returns: `nil` when there is none.
    func decline(
        _ wanted: InvitationID, by user: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws -> InvitationID? {
        try await transaction.first("SELECT decline_invitation(\(user), \(wanted), \(now))") {
            try $0.next(InvitationID?.self)
        }.flatMap { $0 }
    }
}
