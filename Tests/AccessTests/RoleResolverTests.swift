import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

@Suite struct RoleResolverTests {
    private static func id(_ number: UInt8) -> CustomRoleID {
        CustomRoleID(bytes: [UInt8](repeating: 0, count: 15) + [number])
    }

    private func role(
        _ number: UInt8, parent: UInt8? = nil, allow: [String] = [], deny: [String] = [],
        tags: [String]? = nil, hidden: [String]? = nil
    ) -> RoleRecord {
        let rules =
            allow.map { rule($0, .allow, nil) } + deny.map { rule($0, .deny, nil) }
            + (tags.map { [rule("read:monitoring", .allow, RoleConditions(sites: [], tags: $0))] } ?? [])
            + (hidden.map { [rule("read:monitoring", .deny, RoleConditions(sites: [], tags: $0))] } ?? [])
        return RoleRecord(
            id: Self.id(number), name: "role \(number)", description: "", parent: parent.map(Self.id), rules: rules,
            createdAt: Given.start, updatedAt: Given.start)
    }

    private func rule(_ pattern: String, _ effect: RoleRule.Effect, _ conditions: RoleConditions?) -> RoleRule {
        let parts = pattern.split(separator: ":").map(String.init)
        return RoleRule(action: parts[0], resource: parts[1], effect: effect, conditions: conditions)
    }

    private func authority(_ base: Role, _ roles: [RoleRecord], _ assigned: [UInt8]) -> Authority {
        RoleResolver(roles).effect(of: assigned.map(Self.id)).authority(of: base)
    }

    @Test("nothing is granted by default, and a member without a built-in role has what their custom roles say")
    func nothing() {
        #expect(authority(.custom, [], []).permissions.isEmpty)
        let roles = [role(1, allow: ["read:audit", "manage:*"])]
        #expect(
            authority(.custom, roles, [1]).permissions
                == Permission.all.filter { $0 == .readAudit || $0.action == "manage" })
        #expect(authority(.custom, roles, [2]).permissions.isEmpty)
    }

    @Test("a role inherits from its ancestors, allowed and denied")
    func inheritance() {
        let roles = [
            role(1, allow: ["read:*"]), role(2, parent: 1, deny: ["read:keys"]),
            role(3, parent: 2, allow: ["manage:sites"]),
        ]
        let authority = authority(.custom, roles, [3])
        #expect(authority.allows(.readAudit) && authority.allows(.manageSites))
        #expect(!authority.allows(.readKeys) && !authority.allows(.manageOrg))
    }

    @Test("deny wins wherever it stands, and over the built-in role; from an owner nothing is taken")
    func denyWins() {
        for deny in ["manage:keys", "manage:*", "*:keys", "*:*"] {
            let roles = [role(1, allow: ["*:*"]), role(2, deny: [deny])]
            for assigned in [[1, 2], [2, 1], [2]] as [[UInt8]] {
                #expect(!authority(.admin, roles, assigned).allows(.manageKeys), "\(deny)")
                #expect(authority(.owner, roles, assigned).permissions == Permission.all)
            }
        }
    }

    @Test("a loop that slipped in ends where it closes", .timeLimit(.minutes(1)))
    func loop() {
        let roles = [role(1, parent: 2, allow: ["read:audit"]), role(2, parent: 1, allow: ["read:keys"])]
        #expect(authority(.custom, roles, [1]).permissions == [.readAudit, .readKeys])
        #expect(RoleResolver(roles).closesLoop(Self.id(1), under: Self.id(2)))
        #expect(authority(.custom, [role(1, parent: 1, allow: ["read:org"])], [1]).permissions == [.readOrg])
    }

    @Test("conditions narrow what is seen: of several the sum, of none everything, and denied parts are taken away")
    func sight() {
        let roles = [
            role(1, tags: ["berlin"]), role(2, tags: ["paris"]), role(3, allow: ["read:*"]),
            role(4, hidden: ["secret"]),
        ]
        let berlin = #"{"any":[{"tags":["berlin"]}]}"#
        let secret = #"{"not":[{"tags":["secret"]}]}"#
        #expect(authority(.custom, roles, [1]).visibility?.text == berlin)
        #expect(
            authority(.custom, roles, [2, 1]).visibility?.text == #"{"any":[{"tags":["berlin"]},{"tags":["paris"]}]}"#)
        #expect(authority(.custom, roles, [1, 3]).visibility == nil)
        #expect(authority(.custom, roles, [3, 4]).visibility?.text == secret)
        #expect(authority(.viewer, roles, [1]).visibility == nil)
        #expect(authority(.viewer, roles, [4]).visibility?.text == secret)
        #expect(authority(.owner, roles, [4]).visibility == nil)
        #expect(authority(.custom, roles, [1]).allows(.readMonitoring))
        #expect(!authority(.custom, roles, [4]).allows(.readMonitoring))
    }

    @Test("every permission is explained by the role that says so and the one that inherits it")
    func reasons() {
        let roles = [role(1, allow: ["read:*"]), role(2, parent: 1, deny: ["read:keys"])]
        let resolver = RoleResolver(roles)
        let audit = resolver.reasons(for: .readAudit, role: .viewer, assigned: [Self.id(2)])
        #expect(audit.map(\.sentence) == ["because role role 1, inherited by role 2"])
        let keys = resolver.reasons(for: .readKeys, role: .auditor, assigned: [Self.id(2)])
        #expect(
            keys.map(\.sentence) == [
                "because role auditor", "denied by role role 2", "because role role 1, inherited by role 2",
            ])
        #expect(resolver.reasons(for: .ownOrg, role: .viewer, assigned: [Self.id(2)]).isEmpty)
    }
}

@Suite(.postgres) struct AuthorityAgreementTests {
    @Test("a token has the scopes of its list, all of them by the one that stands for all, and else none")
    func scopes() {
        for scope in Scope.all {
            #expect(Authority(role: .admin).allows(scope), "nothing narrows who brings no token")
            #expect(Authority(role: .admin, scopes: [.everything]).allows(scope))
            #expect(Authority(role: .owner, scopes: [scope]).allows(scope))
            #expect(!Authority(role: .owner, scopes: []).allows(scope))
            for other in Scope.all where other != scope && other != .everything {
                #expect(!Authority(role: .owner, scopes: [other]).allows(scope), "\(other) opens \(scope)")
            }
        }
    }

    @Test("database and program decide alike, whatever the role and the rules", arguments: Role.allCases)
    func agreement(role: Role) async throws {
        let patterns = Permission.all.map(\.description) + ["*:*", "read:*", "manage:*", "*:keys", "*:monitoring"]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<40 {
            let granted = patterns.filter { _ in Int.random(in: 0..<8, using: &random) == 0 }
            let denied = patterns.filter { _ in Int.random(in: 0..<16, using: &random) == 0 }
            let authority = Authority(role: role, granted: granted, denied: denied)
            let answers = try await TestDatabase.current.superuser.batch(
                in: nil,
                Permission.all.map { permission in
                    let roles = Role.allCases.filter { $0.allows(permission) }.map(\.rawValue)
                    return """
                        SELECT pulse.permits(\(role.rawValue), \(granted), \(denied), \(roles), \(permission.patterns))
                        """
                })
            let decided = try answers.map { try $0.first { try $0.next(Bool.self) } }
            #expect(decided == Permission.all.map(authority.allows), "granted \(granted), denied \(denied)")
        }
    }
}
