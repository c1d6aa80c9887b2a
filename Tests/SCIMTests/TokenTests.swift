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

@Suite(.postgres) struct TokenTests {
    private static let path = "/api/security/scim/tokens"
    let scene: DirectoryCase

    init() async throws { scene = try await DirectoryCase() }

    private func status(_ token: String) async -> Int {
        await DirectoryClient(browser: scene.door.browser(), token: token).send(.get, "/ServiceProviderConfig").status
    }

    @Test("a directory of a suspended organisation changes nothing") func suspended() async throws {
        #expect(await status(scene.directory.token) == 200)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(scene.org)")
        #expect(await status(scene.directory.token) == 403)
    }

    @Test("a token is shown once, kept as a hash, rotated with an overlap and revoked") func life() async throws {
        let list = await scene.owner.send(.get, Self.path)
        let record = try #require(list.json["data"]?[0])
        #expect(
            !list.text.contains(scene.directory.token)
                && record["prefix"] == .string(String(scene.directory.token.prefix(8))))
        #expect(BearerToken(scene.directory.token, kind: .directory) != nil)
        #expect(BearerToken(scene.directory.token, kind: .api) == nil)
        let kept = try await TestDatabase.current.superuser.rowsGlobally("SELECT t::text FROM pulse.scim_tokens t") {
            try $0.next(String.self)
        }
        #expect(!kept.joined().contains(scene.directory.token))
        #expect(await status(scene.directory.token) == 200)
        let used = await scene.owner.send(.get, Self.path).json["data"]?[0]
        #expect(used?["lastUsedAt"] != nil && used?["lastUsedAddress"] == "192.0.2.10")

