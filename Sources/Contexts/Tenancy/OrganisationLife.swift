package import Kernel

/// The life of an organisation. Pure: what happens in a state is decided here and nowhere else; the database's functions
/// do the same once more behind a lock, and a test walks both through every state and event.
package enum OrganisationLife: Hashable, Sendable {
    case provisioning
    case active
    case suspended(SuspensionReason)
    /// Can be restored until `deleteAfter`, to a suspension if it was suspended.
    case pendingDeletion(deleteAfter: Timestamp, resuming: SuspensionReason?)
    /// There is nothing left of it.
    case deleted

    package enum Event: Hashable, Sendable {
        case provisioned
        case suspend(SuspensionReason)
        case unsuspend
        case requestDeletion(due: Timestamp)
        case restore
        case erase(at: Timestamp)
    }

    /// - Throws: why this cannot happen in this state.
    package func step(_ event: Event) throws(LifeRefusal) -> OrganisationLife {
        switch (self, event) {
        case (.deleted, _): throw .gone
        case (.provisioning, .provisioned): return .active
        case (_, .provisioned): throw .notProvisioning

        case (.suspended(let reason), .suspend(let next)), (.pendingDeletion(_, let reason?), .suspend(let next)):
            // Abuse is never made milder by an open bill.
            guard reason == .billing, next == .abuse else { throw .alreadySuspended }
            return suspended(for: next)
        case (_, .suspend(let reason)): return suspended(for: reason)

        case (.suspended, .unsuspend): return .active
        case (.pendingDeletion(let due, .some), .unsuspend): return .pendingDeletion(deleteAfter: due, resuming: nil)
        case (_, .unsuspend): throw .notSuspended

        case (.pendingDeletion, .requestDeletion): throw .alreadyPending
        case (.suspended(let reason), .requestDeletion(let due)):
            return .pendingDeletion(deleteAfter: due, resuming: reason)
        case (_, .requestDeletion(let due)): return .pendingDeletion(deleteAfter: due, resuming: nil)

        case (.pendingDeletion(_, let reason?), .restore): return .suspended(reason)
        case (.pendingDeletion, .restore): return .active
        case (_, .restore): throw .notPending

        case (.pendingDeletion(let due, _), .erase(let now)) where now >= due: return .deleted
        case (_, .erase): throw .notDue
        }
    }

    private func suspended(for reason: SuspensionReason) -> OrganisationLife {
        if case .pendingDeletion(let due, _) = self { return .pendingDeletion(deleteAfter: due, resuming: reason) }
        return .suspended(reason)
    }

    /// As the table has it.
    package init?(state: String, suspension: String?, deleteAfter: Timestamp?) {
        let reason = suspension.flatMap { SuspensionReason(rawValue: $0) }
        switch (state, reason, deleteAfter) {
        case ("provisioning", _, _): self = .provisioning
        case ("active", _, _): self = .active
        case ("suspended", let reason?, _): self = .suspended(reason)
        case ("pending_deletion", let reason, let due?): self = .pendingDeletion(deleteAfter: due, resuming: reason)
        case ("deleted", _, _): self = .deleted
        default: return nil
        }
    }
}

package enum SuspensionReason: String, Sendable, CaseIterable {
    /// Its owner may still sign in, pay, export and delete.
    case billing
    /// Everything is refused.
    case abuse
}

/// Why an organisation does not go from one state to another.
package enum LifeRefusal: Explained, Hashable {
    case gone, notProvisioning, alreadySuspended, notSuspended, alreadyPending, notPending, notDue

    package var problem: Problem {
        switch self {
        case .gone: Problem("organisation-not-found", status: 404, title: "No such organisation")
        case .notProvisioning: Self.conflict("It has been set up already.")
        case .alreadySuspended: Self.conflict("It is suspended already.", code: "already_suspended")
        case .notSuspended: Self.conflict("It is not suspended.", code: "not_suspended")
        case .alreadyPending: Self.conflict("Its deletion is pending already.", code: "already_pending_deletion")
        case .notPending: Self.conflict("Its deletion is not pending.", code: "not_pending_deletion")
        case .notDue: Self.conflict("It is not due to be erased.")
        }
    }

    private static func conflict(_ detail: String, code: String? = nil) -> Problem {
        Problem(
            "organisation-state", status: 409, title: "The organisation is not in a state for this", detail: detail,
            code: code)
    }
}
