import Crypto
import FoundationEssentials
import SignedXML
import SwiftASN1
import X509

package enum ECAlgorithm: String, Sendable, CaseIterable {
    case p256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    case p384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    case p521 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
}

/// A provider with a key of an elliptic curve. xmlsec makes the digest with another key; the signature over the canonical
/// `SignedInfo`, whose text is written down here, is made by hand.
package struct ECSigner: Sendable {
    private let algorithm: ECAlgorithm
    private let sign: @Sendable (Data) throws -> Data
    package let certificate: String

    package init(_ algorithm: ECAlgorithm) throws {
        self.algorithm = algorithm
        let key: Certificate.PrivateKey
        switch algorithm {
        case .p256:
            let own = P256.Signing.PrivateKey()
            key = Certificate.PrivateKey(own)
            sign = { try own.signature(for: $0).rawRepresentation }
        case .p384:
            let own = P384.Signing.PrivateKey()
            key = Certificate.PrivateKey(own)
            sign = { try own.signature(for: $0).rawRepresentation }
        case .p521:
            let own = P521.Signing.PrivateKey()
            key = Certificate.PrivateKey(own)
            sign = { try own.signature(for: $0).rawRepresentation }
        }
        let name = try DistinguishedName { CommonName("curve") }
        let made = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: key.publicKey, notValidBefore: Date() - 3600,
            notValidAfter: Date() + 86_400, issuer: name, subject: name, extensions: Certificate.Extensions(),
            issuerPrivateKey: key)
        certificate = try made.serializeAsPEM().pemString
    }

    /// A response whose assertion is signed.
    package func response(_ draft: ResponseDraft) throws -> String {
        let id = draft.assertionID ?? ""
        let signed = try TestKeys.foreign.pair.signed(draft.assertion(SignatureDraft().template(over: id)), id: id)
        guard let digest = signed.between("<ds:DigestValue>", "</ds:DigestValue>") else { return "" }
        let info = """
            <ds:SignedInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:CanonicalizationMethod \
            Algorithm="\(SignatureDraft.exclusive)"></ds:CanonicalizationMethod><ds:SignatureMethod \
            Algorithm="\(algorithm.rawValue)"></ds:SignatureMethod><ds:Reference URI="#\(id)"><ds:Transforms>\
            <ds:Transform Algorithm="\(SignatureDraft.enveloped)"></ds:Transform><ds:Transform \
            Algorithm="\(SignatureDraft.exclusive)"></ds:Transform></ds:Transforms><ds:DigestMethod \
            Algorithm="\(SignatureDraft.sha256)"></ds:DigestMethod><ds:DigestValue>\(digest)</ds:DigestValue>\
            </ds:Reference></ds:SignedInfo>
            """
        let value = Base64Text.encode(Array(try sign(Data(info.utf8))))
        return draft.response(
            draft.assertion(
                """
                <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#">\(info)<ds:SignatureValue>\(value)\
                </ds:SignatureValue></ds:Signature>
                """))
    }
}

extension String {
    /// What stands between the first `start` and the next `end`.
    func between(_ start: String, _ end: String) -> String? {
        let (text, open, close) = (Array(utf8), Array(start.utf8), Array(end.utf8))
        func place(_ mark: [UInt8], from: Int) -> Int? {
            guard from + mark.count <= text.count else { return nil }
            return (from...(text.count - mark.count)).first { text[$0..<($0 + mark.count)].elementsEqual(mark) }
        }
        guard let first = place(open, from: 0), let last = place(close, from: first + open.count) else { return nil }
        return String(decoding: text[(first + open.count)..<last], as: UTF8.self)
    }
}
