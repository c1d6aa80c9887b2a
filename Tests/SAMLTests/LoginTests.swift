import Kernel
import SAMLKit
import Testing

@testable import SAML

struct LoginTests {
    @Test(
        "a signed assertion, a signed response and both let somebody in", arguments: TestIdentityProvider.Signs.allCases
    )
    func signed(signs: TestIdentityProvider.Signs) throws {
        let provider = TestIdentityProvider(try TestKeys.provider, signs: signs)
        let scene = try ServiceCase()
        let posted = try provider.post(ResponseDraft())
        guard signs != .nothing else {
            #expect(scene.refusal(posted) == .unsigned)
            return
        }
        let login = try scene.read(posted)
        #expect(login.subject.stable == "nameid \(ResponseDraft.email) ana@nordwind.example")
        #expect(login.email == "ana@nordwind.example" && login.displayName == "Ana Lind")
        #expect(login.groups == ["admins", "ops"] && login.sessionIndex == "_session1")
        #expect(login.authenticatedAt == ServiceCase.now - .seconds(5) && login.endsAt == nil)
        #expect(login.methods == [ResponseDraft().method] && login.inResponseTo == ResponseDraft.requestID)
        #expect(login.assertionID == "_assertion1" && login.expiresAt == ServiceCase.now + .seconds(420))
    }
}
