import SAMLKit
import Testing

@testable import SAML

/// Whatever somebody posts, nobody is let in, and the log says why in the right word. One after another: signing four hundred
/// messages at once would leave the tests of other rooms nothing to run on.
@Suite(.serialized) struct AttackTests {
    static let all =
        ReadingAttacks.all + WrappingAttacks.all + SignatureAttacks.all + SealAttacks.all + ContentAttacks.all

    @Test("is refused, for its own reason", arguments: all)
    func refused(attack: Attack) throws {
        #expect(try attack.scene().refusal(try attack.post(), awaiting: attack.requestID) == attack.reason)
    }

    @Test("there are three hundred of them, each of its own name")
    func count() {
        #expect(Self.all.count >= 300)
        #expect(Set(Self.all.map(\.name)).count == Self.all.count)
    }

    @Test("what they are changed from is good, so it is the change that is refused")
    func control() throws {
        for signs in [TestIdentityProvider.Signs.assertion, .response, .both] {
            let provider = TestIdentityProvider(try TestKeys.provider, signs: signs)
            #expect(try ServiceCase().refusal(try provider.post(ResponseDraft())) == nil)
            let sealed = try SealDraft().sealed(
                try TestIdentityProvider().assertion(ResponseDraft()), for: try TestKeys.service)
            let posted = TestIdentityProvider.post(try provider.response(ResponseDraft(), sealed))
            #expect(try ServiceCase(hasKey: true).refusal(posted) == nil)
        }
    }
}
