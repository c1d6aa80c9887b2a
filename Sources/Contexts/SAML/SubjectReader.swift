internal import Kernel
internal import SignedXML

/// Whom an assertion is about: the NameID, or the attribute that the settings name instead.
struct SubjectReader {
    static let mostBytes = 1024

    let settings: SAMLSettings
    let pair: XMLKeyPair?
    let keys: [XMLKey]

    func subject(of assertion: Assertion, _ attributes: AttributeReader) throws(SAMLRefusal) -> SAMLSubject {
        let name = try name(in: try assertion.subject)
        if let attribute = settings.usernameAttr {
            guard let value = attributes.username, value.utf8.count <= Self.mostBytes, value.isPlainLine else {
                throw SAMLRefusal(.noSubject, "the attribute \(attribute) is missing")
            }
            return SAMLSubject(stable: "attribute \(attribute) \(value)", name: name)
        }
        guard let name else { throw SAMLRefusal(.noSubject, "there is no NameID") }
        guard name.format != Names.transient else { throw SAMLRefusal(.transientSubject) }
        return SAMLSubject(stable: "nameid \(name.format) \(name.value)", name: name)
    }

    /// - Returns: `nil` when there is none.
    func name(in holder: XMLElement) throws(SAMLRefusal) -> SAMLName? {
        var element = holder.only("NameID", in: Names.assertion)
        if let sealed = holder.only("EncryptedID", in: Names.assertion) {
            guard element == nil else { throw SAMLRefusal(.noSubject, "there is a NameID twice") }
            guard let pair else { throw SAMLRefusal(.noDecryptionKey) }
            element = try translated { () throws(XMLRefusal) in try EncryptedElement(sealed).opened(by: pair).root }
            guard element?.is("NameID", in: Names.assertion) == true else { throw SAMLRefusal(.noSubject) }
        }
        guard element != nil || holder.children("NameID", in: Names.assertion).isEmpty else {
            throw SAMLRefusal(.noSubject, "there is a NameID twice")
        }
        guard let element else { return nil }
        guard let value = element.content, (1...Self.mostBytes).contains(value.utf8.count), value.isPlainLine else {
            throw SAMLRefusal(.noSubject, "the NameID is no plain line")
        }
        return SAMLName(
            value: value, format: element["Format"] ?? Names.unspecified, qualifier: element["NameQualifier"],
            spQualifier: element["SPNameQualifier"])
    }
}
