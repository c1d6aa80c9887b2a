/// What a role may do: an action on a kind of resource, written `action:resource`.
package struct Permission: Hashable, Sendable, CustomStringConvertible {
    package let action: String
    package let resource: String
    package init(_ action: String, _ resource: String) {
        self.action = action
        self.resource = resource
    }
    package var description: String { "\(action):\(resource)" }

    package static let readMonitoring = Permission("read", "monitoring")
    package static let readMembers = Permission("read", "members")
    package static let manageAgents = Permission("manage", "agents")
    package static let all: [Permission] = [readMonitoring, readMembers, manageAgents]
}

/// What a token may be used for, on top of what its owner may do.
package struct Scope: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package init(_ name: String) { self.name = name }
    package var description: String { name }

    package static let monitoringRead = Scope("monitoring:read")
    package static let agentReport = Scope("agent:report")
    package static let agentEnroll = Scope("agent:enroll")
    package static let settingsWrite = Scope("settings:write")
}

/// A feature that a plan can include; a plan without it answers 402 with the name.
package struct Capability: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package init(_ name: String) { self.name = name }
    package var description: String { name }
}

/// A member's built-in role in one organisation, strongest last.
package enum Role: String, Sendable, CaseIterable {
    case auditor, viewer, editor, admin, owner

    /// Nothing is granted by default: a permission that is not listed for a role is refused.
    package func allows(_ permission: Permission) -> Bool {
        switch permission {
        case .readMonitoring: true
        case .readMembers: true
        case .manageAgents: self == .owner || self == .admin || self == .editor
        default: false
        }
    }
}

/// Who is asking.
package enum Principal: Hashable, Sendable {
    case user(UserID, session: SessionID)
    case agent(AgentID)
    case system(job: String)

    /// For audit entries and logs: kind and id, no names.
    package var label: String {
        switch self {
        case .user(let id, _): "user:\(id)"
        case .agent(let id): "agent:\(id)"
        case .system(let job): "system:\(job)"
        }
    }
}
