import JSONKit
import Kernel
import Outbound
import Testing

@testable import OIDC

struct SettingsTests {
    private static let good: [String: JSONValue] = ["issuerUrl": "https://login.example.com/", "clientId": "pulse"]

    private func settings(
        _ more: [String: JSONValue], keeping kept: OIDCSettings? = nil, policy: OutboundPolicy = OutboundPolicy()
    ) throws(Problem) -> OIDCSettings {
        let json = kept == nil ? Self.good.merging(more) { $1 } : more
        return try OIDCSettings(json: .object(json), keeping: kept, policy: policy)
    }

    @Test("what is not said has its usual value, what was said comes back, and what is not named stays")
    func life() throws {
        let first = try settings([:])
        #expect(first.issuerUrl == "https://login.example.com/" && first.scopes == ["openid", "profile", "email"])
        #expect(first.usernameClaim == "preferred_username" && first.emailClaim == "email" && first.groupsClaim == nil)
        let full = try settings([
            "scopes": "groups openid offline_access", "logoutUrl": "https://login.example.com/out",
            "usernameClaim": "upn", "emailClaim": "mail", "groupsClaim": "realm.roles",
            "groupsUrl": "https://graph.microsoft.com/v1.0/me/memberOf?$select=id",
        ])
        #expect(full.scopes == ["openid", "groups", "offline_access"])
        let again = try OIDCSettings(json: try JSONValue(json: full.json), policy: OutboundPolicy())
        #expect(again == full)
        #expect(try settings([:], keeping: full) == full)
        let changed = try settings(["clientId": "other", "groupsClaim": nil, "logoutUrl": ""], keeping: full)
        #expect(changed.clientId == "other" && changed.groupsClaim == nil && changed.logoutUrl == nil)
        #expect(changed.groupsUrl == full.groupsUrl && changed.issuerUrl == full.issuerUrl)
        var writer = JSONWriter()
        full.encode(to: &writer, clientSecretIsSet: true, redirectURL: "https://pulse.example.com/callback")
        let shown = try JSONValue(json: writer.bytes)
        #expect(shown["clientSecretSet"] == true && shown["redirectUrl"] == "https://pulse.example.com/callback")
    }

    private static let flaws: [(String, JSONValue)] = [
        ("issuerUrl", .null), ("issuerUrl", 7), ("issuerUrl", "login.example.com"),
        ("issuerUrl", "http://login.example.com"),
        ("issuerUrl", "https://a:b@login.example.com"), ("issuerUrl", "https://login.example.com/#x"),
        ("issuerUrl", "https://login.example.com/?a=b"), ("issuerUrl", "https://10.0.0.1/"),
        ("issuerUrl", "https://[::1]/"),
        ("issuerUrl", "https://127.0.0.1"), ("issuerUrl", "ftp://login.example.com"), ("issuerUrl", "https://"),
        ("issuerUrl", .string("https://a.example/" + String(repeating: "x", count: 2048))),
        ("issuerUrl", "https://login.\u{435}xample.com"), ("clientId", .null), ("clientId", "a\nb"), ("clientId", 1),
        ("clientId", .string(String(repeating: "c", count: 513))), ("logoutUrl", "javascript:alert(1)"),
        ("groupsUrl", "https://169.254.169.254/latest"), ("groupsUrl", "http://graph.microsoft.com/"),
        ("scopes", 7), ("scopes", ["a", 1]), ("scopes", ["a b"]), ("scopes", ["a\""]), ("scopes", ["a", "a"]),
        ("scopes", .array((0..<21).map { .string("s\($0)") })), ("usernameClaim", ["a"]), ("emailClaim", "a\u{0}"),
        ("groupsClaim", .string(String(repeating: "g", count: 129))),
    ]

    @Test("what makes no sense is told by its field", arguments: flaws)
    func fields(field: String, value: JSONValue) {
        #expect { try settings([field: value]) } throws: { error in
            (error as? Problem)?.field == "oidc.\(field)" && (error as? Problem)?.status == 400
        }
    }

    @Test("plain http is for operators who open networks of their own, and no further than those")
    func exceptions() throws {
        let policy = OIDCCase.policy
        #expect(
            try settings(["issuerUrl": "http://127.0.0.1:8080"], policy: policy).issuerUrl == "http://127.0.0.1:8080")
        #expect(throws: Problem.self) { try settings(["issuerUrl": "http://10.0.0.1"], policy: policy) }
    }

    @Test("a secret that is not said stays, and an empty one makes a public client")
    func secret() throws {
        guard case .keep = try OIDCSettings.secret(in: [:]) else { return #expect(Bool(false)) }
        for value: JSONValue in [nil, ""] {
            guard case .clear = try OIDCSettings.secret(in: ["clientSecret": value]) else {
                return #expect(Bool(false))
            }
        }
        guard case .set(let secret) = try OIDCSettings.secret(in: ["clientSecret": "s"]) else {
            return #expect(Bool(false))
        }
        #expect(secret.reveal() == "s")
        for value: JSONValue in [7, "a\nb", .string(String(repeating: "s", count: 1025))] {
            #expect { try OIDCSettings.secret(in: ["clientSecret": value]) } throws: {
                ($0 as? Problem)?.field == "oidc.clientSecret"
            }
        }
    }

    @Test("every reason has a sentence of its own, and every code somebody who says it")
    func sentences() {
        let all = OIDCRefusal.Reason.allCases.map { OIDCRefusal($0) }
        #expect(Set(all.map(\.sentence)).count == all.count)
        #expect(Set(all.map(\.code)) == Set(OIDCRefusal.Code.allCases))
        #expect(all.allSatisfy { $0.sentence.hasSuffix(".") || $0.sentence.hasSuffix("?") })
    }
}
