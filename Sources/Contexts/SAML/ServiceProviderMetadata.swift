package import Kernel
internal import SignedXML

extension SAMLServiceProvider {
    /// What the other side reads to know us: `application/samlmetadata+xml`. It needs no provider yet.
    package static func metadata(
        _ settings: SAMLSettings, _ addresses: SAMLAddresses, at now: Timestamp
    ) throws(SAMLRefusal) -> String {
        let pair = try pair(settings)
        let entityID = entityID(settings, addresses)
        let id = "_" + hex(of: entityID)
        let signer = settings.signMetadata ? pair : nil
        let template = signer.map { XMLText.signatureTemplate(over: id, certificate: $0.certificate) } ?? ""
        let keys = pair?.certificate.map { certificate in
            ["signing", "encryption"].map { keyDescriptor($0, certificate) }.joined()
        }
        let format = settings.nameIdFormat.map { "<md:NameIDFormat>\(XMLText.escaped($0))</md:NameIDFormat>" }
        let logout = SAMLBinding.allCases.map { binding in
            "<md:SingleLogoutService Binding=\"\(binding.rawValue)\" Location=\"\(XMLText.escaped(addresses.logout))\"/>"
        }
        let signsRequests = settings.signRequests && pair != nil
        let xml = """
            <md:EntityDescriptor xmlns:md="\(Names.metadata)" ID="\(id)" entityID="\(XMLText.escaped(entityID))">\
            \(template)<md:SPSSODescriptor AuthnRequestsSigned="\(signsRequests)" \
            WantAssertionsSigned="\(settings.wantAssertionsSigned)" \
            protocolSupportEnumeration="\(Names.message)">\(keys ?? "")\(logout.joined())\(format ?? "")\
            <md:AssertionConsumerService Binding="\(SAMLBinding.post.rawValue)" \
            Location="\(XMLText.escaped(addresses.acs))" index="0" isDefault="true"/>\
            </md:SPSSODescriptor></md:EntityDescriptor>
            """
        guard let signer else { return xml }
        return try translated { () throws(XMLRefusal) in try signer.signed(xml, id: id) }
    }

    /// The same for the same name: metadata that has not changed reads the same.
    private static func hex(of text: String) -> String {
        // FNV-1a: it makes a name, it hides nothing.
        let hash = text.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    private static func keyDescriptor(_ use: String, _ certificate: [UInt8]) -> String {
        """
        <md:KeyDescriptor use="\(use)"><ds:KeyInfo xmlns:ds="\(Names.signature)"><ds:X509Data><ds:X509Certificate>\
        \(Base64Text.encode(certificate))</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        """
    }
}

/// A key pair of ours for an organisation that has none.
package enum SAMLKeyPair {
    /// - Returns: PEM, for ten years: the other side pins the key, and a date that passes unseen locks everybody out.
    package static func generate(
        name: String, at now: Timestamp, _ randomness: Randomness
    ) throws(SAMLRefusal) -> (certificate: String, privateKey: Secret<String>) {
        let shown = String(name.unicodeScalars.filter { $0.isASCII && $0.value >= 0x20 }.prefix(64).map(Character.init))
        return try translated { () throws(XMLRefusal) in
            try XMLKeyPair.generate(
                name: shown.isEmpty ? "Pulse" : shown, from: now - .seconds(3600), to: now + .seconds(3650 * 86_400),
                serial: randomness.bytes(16))
        }
    }
}
