import Testing

@testable import SignOnKit

struct LocalPathTests {
    @Test(
        "what could lead away from here is the first page",
        arguments: [
            nil, "", "evil", "//evil.example", "https://evil.example", "/\\evil.example", "/api/logout", "/a b",
            "/\u{E9}",
            "/" + String(repeating: "x", count: 1024),
        ])
    func away(text: String?) { #expect(LocalPath.checked(text) == "/") }

    @Test("a page of ours stays, and what came of it is told before its fragment")
    func told() {
        #expect(LocalPath.checked("/orgs?next=1#top") == "/orgs?next=1#top")
        #expect(LocalPath.told("/orgs?next=1#top", [("sso", "success")]) == "/orgs?next=1&sso=success#top")
        #expect(LocalPath.told("/", [("a", "1"), ("b", "2")]) == "/?a=1&b=2")
    }
}
