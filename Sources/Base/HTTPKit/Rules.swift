package import Kernel

/// Who may call an endpoint.
package enum AccessRule: Sendable, Hashable {
    /// Anyone; the reason says why that is safe.
    case `public`(reason: String)
    /// Any signed-in person, whatever their organisation.
    case session
    /// A member whose role grants this, in the organisation of the request.
    case permission(Permission)
    /// An enrolled agent (or one enrolling) by its token.
    case agent
    /// An organisation's directory, by a token that is good for nothing else.
    case directory
    /// Staff of the company that hosts Pulse, of at least this standing. On their own listener alone.
    case `operator`(OperatorRole)
    /// Staff inside an organisation that has let them in for a while; they read there what this permission shows.
    case support(Permission)

    package var isPublic: Bool { if case .public = self { true } else { false } }

    /// On the operators' listener, behind the operators' own credential.
    package var isForStaff: Bool {
        switch self {
        case .operator, .support: true
        case .public, .session, .permission, .agent, .directory: false
        }
    }
}

/// What an organisation is in when it is called. Most endpoints are open to active ones alone; one that is open to more
/// says so (`Endpoint.openTo`).
package enum OrgCondition: String, Sendable, CaseIterable {
    case active, provisioning
    /// Its owner may still sign in, pay, export and delete.
    case suspendedForBilling = "suspended:billing"
    case suspendedForAbuse = "suspended:abuse"
    /// Can still be restored and exported.
    case pendingDeletion = "pending_deletion"
}

/// What the audit trail says of a call. An unsafe method that leaves no entry must say why.
package enum AuditRule: Sendable, Hashable {
    /// One entry with this action (`noun.verb`) in the transaction of the change.
    case entry(action: String)
    /// Measurements: too many to audit one by one, kept in the ingest log.
    case telemetry
    case none(reason: String)
}

/// What happens when the same call arrives twice.
package enum IdempotencyRule: Sendable, Hashable {
    /// Twice is two.
    case none
    /// Twice is once by the nature of the operation (setting a value, deleting by id).
    case natural
    /// The header `Idempotency-Key` makes it once: the first answer is kept for 24 h and told again.
    case key
}

/// Which budget a call draws on. The numbers are per process and per caller; `RateLimiter` keeps the accounts.
package enum RateClass: String, Sendable, CaseIterable {
    /// Sign-in and what else checks a password: slow for someone who guesses.
    case auth
    case signup
    case magicLink
    /// To an identity provider and back: no password is checked, and an office comes in by one address in the morning.
    case sso
    case general
    case agentReport
    case directory
    case download
    case socket
}

/// A member of the query string, for the OpenAPI document and for the isolation prover.
package struct QueryParameter: Sendable {
    package let name: String
    package let schema: Schema
    package let isRequired: Bool
    package let summary: String

    package init(_ name: String, _ schema: Schema, required: Bool = false, summary: String) {
        self.name = name
        self.schema = schema
        self.isRequired = required
        self.summary = summary
    }
}
