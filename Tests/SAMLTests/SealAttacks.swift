import SAMLKit
import SignedXML

@testable import SAML

/// Encrypted assertions: sealed in ways that are weak, for others, or to hide something.
enum SealAttacks {
    @Sendable private static func withKey() throws -> ServiceCase { try ServiceCase(hasKey: true) }

    /// - Parameter content: what stands in the response.
    private static func sealed(
        _ name: String, _ reason: SAMLRefusal.Reason, signs: TestIdentityProvider.Signs = .nothing,
        in scene: @escaping @Sendable () throws -> ServiceCase = withKey,
        _ content: @escaping @Sendable (_ signed: String, _ seal: SealDraft) throws -> String
    ) -> Attack {
        Attack(name, reason, in: scene) {
            let content = try content(try TestIdentityProvider().assertion(ResponseDraft()), SealDraft())
            return try TestIdentityProvider(try TestKeys.provider, signs: signs).response(ResponseDraft(), content)
        }
    }

    /// The signed assertion, sealed otherwise.
    private static func otherwise(
        _ name: String, _ reason: SAMLRefusal.Reason, _ change: @escaping @Sendable (inout SealDraft) -> Void
    ) -> Attack {
        sealed(name, reason) { signed, seal in
            var seal = seal
            change(&seal)
            return try seal.sealed(signed, for: try TestKeys.service)
        }
    }

    private static func body(_ sealed: String, _ change: (inout [UInt8]) -> Void) -> String {
        let last = sealed.components(of: "<xenc:CipherValue>").last?.components(of: "</xenc:CipherValue>").first ?? ""
        var bytes = Base64Text.decode(last) ?? []
        change(&bytes)
        return sealed.replacing(first: ">\(last)<", with: ">\(Base64Text.encode(bytes))<")
    }

    private static let xenc = "http://www.w3.org/2001/04/xmlenc#"

    static let all = algorithms + contents + tampered

    private static let algorithms: [Attack] = [
        otherwise("a key in RSA 1.5", .encryptionRefused) { $0.transport = xenc + "rsa-1_5" },
        otherwise("a key in AES", .encryptionRefused) { $0.transport = xenc + "kw-aes256" },
        otherwise("a key in nothing", .encryptionRefused) { $0.transport = "" },
        otherwise("data in triple DES", .encryptionRefused) { $0.namedCipher = xenc + "tripledes-cbc" },
        otherwise("data in nothing", .encryptionRefused) { $0.namedCipher = "" },
        otherwise("a parameter of OAEP", .encryptionRefused) {
            $0.inTransport = "<xenc:OAEPparams>AAAA</xenc:OAEPparams>"
        },
        otherwise("a mask of MD5", .encryptionRefused) {
            $0.inTransport = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#md5\"/>"
        },
        otherwise("another digest than was used", .decryptionFailed) {
            $0.inTransport = "<ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/>"
        },
        otherwise("another cipher than was used", .decryptionFailed) {
            $0.namedCipher = SealDraft.Cipher.aes256CBC.rawValue
        },
        otherwise("a cipher of another length", .decryptionFailed) {
            $0.namedCipher = SealDraft.Cipher.aes128GCM.rawValue
        },
        otherwise("content and no element", .encryptionRefused) { $0.type = xenc + "Content" },
        otherwise("five keys", .encryptionRefused) { $0.keyCount = 5 },
        otherwise("no key", .encryptionRefused) { $0.keyCount = 0 },
        otherwise("data by address", .encryptionRefused) {
            $0.cipherData = "<xenc:CipherReference URI=\"http://evil.example/\"/>"
        },
        otherwise("no data", .encryptionRefused) { $0.cipherData = "" },
        otherwise("data that is no base64", .decryptionFailed) {
            $0.cipherData = "<xenc:CipherValue>!</xenc:CipherValue>"
        },
        otherwise("data of three bytes", .decryptionFailed) {
            $0.cipherData = "<xenc:CipherValue>AAAA</xenc:CipherValue>"
        },
    ]

