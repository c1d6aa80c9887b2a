internal import Access
package import Audit
package import HTTPKit
package import Kernel
package import Postgres

/// Everything that leaves an entry in the operators' own log, `noun.verb`. Never renamed, never reused.
package enum OperatorAction: String, Sendable, CaseIterable {
    case operatorCreate = "operator.create"
    case operatorSetUp = "operator.set_up"
    case operatorReset = "operator.reset"
    case operatorDisable = "operator.disable"
    case operatorEnable = "operator.enable"
    case operatorList = "operator.list"
    case sessionCreate = "operator_session.create"
    case sessionEnd = "operator_session.end"
    case providerCreate = "operator_provider.create"
    case providerUpdate = "operator_provider.update"
    case providerDelete = "operator_provider.delete"
    case linkCreate = "operator_link.create"
    case linkDelete = "operator_link.delete"
    case providerRefuse = "operator_provider.refuse"
    case signInUpdate = "operator_sign_in.update"
    case organisationSearch = "organisation.search"
    case organisationRead = "organisation.read"
    case organisationSuspend = "organisation.suspend"
    case organisationUnsuspend = "organisation.unsuspend"
    case organisationRecover = "organisation.recover"
    case supportRequest = "support_access.request"
    case supportWithdraw = "support_access.withdraw"
    case supportList = "support_access.list"
    case supportRead = "support_access.read"
    case logRead = "operator_log.read"
    case logVerify = "operator_log.verify"
}

/// One entry of that log. It travels at the end of the transaction of what it tells.
package struct OperatorEntry: Sendable {
    let action: OperatorAction
    let object: String
    let actor: Principal
    let origin: AuditOrigin
    var about: OrgID?
    var note: String?

    package init(
        _ action: OperatorAction, of object: String, by actor: Principal, from origin: AuditOrigin,
        about: OrgID? = nil, note: String? = nil
    ) {
        self.action = action
        self.object = object
        self.actor = actor
        self.origin = origin
        self.about = about
        self.note = note
    }

    package func append(at now: Timestamp) -> SQL {
        """
        SELECT append_operator_log(
            \(OperatorLogEntryID.new(at: now)), \(now), \(actor.label), \(action.rawValue), \(object), \(about), \(note),
            \(origin.address), \(origin.userAgent), \(origin.requestID))
        """
    }
}

extension APIRequest {
    /// The entry of what this request's operator does.
    package func entry(
        _ action: OperatorAction, of object: String, about org: OrgID? = nil, note: String? = nil
    ) throws(Problem) -> OperatorEntry {
        OperatorEntry(action, of: object, by: try caller().principal, from: origin, about: org, note: note)
    }

    /// Who asks.
    package func staff() throws(Problem) -> (id: OperatorID, standing: OperatorRole) {
        let caller = try caller()
        guard case .operator(let id, _) = caller.principal, let standing = caller.standing else {
            throw .unauthenticated
        }
        return (id, standing)
    }
}

extension Transaction {
    package func atCommit(_ entry: OperatorEntry, at now: Timestamp) { atCommit(entry.append(at: now)) }

    /// Leaves an entry in the trail of an organisation that this transaction does not stand in. After the operators' own
    /// entry and, of several organisations, in the order of their ids, so that two requests never wait for each other.
    func leave(_ record: AuditRecord, in org: OrgID, at now: Timestamp) {
        atCommit("SELECT set_config('pulse.org_id', \(org.description), true)")
        atCommit(record.append(at: now))
    }
}
