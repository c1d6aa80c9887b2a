import SignedXML

/// A signature's template, every part of which can be another one.
package struct SignatureDraft: Sendable {
    package static let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
    package static let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    package static let enveloped = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
    package static let rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    package static let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256"

    package enum KeyInfo: Sendable {
        case certificate([UInt8])
        /// Modulus and exponent, as LemonLDAP writes them, without a certificate.
        case text(String)
        case none
    }

    package var prefix = "ds"
    package var form = Self.exclusive
    package var transforms = [Self.enveloped, Self.exclusive]
    /// Instead of `transforms`.
    package var rawTransforms: String?
    package var digest = Self.sha256
    package var algorithm = Self.rsaSHA256
    package var keyInfo = KeyInfo.none
    /// With line ends and blanks between the elements, as some write it.
    package var isSpaced = false

    package init() {}

    /// - Parameter id: of the element that is signed.
    package func template(over id: String) -> String {
        let p = prefix.isEmpty ? "" : prefix + ":"
        let space = prefix.isEmpty ? "xmlns" : "xmlns:" + prefix
        let end = isSpaced ? "\n  " : ""
        let listed = transforms.map { "<\(p)Transform Algorithm=\"\($0)\"/>" }.joined(separator: end)
        let known =
            switch keyInfo {
            case .none: ""
            case .certificate(let der):
                "<\(p)KeyInfo><\(p)X509Data><\(p)X509Certificate>\(Base64Text.encode(der))</\(p)X509Certificate>"
                    + "</\(p)X509Data></\(p)KeyInfo>"
            case .text(let text): "<\(p)KeyInfo>\(text)</\(p)KeyInfo>"
            }
        return """
            <\(p)Signature \(space)="http://www.w3.org/2000/09/xmldsig#">\(end)<\(p)SignedInfo>\(end)\
            <\(p)CanonicalizationMethod Algorithm="\(form)"/>\(end)<\(p)SignatureMethod Algorithm="\(algorithm)"/>\(end)\
            <\(p)Reference URI="#\(id)">\(end)\(rawTransforms ?? "<\(p)Transforms>\(listed)</\(p)Transforms>")\(end)\
            <\(p)DigestMethod Algorithm="\(digest)"/>\(end)<\(p)DigestValue/>\(end)</\(p)Reference>\(end)</\(p)SignedInfo>\
            \(end)<\(p)SignatureValue/>\(end)\(known)</\(p)Signature>
            """
    }
}
