/// An element that somebody vouches for whose key is pinned. Only a verification makes one, and what is in one is one too.
package struct VerifiedElement: Sendable {
    private static let signatures = "http://www.w3.org/2000/09/xmldsig#"

    package let element: XMLElement
    /// Its own signature was verified; otherwise that of an element around it.
    package let isSignedItself: Bool

    init(_ element: XMLElement, isSignedItself: Bool) {
        self.element = element
        self.isSignedItself = isSignedItself
    }

    /// `nil` when there is none or are several.
    package func only(_ name: String, in space: String) -> VerifiedElement? {
        element.only(name, in: space).map { VerifiedElement($0, isSignedItself: false) }
    }

    /// What is sealed in this element. Who signed the sealed form vouches for what is in it; if it is signed once more in
    /// there, that has to be good too.
    package func opened(by pair: XMLKeyPair, signedBy keys: [XMLKey]) throws(XMLRefusal) -> VerifiedElement {
        let document = try EncryptedElement(element).opened(by: pair)
        guard document.root.children("Signature", in: Self.signatures).isEmpty else {
            return try document.verified(.root, by: keys)
        }
        return VerifiedElement(document.root, isSignedItself: false)
    }
}