        let id = try #require(record["id"]?.string)
        let rotated = await scene.owner.send(.post, "\(Self.path)/\(id)/rotate", ["overlapSeconds": 60])
        let second = try #require(rotated.json["token"]?.string)
        #expect(await status(second) == 200)
        #expect(await status(scene.directory.token) == 200)
        #expect(await scene.owner.send(.post, "\(Self.path)/\(id)/rotate", [:]).slug == "scim-token-replaced")
        scene.door.time.advance(by: .seconds(61))
        #expect(await status(scene.directory.token) == 401)
        let newID = try #require(rotated.json["record"]?["id"]?.string)
        #expect(await scene.owner.send(.delete, "\(Self.path)/\(newID)").status == 204)
        #expect(await status(second) == 401)
        #expect(await scene.owner.send(.delete, "\(Self.path)/\(newID)").slug == "scim-token-not-found")
        #expect(
            try await scene.actions == ["scim_token.create", "scim_token.rotate", "scim_token.revoke"])
    }

    @Test("a token that ends has ended, and one may be bound to a provider, which its entries tell") func bounds()
        async throws
    {
        let end = scene.door.time.now + .seconds(3600)
        let bound = try await DirectoryCase.connect(
            scene.owner, scene.door, ["providerId": "entra", "expiresAt": .string("\(end)")])
        _ = try await bound.make("Users", DirectoryClient.user("ana"))
        let through = try await scene.count(
            "SELECT count(*) FROM pulse.audit_entries WHERE through = 'provider:entra' AND action = 'scim_user.create'")
        #expect(through == 1)
        scene.door.time.advance(by: .seconds(3601))
        #expect(await status(bound.token) == 401)
    }

    @Test("an organisation has at most twenty, and what makes no sense is told which field") func limits() async throws
    {
        for (field, body): (String, JSONValue) in [
            ("name", ["name": ""]), ("name", ["name": "a\nb"]), ("providerId", ["name": "a", "providerId": ""]),
            ("expiresAt", ["name": "a", "expiresAt": "2020-01-01T00:00:00Z"]),
        ] {
            let answer = await scene.owner.send(.post, Self.path, body)
            #expect(answer.status == 400 && answer.json["field"]?.string == field, "\(answer.text)")
        }
        for _ in 2...DirectoryTokenStore.limit { _ = try await DirectoryCase.connect(scene.owner, scene.door) }
        #expect(await scene.owner.send(.post, Self.path, ["name": "one more"]).slug == "scim-token-limit")
    }

    @Test("only an administrator in person says what a directory may do") func administrators() async throws {
        let settings: JSONValue = ["defaultRole": "admin", "mappings": []]
        for (role, granted, wanted) in [
            ("viewer", "", "permission-denied"), ("editor", "", "permission-denied"),
            ("viewer", "manage:security", "grant-exceeded"),
        ] {
            let user = try await Given.person()
            try await Given.membership(of: user, in: scene.org, as: .viewer)
            try await TestDatabase.current.superuser.executeGlobally(
                """
                UPDATE pulse.members SET role = \(role), granted = nullif(ARRAY[\(granted)], ARRAY[''])
                WHERE user_id = \(user)
                """)
            let browser = try await scene.door.browser(of: user)
            #expect(await browser.send(.post, Self.path, ["name": "mine"]).slug == wanted)
            #expect(await browser.send(.put, "/api/security/scim", settings).slug == wanted)
        }
        scene.door.time.advance(by: .seconds(601))
        #expect(await scene.owner.send(.post, Self.path, ["name": "late"]).slug == "fresh-session-required")
        #expect(await scene.owner.send(.put, "/api/security/scim", settings).slug == "fresh-session-required")
    }

    @Test("settings that make no sense are told which field, and nothing is kept of them") func settings() async throws
    {
        let role = "0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06"
        for (field, body): (String, JSONValue) in [
            ("defaultRole", ["defaultRole": "owner", "mappings": []]), ("defaultRole", ["mappings": []]),
            ("mappings", ["defaultRole": "viewer"]),
            ("mappings", ["defaultRole": "viewer", "mappings": [["group": "a", "role": "owner"]]]),
            ("mappings", ["defaultRole": "viewer", "mappings": [["group": "", "role": "viewer"]]]),
            ("mappings", ["defaultRole": "viewer", "mappings": [["group": "a"]]]),
            (
                "mappings",
                ["defaultRole": "viewer", "mappings": [["group": "a", "role": "viewer", "roleId": .string(role)]]]
            ),
            ("mappings", ["defaultRole": "viewer", "mappings": [["group": "a", "roleId": .string(role)]]]),
        ] {
            let answer = await scene.owner.send(.put, "/api/security/scim", body)
            #expect(answer.status == 400 && answer.json["field"]?.string == field, "\(answer.text)")
        }
        let status = await scene.owner.send(.get, "/api/security/scim").json
        #expect(status["defaultRole"] == "viewer" && status["mappings"] == [] && status["enabled"] == true)
        #expect(status["baseUrl"] == "https://pulse.example.com/scim/v2" && status["users"] == 0)
    }

    @Test("what cannot be a directory is told so in the form of SCIM, on every path below the root") func form()
        async throws
    {
        let nobody = scene.door.browser()
        for path in ["/scim/v2", "/scim/v2/Users", "/scim/v2/Nothing", "/scim/v2/users", "/scim/v2/Me"] {
            let answer = await nobody.send(.get, path)
            #expect([401, 404].contains(answer.status) && answer.json["schemas"] == [.string(URN.error)], "\(path)")
            #expect(answer.headers["content-type"] == "application/scim+json")
        }
        #expect(await scene.directory.send(.get, "/Me").status == 501)
        #expect(await scene.directory.send(.post, "/Nothing", [:]).status == 404)
        #expect(await scene.directory.send(.put, "/Users", [:]).status == 405)
        let config = await scene.directory.send(.get, "/ServiceProviderConfig")
        #expect(config.json["sort"] == ["supported": false] && config.json["etag"] == ["supported": true])
        #expect(await scene.directory.send(.get, "/Schemas").json["totalResults"] == 3)
        #expect(await scene.directory.send(.get, "/Schemas/\(URN.user)").json["id"] == .string(URN.user))
        #expect(await scene.directory.send(.get, "/ResourceTypes/User").json["endpoint"] == "/Users")
        #expect(await scene.directory.send(.get, "/ResourceTypes/Nobody").status == 404)
        #expect(await scene.directory.send(.get, "/Schemas?filter=x").status == 403)
    }

    @Test("unknown tokens are counted over all processes and slowed, a good one beside them is not") func flood()
        async throws
    {
        let unknown = BearerToken.new(.directory).text.reveal()
        for _ in 1...100 { #expect(await status(unknown) == 401) }
        #expect(await status(unknown) == 429)
        #expect(await status(scene.directory.token) == 200)
        scene.door.time.advance(by: .seconds(61))
        #expect(await status(unknown) == 401)
    }
}
