internal import CXMLSecShim
internal import NIOConcurrencyHelpers

/// A document of a stranger, held by libxml2 until nobody needs it any more.
///
/// `@unchecked Sendable`: the tree of libxml2 is touched in `init`, in `deinit` and under the lock, and nowhere else.
package final class XMLDocument: @unchecked Sendable {
    /// Where a signature is looked for.
    package enum Place: Sendable {
        case root
        /// The only child of the root with this name.
        case child(String, in: String)
    }

    private let document: xmlDocPtr
    private let top: xmlNodePtr
    private let bounds: XMLBounds
    private let lock = NIOLock()
    /// Everything, as somebody wrote it. Believe nothing of it.
    package let root: XMLElement

    package init(_ bytes: [UInt8], _ bounds: XMLBounds) throws(XMLRefusal) {
        var read: xmlDocPtr?
        var limits = bounds.inC
        try XMLRefusal.check(
            bytes.withUnsafeBufferPointer { pulse_xml_parse($0.baseAddress, $0.count, &limits, &read) })
        guard let read, let top = xmlDocGetRootElement(read) else { throw .failed }
        self.document = read
        self.top = top
        self.bounds = bounds
        var reader = XMLTreeReader()
        root = reader.element(top)
    }

    deinit { pulse_xml_free(document) }

    /// The element at this place, as one of the keys has signed it.
    package func verified(_ place: Place, by keys: [XMLKey]) throws(XMLRefusal) -> VerifiedElement {
        let pointers: [OpaquePointer?] = keys.map(\.pointer)
        var signed = pulse_bytes()
        defer { pulse_bytes_free(&signed) }
        let node = try find(place)
        var which = 0
        let code = lock.withLock {
            withExtendedLifetime(keys) {
                pulse_xml_verify(document, node, pointers, pointers.count, &signed, &which)
            }
        }
        try XMLRefusal.check(code)
        let bytes = Array(UnsafeBufferPointer(start: signed.start, count: signed.count))
        let element = try XMLDocument(bytes, bounds.canonical).root
        var reader = XMLTreeReader()
        let (name, space) = reader.name(of: node)
        guard element.is(name, in: space) else { throw .wrongReference }
        return VerifiedElement(element, isSignedItself: true)
    }

    /// Reading names and links of a finished tree changes nothing, so it needs no lock.
    private func find(_ place: Place) throws(XMLRefusal) -> xmlNodePtr {
        guard case .child(let name, in: let space) = place else { return top }
        var reader = XMLTreeReader()
        var found: xmlNodePtr?
        var child = top.pointee.children
        while let one = child {
            if one.pointee.type == XML_ELEMENT_NODE, reader.name(of: one) == (name, space) {
                guard found == nil else { throw .signatureShape }
                found = one
            }
            child = one.pointee.next
        }
        guard let found else { throw .unsigned }
        return found
    }

    /// The document with the signature of the element of this ID filled in.
    func signed(_ id: String, by key: XMLKey) throws(XMLRefusal) -> String {
        var text = pulse_bytes()
        defer { pulse_bytes_free(&text) }
        try XMLRefusal.check(lock.withLock { pulse_xml_sign(document, id, key.pointer, &text) })
        return String(decoding: UnsafeBufferPointer(start: text.start, count: text.count), as: UTF8.self)
    }
}
