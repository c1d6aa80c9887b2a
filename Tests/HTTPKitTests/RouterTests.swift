import Kernel
import Testing

@testable import HTTPKit

@Suite struct RouterTests {
    private let router = Router([
        Given.endpoint(.get, "/"), Given.endpoint(.get, "/api/orgs"), Given.endpoint(.post, "/api/orgs"),
        Given.endpoint(.get, "/api/orgs/{id}"), Given.endpoint(.get, "/api/orgs/stats"),
        Given.endpoint(.delete, "/api/orgs/{org}/members/{user}"), Given.endpoint(.get, "/install/{id}.sh"),
        Given.endpoint(.get, "/install/{name}"), Given.endpoint(.get, "/a/{x}/c"), Given.endpoint(.get, "/a/b/d"),
    ])

    private func describe(_ method: Endpoint.Method?, _ path: String) -> String {
        switch router.match(
            method, path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init))
        {
        case .found(let endpoint, let parameters):
            "\(endpoint.path) \(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "))"
        case .wrongMethod(let allowed): "405 \(allowed.map(\.rawValue).joined(separator: " "))"
        case .none: "404"
        }
    }

    @Test(
        "finds the most literal endpoint and its parameters",
        arguments: [
            (Endpoint.Method.get, "/", "/ "), (.get, "/api/orgs", "/api/orgs "), (.head, "/api/orgs", "/api/orgs "),
            (.get, "/api/orgs/stats", "/api/orgs/stats "), (.get, "/api/orgs/statsx", "/api/orgs/{id} id=statsx"),
            (.delete, "/api/orgs/1/members/2", "/api/orgs/{org}/members/{user} org=1 user=2"),
            (.get, "/install/abc.sh", "/install/{id}.sh id=abc"), (.get, "/install/.sh", "/install/{name} name=.sh"),
            (.get, "/install/x", "/install/{name} name=x"), (.get, "/a/b/c", "/a/{x}/c x=b"),
            (.get, "/a/b/d", "/a/b/d "),
            (.get, "/api/orgs/", "404"), (.get, "/api", "404"), (.get, "/api/orgs/1/members", "404"),
            (.put, "/api/orgs", "405 GET HEAD POST OPTIONS"), (.post, "/api/orgs/stats", "405 GET HEAD OPTIONS"),
            (.get, "/api/orgs/1/members/2", "405 DELETE OPTIONS"),
        ])
    func table(method: Endpoint.Method, path: String, expected: String) {
        #expect(describe(method, path) == expected)
    }

    @Test("a method we do not know is refused like any other that the path lacks")
    func unknownMethod() {
        #expect(describe(nil, "/api/orgs") == "405 GET HEAD POST OPTIONS")
        #expect(describe(nil, "/nowhere") == "404")
    }
}
