import HostileKit
import JSONKit
import Kernel
import ProviderKit
import TestKit
import Testing

@testable import OIDC

struct PersonTests {
    @Test("what the token lacks is asked of UserInfo, and what is signed is not overruled by it")
    func userInfo() async throws {
        let scene = try await OIDCCase()
        scene.provider.script {
            $0.claims = ["email": .null, "email_verified": .null, "groups": .null]
            $0.userInfo = ["name": "Somebody Else", "groups": "ops, staff"]
        }
        let login = try await scene.login()
        #expect(login.email == "ada@example.com" && login.emailVerified == true && login.displayName == "Ada Lovelace")
        #expect(login.groups == ["ops", "staff"])
        #expect(login.claims.contains(OIDCClaim(name: "name", values: ["Somebody Else"], source: .userInfo)))
    }

    @Test("an address is verified by the source that gives it and by no other")
    func verified() async throws {
        let cases: [([String: JSONValue], [String: JSONValue], Bool?)] = [
            (["email_verified": .null, "groups": .null], ["email": "eve@evil.example"], nil),
            (["email_verified": false, "groups": .null], [:], false), (["email_verified": "true"], [:], true),
            (["email_verified": 1], [:], nil), (["email": .null], ["email_verified": .null], nil),
        ]
        for (claims, told, verified) in cases {
            let scene = try await OIDCCase()
            scene.provider.script { ($0.claims, $0.userInfo) = (claims, told) }
            let login = try await scene.login()
            #expect(login.email == "ada@example.com" && login.emailVerified == verified, "\(claims) \(told)")
        }
    }

    @Test("signed UserInfo counts as well")
    func signed() async throws {
        let scene = try await OIDCCase()
        let claims: [String: JSONValue] = [
            "iss": .string(scene.provider.issuer), "aud": ["pulse"], "sub": "248289761001",
            "email": "signed@example.com",
        ]
        let text = try ProviderScript.token(header: [:], claims: claims, by: scene.provider.script.signer)
        scene.provider.script {
            $0.claims = ["email": .null]
            $0.replies["/userinfo"] = { _ in .answer(headers: ["content-type": "application/jwt"], body: text) }
        }
        #expect(try await scene.login().email == "signed@example.com")
    }

    @Test("groups are a list or a text, at the end of a path, and what is no name is left out")
    func groups() async throws {
        let cases: [(String, [String: JSONValue], [String])] = [
            ("groups", ["groups": ["a", "b", "a"]], ["a", "b"]),
            ("groups", ["groups": "a,b c, d"], ["a", "b", "c", "d"]),
            ("groups", ["groups": []], []), ("groups", ["groups": ["a", 7, ["b"], "", "c\nd", "\u{0}"]], ["a"]),
            ("realm_access.roles", ["realm_access": ["roles": ["x", "y"]]], ["x", "y"]),
            ("realm_access.roles", ["realm_access.roles": ["z"], "realm_access": ["roles": ["x"]]], ["z"]),
            ("https://pulse/groups", ["https://pulse/groups": ["u"]], ["u"]), ("groups", ["groups": ["a b"]], ["a b"]),
        ]
        for (claim, claims, expected) in cases {
            var scene = try await OIDCCase()
            scene.settings.groupsClaim = claim
            scene.provider.script { $0.claims = claims }
            #expect(try await scene.login().groups == expected, "\(claim) \(claims)")
        }
        var scene = try await OIDCCase()
        scene.settings.groupsClaim = nil
        #expect(try await scene.login().groups.isEmpty)
        #expect(scene.provider.asked("/userinfo").isEmpty)
    }

    private static let overages: [[String: JSONValue]] = [
        ["groups": .null, "hasgroups": true], ["groups": .null, "hasgroups": "true"],
        [
            "groups": .null, "_claim_names": ["groups": "src1"],
            "_claim_sources": ["src1": ["endpoint": "http://169.254.169.254/getMemberObjects"]],
        ],
    ]

    @Test("groups too many for a token are asked for page by page where the settings say", arguments: overages)
    func overage(claims: [String: JSONValue]) async throws {
        var scene = try await OIDCCase()
        scene.provider.script { $0.claims = claims }
        #expect(await scene.refusal { _ = try await scene.login() } == .groupsOverage)
        let issuer = scene.provider.issuer
        scene.settings.groupsUrl = issuer + "/memberOf?$select=id"
        scene.provider.script {
            $0.replies["/memberOf"] = { request in
                guard request.header("authorization")?.hasPrefix("Bearer access-") == true else { return .hangUp }
                return request.query.contains("page=2")
                    ? .json(#"{"value":[{"id":"g3"},"g4",{"other":1}]}"#)
                    : .json(#"{"value":[{"id":"g1"},{"id":"g2"}],"@odata.nextLink":"\#(issuer)/memberOf?page=2"}"#)
            }
        }
        #expect(try await scene.login().groups == ["g1", "g2", "g3", "g4"])
        #expect(scene.provider.asked("/memberOf").count == 2)
    }

    @Test("where groups are told neither leads elsewhere nor goes on without end")
    func overageBounds() async throws {
        for (next, reason): (String, OIDCRefusal.Reason) in [
            ("http://127.0.0.1:9/more", .groupsMalformed), ("https://evil.example/more", .groupsMalformed),
            ("again", .groupsMalformed), ("7", .groupsMalformed),
        ] {
            var scene = try await OIDCCase()
            let url = scene.provider.issuer + "/memberOf"
            scene.settings.groupsUrl = url
            scene.provider.script {
                $0.claims = ["groups": .null, "hasgroups": true]
                $0.replies["/memberOf"] = { _ in
                    .json(#"{"value":[],"@odata.nextLink":"\#(next == "again" ? url : next)"}"#)
                }
            }
            #expect(await scene.refusal { _ = try await scene.login() } == reason, "\(next)")
            #expect(scene.provider.asked("/memberOf").count == (next == "again" ? 20 : 1))
        }
    }

    @Test("claims are shown in full and in bounds")
    func shown() async throws {
        let scene = try await OIDCCase()
        scene.provider.script {
            $0.claims = [
                "address": ["country": "DE"], "long": .string(String(repeating: "ä", count: 1000)),
                "odd": "a\u{202E}b\nc",
                "many": .array((0..<80).map { .integer($0) }), "flag": true,
            ]
        }
        let shown = Dictionary(try await scene.login().claims.map { ($0.name, $0.values) }) { $1 }
        #expect(shown["address"] == [#"{"country":"DE"}"#] && shown["flag"] == ["true"])
        #expect(shown["odd"] == ["a\u{FFFD}b\u{FFFD}c"] && shown["many"]?.count == 50)
        #expect((shown["long"]?.first?.utf8.count ?? 0) == 512)
    }
}
