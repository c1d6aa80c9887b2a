import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

@Suite(.postgres) struct CustomRoleTests {
    private func allow(_ pattern: String, _ effect: String = "allow") -> JSONValue {
        let parts = pattern.split(separator: ":").map { JSONValue.string(String($0)) }
        return ["action": parts[0], "resource": parts[1], "effect": .string(effect)]
    }

    private func make(
        _ actor: AccessCase.Actor, _ name: String, parent: String? = nil, _ rules: [JSONValue]
    ) async throws -> String {
        var body: [String: JSONValue] = ["name": .string(name), "rules": .array(rules)]
        body["parentId"] = parent.map { .string($0) }
        let made = await actor.browser.send(.post, "/api/admin/roles", .object(body))
        #expect(made.status == 201, "\(made.text)")
        return try #require(made.json["id"]?.string)
    }

    private func assign(_ actor: AccessCase.Actor, _ roles: [String], to member: AccessCase.Actor) async
        -> Browser.Answer
    {
        await actor.browser.send(
            .put, "/api/orgs/\(actor.org)/members/\(member.user)/roles", ["roleIds": .array(roles.map { .string($0) })])
    }

    private func may(_ actor: AccessCase.Actor, _ permission: Permission) async -> Bool {
        let path = "/api/try/\(permission.action)/\(permission.resource)"
        return await actor.browser.send(.get, path).status == 200
    }

