internal import HTTPKit
internal import Kernel

/// All custom roles of an organisation and everybody who has one, as they are or as they would be. Pure.
struct RoleHouse: Sendable {
    let roles: [RoleRecord]
    let members: [RoleStore.Member]
    private let resolver: RoleResolver

    init(roles: [RoleRecord], members: [RoleStore.Member]) {
        self.roles = roles
        self.members = members
        resolver = RoleResolver(roles)
    }

    func with(_ role: RoleRecord) -> RoleHouse {
        RoleHouse(roles: roles.filter { $0.id != role.id } + [role], members: members)
    }

    func without(_ id: CustomRoleID) -> RoleHouse {
        let members = members.map { member in
            RoleStore.Member(
                user: member.user, role: member.role, assigned: member.assigned.filter { $0 != id },
                mapped: member.mapped.filter { $0 != id })
        }
        return RoleHouse(roles: roles.filter { $0.id != id }, members: members)
    }

    /// - Throws: 404 `role-not-found`.
    func role(_ id: CustomRoleID) throws(Problem) -> RoleRecord {
        guard let role = resolver.roles[id] else { throw .roleNotFound }
        return role
    }

    /// - Throws: when the name is taken, or the parent unknown, too deep, or a descendant.
    func check(_ role: RoleRecord) throws(Problem) {
        let key = role.name.lowercased()
        let isTaken = roles.contains { $0.id != role.id && $0.name.lowercased() == key }
        guard !isTaken, Role(rawValue: key) == nil else { throw .roleNameTaken }
        guard let parent = role.parent else { return }
        guard resolver.roles[parent] != nil else { throw .invalidField("parentId", "there is no such role") }
        guard !resolver.closesLoop(role.id, under: parent), parent != role.id else { throw .roleCycle }
        // What inherits from this role counts too: the whole chain has to fit.
        let after = with(role).resolver
        let isTooDeep = after.roles.values.contains { after.chain(of: $0.id).last?.parent != nil }
        guard !isTooDeep else {
            throw .invalidField("parentId", "at most \(RoleResolver.maxDepth) roles inherit from one another")
        }
    }

    /// Everybody whose permissions follow from this role, by inheritance too.
    func holders(of id: CustomRoleID) -> [RoleStore.Member] {
        members.filter { member in
            member.assigned.contains { resolver.chain(of: $0).contains { $0.id == id } }
        }
    }

    func effects(of members: [RoleStore.Member]) -> [(user: UserID, effect: RoleEffect?)] {
        members.map { ($0.user, $0.assigned.isEmpty ? nil : resolver.effect(of: $0.assigned)) }
    }

    func effects(of users: [UserID]) -> [(user: UserID, effect: RoleEffect?)] {
        effects(of: members.filter { users.contains($0.user) })
    }

    // MARK: Who may

    /// May this caller change the role, as it is here?
    func mayTouch(_ id: CustomRoleID, _ caller: Caller) throws(Problem) {
        let holders = holders(of: id)
        guard !holders.contains(where: { $0.user == caller.user }) else { throw .selfModificationDenied }
        try mayGive([id], to: nil, caller)
        for holder in holders { try mayRule(holder, caller) }
    }

    /// May this caller give or take these roles?
    func mayGive(_ ids: Set<CustomRoleID>, to member: RoleStore.Member?, _ caller: Caller) throws(Problem) {
        let spoken = resolver.spokenOf(by: ids)
        guard let authority = caller.authority, spoken.allSatisfy(authority.allows) else { throw .grantExceeded }
        // Who sees a part cannot say who sees what.
        guard authority.visibility == nil || !spoken.contains(.readMonitoring) else { throw .grantExceeded }
        if let member { try mayRule(member, caller) }
    }

    /// Nobody rules over somebody who may more.
    private func mayRule(_ member: RoleStore.Member, _ caller: Caller) throws(Problem) {
        let theirs = resolver.effect(of: member.assigned).authority(of: member.role)
        guard let authority = caller.authority, theirs.permissions.allSatisfy(authority.allows) else {
            throw .grantExceeded
        }
    }
}

extension Problem {
    static let roleNotFound = Problem("role-not-found", status: 404, title: "No such role")
    static let memberNotFound = Problem("member-not-found", status: 404, title: "No such member")
    static let roleNameTaken = Problem(
        "role-name-taken", status: 409, title: "There is a role of this name", field: "name")
    static let roleCycle = Problem(
        "role-cycle", status: 409, title: "A role cannot inherit from itself", field: "parentId")
    static let roleInUse = Problem("role-in-use", status: 409, title: "Other roles inherit from this one")
    static let roleLimit = Problem(
        "role-limit", status: 409, title: "No more roles in this organisation",
        detail: "An organisation has at most 100.")
    static let selfModificationDenied = Problem(
        "self-modification-denied", status: 403, title: "Nobody changes their own permissions",
        detail: "Ask somebody else who manages roles.")
}
