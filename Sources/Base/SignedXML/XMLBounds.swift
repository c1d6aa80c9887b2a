internal import CXMLSecShim

/// What a document may be made of.
package struct XMLBounds: Sendable {
    package var bytes: Int
    /// At most 128.
    package var depth: Int
    package var elements: Int
    /// Of one element, its namespace declarations among them.
    package var attributes: Int
    /// Declarations in force at one place. The inclusive canonical form takes time with the square of it for each element.
    package var namespaces: Int
    /// Comments, processing instructions and CDATA are refused and IDs are unique; otherwise the first two are dropped.
    package var isMessage: Bool

    /// A thousand groups with three declarations each are 150 KiB; nobody's message has a fourth of these numbers.
    package static let message = XMLBounds(
        bytes: 524_288, depth: 48, elements: 8192, attributes: 64, namespaces: 64, isMessage: true)

    /// A federation of some hundred providers, or one provider with everything it knows.
    package static let metadata = XMLBounds(
        bytes: 1_048_576, depth: 64, elements: 40_000, attributes: 64, namespaces: 128, isMessage: false)

    /// What was digested is as large as the document, and says its namespaces more often.
    var canonical: XMLBounds {
        var wider = self
        wider.bytes = bytes * 8
        return wider
    }

    var inC: pulse_xml_bounds {
        pulse_xml_bounds(
            bytes: bytes, depth: Int32(depth), elements: Int32(elements), attributes: Int32(attributes),
            namespaces: Int32(namespaces), is_message: isMessage ? 1 : 0)
    }
}
