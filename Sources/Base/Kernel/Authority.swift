/// What one caller may do in one organisation, in full: a built-in role, what custom roles add and take away, and what
/// narrows it. The database's admission decides by the same rules; a test compares the two.
package struct Authority: Hashable, Sendable {
    package var role: Role
    /// Patterns (`read:monitoring`, `read:*`) of custom roles.
    package var granted: [String]
    /// Patterns that are refused whatever else is granted.
    package var denied: [String]
    /// Comes from outside, through a provider grant or an issuer that is trusted: nothing that would outlast either.
    package var isProvider: Bool
    /// A token's; `nil`: not narrowed.
    package var scopes: Set<Scope>?
    /// `nil`: everything in the organisation.
    package var visibility: Visibility?

    package init(
        role: Role, granted: [String] = [], denied: [String] = [], isProvider: Bool = false, scopes: Set<Scope>? = nil,
        visibility: Visibility? = nil
    ) {
        self.role = role
        self.granted = granted
        self.denied = denied
        self.isProvider = isProvider
        self.scopes = scopes
        self.visibility = visibility
    }

    /// Deny wins, except over an owner, from whom nothing is taken; what nothing grants is refused.
    package func allows(_ permission: Permission) -> Bool {
        guard !(isProvider && Permission.beyondProviders.contains(permission)) else { return false }
        let patterns = permission.patterns
        guard role == .owner || !patterns.contains(where: denied.contains) else { return false }
        return role.allows(permission) || patterns.contains(where: granted.contains)
    }

    package func allows(_ scope: Scope) -> Bool {
        guard let scopes else { return true }
        return scopes.contains(scope) || scopes.contains(.everything)
    }

    /// In the order of the list.
    package var permissions: [Permission] { Permission.all.filter(allows) }
}

/// Which part of an organisation's inventory a caller sees. Made by Access from the conditions of custom roles; to
/// everyone else it is a text to hand to the database as `pulse.sight`. Equal texts see the same.
package struct Visibility: Hashable, Sendable {
    package let text: String
    package init(text: String) { self.text = text }
}
