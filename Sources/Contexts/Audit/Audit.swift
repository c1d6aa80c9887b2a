// Audit: who did what to what, in which organisation, from where and in which request.
// Owns: the closed list of actions and the entry that travels as the last statement of a change's own transaction.
// Leaves to others: deciding what happened (each feature names its action), and who the actor is (Access).
// An entry holds ids and no names, so people can be forgotten without touching the trail.
// Tempting wrong step: writing the entry after the commit. Then a crash between the two loses it; keep it inside.
package import Kernel
package import Postgres

/// Everything that leaves an entry, `noun.verb`. A promise to those who read exports: never renamed, never reused.
package enum AuditAction: String, Sendable, CaseIterable {
    case organisationCreate = "organisation.create"
    case organisationSwitch = "organisation.switch"
    case sessionCreate = "session.create"
    case sessionEnd = "session.end"
    case sessionRevoke = "session.revoke"
    case userUpdate = "user.update"
    case sessionConfirm = "session.confirm"
    case passwordChange = "password.change"
    case passwordReset = "password.reset"
    case deviceForget = "device.forget"
    case enrollmentTokenCreate = "enrollment_token.create"
    case enrollmentTokenRevoke = "enrollment_token.revoke"
    case agentEnroll = "agent.enroll"
    case agentRevoke = "agent.revoke"
}

/// Where a change came from.
package struct AuditOrigin: Sendable {
    package let requestID: String
    package let address: String
    package let userAgent: String

    /// Long or odd values are cut to one plain line of 256 characters: they come from strangers.
    package init(requestID: String, address: String, userAgent: String) {
        self.requestID = Self.line(requestID)
        self.address = Self.line(address)
        self.userAgent = Self.line(userAgent)
    }

    private static func line(_ text: String) -> String {
        String(text.prefix(256)).isPlainLine ? String(text.prefix(256)) : "?"
    }
}

/// One line of the trail.
package struct AuditRecord: Sendable {
    package let actor: Principal
    package let action: AuditAction
    /// What was changed: `agent:<id>`, `user:<id>`.
    package let object: String
    package let origin: AuditOrigin

    package init(_ action: AuditAction, of object: String, by actor: Principal, from origin: AuditOrigin) {
        self.action = action
        self.object = object
        self.actor = actor
        self.origin = origin
    }

    /// The statement to send last in the change's transaction. It writes into the organisation the transaction is in,
    /// and writes nothing in a transaction that is in none (a sign-in of someone without an organisation).
    package func append(at now: Timestamp) -> SQL {
        """
        INSERT INTO audit_entries (org_id, id, at, actor, action, object, address, request_id, user_agent)
        SELECT place.org_id::uuid, \(AuditEntryID.new(at: now)), \(now), \(actor.label), \(action.rawValue), \(object),
               \(origin.address), \(origin.requestID), \(origin.userAgent)
        FROM (VALUES (nullif(current_setting('pulse.org_id', true), ''))) AS place (org_id)
        WHERE place.org_id IS NOT NULL
        """
    }
}
