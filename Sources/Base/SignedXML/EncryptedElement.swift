internal import CXMLSecShim

/// Something sealed for us: an element with `xenc:EncryptedData` in it, and the key for it in there or beside it.
package struct EncryptedElement {
    private static let xenc = "http://www.w3.org/2001/04/xmlenc#"
    private static let xenc11 = "http://www.w3.org/2009/xmlenc11#"
    private static let ds = "http://www.w3.org/2000/09/xmldsig#"
    /// One for each receiver; who has more sends no message but a mailing.
    private static let mostKeys = 4

    private struct Cipher {
        let secretBytes: Int
        let isGCM: Bool
    }

    private static let ciphers: [String: Cipher] = [
        xenc + "aes128-cbc": Cipher(secretBytes: 16, isGCM: false),
        xenc + "aes192-cbc": Cipher(secretBytes: 24, isGCM: false),
        xenc + "aes256-cbc": Cipher(secretBytes: 32, isGCM: false),
        xenc11 + "aes128-gcm": Cipher(secretBytes: 16, isGCM: true),
        xenc11 + "aes192-gcm": Cipher(secretBytes: 24, isGCM: true),
        xenc11 + "aes256-gcm": Cipher(secretBytes: 32, isGCM: true),
    ]

    /// SHA-1 in OAEP is a mask, no signature: it is what most of the field sends, and nothing is known against it.
    private static let digests: [String: Int32] = [
        ds + "sha1": 1, xenc + "sha256": 256, "http://www.w3.org/2001/04/xmldsig-more#sha384": 384,
        xenc + "sha512": 512,
    ]
    private static let masks: [String: Int32] = [
        xenc11 + "mgf1sha1": 1, xenc11 + "mgf1sha256": 256, xenc11 + "mgf1sha384": 384, xenc11 + "mgf1sha512": 512,
    ]

    private let holder: XMLElement

    package init(_ holder: XMLElement) { self.holder = holder }

    /// The one element that was sealed, as a document of its own.
    /// - Throws: `.encryptionRefused` for what may not be used, `.decryptionFailed` for all else, whatever it was.
    package func opened(by pair: XMLKeyPair) throws(XMLRefusal) -> XMLDocument {
        guard let data = holder.only("EncryptedData", in: Self.xenc),
            let method = data.only("EncryptionMethod", in: Self.xenc),
            let cipher = method["Algorithm"].flatMap({ Self.ciphers[$0] }),
            data["Type"].map({ $0 == Self.xenc + "Element" }) ?? true
        else { throw .encryptionRefused }
        let sealed = try Self.bytes(of: data)
        for key in try keys(beside: data) {
            let secret = try Self.unwrapped(key, by: pair)
            guard let secret, secret.count == cipher.secretBytes, let plain = Self.opened(sealed, secret, cipher.isGCM)
            else { continue }
            do throws(XMLRefusal) {
                return try XMLDocument(plain, .message)
            } catch {
                throw .decryptionFailed
            }
        }
        throw .decryptionFailed
    }

    private func keys(beside data: XMLElement) throws(XMLRefusal) -> [XMLElement] {
        let inside = data.only("KeyInfo", in: Self.ds)?.children("EncryptedKey", in: Self.xenc) ?? []
        let keys = inside + holder.children("EncryptedKey", in: Self.xenc)
        guard (1...Self.mostKeys).contains(keys.count) else { throw .encryptionRefused }
        return keys
    }

    private static func bytes(of sealed: XMLElement) throws(XMLRefusal) -> [UInt8] {
        // A reference to somewhere else is not followed.
        guard let value = sealed.only("CipherData", in: xenc)?.only("CipherValue", in: xenc)?.content else {
            throw .encryptionRefused
        }
        guard let bytes = Base64Text.decode(value) else { throw .decryptionFailed }
        return bytes
    }

    private static func unwrapped(_ key: XMLElement, by pair: XMLKeyPair) throws(XMLRefusal) -> [UInt8]? {
        guard let method = key.only("EncryptionMethod", in: xenc), let algorithm = method["Algorithm"],
            method.children("OAEPparams", in: xenc).isEmpty
        else { throw .encryptionRefused }
        var digest: Int32? = 1
        if let named = method.elements.first(where: { $0.is("DigestMethod", in: ds) }) {
            digest = named["Algorithm"].flatMap { digests[$0] }
        }
        var mask: Int32? = 1
        switch algorithm {
        case xenc + "rsa-oaep-mgf1p": break
        case xenc11 + "rsa-oaep":
            if let named = method.elements.first(where: { $0.is("MGF", in: xenc11) }) {
                mask = named["Algorithm"].flatMap { masks[$0] }
            }
        default: throw .encryptionRefused
        }
        guard let digest, let mask else { throw .encryptionRefused }
        let wrapped = try bytes(of: key)
        var secret = pulse_bytes()
        defer { pulse_bytes_free(&secret) }
        let code = wrapped.withUnsafeBufferPointer {
            pulse_unwrap(pair.key.pointer, digest, mask, $0.baseAddress, $0.count, &secret)
        }
        guard code == PULSE_XML_FINE else { return nil }
        return Array(UnsafeBufferPointer(start: secret.start, count: secret.count))
    }

    private static func opened(_ sealed: [UInt8], _ secret: [UInt8], _ isGCM: Bool) -> [UInt8]? {
        var plain = pulse_bytes()
        defer { pulse_bytes_free(&plain) }
        let code = sealed.withUnsafeBufferPointer {
            pulse_decrypt(secret, secret.count, isGCM ? 1 : 0, $0.baseAddress, $0.count, &plain)
        }
        guard code == PULSE_XML_FINE else { return nil }
        return Array(UnsafeBufferPointer(start: plain.start, count: plain.count))
    }
}
