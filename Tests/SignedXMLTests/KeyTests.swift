import Kernel
import SAMLKit
import SignedXML
import Testing

struct KeyTests {
    @Test("a certificate and the pair it is of are the same key")
    func same() throws {
        let keys = try TestKeys.provider
        let known = try XMLKey.certificates(
            pem: "before\n" + keys.certificate + "between\n" + TestKeys.next.certificate)
        #expect(known == [keys.pair.publicKey, try TestKeys.next.pair.publicKey])
        #expect(known[0].bits == 3072 && known[0].isRSA)
        #expect(try #require(known[0].certificateEnds) > SystemTime().now)
    }

    @Test(
        "what is no certificate is none",
        arguments: [[], [0x30], [0x30, 0x82, 0xFF, 0xFF], Array("nonsense".utf8)] as [[UInt8]])
    func nonsense(bytes: [UInt8]) { #expect(throws: XMLRefusal.notAKey) { try XMLKey(certificate: bytes) } }

    @Test("a certificate with something behind it is none")
    func trailing() throws {
        let bytes = try TestKeys.provider.certificateBytes + [0]
        #expect(throws: XMLRefusal.notAKey) { try XMLKey(certificate: bytes) }
    }

    @Test("keys that are too short or too long are none, and so are numbers that are no key")
    func weak() {
        let number = { (bytes: Int) in [0xC5] + [UInt8](repeating: 0x5A, count: bytes - 2) + [1] }
        #expect(throws: XMLRefusal.weakKey) { try XMLKey(modulus: number(128), exponent: [1, 0, 1]) }
        #expect(throws: XMLRefusal.weakKey) { try XMLKey(modulus: number(2048), exponent: [1, 0, 1]) }
        #expect(throws: XMLRefusal.self) { try XMLKey(modulus: [], exponent: []) }
        #expect(throws: XMLRefusal.self) { try XMLKey(modulus: number(256), exponent: [1]) }
        #expect(throws: XMLRefusal.self) { try XMLKey(modulus: number(256), exponent: [2]) }
        #expect(throws: Never.self) { try XMLKey(modulus: number(256), exponent: [1, 0, 1]) }
    }

    @Test("a private key wants its own certificate, and to be a private key")
    func pairs() throws {
        let keys = try TestKeys.provider
        #expect(throws: XMLRefusal.notAKey) {
            try XMLKeyPair(privateKey: keys.privateKey, certificate: TestKeys.next.certificate)
        }
        #expect(throws: XMLRefusal.notAKey) { try XMLKeyPair(privateKey: keys.privateKey, certificate: "nonsense") }
        #expect(throws: XMLRefusal.notAKey) { try XMLKeyPair(privateKey: Secret(keys.certificate), certificate: nil) }
        #expect(throws: XMLRefusal.notAKey) { try XMLKeyPair(privateKey: Secret(""), certificate: nil) }
        #expect(try XMLKeyPair(privateKey: keys.privateKey, certificate: nil).certificate == nil)
    }
}
