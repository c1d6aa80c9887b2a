import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import SCIMKit
import TestKit
import Testing

@testable import SCIM

@Suite(.postgres) struct AttackTests {
    let scene: AttackScene

    init() async throws { scene = try await AttackScene() }

    /// Everything a directory can change, in both organisations.
    private func state() async throws -> [String] {
        try await TestDatabase.current.superuser.rowsGlobally(
            """
            SELECT 'u' || u FROM pulse.scim_users u UNION ALL SELECT 'g' || g FROM pulse.scim_groups g
            UNION ALL SELECT 'm' || m FROM pulse.scim_group_members m UNION ALL SELECT 'p' || p FROM pulse.members p
            UNION ALL SELECT 'e' || e FROM pulse.scim_emails e UNION ALL SELECT 'a' || a.id FROM pulse.audit_entries a
            ORDER BY 1
            """
        ) { try $0.next(String.self) }
    }

    @Test("every attack is refused in the form of SCIM and changes nothing") func refused() async throws {
        let before = try await state()
        let attacks = scene.all
        #expect(attacks.count >= 100)
        for attack in attacks {
            let answer = await scene.ours.directory.send(attack.method, attack.path, attack.body, attack.headers)
            #expect((400..<500).contains(answer.status), "\(attack.name): \(answer.status) \(answer.text)")
            #expect(answer.json["schemas"] == [.string(URN.error)], "\(attack.name)")
            #expect(answer.json["status"] == .string("\(answer.status)"), "\(attack.name)")
        }
        #expect(try await state() == before)
    }

    @Test("filters that are understood find nothing of another organisation") func filters() async throws {
        for filter in [
            "userName pr", #"userName eq "eve""#, #"id eq "\#(scene.theirUser)""#, #"title pr or userName pr"#,
            #"not (userName eq "ana")"#, #"groups.value eq "\#(scene.theirGroup)""#, #"nickName ne "x""#,
        ] {
            let found = await scene.ours.directory.found(filter)
            #expect(Set(found).isSubset(of: [scene.user]), "\(filter)")
        }
        #expect(await scene.ours.directory.found(#"members.value eq "\#(scene.theirUser)""#, in: "Groups").isEmpty)
    }

    @Test("operations of a bulk are refused one by one: circles, foreign things, other places") func bulk() async throws
    {
        let before = try await state()
        let circle = { (id: String, other: String) -> JSONValue in
            [
                "method": "POST", "path": "/Users", "bulkId": .string(id),
                "data": DirectoryClient.user(id, [URN.enterprise: ["manager": ["value": .string("bulkId:\(other)")]]]),
            ]
        }
        let bodiless = { (method: String, path: String) -> JSONValue in
            ["method": .string(method), "path": .string(path), "data": [:]]
        }
        let operations: [JSONValue] = [
            circle("a", "b"), circle("b", "a"), circle("c", "c"), circle("d", "nobody"),
            bodiless("DELETE", "/Users/\(scene.theirUser)"), bodiless("DELETE", "/Groups/\(scene.theirGroup)"),
            bodiless("DELETE", "/Users/../Groups/\(scene.group)"), bodiless("POST", "/Bulk"), bodiless("GET", "/Users"),
            bodiless("DELETE", "https://pulse.example.com/scim/v2/Users/\(scene.user)"),
            bodiless("DELETE", "/Users/\(scene.user)/"), bodiless("PUT", "/Users/\(scene.user)"),
            ["method": "DELETE", "path": .string("/Users/\(scene.user)"), "version": "W/\"9\""],
            ["method": "DELETE", "path": "/Users/bulkId:a"], 5,
        ]
        let answer = await scene.ours.directory.send(
            .post, "/Bulk", ["schemas": [.string(URN.bulk)], "Operations": .array(operations)])
        #expect(answer.status == 200)
        let statuses = answer.json["Operations"]?.array?.compactMap { $0["status"]?.string } ?? []
        #expect(statuses.count == operations.count && statuses.allSatisfy { $0.hasPrefix("4") }, "\(answer.text)")
        #expect(try await state() == before)
    }

    @Test("what a user brings along beyond the schema gives nothing") func massAssignment() async throws {
        let before = try await scene.ours.count("SELECT count(*) FROM pulse.members WHERE role IN ('owner', 'admin')")
        let mapped = await scene.ours.owner.send(
            .put, "/api/security/scim",
            ["defaultRole": "viewer", "mappings": [["group": "Pulse Admins", "role": "admin"]]])
        #expect(mapped.status == 200)
        let id = try await scene.ours.directory.make(
            "Users",
            DirectoryClient.user(
                "mallory",
                [
                    "id": .string(scene.theirUser), "role": "owner", "roles": [["value": "owner", "primary": true]],
                    "entitlements": ["*"], "isAdmin": true, "owner": true, "org_id": .string("\(scene.theirs.org)"),
                    "orgId": .string("\(scene.theirs.org)"), "user_id": .string("\(scene.theirs.ownerID)"),
                    "groups": [["value": .string(scene.group)]], "meta": ["version": "W/\"100\""], "made_member": true,
                    "kept_role": "admin", "mapped_role": "admin", "permissions": ["*:*"],
                    "urn:pulse:2.0:User": ["role": "owner"],
                ]))
        #expect(id != scene.theirUser)
        let person = try #require(try await scene.ours.person(id))
        #expect(try await scene.ours.role(of: person) == "viewer")
        #expect(try await scene.ours.role(of: person, in: scene.theirs.org) == nil)
        let told = await scene.ours.directory.send(.get, "/Users/\(id)").json
        #expect(told["groups"] == nil && told["roles"] == nil && told["meta"]?["version"] == "W/\"1\"")
        let after = try await scene.ours.count("SELECT count(*) FROM pulse.members WHERE role IN ('owner', 'admin')")
        #expect(after == before)
    }

