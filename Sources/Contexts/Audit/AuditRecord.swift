package import JSONKit
package import Kernel
package import Postgres

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

    /// What the program does of itself, on nobody's request.
    package static let program = AuditOrigin(requestID: "-", address: "-", userAgent: "pulse")

    static func line(_ text: String) -> String {
        String(text.prefix(256)).isPlainLine ? String(text.prefix(256)) : "?"
    }
}

/// One line of the trail.
package struct AuditRecord: Sendable {
    package let actor: Principal
    package let action: AuditAction
    /// What was changed: `agent:<id>`, `user:<id>`. Ids and no names, so that people can be forgotten.
    package let object: String
    package let origin: AuditOrigin
    private var change: AuditChange?

    package init(_ action: AuditAction, of object: String, by actor: Principal, from origin: AuditOrigin) {
        self.action = action
        self.object = AuditOrigin.line(object)
        self.actor = actor
        self.origin = origin
    }

    /// The same entry, telling what changed: only members that differ are kept, secrets and people's names masked.
    /// - Parameters:
    ///   - before: `nil` for what is new.
    ///   - after: `nil` for what is gone.
    package func changing(before: JSONValue? = nil, after: JSONValue? = nil) -> AuditRecord {
        var copy = self
        copy.change = AuditChange(before: before, after: after)
        return copy
    }

    /// The statement to send last in the change's transaction. It writes into the organisation the transaction is in,
    /// and writes nothing in a transaction that is in none (a sign-in of someone without an organisation).
    ///
    /// The database numbers and chains it under a lock that lasts until COMMIT; whatever follows it makes others wait.
    package func append(at now: Timestamp) -> SQL {
        """
        INSERT INTO audit_entries (org_id, id, at, actor, through, action, object, before, after, address, request_id,
                                   user_agent)
        SELECT place.org_id::uuid, \(AuditEntryID.new(at: now)), \(now), \(actor.label), \(actor.through),
               \(action.rawValue), \(object), \(change?.before), \(change?.after), \(origin.address),
               \(origin.requestID), \(origin.userAgent)
        FROM (VALUES (nullif(current_setting('pulse.org_id', true), ''))) AS place (org_id)
        WHERE place.org_id IS NOT NULL
        """
    }
}