    @Test("what a role says acts on the next request of everybody who has it, and so does every change of it")
    func life() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let member = try await access.member(as: .custom, of: owner.org)
        #expect(await !may(member, .readAudit))
        let base = try await make(owner, "Base", [allow("read:audit")])
        let child = try await make(owner, "Child", parent: base, [allow("manage:sites")])
        #expect(await assign(owner, [child], to: member).json["roleIds"] == [.string(child)])
        #expect(await may(member, .readAudit))
        #expect(await may(member, .manageSites))
        #expect(await !may(member, .manageKeys))
        let changed = await owner.browser.send(
            .put, "/api/admin/roles/\(base)",
            ["name": "Base", "rules": [allow("read:*"), allow("read:audit", "deny")]])
        #expect(changed.status == 200)
        #expect(await !may(member, .readAudit))
        #expect(await may(member, .readKeys))
        #expect(await owner.browser.send(.delete, "/api/admin/roles/\(base)").slug == "role-in-use")
        #expect(await owner.browser.send(.delete, "/api/admin/roles/\(child)").status == 204)
        #expect(await !may(member, .readKeys))
        #expect(
            try await access.auditedActions(in: owner.org)
                == ["member.assign", "role.create", "role.create", "role.delete", "role.update"])
    }

    @Test("a change of the built-in role needs no working out: custom roles keep adding and denying")
    func builtInRole() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let member = try await access.member(as: .viewer, of: owner.org)
        let role = try await make(owner, "Part", [allow("read:audit"), allow("read:members", "deny")])
        #expect(await assign(owner, [role], to: member).status == 200)
        for base in Role.allCases {
            try await TestDatabase.current.superuser.executeGlobally(
                "UPDATE pulse.members SET role = \(base.rawValue) WHERE user_id = \(member.user)")
            #expect(await may(member, .readAudit))
            #expect(await may(member, .readMembers) == (base == .owner))
            #expect(await may(member, .manageKeys) == base.allows(.manageKeys))
        }
    }

    @Test("who sees a part of the inventory is let in where that part is shown, and refused where all of it would be")
    func partialSight() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let member = try await access.member(as: .custom, of: owner.org)
        let rule: JSONValue = [
            "action": "read", "resource": "monitoring", "effect": "allow", "conditions": ["tags": ["berlin"]],
        ]
        let part = try await make(owner, "Part", [rule])
        #expect(await assign(owner, [part], to: member).status == 200)
        #expect(await !may(member, .readMonitoring))
        let session = try #require(BearerToken(member.browser.cookies["pulse_session"] ?? "", kind: .session))
        let gate = GateCase()
        for (narrows, outcome) in [(true, "ok in \(owner.org)"), (false, "403 permission-denied")] {
            let endpoint = GateCase.endpoint(.permission(.readMonitoring), narrows: narrows)
            #expect(try await gate.outcome(GateCase.request(session: session), at: endpoint) == outcome)
        }
        let all = try await make(owner, "All", [allow("read:monitoring")])
        #expect(await assign(owner, [part, all], to: member).status == 200)
        #expect(await may(member, .readMonitoring))
    }

    @Test("the explanation agrees with what is let in, for every permission", arguments: Role.allCases)
    func explains(base: Role) async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let member = try await access.member(as: base, of: owner.org)
        let parent = try await make(owner, "Parent", [allow("*:sites"), allow("manage:tokens", "deny")])
        let child = try await make(owner, "Child", parent: parent, [allow("read:keys")])
        #expect(await assign(owner, [child], to: member).status == 200)
        let told = await owner.browser.send(.get, "/api/orgs/\(owner.org)/members/\(member.user)/permissions")
        let permissions = told.json["permissions"]?.array ?? []
        #expect(permissions.count == Permission.all.count)
        for (permission, entry) in zip(Permission.all, permissions) {
            #expect(entry["permission"]?.string == permission.description)
            #expect(entry["allowed"] == .bool(await may(member, permission)), "\(permission)")
            if permission == .manageSites, !base.allows(.manageSites) {
                #expect(entry["reason"] == "because role Parent, inherited by Child")
            }
        }
    }

    @Test("built-in roles are listed with what they grant, and cannot be changed or deleted")
    func builtIns() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let list = await owner.browser.send(.get, "/api/admin/roles").json["data"]?.array ?? []
        #expect(list.compactMap { $0["id"]?.string } == Role.allCases.reversed().map(\.rawValue))
        for role in Role.allCases {
            let one = await owner.browser.send(.get, "/api/admin/roles/\(role.rawValue)").json
            #expect(one["rules"]?.array?.count == role.permissions.count)
            #expect(await owner.browser.send(.delete, "/api/admin/roles/\(role.rawValue)").slug == "role-not-found")
            let body: JSONValue = ["name": .string(role.rawValue.uppercased()), "rules": []]
            #expect(await owner.browser.send(.post, "/api/admin/roles", body).slug == "role-name-taken")
        }
    }

    @Test("loops, long chains, doubled names and unfit rules are refused")
    func refusals() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        var chain = [try await make(owner, "r0", [])]
        for depth in 1..<RoleResolver.maxDepth {
            chain.append(try await make(owner, "r\(depth)", parent: chain[depth - 1], []))
        }
        func put(_ id: String, _ body: JSONValue) async -> String {
            await owner.browser.send(.put, "/api/admin/roles/\(id)", body).slug
        }
        for last in [1, 4, 7] {
            #expect(await put(chain[0], ["name": "r0", "rules": [], "parentId": .string(chain[last])]) == "role-cycle")
        }
        #expect(await put(chain[0], ["name": "r0", "rules": [], "parentId": .string(chain[0])]) == "role-cycle")
        let deep: JSONValue = ["name": "deep", "rules": [], "parentId": .string(chain[7])]
        #expect(await owner.browser.send(.post, "/api/admin/roles", deep).json["field"] == "parentId")
        #expect(await put(chain[0], ["name": "R1", "rules": []]) == "role-name-taken")
        for rule: JSONValue in [
            allow("fly:rockets"), allow("read:rockets"),
            ["action": "manage", "resource": "keys", "effect": "allow", "conditions": ["tags": ["x"]]],
            ["action": "*", "resource": "*", "effect": "deny", "conditions": ["tags": ["x"]]],
            ["action": "read", "resource": "monitoring", "effect": "allow", "conditions": [:]],
        ] {
            let answer = await owner.browser.send(.post, "/api/admin/roles", ["name": "x", "rules": [rule]])
            #expect(answer.slug == "invalid-field", "\(rule)")
        }
    }

    @Test("another organisation neither sees, changes, inherits nor assigns a role")
    func isolation() async throws {
        let access = try AccessCase()
        let (ours, theirs) = (try await access.member(as: .owner), try await access.member(as: .owner))
        let role = try await make(ours, "canary", [allow("read:audit")])
        #expect(await !theirs.browser.send(.get, "/api/admin/roles").text.contains("canary"))
        let unknown = "\(CustomRoleID.new(at: access.door.time.now))"
        for (method, body) in [
            (Endpoint.Method.get, nil), (.delete, nil), (.put, ["name": "x", "rules": []]),
        ] as [(Endpoint.Method, JSONValue?)] {
            let answers = [
                await theirs.browser.send(method, "/api/admin/roles/\(role)", body),
                await theirs.browser.send(method, "/api/admin/roles/\(unknown)", body),
                await theirs.browser.send(method, "/api/admin/roles/nonsense", body),
            ]
            #expect(Set(answers.map(\.text)).count == 1 && answers[0].slug == "role-not-found")
        }
        let child: JSONValue = ["name": "x", "rules": [], "parentId": .string(role)]
        #expect(await theirs.browser.send(.post, "/api/admin/roles", child).json["field"] == "parentId")
        let member = try await access.member(as: .viewer, of: theirs.org)
        #expect(await assign(theirs, [role], to: member).slug == "role-not-found")
        let path = "/api/orgs/\(ours.org)/members/\(ours.user)/permissions"
        #expect(await theirs.browser.send(.get, path).slug == "organisation-not-found")
        let mixed = "/api/orgs/\(theirs.org)/members/\(ours.user)/permissions"
        #expect(await theirs.browser.send(.get, mixed).slug == "member-not-found")
    }
}