    @Test("an address is nobody's word unless the organisation has verified its domain") func addresses() async throws {
        let victim = try await Given.person(email: "victim@corp.example")
        try await Given.membership(of: victim, in: scene.theirs.org, as: .admin)
        let mail: JSONValue = [["value": "victim@corp.example", "primary": true]]
        // Verified by somebody else, and by us only asked for.
        try await scene.ours.verify("corp.example", for: scene.theirs.org)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sso_domains (org_id, domain, token, created_at)
            VALUES (\(scene.ours.org), 'corp.example', 't', now())
            """)
        for name in ["victim@corp.example", "VICTIM@CORP.EXAMPLE "] {
            let id = try await scene.ours.directory.make("Users", DirectoryClient.user(name, ["emails": mail]))
            let person = try #require(try await scene.ours.person(id))
            #expect(person != victim)
            #expect(await scene.ours.directory.send(.delete, "/Users/\(id)").status == 204)
        }
        let id = try await scene.ours.directory.make("Users", DirectoryClient.user("harmless"))
        await scene.ours.directory.send(
            .patch, "/Users/\(id)", DirectoryClient.patch(["op": "add", "path": "emails", "value": mail]))
        let person = try #require(try await scene.ours.person(id))
        #expect(person != victim)
        #expect(try await scene.ours.role(of: victim) == nil)
        #expect(try await scene.ours.role(of: victim, in: scene.theirs.org) == "admin")
        let account = try await scene.ours.count(
            "SELECT count(*) FROM pulse.users WHERE email_key = 'victim@corp.example' AND id <> \(victim)")
        #expect(account == 0)
    }

    @Test("one person is not two users of a directory") func samePerson() async throws {
        try await scene.ours.verify("example.com")
        let mail: JSONValue = [["value": "ana@example.com"]]
        _ = try await scene.ours.directory.make("Users", DirectoryClient.user("one", ["emails": mail]))
        let second = await scene.ours.directory.send(.post, "/Users", DirectoryClient.user("two", ["emails": mail]))
        #expect(second.status == 409 && second.scimType == "uniqueness", "\(second.text)")
        #expect(await scene.ours.directory.found(#"userName eq "two""#).isEmpty)
    }

    @Test("no other credential opens the directory, and the directory's opens nothing else") func credentials()
        async throws
    {
        let minted = await scene.ours.owner.send(
            .post, "/api/security/tokens", ["name": "all", "scopes": ["*"]])
        let api = try #require(minted.json["token"]?.string)
        let (_, runtime) = try await Given.agent(in: scene.ours.org)
        let good = scene.ours.directory.token
        let changed = String(good.dropLast()) + (good.hasSuffix("A") ? "B" : "A")
        for (name, headers): (String, Headers) in [
            ("nothing", [:]), ("an API token", ["authorization": "Bearer \(api)"]),
            ("an API token in its header", ["x-api-token": api]),
            ("an API token beside a good one", ["x-api-token": api, "authorization": "Bearer \(good)"]),
            ("an agent's token", ["authorization": "Bearer \(runtime.text.reveal())"]),
            ("a mistyped one", ["authorization": "Bearer \(changed)"]),
            ("one of another kind", ["authorization": "Bearer pat_\(good.dropFirst(4))"]),
            ("a short one", ["authorization": "Bearer \(good.dropLast(4))"]),
            ("a long one", ["authorization": "Bearer \(good)\(good)"]),
            ("two", ["authorization": "Bearer \(good), Bearer \(good)"]),
            ("basic", ["authorization": "Basic \(good)"]), ("no scheme", ["authorization": good]),
            ("another's place", ["authorization": "Bearer \(good)", "x-pulse-org-id": "\(scene.theirs.org)"]),
            ("another's cookie", ["authorization": "Bearer \(good)", "cookie": "pulse_org_id=\(scene.theirs.org)"]),
            ("no place", ["authorization": "Bearer \(good)", "x-pulse-org-id": "x"]),
            ("a JSON Web Token", ["authorization": "Bearer eyJhbGciOiJub25lIn0.e30.AA"]),
        ] {
            let answer = await scene.ours.door.browser().send(.get, "/scim/v2/Users", nil, headers: headers)
            #expect([401, 403, 404].contains(answer.status), "\(name): \(answer.status)")
            #expect(answer.json["Resources"] == nil, "\(name)")
        }
        #expect(await scene.ours.owner.send(.get, "/scim/v2/Users").status == 401, "a session")
        let query = await scene.ours.door.browser().send(.get, "/scim/v2/Users?access_token=\(good)")
        #expect(query.status == 401)
        for (method, path): (Endpoint.Method, String) in [
            (.get, "/api/security/scim"), (.get, "/api/security/scim/tokens"), (.post, "/api/security/scim/tokens"),
            (.get, "/api/security/tokens"), (.post, "/api/security/tokens"), (.get, "/api/me"),
            (.put, "/api/security/scim"),
        ] {
            let answer = await scene.ours.door.browser().send(
                method, path, method == .get ? nil : ["name": "x"], headers: ["authorization": "Bearer \(good)"])
            #expect([401, 403, 404].contains(answer.status), "\(path): \(answer.status)")
        }
    }
}
