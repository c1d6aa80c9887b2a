import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import TrustedIssuers

@Suite(.postgres) struct IssuerRouteTests {
    private static let path = "/api/security/trusted-issuers"
    let scene: IssuerCase
    let smith = TokenSmith()

    init() throws { scene = try IssuerCase() }

    @Test("an issuer is trusted, shown, changed and removed, each change with its entry")
    func life() async throws {
        let (owner, org) = try await scene.owner()
        let id = try await scene.trust(owner, keys: TokenSmith.set(smith))
        let one = await owner.send(.get, "\(Self.path)/\(id)")
        #expect(one.json["keySource"]?.string == "pasted" && one.json["keyIds"] == ["key-1"])
        #expect(one.json["algorithms"] == ["RS256", "ES256"] && one.json["maxTokenAgeSeconds"] == 3600)
        let changed = await owner.send(.patch, "\(Self.path)/\(id)", ["name": "Robots", "enabled": false])
        #expect(changed.json["name"]?.string == "Robots" && changed.json["enabled"] == false)
        #expect(changed.json["issuer"]?.string == IssuerCase.issuer, "what is not named stays")
        let moved = await owner.send(.patch, "\(Self.path)/\(id)", ["jwksUrl": "https://login.example.com/jwks.json"])
        #expect(moved.json["keySource"]?.string == "url" && moved.json["keyIds"] == [])
        #expect(await owner.send(.get, Self.path).json["data"]?.array?.count == 1)
        #expect(await owner.send(.delete, "\(Self.path)/\(id)").status == 204)
        #expect(await owner.send(.delete, "\(Self.path)/\(id)").slug == "trusted-issuer-not-found")
        #expect(await owner.send(.get, Self.path).json["data"] == [])
        let actions = try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries ORDER BY seq")
        {
            try $0.next(String.self)
        }
        #expect(
            actions == ["create", "update", "update", "delete"].map { "trusted_issuer.\($0)" })
    }

    @Test("a request that makes no sense is told which field")
    func fields() async throws {
        let (owner, _) = try await scene.owner()
        let good = TokenSmith.set(smith)
        let secret = TokenSmith.text(["keys": [["kty": "oct", "kid": "a", "k": "c2VjcmV0"]]])
        // The other key alone would do.
        let members = (TokenSmith("key-2").publicKey.object ?? [:]).merging(["d": "c2VjcmV0"]) { $1 }
        let whole = TokenSmith.text(["keys": [smith.publicKey, .object(members)]])
        for (field, more): (String, [String: JSONValue]) in [
            ("name", ["name": ""]), ("issuer", ["issuer": "a\nb"]), ("audience", ["audience": .null]),
            ("jwks", ["jwks": "{}"]), ("jwks", ["jwks": .string(secret)]),
            ("jwks", ["jwks": .string(whole)]), ("jwks", ["jwksUrl": "https://a.example/"]),
            ("algorithms", ["algorithms": ["none"]]), ("algorithms", ["algorithms": ["HS256"]]),
            ("algorithms", ["algorithms": []]), ("roleMappings", ["roleMappings": []]),
            ("roleMappings", ["roleMappings": [["value": "a", "role": "owner"]]]),
            ("roleMappings", ["roleMappings": [["value": "", "role": "viewer"]]]),
            ("maxTokenAgeSeconds", ["maxTokenAgeSeconds": 86_401]), ("roleClaim", ["roleClaim": ""]),
        ] {
            let answer = await owner.send(.post, Self.path, IssuerCase.request(keys: good, more))
            #expect(answer.status == 400 && answer.json["field"]?.string == field, "\(field): \(answer.text)")
        }
        for url in [
            "http://login.example.com/keys", "https://10.0.0.1/keys", "https://[::1]/keys", "file:///etc/passwd",
        ] {
            let body = IssuerCase.request(keys: nil, ["jwksUrl": .string(url)])
            let answer = await owner.send(.post, Self.path, body)
            #expect(answer.status == 400 && answer.json["field"]?.string == "jwksUrl", "\(url): \(answer.text)")
        }
    }

    @Test("an issuer and audience are trusted once, and at most twenty of them")
    func bounds() async throws {
        let (owner, _) = try await scene.owner()
        let keys = TokenSmith.set(smith)
        let first = try await scene.trust(owner, keys: keys)
        let again = await owner.send(.post, Self.path, IssuerCase.request(keys: keys))
        #expect(again.slug == "trusted-issuer-exists")
        for number in 2...IssuerStore.limit {
            try await scene.trust(owner, keys: keys, ["audience": .string("audience \(number)")])
        }
        let taken = await owner.send(.patch, "\(Self.path)/\(first)", ["audience": "audience 2"])
        #expect(taken.slug == "trusted-issuer-exists")
        let more = await owner.send(.post, Self.path, IssuerCase.request(keys: keys, ["audience": "more"]))
        #expect(more.slug == "trusted-issuer-limit")
    }

    @Test("a session that is not fresh changes nothing, nor does a token of a trusted issuer")
    func freshness() async throws {
        let (owner, org) = try await scene.owner()
        let id = try await scene.trust(owner, keys: TokenSmith.set(smith), role: "admin")
        let token = try smith.token(scene.claims())
        let robot = await scene.door.browser().send(
            .delete, "\(Self.path)/\(id)", nil,
            headers: ["authorization": "Bearer \(token)", "x-pulse-org-id": "\(org)"])
        #expect(robot.status == 403, "\(robot.text)")
        scene.door.time.advance(by: .seconds(601))
        for (method, path, body): (Endpoint.Method, String, JSONValue?) in [
            (.post, Self.path, IssuerCase.request(keys: TokenSmith.set(smith), ["audience": "b"])),
            (.patch, "\(Self.path)/\(id)", ["name": "b"]), (.delete, "\(Self.path)/\(id)", nil),
        ] { #expect(await owner.send(method, path, body).slug == "fresh-session-required") }
        #expect(await owner.send(.get, "\(Self.path)/\(id)").json["name"]?.string == "Sign-in")
    }
}
