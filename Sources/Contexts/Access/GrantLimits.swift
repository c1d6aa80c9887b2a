package import HTTPKit
package import Kernel

extension Problem {
    /// Nobody hands out more than they hold.
    package static let grantExceeded = Problem(
        "grant-exceeded", status: 403, title: "That is more than you may do yourself")
    static let tokenOfAnother = Problem(
        "token-of-another", status: 403, title: "This is another person's token",
        detail: "It may be revoked, but its secret and its scopes are its owner's.")
}

extension Scope {
    /// What the scope opens, as far as its owner may do it. Somebody who may do none of it cannot grant it.
    var unlocks: [Permission] {
        switch self {
        case .monitoringRead, .aiChat, .aiExecute, .actionsPlan: [.readMonitoring]
        case .settingsRead:
            [
                .readOrg, .readMembers, .readRoles, .readTokens, .readSites, .readConnections, .readSharing,
                .readProviders, .readKeys,
                .readSecurity,
            ]
        case .settingsWrite: Permission.all.filter { $0.action != "read" }
        case .auditRead: [.readAudit]
        case .everything: Permission.all
        // Reporting, and whatever acts on machines.
        default: [.manageAgents]
        }
    }
}

extension Authority {
    /// May hand out a token with these scopes for this holder.
    func mayGrant(_ record: APITokenRecord) -> Bool {
        guard record.scopes.allSatisfy({ $0.unlocks.contains(where: allows) }) else { return false }
        guard case .service(let role) = record.holder else { return true }
        // A service token sees the whole organisation.
        return visibility == nil && role.permissions.allSatisfy(allows)
    }
}

extension Caller {
    /// May hand out this role, to people who see all of the organisation.
    package func mayGive(_ role: Role) -> Bool {
        guard let authority, authority.visibility == nil else { return false }
        return role.permissions.allSatisfy(authority.allows)
    }
}
