internal import Audit
internal import Cryptography
package import Identity
internal import JSONKit
package import Kernel
package import Mail
package import Postgres

/// The way back into an organisation whose owners are all locked out. From a shell of the host alone: no route leads
/// here, and the functions behind it are executable by pulse_operator only.
package struct Recovery: Sendable {
    /// What is to be done for the person; at least one of them.
    package struct Measures: Sendable {
        /// A link that sets a new password; the password that is there keeps working until then.
        package var link: Bool
        package var makeOwner: Bool
        /// Switches their two-step sign-in off.
        package var resetSecondStep: Bool

        package init(link: Bool, makeOwner: Bool, resetSecondStep: Bool) {
            self.link = link
            self.makeOwner = makeOwner
            self.resetSecondStep = resetSecondStep
        }

        var isEmpty: Bool { !link && !makeOwner && !resetSecondStep }

        /// For the trail: no word of it is a secret.
        var words: [String] {
            (link ? ["password_link"] : []) + (makeOwner ? ["owner"] : [])
                + (resetSecondStep ? ["second_step_off"] : [])
        }
    }

    package struct Done: Sendable {
        package let org: OrgID
        package let user: UserID
        /// To be handed over once.
        package let link: Secret<String>?
        package let linkExpiresAt: Timestamp?
        /// For every owner, the new one included.
        package let letters: [OutgoingMail]
    }

    private struct Target: Sendable {
        let org: OrgID
        let name: String
        let suspension: String?
        let user: UserID?
        let role: String?
        let hasSecondStep: Bool
    }

    private let staff: Database
    private let links: LinkKey
    private let publicURL: String
    private let time: any TimeSource

    package init(staff: Database, links: LinkKey, publicURL: String, time: any TimeSource) {
        self.staff = staff
        self.links = links
        self.publicURL = publicURL
        self.time = time
    }

    /// All of it, its entry in the organisation's trail and one in the operators' log, or nothing.
    /// - Parameters:
    ///   - place: slug or id.
    ///   - reason: why, for both.
    package func recover(
        _ place: String, person: String, _ measures: Measures, reason: String
    ) async throws -> Done {
        guard !measures.isEmpty else { throw RecoveryRefusal.nothingToDo }
        guard let email = EmailAddress(person) else {
            throw Problem.invalidField("person", "“\(person)” is no mail address")
        }
        let note = try OperatorNote.check(reason, field: "reason")
        let (token, now) = (BearerToken.new(.passwordReset), time.now)
        let (target, user, owners) = try await staff.asNobody {
            (transaction) async throws -> (Target, UserID, [String]) in
            let target = try await find(place, email, in: transaction)
            let user = try Self.check(target, email, measures)
            try await carryOut(measures, for: user, token, at: now, in: transaction)
            leaveEntries(target.org, user, measures, note: note, at: now, in: transaction)
            let owners = try await transaction.rows("SELECT email FROM operator_owners(\(target.org))") {
                try $0.next(String.self)
            }
            return (target, user, owners)
        }
        let letters = owners.compactMap { letter(to: $0, of: target, email, measures, now) }
        let address = "\(publicURL)/reset-password?token=\(token.text.reveal())"
        return Done(
            org: target.org, user: user, link: measures.link ? Secret(address) : nil,
            linkExpiresAt: measures.link ? now + .seconds(1800) : nil, letters: letters)
    }

    private func find(
        _ place: String, _ email: EmailAddress, in transaction: Transaction
    ) async throws -> Target {
        let found = try await transaction.first(
            """
            SELECT org_id, name, suspension, user_id, role, has_second_step
            FROM recovery_of(\(place.lowercased()), \(OrgID(place)), \(email.key))
            """
        ) { row in
            Target(
                org: try row.next(), name: try row.next(), suspension: try row.next(), user: try row.next(),
                role: try row.next(), hasSecondStep: try row.next(Bool?.self) ?? false)
        }
        guard let found else { throw RecoveryRefusal.noOrganisation(place) }
        return found
    }

    /// Nothing that is done already is done again: whoever runs this has looked at the wrong thing.
    private static func check(
        _ target: Target, _ email: EmailAddress, _ measures: Measures
    ) throws(RecoveryRefusal) -> UserID {
        guard let user = target.user else { throw .noMember(email.text, in: target.name) }
        if target.suspension == "abuse" { throw .suspended(target.name) }
        if measures.makeOwner, target.role == "owner" { throw .ownerAlready(email.text) }
        if measures.resetSecondStep, !target.hasSecondStep { throw .noSecondStep(email.text) }
        return user
    }

    private func carryOut(
        _ measures: Measures, for user: UserID, _ token: BearerToken, at now: Timestamp, in transaction: Transaction
    ) async throws {
        var statements: [SQL] = []
        if measures.makeOwner { statements.append("SELECT recover_owner(\(user))") }
        if measures.resetSecondStep { statements.append("SELECT disable_totp(\(user))") }
        if measures.link {
            statements.append(
                "SELECT recover_link(\(EmailLinkID.new(at: now)), \(links.hash(token)), \(user), \(now))")
        }
        for answer in try await transaction.batch(statements) {
            guard try answer.first({ try $0.next(Bool.self) }) == true else { throw RecoveryRefusal.changedMeanwhile }
        }
    }

    private func leaveEntries(
        _ org: OrgID, _ user: UserID, _ measures: Measures, note: String, at now: Timestamp,
        in transaction: Transaction
    ) {
        let origin = AuditOrigin(requestID: "-", address: "-", userAgent: "pulse admin recover")
        let actor = Principal.system(job: "recover")
        transaction.atCommit(
            OperatorEntry(
                .organisationRecover, of: "user:\(user)", by: actor, from: origin, about: org, note: note),
            at: now)
        let record = AuditRecord(.organisationRecover, of: "user:\(user)", by: actor, from: origin)
            .changing(
                after: .object(["measures": .array(measures.words.map { .string($0) }), "reason": .string(note)]))
        transaction.leave(record, in: org, at: now)
    }

    private func letter(
        to owner: String, of target: Target, _ person: EmailAddress, _ measures: Measures, _ now: Timestamp
    ) -> OutgoingMail? {
        guard let to = EmailAddress(owner) else { return nil }
        let done = [
            measures.link ? "a link was made that sets a new password" : nil,
            measures.makeOwner ? "they were made an owner" : nil,
            measures.resetSecondStep ? "their two-step sign-in was switched off" : nil,
        ].compactMap { $0 }.joined(separator: ", ")
        return LinkLetter(
            to: to, subject: "Access to \(target.name) was recovered (Pulse)", greeting: "Hello,",
            before: "the people who host this Pulse let \(person.text) back into \(target.name), at \(now): \(done).",
            link: "\(publicURL)/audit", button: "Look at the audit log",
            after: "If nobody of you asked for this, write to them at once."
        ).mail
    }
}

