import Kernel
import Testing

@testable import Cryptography

@Suite struct DigestsTests {
    @Test(
        "SHA-256 gives the published digests (FIPS 180-2)",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ])
    func sha256(text: String, digest: String) {
        #expect(Digests.sha256(text).hex == digest)
    }

    @Test(
        "HMAC-SHA-256 gives the published codes (RFC 4231)",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
        ])
    func hmac(key: [UInt8], text: String, code: String) {
        #expect(Digests.hmacSHA256(Array(text.utf8), key: Secret(key)).hex == code)
    }

    @Test("HKDF-SHA-256 gives the published key (RFC 5869, case 1)")
    func hkdf() {
        let key = Digests.derivedKey(
            from: Secret([UInt8](repeating: 0x0b, count: 22)), salt: Array(0x00...0x0c), info: Array(0xf0...0xf9),
            bytes: 42)
        #expect(
            key.reveal().hex
                == "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
    }

    @Test("keys for two purposes differ")
    func purposes() {
        let secret = Secret([UInt8](repeating: 7, count: 32))
        let one = Digests.derivedKey(from: secret, purpose: "email-link-v1")
        let two = Digests.derivedKey(from: secret, purpose: "something-else-v1")
        #expect(one.reveal() != two.reveal())
        #expect(one.reveal().count == 32)
    }

    @Test("comparison sees every difference")
    func comparison() {
        let bytes = Array<UInt8>(0..<32)
        #expect(Digests.constantTimeEqual(bytes, bytes))
        #expect(!Digests.constantTimeEqual(bytes, Array(bytes.dropLast())))
        #expect(Digests.constantTimeEqual([], []))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(!Digests.constantTimeEqual(bytes, other))
        }
    }

    @Test(
        "base64url gives the published text (RFC 4648) and reads it back",
        arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy")])
    func base64URL(plain: String, encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == encoded)
        #expect(Base64URL.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test("every length of bytes survives base64url")
    func base64URLLengths() {
        for count in 0..<70 {
            let bytes = Randomness.system.bytes(count)
            #expect(Base64URL.decode(Base64URL.encode(bytes).utf8) == bytes)
        }
    }

    @Test("one value has one spelling", arguments: ["Zh", "Zm9", "Z", "Zg==", "Zm 9", "Zm9+", "Zm9/"])
    func base64URLRefusals(text: String) {
        #expect(Base64URL.decode(text.utf8) == nil)
    }
}
