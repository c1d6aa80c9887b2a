import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Access

@Suite(.postgres) struct APITokenTests {
    @Test("a token is shown once, stored hashed, listed without its secret, and every change leaves one entry")
    func life() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let (token, id) = try await access.mint(owner, ["name": "report", "scopes": ["monitoring:read"]])
        #expect(token.hasPrefix("pat_") && token.utf8.count == 52)
        let list = await owner.browser.send(.get, "/api/security/tokens")
        #expect(list.json["data"]?[0]?["prefix"]?.string == String(token.prefix(8)))
        #expect(list.json["data"]?[0]?["ownerUserId"]?.string == "\(owner.user)")
        #expect(!list.text.contains(token))
        let rows = try await TestDatabase.current.superuser.rowsGlobally("SELECT t::text FROM pulse.api_tokens t") {
            try $0.next(String.self)
        }
        #expect(rows.count == 1 && !rows[0].contains(token))
        #expect(await owner.browser.send(.patch, "/api/security/tokens/\(id)", ["name": "weekly"]).status == 200)
        #expect(
            await owner.browser.send(.post, "/api/security/tokens/\(id)/rotate", ["overlapSeconds": 60]).status == 201)
        #expect(await owner.browser.send(.delete, "/api/security/tokens/\(id)").status == 204)
        #expect(await owner.browser.send(.delete, "/api/security/tokens/\(id)").slug == "token-not-found")
        #expect(
            try await access.auditedActions(in: owner.org)
                == ["token.create", "token.revoke", "token.rotate", "token.update"])
    }

    @Test(
        "a person's token does what its scopes and its owner's present permissions both allow", arguments: Role.allCases
    )
    func intersection(role: Role) async throws {
        let access = try AccessCase()
        let member = try await access.member(as: .admin)
        let narrow = try await access.mint(member, ["name": "n", "scopes": ["monitoring:read", "settings:read"]])
        let wide = try await access.mint(member, ["name": "w"])
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET role = \(role.rawValue) WHERE user_id = \(member.user)")
        for permission in Permission.all {
            let path = "/api/try/\(permission.action)/\(permission.resource)"
            let full = await access.program(wide.token).send(.get, path)
            #expect(full.status == (role.allows(permission) ? 200 : 403), "\(permission)")
            let part = await access.program(narrow.token).send(.get, path)
            let inScope = [Scope.monitoringRead, .settingsRead].contains(AccessCase.scope(of: permission))
            #expect(part.status == (role.allows(permission) && inScope ? 200 : 403), "\(permission)")
            if !inScope { #expect(part.slug == "missing-scope") }
        }
        #expect(await access.program(wide.token).send(.get, "/api/try/people").slug == "permission-denied")
    }

    @Test(
        "a service token has a role of its own and outlives the person who made it", arguments: TokenBodies.serviceRoles
    )
    func service(role: Role) async throws {
        let access = try AccessCase()
        let admin = try await access.member(as: .admin)
        let made = try await access.mint(admin, ["name": "s", "kind": "service", "role": .string(role.rawValue)])
        try await TestDatabase.current.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE user_id = \(admin.user)")
        for permission in Permission.all {
            let answer = await access.program(made.token).send(
                .get, "/api/try/\(permission.action)/\(permission.resource)")
            #expect(answer.status == (role.allows(permission) ? 200 : 403), "\(permission)")
        }
    }

    @Test("a person's token goes with the membership and does not come back with it")
    func membership() async throws {
        let access = try AccessCase()
        let admin = try await access.member(as: .admin)
        let made = try await access.mint(admin, ["name": "t"])
        #expect(await access.program(made.token).send(.get, "/api/try/read/monitoring").status == 200)
        try await TestDatabase.current.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE user_id = \(admin.user)")
        #expect(await access.program(made.token).send(.get, "/api/try/read/monitoring").slug == "invalid-token")
        try await Given.membership(of: admin.user, in: admin.org, as: .admin)
        #expect(await access.program(made.token).send(.get, "/api/try/read/monitoring").slug == "invalid-token")
    }

    @Test("a token that a lost membership left behind opens nothing")
    func leftBehind() async throws {
        let access = try AccessCase()
        let admin = try await access.member(as: .admin)
        let made = try await access.mint(admin, ["name": "t"])
        // As after a restore in pieces: the foreign key that takes tokens along was asleep.
        try await TestDatabase.current.superuser.asNobody { transaction in
            try await transaction.execute("SET LOCAL session_replication_role = replica")
            try await transaction.execute("DELETE FROM pulse.members WHERE user_id = \(admin.user)")
        }
        let kept = try await TestDatabase.current.superuser.firstGlobally("SELECT count(*) FROM pulse.api_tokens") {
            try $0.next(Int.self)
        }
        #expect(kept == 1)
        for path in ["/api/try/read/monitoring", "/api/try/people"] {
            #expect(await access.program(made.token).send(.get, path).slug == "invalid-token")
        }
    }

    @Test("expired and revoked tokens are refused from the next request on")
    func ends() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let short = try await access.mint(owner, ["name": "t", "expiresIn": "1m"])
        let long = try await access.mint(owner, ["name": "t", "expiresIn": "1h30m"])
        let path = "/api/try/read/monitoring"
        access.door.time.advance(by: .seconds(59))
        #expect(await access.program(short.token).send(.get, path).status == 200)
        access.door.time.advance(by: .seconds(1))
        #expect(await access.program(short.token).send(.get, path).slug == "invalid-token")
        #expect(await access.program(long.token).send(.get, path).status == 200)
        #expect(await owner.browser.send(.delete, "/api/security/tokens/\(long.id)").status == 204)
        #expect(await access.program(long.token).send(.get, path).slug == "invalid-token")
    }

    @Test("a token with a list of addresses is good from there alone")
    func addresses() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let made = try await access.mint(
            owner, ["name": "t", "allowedAddresses": ["10.1.2.3/8", "2001:db8::/32", "198.51.100.7"]])
        let listed = await owner.browser.send(.get, "/api/security/tokens/\(made.id)").json["allowedAddresses"]
        #expect(listed == ["10.0.0.0/8", "2001:db8::/32", "198.51.100.7"])
        let path = "/api/try/read/monitoring"
        for address in ["10.9.9.9", "::ffff:10.0.0.1", "2001:db8:7::1", "198.51.100.7"] {
            #expect(await access.program(made.token, at: address).send(.get, path).status == 200, "\(address)")
        }
        for address in ["11.0.0.1", "2001:db9::1", "198.51.100.8", "", "unix"] {
            #expect(await access.program(made.token, at: address).send(.get, path).slug == "token-address-refused")
        }
    }

    @Test("a rotated token works beside its successor until the overlap ends, and keeps what it was good for")
    func rotation() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let old = try await access.mint(owner, ["name": "t", "scopes": ["monitoring:read"], "expiresIn": "720h"])
        let answer = await owner.browser.send(.post, "/api/security/tokens/\(old.id)/rotate", ["overlapSeconds": 600])
        let new = try #require(answer.json["token"]?.string)
        #expect(answer.json["record"]?["scopes"] == ["monitoring:read"])
        #expect(answer.json["previous"]?["replacedBy"] == answer.json["record"]?["id"])
        let path = "/api/try/read/monitoring"
        access.door.time.advance(by: .seconds(599))
        for token in [old.token, new] { #expect(await access.program(token).send(.get, path).status == 200) }
        #expect(
            await owner.browser.send(.post, "/api/security/tokens/\(old.id)/rotate").slug == "token-replaced")
        access.door.time.advance(by: .seconds(1))
        #expect(await access.program(old.token).send(.get, path).slug == "invalid-token")
        #expect(await access.program(new).send(.get, path).status == 200)
        access.door.time.advance(by: .seconds(720 * 3600))
        #expect(await access.program(new).send(.get, path).slug == "invalid-token")
    }

    @Test("the last use is noted with its address, a minute at a time")
    func lastUse() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let made = try await access.mint(owner, ["name": "t"])
        func used() async -> JSONValue? {
            await access.door.touches.flush()
            return await owner.browser.send(.get, "/api/security/tokens/\(made.id)").json["lastUsedAt"]
        }
        #expect(await used() == nil)
        let first = access.door.time.now
        await access.program(made.token, at: "198.51.100.9").send(.get, "/api/try/read/monitoring")
        #expect(await used() == .string("\(first)"))
        access.door.time.advance(by: .seconds(30))
        await access.program(made.token).send(.get, "/api/try/read/monitoring")
        #expect(await used() == .string("\(first)"))
        access.door.time.advance(by: .seconds(30))
        await access.program(made.token).send(.get, "/api/try/read/monitoring")
        #expect(await used() == .string("\(access.door.time.now)"))
    }

    @Test("header and cookie may name a token's own organisation and no other")
    func binding() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let second = try await Given.organisation()
        try await Given.membership(of: owner.user, in: second)
        owner.browser.cookies["pulse_org_id"] = "\(owner.org)"
        let made = try await access.mint(owner, ["name": "t"])
        for (org, slug) in [
            ("\(owner.org)", ""), ("\(second)", "organisation-not-found"), ("nonsense", "organisation-not-found"),
        ] {
            let answer = await access.door.browser().send(
                .get, "/api/try/read/monitoring", headers: ["x-api-token": made.token, "x-pulse-org-id": org])
            #expect(answer.slug == slug)
        }
    }

    @Test(
        "what no token can be is refused and says which member",
        arguments: [
            (#"{"name":""}"#, "name"), (#"{"name":"a\nb"}"#, "name"), (#"{"name":"t","scopes":[]}"#, "scopes"),
            (#"{"name":"t","scopes":["*","settings:read"]}"#, "scopes"), (#"{"name":"t","scopes":["fly"]}"#, "scopes"),
            (#"{"name":"t","scopes":[""]}"#, "scopes"), (#"{"name":"t","expiresIn":"59s"}"#, "expiresIn"),
            (#"{"name":"t","expiresIn":"1d"}"#, "expiresIn"), (#"{"name":"t","expiresIn":"99999999h"}"#, "expiresIn"),
            (#"{"name":"t","expiresAt":"2020-01-01T00:00:00Z"}"#, "expiresAt"),
            (#"{"name":"t","kind":"robot"}"#, "kind"),
            (#"{"name":"t","kind":"service"}"#, "role"), (#"{"name":"t","kind":"service","role":"owner"}"#, "role"),
            (#"{"name":"t","allowedAddresses":["10.0.0.0/33"]}"#, "allowedAddresses"),
        ])
    func badBodies(body: String, field: String) async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let answer = await owner.browser.send(.post, "/api/security/tokens", bytes: Array(body.utf8))
        #expect(answer.slug == "invalid-field")
        #expect(answer.json["field"]?.string == field)
    }

    @Test("every scope of the list can be given, and older names become the newer ones")
    func scopes() async throws {
        let access = try AccessCase()
        let owner = try await access.member(as: .owner)
        let all = Scope.all.map { JSONValue.string($0.name) }
        let made = await owner.browser.send(.post, "/api/security/tokens", ["name": "t", "scopes": .array(all)])
        #expect(made.json["record"]?["scopes"] == .array(all))
        #expect(all.count == 20)
        for (old, new) in [
            ("host-agent:report", "agent:report"), ("host-agent:config:read", "agent:config:read"),
            ("host-agent:manage", "agent:manage"), ("host-agent:enroll", "agent:enroll"),
        ] {
            let made = await owner.browser.send(.post, "/api/security/tokens", ["name": "t", "scopes": [.string(old)]])
            #expect(made.json["record"]?["scopes"] == [.string(new)])
        }
    }

    @Test("another organisation neither sees nor touches a token, and is told what a stranger is told")
    func isolation() async throws {
        let access = try AccessCase()
        let (ours, theirs) = (try await access.member(as: .owner), try await access.member(as: .owner))
        let made = try await access.mint(ours, ["name": "canary"])
        #expect(await theirs.browser.send(.get, "/api/security/tokens").json["data"] == [])
        let unknown = "\(TokenID.new(at: access.door.time.now))"
        for (method, suffix) in [(Endpoint.Method.get, ""), (.delete, ""), (.post, "/rotate"), (.patch, "")] {
            let body: JSONValue? = method == .patch ? ["name": "x"] : nil
            let answers = [
                await theirs.browser.send(method, "/api/security/tokens/\(made.id)\(suffix)", body),
                await theirs.browser.send(method, "/api/security/tokens/\(unknown)\(suffix)", body),
                await theirs.browser.send(method, "/api/security/tokens/nonsense\(suffix)", body),
            ]
            #expect(Set(answers.map(\.text)).count == 1 && answers[0].status == 404)
        }
        #expect(await access.program(made.token).send(.get, "/api/try/read/monitoring").status == 200)
    }
}
