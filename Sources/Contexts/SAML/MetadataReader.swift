internal import Kernel
internal import Outbound
internal import SignedXML

/// Finds identity providers in metadata (SAML 2.0 Metadata). It came from a pinned address or by the hand of an admin; what is
/// in it is believed because of that, not because of a signature in it.
struct MetadataReader {
    private let root: XMLElement

    init(_ root: XMLElement) { self.root = root }

    func provider(_ entityID: String?) -> SAMLIdentityProvider? {
        provider(in: root, entityID, limits: Limits())
    }

    /// The nearest end of an element and all around it.
    private struct Limits {
        var validUntil: Timestamp?
        var cacheDuration: Duration?

        func within(_ element: XMLElement) -> Limits {
            var inner = self
            if let end = element["validUntil"].flatMap({ Timestamp(rfc3339: $0) }) {
                inner.validUntil = min(validUntil ?? end, end)
            }
            if let kept = element["cacheDuration"].flatMap(XMLDuration.read) {
                inner.cacheDuration = min(cacheDuration ?? kept, kept)
            }
            return inner
        }
    }

    private func provider(in element: XMLElement, _ entityID: String?, limits: Limits) -> SAMLIdentityProvider? {
        let limits = limits.within(element)
        if element.is("EntitiesDescriptor", in: Names.metadata) {
            for child in element.elements {
                if let found = provider(in: child, entityID, limits: limits) { return found }
            }
        }
        guard element.is("EntityDescriptor", in: Names.metadata), let name = element["entityID"],
            (1...1024).contains(name.utf8.count), entityID == nil || entityID == name,
            let role = element.children("IDPSSODescriptor", in: Names.metadata).first(where: Self.speaksSAML2)
        else { return nil }
        let inner = limits.within(role)
        return SAMLIdentityProvider(
            entityID: name, signsInAt: Self.endpoints("SingleSignOnService", of: role),
            logsOutAt: Self.endpoints("SingleLogoutService", of: role), keys: Self.keys(of: role),
            validUntil: inner.validUntil, cacheDuration: inner.cacheDuration,
            wantsSignedRequests: ["true", "1"].contains(role["WantAuthnRequestsSigned"]))
    }

    private static func speaksSAML2(_ role: XMLElement) -> Bool {
        (role["protocolSupportEnumeration"] ?? "").split(whereSeparator: \.isWhitespace).contains {
            $0 == Names.message
        }
    }

    /// At most four of each kind; other bindings are passed over.
    private static func endpoints(_ name: String, of role: XMLElement) -> [SAMLEndpoint] {
        let found = role.children(name, in: Names.metadata).compactMap { element -> SAMLEndpoint? in
            guard let binding = element["Binding"].flatMap(SAMLBinding.init(rawValue:)),
                let location = element["Location"],
                OutboundTarget(location) != nil
            else { return nil }
            let answers = element["ResponseLocation"].flatMap { OutboundTarget($0) }?.url
            return SAMLEndpoint(binding: binding, location: location, responseLocation: answers)
        }
        return Array(found.prefix(4))
    }

    /// Those for signing and those for anything; each once. What is too weak or not readable is passed over.
    private static func keys(of role: XMLElement) -> [XMLKey] {
        var keys: [XMLKey] = []
        for descriptor in role.children("KeyDescriptor", in: Names.metadata) where descriptor["use"] != "encryption" {
            guard let info = descriptor.only("KeyInfo", in: Names.signature) else { continue }
            for key in certificates(in: info) + values(in: info) where !keys.contains(key) { keys.append(key) }
        }
        return keys
    }

    /// Of each X509Data the first: those behind it are the authorities that signed it, and theirs is not the key.
    private static func certificates(in info: XMLElement) -> [XMLKey] {
        info.children("X509Data", in: Names.signature).compactMap { data in
            let text = data.children("X509Certificate", in: Names.signature).first?.content ?? ""
            return Base64Text.decode(text).flatMap { try? XMLKey(certificate: $0) }
        }
    }

    private static func values(in info: XMLElement) -> [XMLKey] {
        info.children("KeyValue", in: Names.signature).compactMap { value in
            guard let rsa = value.only("RSAKeyValue", in: Names.signature),
                let modulus = rsa.only("Modulus", in: Names.signature)?.content.flatMap(Base64Text.decode),
                let exponent = rsa.only("Exponent", in: Names.signature)?.content.flatMap(Base64Text.decode)
            else { return nil }
            return try? XMLKey(modulus: modulus, exponent: exponent)
        }
    }
}

/// `PT6H`, `P1D`, `PT30M`: durations of XML Schema without months and years.
enum XMLDuration {
    static func read(_ text: String) -> Duration? {
        guard text.hasPrefix("P"), text.utf8.count <= 32 else { return nil }
        var (seconds, number, isTime): (Int64, Int64?, Bool) = (0, nil, false)
        for character in text.dropFirst() {
            if let digit = character.wholeNumberValue, character.isASCII {
                guard (number ?? 0) < 1_000_000 else { return nil }
                number = (number ?? 0) * 10 + Int64(digit)
                continue
            }
            if character == "T", number == nil {
                isTime = true
                continue
            }
            let units: [Character: Int64] = isTime ? ["H": 3600, "M": 60, "S": 1] : ["D": 86_400, "W": 604_800]
            guard let unit = units[character], let count = number else { return nil }
            seconds += unit * count
            number = nil
        }
        return number == nil && seconds > 0 ? .seconds(seconds) : nil
    }
}
