import Crypto
import Kernel
import Testing

@testable import Cryptography

@Suite struct PasskeyProofTests {
    private let site = "pulse.example.com"
    private let key = P256.Signing.PrivateKey()
    private let clientData = Array(#"{"type":"webauthn.get"}"#.utf8)

    /// What an authenticator sends (WebAuthn, 6.1), with the new key in it when there is one.
    private func authenticatorData(site: String? = nil, flags: UInt8 = 0x05, uses: UInt8 = 7, isNew: Bool) -> [UInt8] {
        var data = Digests.sha256(site ?? self.site) + [isNew ? flags | 0x40 : flags, 0, 0, 0, uses]
        guard isNew else { return data }
        let point = Array(key.publicKey.rawRepresentation)
        data += [UInt8](repeating: 0, count: 16) + [0, 20] + [UInt8](repeating: 9, count: 20)
        // The key in COSE: EC2, ES256, P-256, x, y.
        data += [0xA5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20] + point.prefix(32)
        return data + [0x22, 0x58, 0x20] + point.suffix(32)
    }

    private func signature(over data: [UInt8], _ clientData: [UInt8]) throws -> [UInt8] {
        Array(try key.signature(for: data + Digests.sha256(clientData)).derRepresentation)
    }

    private func uses(_ data: [UInt8], _ signature: [UInt8], site: String? = nil) -> UInt32? {
        PasskeyProof.uses(
            signedBy: Array(key.publicKey.rawRepresentation), authenticatorData: data, clientData: clientData,
            signature: signature, site: site ?? self.site)
    }

    @Test("a new passkey is read: its id, its key, its uses") func reads() throws {
        let made = try #require(PasskeyProof.newKey(authenticatorData: authenticatorData(isNew: true), site: site))
        #expect(made.credentialID == [UInt8](repeating: 9, count: 20))
        #expect(made.publicKey == Array(key.publicKey.rawRepresentation))
        #expect(made.uses == 7)
    }

    @Test("one of another site, of nobody, or cut off anywhere is refused") func refuses() {
        let good = authenticatorData(isNew: true)
        #expect(PasskeyProof.newKey(authenticatorData: good, site: "evil.example.com") == nil)
        for flags in [UInt8(0), 0x01, 0x04] {
            let data = authenticatorData(flags: flags, isNew: true)
            #expect(PasskeyProof.newKey(authenticatorData: data, site: site) == nil)
        }
        for length in 0..<good.count {
            #expect(PasskeyProof.newKey(authenticatorData: Array(good.prefix(length)), site: site) == nil)
        }
        #expect(PasskeyProof.newKey(authenticatorData: authenticatorData(isNew: false), site: site) == nil)
    }

    @Test("a signature counts for its key, its bytes, its site, and a person who is there") func signatures() throws {
        let data = authenticatorData(isNew: false)
        let signed = try signature(over: data, clientData)
        #expect(uses(data, signed) == 7)
        #expect(uses(data, signed, site: "evil.example.com") == nil)
        #expect(uses(data, []) == nil)
        #expect(uses(data, try signature(over: data, Array("{}".utf8))) == nil)
        for flags in [UInt8(0), 0x01, 0x04] {
            let absent = authenticatorData(flags: flags, isNew: false)
            #expect(uses(absent, try signature(over: absent, clientData)) == nil)
        }
        let other = P256.Signing.PrivateKey()
        #expect(
            PasskeyProof.uses(
                signedBy: Array(other.publicKey.rawRepresentation), authenticatorData: data, clientData: clientData,
                signature: signed, site: site) == nil)
        for index in data.indices {
            var changed = data
            changed[index] ^= 1
            #expect(uses(changed, signed) == nil)
        }
    }
}
