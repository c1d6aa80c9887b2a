/// Texts of ours on their way into XML.
package enum XMLText {
    /// For content and for attributes in double quotes. What XML cannot hold is left out.
    package static func escaped(_ text: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            case "\t", "\n", "\r": escaped += "&#\(scalar.value);"
            case "\u{FFFE}", "\u{FFFF}": break
            default: if scalar.value >= 0x20 { escaped.unicodeScalars.append(scalar) }
            }
        }
        return escaped
    }

    /// The template of a signature over the element of this ID, whose child it is to be.
    /// - Parameter certificate: DER, told to the reader.
    package static func signatureTemplate(over id: String, certificate: [UInt8]?) -> String {
        let shown = certificate.map { certificate in
            "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>\(Base64Text.encode(certificate))</ds:X509Certificate>"
                + "</ds:X509Data></ds:KeyInfo>"
        }
        let form = "http://www.w3.org/2001/10/xml-exc-c14n#"
        return """
            <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo>\
            <ds:CanonicalizationMethod Algorithm="\(form)"/>\
            <ds:SignatureMethod Algorithm="\(QueryAlgorithm.rsaSHA256.rawValue)"/>\
            <ds:Reference URI="#\(escaped(id))"><ds:Transforms>\
            <ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"/>\
            <ds:Transform Algorithm="\(form)"/></ds:Transforms>\
            <ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>\
            </ds:SignedInfo><ds:SignatureValue/>\(shown ?? "")</ds:Signature>
            """
    }
}
