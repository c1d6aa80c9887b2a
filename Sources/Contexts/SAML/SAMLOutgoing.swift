internal import Compression
internal import Kernel
internal import SignedXML

/// A message of ours on its way through a browser.
package enum SAMLOutgoing: Sendable, Hashable {
    case redirect(url: String)
    case post(to: String, fields: [Field])

    package struct Field: Sendable, Hashable {
        package let name: String
        package let value: String
    }

    package enum Kind: String, Sendable {
        case request = "SAMLRequest"
        case response = "SAMLResponse"
    }

    /// - Parameters:
    ///   - xml: made by `template`, so that for the POST binding a signature has its place.
    ///   - relayState: at most 80 bytes, as the standard says.
    ///   - pair: signs when it is not `nil`.
    static func message(
        _ kind: Kind, _ xml: (_ signature: String) -> String, id: String, to endpoint: String, by binding: SAMLBinding,
        relayState: String?, signedBy pair: XMLKeyPair?
    ) throws(SAMLRefusal) -> SAMLOutgoing {
        switch binding {
        case .redirect:
            return .redirect(url: try redirected(kind, xml(""), to: endpoint, relayState, pair))
        case .post:
            var text = xml("")
            if let pair {
                let template = XMLText.signatureTemplate(over: id, certificate: pair.certificate)
                text = try translated { () throws(XMLRefusal) in try pair.signed(xml(template), id: id) }
            }
            var fields = [Field(name: kind.rawValue, value: Base64Text.encode(Array(text.utf8)))]
            if let relayState { fields.append(Field(name: "RelayState", value: relayState)) }
            return .post(to: endpoint, fields: fields)
        }
    }

    /// What is signed is the query as it is sent, letter by letter.
    private static func redirected(
        _ kind: Kind, _ xml: String, to endpoint: String, _ relayState: String?, _ pair: XMLKeyPair?
    ) throws(SAMLRefusal) -> String {
        var query = kind.rawValue + "=" + QueryText.encoded(Base64Text.encode(Packed.pack(Array(xml.utf8))))
        if let relayState { query += "&RelayState=" + QueryText.encoded(relayState) }
        if let pair {
            query += "&SigAlg=" + QueryText.encoded(QueryAlgorithm.rsaSHA256.rawValue)
            let signed = Array(query.utf8)
            let signature = try translated { () throws(XMLRefusal) in
                try pair.signature(over: signed, by: .rsaSHA256)
            }
            query += "&Signature=" + QueryText.encoded(Base64Text.encode(signature))
        }
        return endpoint + (endpoint.contains("?") ? "&" : "?") + query
    }

    /// The page that sends a form by itself; with a button for browsers that run no scripts.
    /// - Parameter nonce: of the answer's Content-Security-Policy. Its `form-action` has to allow `to`.
    package func page(nonce: String) -> String? {
        guard case .post(let address, let fields) = self else { return nil }
        let inputs = fields.map { field in
            "<input type=\"hidden\" name=\"\(field.name)\" value=\"\(XMLText.escaped(field.value))\">"
        }
        return """
            <!doctype html><html lang="en"><head><meta charset="utf-8"><title>Signing in</title></head><body>\
            <form method="post" action="\(XMLText.escaped(address))">\(inputs.joined())\
            <noscript><button type="submit">Continue</button></noscript></form>\
            <script nonce="\(XMLText.escaped(nonce))">document.forms[0].submit()</script></body></html>
            """
    }
}

/// Values in queries (RFC 3986: everything but unreserved characters is escaped).
enum QueryText {
    static func encoded(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: bytes.append(byte)
            default: bytes += [37, hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nil` for a broken escape or what is not UTF-8.
    static func decoded(_ text: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            var byte = text[index]
            if byte == UInt8(ascii: "%") {
                let high = text.index(index, offsetBy: 1, limitedBy: text.endIndex) ?? text.endIndex
                let low = text.index(index, offsetBy: 2, limitedBy: text.endIndex) ?? text.endIndex
                guard low < text.endIndex, let left = digit(text[high]), let right = digit(text[low]) else {
                    return nil
                }
                byte = left << 4 | right
                index = low
            } else if plusIsSpace, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            bytes.append(byte)
            index = text.index(after: index)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
