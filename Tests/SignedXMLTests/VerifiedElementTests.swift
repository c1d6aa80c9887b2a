import Kernel
import SAMLKit
import SignedXML
import Testing

struct VerifiedElementTests {
    private func good() throws -> String { try TestIdentityProvider().assertion(ResponseDraft()) }

    @Test("what is read is what was signed, without the signature")
    func signedBytes() throws {
        let document = try XMLDocument(Array(try good().utf8), .message)
        let verified = try document.verified(.root, by: [try TestKeys.provider.pair.publicKey])
        #expect(verified.isSignedItself && verified.element["ID"] == "_assertion1")
        #expect(!verified.element.elements.contains { $0.name == "Signature" })
        #expect(document.root.elements.contains { $0.name == "Signature" })
    }

    @Test("a text in pieces is one text")
    func pieces() throws {
        let document = try XMLDocument(Array("<a>one<b/>&amp;two&#33;<c/>three</a>".utf8), .message)
        #expect(document.root.text == "one&two!three" && document.root.content == nil)
        let withComment = try XMLDocument(Array("<a>one<!-- x -->two</a>".utf8), .metadata)
        #expect(withComment.root.content == "onetwo")
    }

    @Test("any of several keys will do, in any order, and of either kind")
    func severalKeys() throws {
        let document = try XMLDocument(Array(try good().utf8), .message)
        let keys = [
            try TestKeys.foreign.pair.publicKey, try TestKeys.next.pair.publicKey, try TestKeys.provider.pair.publicKey,
        ]
        _ = try document.verified(.root, by: keys)
        _ = try document.verified(.root, by: keys.reversed())
        #expect(throws: XMLRefusal.signatureMismatch) { try document.verified(.root, by: Array(keys.prefix(2))) }
        #expect(throws: XMLRefusal.signatureMismatch) { try document.verified(.root, by: []) }
    }

    @Test("many threads verify at once, with the same keys and the same document")
    func threads() async throws {
        let text = Array(try good().utf8)
        let keys = [try TestKeys.foreign.pair.publicKey, try TestKeys.provider.pair.publicKey]
        let shared = try XMLDocument(text, .message)
        try await withThrowingTaskGroup(of: String?.self) { group in
            for index in 0..<64 {
                group.addTask {
                    let document = index % 2 == 0 ? shared : try XMLDocument(text, .message)
                    return try document.verified(.root, by: keys).element["ID"]
                }
            }
            for try await id in group { #expect(id == "_assertion1") }
        }
    }

    @Test("bytes in which anything is missing or changed never verify, wherever it is")
    func anyByte() throws {
        let text = Array(try good().utf8)
        let keys = [try TestKeys.provider.pair.publicKey]
        let whole = try XMLDocument(text, .message).verified(.root, by: keys).element
        for place in stride(from: 0, to: text.count, by: 7) {
            var (changed, cut) = (text, text)
            changed[place] ^= 1
            cut.remove(at: place)
            for bytes in [changed, cut, Array(text.prefix(place))] {
                // What no longer is part of the signed bytes (the shown certificate) may change; what is read may not.
                guard let read = try? XMLDocument(bytes, .message).verified(.root, by: keys).element else { continue }
                #expect(read == whole)
            }
        }
    }

    @Test(
        "an attribute in a canonical form is as it was written",
        arguments: ["a&amp;b", "a&#9;b", "a&quot;b", "ä€😀", "a&#13;b"])
    func attributes(value: String) throws {
        let plain = try XMLDocument(Array("<a b=\"\(value)\"/>".utf8), .message).root["b"]
        var draft = ResponseDraft()
        draft.moreInAssertion = "<A:Advice note=\"\(value)\"/>"
        let document = try XMLDocument(Array(try TestIdentityProvider().assertion(draft).utf8), .message)
        let verified = try document.verified(.root, by: [try TestKeys.provider.pair.publicKey])
        let advice = verified.element.only("Advice", in: "urn:oasis:names:tc:SAML:2.0:assertion")
        #expect(advice?["note"] == plain && plain != nil)
    }
}
