import FrontDoorKit
import HTTPKit
import HostileKit
import JSONKit
import Kernel
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import SingleSignOn

/// Where a provider gives leave to ask again, it is asked whether a session may go on.
@Suite(.postgres) struct RenewalTests {
    private func signedIn(_ place: SSOCase, _ groups: [String] = []) async throws -> Browser {
        await place.addOIDC("main", ["groupRoleMappings": ["admins": "admin"]])
        await place.admin.send(
            .put, "/api/security/sso/providers/main", ["oidc": ["scopes": ["openid", "email", "offline_access"]]])
        place.provider.script { $0.issuesRefreshTokens = true }
        place.person("n-1", email: "n@elsewhere.example", groups: groups)
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(await browser.send(.get, "/api/try/org").status == 200)
        return browser
    }

    private func renewer(_ place: SSOCase) -> SessionRenewer {
        SessionRenewer(place.context, workers: TestDatabase.current.worker)
    }

    @Test("a session goes on while the provider says so, with the roles of the groups as they are now")
    func goesOn() async throws {
        let place = try await SSOCase()
        let browser = try await signedIn(place, ["admins"])
        #expect(try await renewer(place).round() == 0)
        place.person("n-1", email: "n@elsewhere.example", groups: [])
        place.time.advance(by: .seconds(3600))
        #expect(try await renewer(place).round() == 1)
        #expect(await browser.send(.get, "/api/me").json["organization"]?["role"]?.string == "viewer")
        // Lent out until it is due again.
        #expect(try await renewer(place).round() == 0)
    }

    @Test("a provider that says no ends it; one that is away is asked again")
    func ends() async throws {
        let place = try await SSOCase()
        let browser = try await signedIn(place)
        place.time.advance(by: .seconds(3600))
        place.provider.script { $0.replies["/token"] = { _ in .json("{}", status: 503) } }
        try await renewer(place).round()
        #expect(await browser.send(.get, "/api/try/org").status == 200)
        place.time.advance(by: SessionRenewer.lease)
        place.provider.script { $0.replies["/token"] = { _ in .json(#"{"error":"invalid_grant"}"#, status: 400) } }
        try await renewer(place).round()
        #expect(await browser.send(.get, "/api/try/org").status == 401)
        let told = try await place.count(
            "SELECT count(*) FROM pulse.audit_entries WHERE org_id = \(place.org) AND action = 'sso.logout'")
        #expect(told == 1)
    }
}
