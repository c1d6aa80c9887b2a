import Testing

@testable import OIDC

/// Nobody of these gets in, and each is told apart from the others.
struct AttackTests {
    @Test("a token that is forged, or asks for a key of its own choice, lets nobody in", arguments: TokenAttacks.all)
    func tokens(attack: Attack) async throws { try await attack.run() }

    @Test("a token that is good for somebody else, or at another time, lets nobody in", arguments: ClaimAttacks.all)
    func claims(attack: Attack) async throws { try await attack.run() }

    @Test("a provider that lies, leads inside or never ends lets nobody in", arguments: ProviderAttacks.all)
    func providers(attack: Attack) async throws { try await attack.run() }

    @Test("an answer that was not given to this browser for this login lets nobody in", arguments: AnswerAttacks.all)
    func answers(attack: Attack) async throws { try await attack.run() }
}
