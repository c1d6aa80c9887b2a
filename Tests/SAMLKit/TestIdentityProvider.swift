import Crypto
import CryptoExtras
import FoundationEssentials
import Kernel
import SignedXML

/// A provider of the tests: says what it is told to, and signs and seals it as a real one does, or as nobody should.
package struct TestIdentityProvider: Sendable {
    package enum Signs: String, Sendable, CaseIterable { case assertion, response, both, nothing }

    package var keys: TestKeys.Pair
    package var signature = SignatureDraft()
    package var signs = Signs.assertion

    package init() throws {
        keys = try TestKeys.provider
        signature.keyInfo = .certificate(keys.certificateBytes)
    }

    package init(_ keys: TestKeys.Pair, signs: Signs = .assertion) {
        self.keys = keys
        self.signs = signs
        signature.keyInfo = .certificate(keys.certificateBytes)
    }

    /// The assertion alone, signed.
    package func assertion(_ draft: ResponseDraft) throws -> String {
        let id = draft.assertionID ?? ""
        return try keys.pair.signed(draft.assertion(signature.template(over: id)), id: id)
    }

    package func response(_ draft: ResponseDraft) throws -> String {
        let content = signs == .assertion || signs == .both ? try assertion(draft) : draft.assertion()
        return try response(draft, content)
    }

    /// A response with this content, signed if responses are.
    package func response(_ draft: ResponseDraft, _ content: String) throws -> String {
        guard signs == .response || signs == .both, let id = draft.responseID else { return draft.response(content) }
        return try keys.pair.signed(draft.response(content, signature.template(over: id)), id: id)
    }

    /// What a browser would post.
    package func post(_ draft: ResponseDraft) throws -> String { Self.post(try response(draft)) }

    package static func post(_ xml: String) -> String { Base64Text.encode(Array(xml.utf8)) }
}

/// How something is sealed for somebody.
package struct SealDraft: Sendable {
    package enum Cipher: String, Sendable, CaseIterable {
        case aes128CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
        case aes256CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
        case aes128GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
        case aes256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"

        var bytes: Int { self == .aes128CBC || self == .aes128GCM ? 16 : 32 }
        var isGCM: Bool { self == .aes128GCM || self == .aes256GCM }
    }

    package static let oaep = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"

    package var cipher = Cipher.aes256GCM
    /// Said instead of the cipher that was used.
    package var namedCipher: String?
    package var transport = Self.oaep
    package var inTransport = ""
    /// SHA-256 for the digest and the mask, with the algorithm of XML Encryption 1.1.
    package var isSHA256 = false
    package var type = "http://www.w3.org/2001/04/xmlenc#Element"
    /// The key stands beside the data instead of in it.
    package var isBeside = false
    package var holder = "EncryptedAssertion"
    package var keyCount = 1
    package var cipherData: String?

    package init() {}

    /// - Parameter receiver: whose key it is sealed with.
    package func sealed(_ xml: String, for receiver: TestKeys.Pair) throws -> String {
        try sealed(Array(xml.utf8), for: receiver)
    }

    package func sealed(_ plain: [UInt8], for receiver: TestKeys.Pair) throws -> String {
        let secret = SymmetricKey(size: SymmetricKeySize(bitCount: cipher.bytes * 8))
        let body: [UInt8]
        if cipher.isGCM {
            body = Array(try AES.GCM.seal(plain, using: secret).combined ?? Data())
        } else {
            let vector = AES._CBC.IV()
            body = Array(vector) + Array(try AES._CBC.encrypt(plain, using: secret, iv: vector))
        }
        let key = try _RSA.Encryption.PrivateKey(pemRepresentation: receiver.privateKey.reveal()).publicKey
        let wrapped = try key.encrypt(
            secret.withUnsafeBytes { Data($0) }, padding: isSHA256 ? .PKCS1_OAEP_SHA256 : .PKCS1_OAEP)
        return written(body, wrapped: Array(wrapped))
    }

    package func written(_ body: [UInt8], wrapped: [UInt8]) -> String {
        let modern = """
            <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>\
            <e11:MGF xmlns:e11="http://www.w3.org/2009/xmlenc11#" Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>
            """
        let method = isSHA256 ? "http://www.w3.org/2009/xmlenc11#rsa-oaep" : transport
        let key = """
            <xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:EncryptionMethod Algorithm="\(method)">\
            \(isSHA256 ? modern : inTransport)</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>\
            \(Base64Text.encode(wrapped))</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>
            """
        let keys = String(repeating: key, count: keyCount)
        let value = cipherData ?? "<xenc:CipherValue>\(Base64Text.encode(body))</xenc:CipherValue>"
        return """
            <saml:\(holder) xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" \
            xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><xenc:EncryptedData \
            xmlns:xenc="http://www.w3.org/2001/04/xmlenc#" Type="\(type)">\
            <xenc:EncryptionMethod Algorithm="\(namedCipher ?? cipher.rawValue)"/>\
            \(isBeside ? "" : "<ds:KeyInfo>\(keys)</ds:KeyInfo>")\
            <xenc:CipherData>\(value)</xenc:CipherData></xenc:EncryptedData>\(isBeside ? keys : "")</saml:\(holder)>
            """
    }
}
