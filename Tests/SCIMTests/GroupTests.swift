import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

@Suite(.postgres) struct GroupTests {
    private typealias Client = DirectoryClient
    let scene: DirectoryCase
    let directory: DirectoryClient

    init() async throws {
        scene = try await DirectoryCase()
        directory = scene.directory
    }

    private func members(_ group: String) async -> Set<String> {
        let told = await directory.send(.get, "/Groups/\(group)").json["members"]?.array ?? []
        return Set(told.compactMap { $0["value"]?.string })
    }

    private func users(_ names: String...) async throws -> [String] {
        var ids: [String] = []
        for name in names { ids.append(try await directory.make("Users", Client.user(name))) }
        return ids
    }

    @Test("a group is changed as Okta and Entra do it") func transcripts() async throws {
        let ids = try await users("ana", "ben", "cleo")
        let group = try await directory.make("Groups", Client.group("Tools", [ids[0]]))
        let change = { (operation: JSONValue) in
            await directory.send(.patch, "/Groups/\(group)", Client.patch(operation))
        }
        let added = await change(["op": "Add", "path": "members", "value": [["value": .string(ids[1])]]])
        #expect(added.status == 200 && added.tag == #"W/"2""#, "\(added.text)")
        #expect(await members(group) == Set(ids[0...1]))
        await _ = change(["op": "add", "value": ["members": [["value": .string(ids[2])], ["value": .string(ids[1])]]]])
        #expect(await members(group) == Set(ids))
        await _ = change(["op": "remove", "path": .string(#"members[value eq "\#(ids[0])"]"#)])
        #expect(await members(group) == Set(ids[1...2]))
        await _ = change(["op": "Remove", "path": "members", "value": [["value": .string(ids[1])]]])
        #expect(await members(group) == [ids[2]])
        await _ = change(["op": "replace", "path": "members", "value": [["value": .string(ids[0])]]])
        #expect(await members(group) == [ids[0]])
        let renamed = await change(["op": "replace", "value": ["id": .string(group), "displayName": "Tooling"]])
        #expect(renamed.json["displayName"] == "Tooling", "\(renamed.text)")
        let user = await directory.send(.get, "/Users/\(ids[0])").json["groups"]
        #expect(user?[0]?["value"]?.string == group && user?[0]?["display"] == "Tooling")
        await _ = change(["op": "remove", "path": #"members[type eq "user" and value pr]"#])
        #expect(await members(group).isEmpty)
        await _ = change(["op": "add", "path": "members", "value": .string(ids[1])])
        await _ = change(["op": "remove", "path": "members"])
        #expect(await members(group).isEmpty)
        let put = await directory.send(.put, "/Groups/\(group)", Client.group("Tools", [ids[1], ids[2]]))
        #expect(put.json["members"]?.array?.count == 2, "\(put.text)")
        let short = await directory.send(.get, "/Groups/\(group)?excludedAttributes=members").json
        #expect(short["members"] == nil && short["displayName"] == "Tools")
        #expect(await directory.send(.delete, "/Groups/\(group)").status == 204)
        #expect(await directory.send(.get, "/Groups/\(group)").status == 404)
        #expect(await directory.send(.get, "/Users/\(ids[1])").json["groups"] == nil)
    }

    @Test("groups are found by name, external id and member") func filters() async throws {
        let ids = try await users("ana")
        let one = try await directory.make("Groups", Client.group("Tools", ids))
        let two = try await directory.make(
            "Groups", ["schemas": [.string(URN.group)], "displayName": "Sales", "externalId": "g2"])
        for (filter, wanted) in [
            (#"displayName eq "tools""#, [one]), (#"externalId eq "g2""#, [two]),
            (#"members.value eq "\#(ids[0])""#, [one]),
            (#"members[value eq "\#(ids[0])"]"#, [one]), (#"not (members pr)"#, [two]),
            (#"displayName sw "sa""#, [two]),
        ] { #expect(await directory.found(filter, in: "Groups") == wanted, "\(filter)") }
        let bad = await directory.send(.get, "/Groups?filter=members.value%20co%20%22ana%22")
        #expect(bad.scimType == "invalidFilter")
    }

    @Test("groups come to roles, which follow membership, mapping and name, beside what was given by hand")
    func roles() async throws {
        let ids = try await users("ana", "ben")
        let (ana, ben) = (try #require(try await scene.person(ids[0])), try #require(try await scene.person(ids[1])))
        let put = { (body: JSONValue) in await scene.owner.send(.put, "/api/security/scim", body) }
        let mapped = await put(["defaultRole": "auditor", "mappings": [["group": "pulse ADMINS", "role": "admin"]]])
        #expect(mapped.status == 200 && mapped.json["activeUsers"] == 2, "\(mapped.text)")
        #expect(try await scene.role(of: ana) == "auditor")
        let group = try await directory.make("Groups", Client.group("Pulse Admins", [ids[0]]))
        #expect(try await scene.role(of: ana) == "admin")
        #expect(try await scene.role(of: ben) == "auditor")
        let change = { (operation: JSONValue) in
            await directory.send(.patch, "/Groups/\(group)", Client.patch(operation)).status
        }
        #expect(await change(["op": "add", "path": "members", "value": [["value": .string(ids[1])]]]) == 200)
        #expect(try await scene.role(of: ben) == "admin")
        #expect(await change(["op": "replace", "path": "displayName", "value": "Others"]) == 200)
        #expect(try await scene.role(of: ana) == "auditor")
        #expect(await change(["op": "replace", "path": "displayName", "value": "Pulse admins"]) == 200)
        #expect(try await scene.role(of: ana) == "admin")
        #expect(await directory.send(.delete, "/Groups/\(group)").status == 204)
        #expect(try await scene.role(of: ben) == "auditor")
        #expect(await put(["defaultRole": "viewer", "mappings": []]).status == 200)
        #expect(try await scene.role(of: ana) == "viewer")
    }

    @Test("a custom role comes with a group, goes with it, and is back with a person who is") func customRoles()
        async throws
    {
        let role = CustomRoleID.new(at: scene.door.time.now)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.custom_roles (org_id, id, name, name_key, description, rules, created_at, updated_at)
            VALUES (\(scene.org), \(role), 'Auditing', 'auditing', '',
                    '[{"action":"read","resource":"audit","effect":"allow"}]', now(), now())
            """)
        let ids = try await users("ana")
        let ana = try #require(try await scene.person(ids[0]))
        let granted = {
            try await scene.count(
                "SELECT coalesce(cardinality(granted), 0) FROM pulse.members WHERE user_id = \(ana)")
        }
        let body: JSONValue = [
            "defaultRole": "viewer", "mappings": [["group": "Audit", "roleId": .string("\(role)")]],
        ]
        #expect(await scene.owner.send(.put, "/api/security/scim", body).status == 200)
        #expect(try await granted() == 0)
        let group = try await directory.make("Groups", Client.group("Audit", ids))
        #expect(try await granted() == 1)
        let active = { (value: Bool) in
            await directory.send(
                .patch, "/Users/\(ids[0])", Client.patch(["op": "replace", "path": "active", "value": .bool(value)])
            ).status
        }
        #expect(await active(false) == 200)
        #expect(try await granted() == -1, "no member")
        #expect(await active(true) == 200)
        #expect(try await granted() == 1)
        #expect(await directory.send(.delete, "/Groups/\(group)").status == 204)
        #expect(try await granted() == 0)
    }

    @Test("a bulk makes what refers to one another, and stops at as many errors as it may have") func bulk()
        async throws
    {
        let user = { (name: String) -> JSONValue in
            ["method": "POST", "path": "/Users", "bulkId": .string(name), "data": Client.user(name)]
        }
        let send = { (operations: [JSONValue], more: [String: JSONValue]) in
            await directory.send(
                .post, "/Bulk",
                .object(["schemas": [.string(URN.bulk)], "Operations": .array(operations)].merging(more) { $1 }))
        }
        let group: JSONValue = [
            "method": "POST", "path": "/Groups", "bulkId": "g",
            "data": Client.group("Tools", ["bulkId:ana", "bulkId:ben"]),
        ]
        let made = await send([group, user("ana"), user("ben"), user("ANA")], [:])
        #expect(made.json["Operations"]?.array?.map { $0["status"] } == ["201", "201", "201", "409"], "\(made.text)")
        #expect(made.json["Operations"]?[3]?["response"]?["scimType"] == "uniqueness")
        let id = try #require(
            made.json["Operations"]?[0]?["location"]?.string?.split(separator: "/").last.map(String.init))
        #expect(await members(id).count == 2)
        let stopped = await send([user("ana"), user("cleo")], ["failOnErrors": 1])
        #expect(stopped.json["Operations"]?.array?.map { $0["status"] } == ["409"])
        #expect(await directory.found(#"userName eq "cleo""#).isEmpty)
        let versions = await send(
            [
                [
                    "method": "PATCH", "path": .string("/Groups/\(id)"), "version": "W/\"9\"",
                    "data": Client.patch(["op": "remove", "path": "members"]),
                ], ["method": "DELETE", "path": .string("/Groups/\(id)"), "version": "W/\"1\""],
            ], [:])
        #expect(versions.json["Operations"]?.array?.map { $0["status"] } == ["412", "204"], "\(versions.text)")
        let entries = try await scene.actions.filter { $0 != "scim_token.create" }
        #expect(entries.sorted() == ["scim_group.create", "scim_group.delete", "scim_user.create", "scim_user.create"])
    }
}
