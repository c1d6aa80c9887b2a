import Cryptography
import Kernel
import Testing

@Suite struct BearerTokenTests {
    @Test("a new token is recognised by its prefix and read back", arguments: TokenKind.allCases)
    func roundTrip(kind: TokenKind) throws {
        let token = BearerToken.new(kind)
        let text = token.text.reveal()
        #expect(text.hasPrefix(kind.rawValue))
        #expect(text.utf8.count == BearerToken.length)
        #expect(try #require(BearerToken(text, kind: kind)).hash == token.hash)
    }

    @Test("a token of one kind is not a token of another")
    func kindsDiffer() {
        let text = BearerToken.new(.enrollment).text.reveal()
        #expect(BearerToken(text, kind: .runtime) == nil)
        #expect(BearerToken("prt_" + text.dropFirst(4), kind: .runtime) == nil)
    }

    @Test("a token with any one character changed is refused before the database is asked")
    func typingErrors() {
        let text = Array(BearerToken.new(.magicLink).text.reveal())
        for index in text.indices {
            var changed = text
            changed[index] = changed[index] == "A" ? "B" : "A"
            #expect(BearerToken(String(changed), kind: .magicLink) == nil, "position \(index)")
        }
    }

    @Test(
        "what is not a token is nothing",
        arguments: [
            "", "ml1_", "ml1_short", String(repeating: "A", count: 52), "ml1_" + String(repeating: "é", count: 24),
            "ml1_" + String(repeating: "=", count: 48), "ml1_" + String(repeating: "A", count: 4000), "ML1_",
        ])
    func nonsense(text: String) {
        #expect(BearerToken(text, kind: .magicLink) == nil)
    }

    @Test("two tokens never agree, and their hashes neither")
    func unique() {
        let tokens = (0..<200).map { _ in BearerToken.new(.session) }
        #expect(Set(tokens.map { $0.text.reveal() }).count == 200)
        #expect(Set(tokens.map(\.hash)).count == 200)
    }

    @Test("a sealed hash depends on the key")
    func sealed() {
        let token = BearerToken.new(.signup)
        let ours = token.sealedHash(key: Secret(Array("one key of thirty-two bytes.....".utf8)))
        let theirs = token.sealedHash(key: Secret(Array("two key of thirty-two bytes.....".utf8)))
        #expect(ours.count == 32)
        #expect(ours != theirs)
        #expect(ours != token.hash)
    }

    @Test("a token does not show itself in descriptions")
    func hidden() {
        let token = BearerToken.new(.session)
        #expect(!"\(token)".contains(token.text.reveal()))
    }
}