    private static let contents: [Attack] = [
        sealed("sealed, and we have no key", .noDecryptionKey, in: { try ServiceCase() }) { signed, seal in
            try seal.sealed(signed, for: try TestKeys.service)
        },
        sealed("sealed for somebody else", .decryptionFailed) { signed, seal in
            try seal.sealed(signed, for: try TestKeys.foreign)
        },
        sealed("sealed and not signed", .unsigned) { _, seal in
            try seal.sealed(ResponseDraft().assertion(), for: try TestKeys.service)
        },
        sealed("sealed and signed by somebody else", .signatureMismatch) { _, seal in
            try seal.sealed(
                try TestIdentityProvider(try TestKeys.foreign).assertion(ResponseDraft()), for: try TestKeys.service)
        },
        sealed("signed by somebody else in a response that is signed well", .signatureMismatch, signs: .response) {
            _, seal in
            try seal.sealed(
                try TestIdentityProvider(try TestKeys.foreign).assertion(ResponseDraft()), for: try TestKeys.service)
        },
        sealed("sealed and changed after it was signed", .digestMismatch) { signed, seal in
            try seal.sealed(signed.replacing(first: "ana@", with: "admin@"), for: try TestKeys.service)
        },
        sealed("one sealed and one plain", .severalAssertions) { signed, seal in
            try seal.sealed(ResponseDraft().assertion(), for: try TestKeys.service) + signed
        },
        sealed("one plain and one sealed", .severalAssertions) { signed, seal in
            try signed + seal.sealed(ResponseDraft().assertion(), for: try TestKeys.service)
        },
        sealed("two sealed", .severalAssertions) { signed, seal in
            try seal.sealed(signed, for: try TestKeys.service) + seal.sealed(signed, for: try TestKeys.service)
        },
        sealed("a sealed response", .misplacedAssertion) { _, seal in
            try seal.sealed(
                try TestIdentityProvider(try TestKeys.provider, signs: .response).response(ResponseDraft()),
                for: try TestKeys.service)
        },
        sealed("two in one seal", .decryptionFailed) { signed, seal in
            try seal.sealed(signed + signed, for: try TestKeys.service)
        },
        sealed("the signed one in a sealed other one", .unsigned) { signed, seal in
            var draft = ResponseDraft()
            draft.assertionID = "_evil"
            draft.moreInAssertion = "<A:Advice>\(signed)</A:Advice>"
            return try seal.sealed(draft.assertion(), for: try TestKeys.service)
        },
        sealed("a sealed other one around it in a signed response", .misplacedAssertion, signs: .response) {
            signed, seal in
            var draft = ResponseDraft()
            draft.assertionID = "_evil"
            draft.moreInAssertion = "<A:Advice>\(signed)</A:Advice>"
            return try seal.sealed(draft.assertion(), for: try TestKeys.service)
        },
        sealed("a sealed document type", .decryptionFailed) { signed, seal in
            try seal.sealed(
                "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>" + signed, for: try TestKeys.service)
        },
        sealed("a sealed comment", .decryptionFailed) { signed, seal in
            try seal.sealed(signed.replacing(first: "ana@", with: "ana<!---->@"), for: try TestKeys.service)
        },
        sealed("sealed nonsense", .decryptionFailed) { _, seal in try seal.sealed("nonsense", for: try TestKeys.service)
        },
        sealed("sealed nothing", .decryptionFailed) { _, seal in try seal.sealed("", for: try TestKeys.service) },
        sealed("a sealed name", .misplacedAssertion, signs: .response) { _, seal in
            try seal.sealed(
                "<a:NameID xmlns:a=\"urn:oasis:names:tc:SAML:2.0:assertion\">admin</a:NameID>",
                for: try TestKeys.service)
        },
        sealed("a sealed one in the extensions", .misplacedAssertion) { signed, seal in
            "<samlp:Extensions>\(try seal.sealed(signed, for: try TestKeys.service))</samlp:Extensions>"
        },
        sealed(
            "a plain one where sealed ones are wanted", .unencrypted,
            in: {
                var scene = try ServiceCase(hasKey: true)
                scene.settings.allowUnencrypted = false
                return scene
            }
        ) { signed, _ in signed },
    ]

    private static let tampered: [Attack] = [
        sealed("a bit of the tag is changed", .decryptionFailed) { signed, seal in
            body(try seal.sealed(signed, for: try TestKeys.service)) { $0[$0.count - 1] ^= 1 }
        },
        sealed("a bit of the text is changed", .decryptionFailed) { signed, seal in
            body(try seal.sealed(signed, for: try TestKeys.service)) { $0[40] ^= 1 }
        },
        sealed("the tag is cut off", .decryptionFailed) { signed, seal in
            body(try seal.sealed(signed, for: try TestKeys.service)) { $0.removeLast(16) }
        },
        sealed("the last block's filling is changed", .decryptionFailed) { signed, _ in
            var seal = SealDraft()
            seal.cipher = .aes128CBC
            return body(try seal.sealed(signed, for: try TestKeys.service)) { $0[$0.count - 17] ^= 0xF0 }
        },
        sealed("half a block is missing", .decryptionFailed) { signed, _ in
            var seal = SealDraft()
            seal.cipher = .aes256CBC
            return body(try seal.sealed(signed, for: try TestKeys.service)) { $0.removeLast(8) }
        },
        sealed("the first block is changed", .decryptionFailed) { signed, _ in
            var seal = SealDraft()
            seal.cipher = .aes256CBC
            return body(try seal.sealed(signed, for: try TestKeys.service)) { $0[0] ^= 0x40 }
        },
    ]
}

extension String {
    /// Split at every place of `mark`.
    fileprivate func components(of mark: String) -> [String] {
        var (parts, rest) = ([String](), self)
        while true {
            let next = rest.replacing(first: mark, with: "\u{1}")
            guard next != rest, let place = next.firstIndex(of: "\u{1}") else { return parts + [rest] }
            parts.append(String(next[..<place]))
            rest = String(next[next.index(after: place)...])
        }
    }
}
