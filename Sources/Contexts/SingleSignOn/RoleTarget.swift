internal import Kernel

/// What a group, or nothing in particular, comes to here: a built-in role but owner, or a custom one.
enum RoleTarget: Hashable, Sendable {
    case builtIn(Role)
    case custom(CustomRoleID)

    init?(_ text: String) {
        if let role = Role(rawValue: text) {
            guard role != .owner else { return nil }
            self = .builtIn(role)
        } else if let id = CustomRoleID(text) {
            self = .custom(id)
        } else {
            return nil
        }
    }

    var text: String {
        switch self {
        case .builtIn(let role): role.rawValue
        case .custom(let id): "\(id)"
        }
    }
}

extension [RoleTarget] {
    /// The strongest of the built-in ones; `nil`: there is none.
    var role: Role? {
        let all = compactMap { if case .builtIn(let role) = $0 { role } else { nil } }
        return Role.allCases.last(where: all.contains)
    }

    var custom: [CustomRoleID] { compactMap { if case .custom(let id) = $0 { id } else { nil } } }
}