/// Why nothing was done; each a sentence for whoever stands at the shell.
package enum RecoveryRefusal: Explained, Equatable {
    case nothingToDo, changedMeanwhile
    case noOrganisation(String), noMember(String, in: String), suspended(String)
    case ownerAlready(String), noSecondStep(String)

    package var problem: Problem {
        switch self {
        case .nothingToDo:
            Problem(
                "recover-nothing", status: 400, title: "There is nothing to do",
                detail: "say --link, --make-owner or --reset-second-step, or several of them")
        case .changedMeanwhile:
            Problem("recover-conflict", status: 409, title: "Something changed meanwhile; nothing was done, try again")
        case .noOrganisation(let place):
            Problem("organisation-not-found", status: 404, title: "No such organisation", detail: "“\(place)”")
        case .noMember(let person, let name):
            Problem(
                "member-not-found", status: 404, title: "No such member",
                detail: "nobody in \(name) has the address \(person); recovery makes nobody a member")
        case .suspended(let name):
            Problem(
                "organisation-state", status: 409, title: "The organisation is not in a state for this",
                detail: "\(name) is suspended for abuse; lift that first")
        case .ownerAlready(let person):
            Problem("recover-owner", status: 409, title: "They are an owner already", detail: person)
        case .noSecondStep(let person):
            Problem("totp-off", status: 409, title: "Two-step sign-in is off", detail: person)
        }
    }
}
