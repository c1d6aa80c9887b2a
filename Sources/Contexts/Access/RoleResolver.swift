internal import JSONKit
internal import Kernel

/// What a member's custom roles come to. Pure: everything that decides or explains goes through here.
struct RoleResolver: Sendable {
    /// Longer chains of inheritance are refused when a role is written.
    static let maxDepth = 8

    let roles: [CustomRoleID: RoleRecord]

    init(_ roles: [RoleRecord]) { self.roles = Dictionary(uniqueKeysWithValues: roles.map { ($0.id, $0) }) }

    /// The role and those it inherits from, nearest first. A loop, which no write lets in, ends where it closes.
    func chain(of id: CustomRoleID) -> [RoleRecord] {
        var chain: [RoleRecord] = []
        var next: CustomRoleID? = id
        while let id = next, let role = roles[id], chain.count < Self.maxDepth, !chain.contains(where: { $0.id == id })
        {
            chain.append(role)
            next = role.parent
        }
        return chain
    }

    /// Would `child` inherit from itself if `parent` were its parent?
    func closesLoop(_ child: CustomRoleID, under parent: CustomRoleID) -> Bool {
        chain(of: parent).contains { $0.id == child }
    }

    /// Every permission that a role speaks of, itself or by inheritance, allowing or denying.
    func spokenOf(by ids: some Sequence<CustomRoleID>) -> Set<Permission> {
        let rules = ids.flatMap { chain(of: $0).flatMap(\.rules) }
        return Set(Permission.all.filter { permission in rules.contains { $0.matches(permission) } })
    }

    /// In the shape admission needs.
    func effect(of assigned: [CustomRoleID]) -> RoleEffect {
        let rules = assigned.flatMap { chain(of: $0).flatMap(\.rules) }
        let allows = rules.filter { $0.effect == .allow }
        let denies = rules.filter { $0.effect == .deny }
        let looking = { (rules: [RoleRule]) in rules.filter { $0.matches(.readMonitoring) } }
        let seesAll = looking(allows).contains { $0.conditions == nil }
        return RoleEffect(
            granted: Self.patterns(allows), denied: Self.patterns(denies.filter { $0.conditions == nil }),
            seen: seesAll ? nil : looking(allows).compactMap(\.conditions),
            hidden: looking(denies).compactMap(\.conditions))
    }

    private static func patterns(_ rules: [RoleRule]) -> [String] { Array(Set(rules.map(\.pattern))).sorted() }
}

/// What custom roles add to a built-in role, and take from it.
struct RoleEffect: Sendable, Hashable {
    let granted: [String]
    let denied: [String]
    /// `nil`: everything. Counts for a member whose built-in role shows nothing by itself.
    let seen: [RoleConditions]?
    let hidden: [RoleConditions]

    /// For members with the built-in role `custom`.
    var sight: String? { Self.text(seen: seen, hidden: hidden) }
    /// For the others, whose role shows everything but what is hidden.
    var sightBesideRole: String? { Self.text(seen: nil, hidden: hidden) }

    func authority(of role: Role) -> Authority {
        switch role {
        case .owner: Authority(role: role, granted: granted)
        case .custom:
            Authority(
                role: role, granted: granted, denied: denied, visibility: sight.map(Visibility.init(text:)))
        default:
            Authority(
                role: role, granted: granted, denied: denied,
                visibility: sightBesideRole.map(Visibility.init(text:)))
        }
    }

    /// `{"any": […], "not": […]}`, the same text for the same sight; `nil`: everything is seen.
    private static func text(seen: [RoleConditions]?, hidden: [RoleConditions]) -> String? {
        guard seen != nil || !hidden.isEmpty else { return nil }
        var writer = JSONWriter()
        writer.object { json in
            if let seen { json.array("any") { json in write(seen, to: &json) } }
            if !hidden.isEmpty { json.array("not") { json in write(hidden, to: &json) } }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func write(_ conditions: [RoleConditions], to json: inout JSONWriter) {
        let texts = Set(
            conditions.map {
                RoleConditions(sites: Array(Set($0.sites)).sorted(), tags: Array(Set($0.tags)).sorted()).json
            })
        for text in texts.sorted(by: { $0.lexicographicallyPrecedes($1) }) { json.raw(text) }
    }
}
