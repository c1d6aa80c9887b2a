internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit

/// Decides who somebody is here that a provider vouched for, and with which roles. In a transaction of the organisation.
struct NewcomerDesk: Sendable {
    struct Known: Sendable {
        let user: UserID
        /// They were nobody here before.
        var isNewMember = false
        /// The subject was not linked before.
        var isNewLink = false
        /// The built-in role after the mapping; `nil`: the provider maps none.
        var role: Role?
    }

    let provider: IdentityProvider
    let org: OrgID
    let now: Timestamp

    /// The member behind the subject, made where the provider may make one, with the roles of their groups.
    /// - Throws: `SSORefusal`.
    func admit(_ person: ProvenPerson, _ transaction: Transaction) async throws -> Known {
        try provider.limits.check(person)
        let subject = person.subjectHash(at: provider)
        var known: Known
        if let user = try await linked(subject, transaction) {
            known = Known(user: user)
        } else {
            known = try await firstTime(person, subject, transaction)
        }
        if let targets = provider.roles(of: person.groups) {
            known.role = try await MappedRoles(role: targets.role ?? .custom, custom: targets.custom).apply(
                to: known.user, in: org, by: "sso:\(provider.id)", at: now, transaction)
        }
        return known
    }

    /// Somebody who is signed in says that this subject is they.
    /// - Throws: `SSORefusal`.
    func link(_ person: ProvenPerson, to user: UserID, _ transaction: Transaction) async throws -> Known {
        try provider.limits.check(person)
        let subject = person.subjectHash(at: provider)
        if let other = try await linked(subject, transaction) {
            guard other == user else { throw SSORefusal.linkedToAnother }
            return Known(user: user)
        }
        try await keep(person, subject, of: user, by: "person", transaction)
        return Known(user: user, isNewLink: true)
    }

    /// Whether `admit` would let them in, with nothing changed.
    func wouldAdmit(_ person: ProvenPerson, _ transaction: Transaction) async throws -> Bool {
        if provider.isOpen { return true }
        let isLinked = try await transaction.first(
            """
            SELECT true FROM sso_links
            WHERE provider_id = \(provider.id) AND subject_hash = \(person.subjectHash(at: provider))
            """
        ) { try $0.next(Bool.self) }
        if isLinked != nil { return true }
        if try await listed(person, transaction) != nil { return true }
        guard let address = person.address, try await isOfVerifiedDomain(person, transaction) else { return false }
        return try await member(of: address, transaction) != nil
    }

    func linked(_ subject: [UInt8], _ transaction: Transaction) async throws -> UserID? {
        try await transaction.first(
            """
            UPDATE sso_links SET last_login_at = \(now) WHERE provider_id = \(provider.id) AND subject_hash = \(subject)
            RETURNING user_id
            """
        ) { try $0.next(UserID.self) }
    }

    // MARK: The first time

    private func firstTime(
        _ person: ProvenPerson, _ subject: [UInt8], _ transaction: Transaction
    ) async throws -> Known {
        if let user = try await listed(person, transaction) {
            try await keep(person, subject, of: user, by: "directory", transaction)
            return Known(user: user, isNewLink: true)
        }
        let isOurs = try await isOfVerifiedDomain(person, transaction)
        let address = person.address
        if isOurs, let address, let member = try await member(of: address, transaction) {
            try await keep(person, subject, of: member, by: "domain", transaction)
            return Known(user: member, isNewLink: true)
        }
        guard provider.isOpen else { throw SSORefusal.notMember }
        let user = try await transaction.first(
            """
            SELECT user_id FROM directory_person(\(String((person.email ?? "").prefix(254))),
                \(isOurs ? address?.key ?? "" : ""), \(shownName(person)), \(localKey(subject)), \(UserID.new(at: now)),
                \(now))
            """
        ) { try $0.next(UserID.self) }
        guard let user else { throw SSORefusal.notMember }
        // Without a mapping the role is given as if by hand: an administrator may change it afterwards.
        let targets = provider.roles(of: person.groups)
        let given = [provider.defaultRole].role ?? .custom
        let outcome = try await transaction.first(
            """
            SELECT directory_member(\(user), \(targets == nil ? given.rawValue : nil),
                \(targets.map { ($0.role ?? .custom).rawValue }), \("sso:\(provider.id)"), \(now))
            """
        ) { try $0.next(String.self) }
        guard outcome != "not-found" else { throw SSORefusal.notMember }
        if targets == nil, outcome == "ok", case .custom(let id) = provider.defaultRole {
            _ = try await MappedRoles(role: nil, custom: [id]).apply(
                to: user, in: org, by: "sso:\(provider.id)", at: now, transaction)
        }
        try await keep(person, subject, of: user, by: "new", transaction)
        return Known(user: user, isNewMember: outcome == "ok", isNewLink: true)
    }

    /// Somebody whom the organisation's directory put here, where its token names this very provider: the two are one house,
    /// so its user names and ids mean the same people. Two that fit are nobody.
    private func listed(_ person: ProvenPerson, _ transaction: Transaction) async throws -> UserID? {
        let address = person.emailVerified == false ? nil : person.email
        let names = [person.username, address].compactMap { $0?.trimmed.lowercased() }
        let found = try await transaction.rows(
            """
            SELECT DISTINCT u.user_id FROM scim_users u JOIN members m ON m.user_id = u.user_id
            WHERE u.is_active AND (u.user_name_key = ANY (\(names)) OR u.external_id = \(person.subject))
              AND EXISTS (SELECT FROM scim_tokens t WHERE t.provider_id = \(provider.id) AND t.revoked_at IS NULL)
            LIMIT 2
            """
        ) { try $0.next(UserID.self) }
        return found.count == 1 ? found[0] : nil
    }

    /// An address that its provider calls unverified is nobody's word.
    private func isOfVerifiedDomain(_ person: ProvenPerson, _ transaction: Transaction) async throws -> Bool {
        guard let address = person.address, person.emailVerified != false else { return false }
        return try await transaction.first(
            "SELECT true FROM sso_domains WHERE domain = mail_domain(\(address.key)) AND state = 'verified'"
        ) { try $0.next(Bool.self) } ?? false
    }

    /// Whose account answers to this address; a copy of it that a directory wrote is nobody's.
    private func member(of address: EmailAddress, _ transaction: Transaction) async throws -> UserID? {
        try await transaction.first("SELECT member_of_address(\(address.key))") { try $0.next(UserID?.self) }
            .flatMap { $0 }
    }

    private func keep(
        _ person: ProvenPerson, _ subject: [UInt8], of user: UserID, by how: String, _ transaction: Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO sso_links (org_id, provider_id, subject_hash, user_id, subject, linked_at, linked_by, last_login_at)
            VALUES (\(org), \(provider.id), \(subject), \(user), \(String(person.subject.prefix(128))), \(now), \(how),
                    \(now))
            ON CONFLICT (org_id, provider_id, subject_hash) DO UPDATE SET last_login_at = excluded.last_login_at
            """)
    }

    private func localKey(_ subject: [UInt8]) -> String { "sso:" + Base64URL.encode(subject) }

    private func shownName(_ person: ProvenPerson) -> String {
        let name = [person.displayName, person.username, person.email].compactMap { $0?.trimmed }.first { !$0.isEmpty }
        let line = (name ?? "").prefix(64)
        return line.contains { !String($0).isPlainLine } ? "" : String(line)
    }
}
