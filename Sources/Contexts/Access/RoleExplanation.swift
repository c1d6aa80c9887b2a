internal import HTTPKit
internal import JSONKit
internal import Kernel

/// Why a member may or may not do something.
struct RoleReason: Sendable, Hashable {
    let effect: RoleRule.Effect
    /// The role that says so.
    let role: String
    let roleID: CustomRoleID?
    /// The role the member was given, where the one that says so is an ancestor of it.
    let inheritedBy: String?
    let rule: String
    let conditions: RoleConditions?

    var sentence: String {
        let verb = effect == .allow ? "because role" : "denied by role"
        let part = conditions == nil ? "" : ", for a part of the inventory"
        return "\(verb) \(role)" + (inheritedBy.map { ", inherited by \($0)" } ?? "") + part
    }
}

extension RoleResolver {
    /// Everything that speaks for or against, the built-in role first.
    func reasons(for permission: Permission, role: Role, assigned: [CustomRoleID]) -> [RoleReason] {
        var reasons: [RoleReason] = []
        if role.allows(permission) {
            reasons.append(
                RoleReason(
                    effect: .allow, role: role.rawValue, roleID: nil, inheritedBy: nil, rule: permission.description,
                    conditions: nil))
        }
        for id in assigned {
            let chain = chain(of: id)
            for teller in chain {
                for rule in teller.rules where rule.matches(permission) {
                    // Nothing is taken from an owner.
                    if role == .owner, rule.effect == .deny { continue }
                    reasons.append(
                        RoleReason(
                            effect: rule.effect, role: teller.name, roleID: teller.id,
                            inheritedBy: teller.id == id ? nil : chain.first?.name, rule: rule.pattern,
                            conditions: rule.conditions))
                }
            }
        }
        return reasons
    }
}

/// What `GET /api/orgs/{id}/members/{userId}/permissions` says.
struct PermissionsAnswer: JSONEncodable {
    let user: UserID
    let role: Role
    let assigned: [RoleRecord]
    let resolver: RoleResolver

    func encode(to writer: inout JSONWriter) {
        let ids = assigned.map(\.id)
        let authority = resolver.effect(of: ids).authority(of: role)
        writer.object { json in
            json.member("userId", user)
            json.member("role", role.rawValue)
            json.array("roles") { json in
                for role in assigned {
                    json.object { json in
                        json.member("id", role.id)
                        json.member("name", role.name)
                    }
                }
            }
            json.member("unrestricted", authority.visibility == nil)
            json.array("permissions") { json in
                for permission in Permission.all {
                    write(
                        permission, authority, resolver.reasons(for: permission, role: role, assigned: ids), to: &json)
                }
            }
        }
    }

    private func write(
        _ permission: Permission, _ authority: Authority, _ reasons: [RoleReason], to json: inout JSONWriter
    ) {
        let isAllowed = authority.allows(permission)
        // The first that decides: an unconditional denial where there is one.
        let decisive =
            reasons.first { isAllowed ? $0.effect == .allow : $0.effect == .deny && $0.conditions == nil }
        json.object { json in
            json.member("permission", permission.description)
            json.member("allowed", isAllowed)
            json.member("reason", decisive?.sentence ?? "because nothing grants it")
            json.array("because") { json in
                for reason in reasons {
                    json.object { json in
                        json.member("effect", reason.effect.rawValue)
                        json.member("role", reason.role)
                        json.member("roleId", reason.roleID)
                        json.member("inheritedBy", reason.inheritedBy)
                        json.member("rule", reason.rule)
                        json.member("conditions", reason.conditions)
                    }
                }
            }
        }
    }

    static let schema = Schema.object([
        "userId": .uuid, "role": .enumeration(Role.allCases.map(\.rawValue)),
        "roles": .array(.object(["id": .uuid, "name": .string])), "unrestricted": .boolean,
        "permissions": .array(
            .object([
                "permission": .string, "allowed": .boolean, "reason": .string,
                "because": .array(
                    .object([
                        "effect": .enumeration(["allow", "deny"]), "role": .string, "roleId": .uuid.optional,
                        "inheritedBy": .string.optional, "rule": .string,
                        "conditions": RoleConditions.schema.optional,
                    ])),
            ])),
    ]).named("MemberPermissions")

    static let example = """
        {"userId":"01935c1e-7d00-7000-8000-000000000002","role":"viewer","roles":[],"unrestricted":true,\
        "permissions":[{"permission":"read:monitoring","allowed":true,"reason":"because role viewer",\
        "because":[{"effect":"allow","role":"viewer","rule":"read:monitoring"}]}]}
        """
}
