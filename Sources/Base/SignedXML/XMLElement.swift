internal import CXMLSecShim

package struct XMLAttribute: Sendable, Hashable {
    package let name: String
    /// Empty for none.
    package let space: String
    package let value: String
}

/// An element as it was read: a value that nothing can change or move any more.
package struct XMLElement: Sendable, Hashable {
    package let name: String
    /// The namespace; empty for none.
    package let space: String
    package let attributes: [XMLAttribute]
    package let elements: [XMLElement]
    /// All text that is directly in it, joined. There is no first piece of it to be mistaken for the whole.
    package let text: String

    package func `is`(_ name: String, in space: String) -> Bool { self.name == name && self.space == space }

    package func children(_ name: String, in space: String) -> [XMLElement] {
        elements.filter { $0.is(name, in: space) }
    }

    /// `nil` when there is none or are several.
    package func only(_ name: String, in space: String) -> XMLElement? {
        let found = children(name, in: space)
        return found.count == 1 ? found[0] : nil
    }

    /// Of the attribute without a namespace.
    package subscript(_ attribute: String) -> String? {
        attributes.first { $0.space.isEmpty && $0.name == attribute }?.value
    }

    /// Its text without white space at either end; `nil` when elements are mixed into it.
    package var content: String? {
        guard elements.isEmpty else { return nil }
        let bytes = text.utf8
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        guard let start = bytes.firstIndex(where: { !isSpace($0) }), let end = bytes.lastIndex(where: { !isSpace($0) })
        else { return "" }
        return start == bytes.startIndex && end == bytes.index(before: bytes.endIndex)
            ? text : String(text[start...end])
    }

    /// It and everything in it, from the outside in.
    package func walk<E: Error>(_ visit: (XMLElement) throws(E) -> Void) throws(E) {
        try visit(self)
        for element in elements { try element.walk(visit) }
    }
}

/// Turns the tree of libxml2 into values. Names of namespaces are long and few, so all elements share them.
struct XMLTreeReader {
    private var spaces: [(known: UnsafePointer<UInt8>, name: String)] = []

    /// - Precondition: what `node` belongs to is not freed before this returns.
    mutating func element(_ node: xmlNodePtr) -> XMLElement {
        var attributes: [XMLAttribute] = []
        var attribute = node.pointee.properties
        while let one = attribute {
            attributes.append(
                XMLAttribute(
                    name: String(cString: one.pointee.name), space: space(one.pointee.ns),
                    value: Self.text(one.pointee.children)))
            attribute = one.pointee.next
        }
        var elements: [XMLElement] = []
        var child = node.pointee.children
        while let one = child {
            if one.pointee.type == XML_ELEMENT_NODE { elements.append(element(one)) }
            child = one.pointee.next
        }
        return XMLElement(
            name: String(cString: node.pointee.name), space: space(node.pointee.ns), attributes: attributes,
            elements: elements, text: Self.text(node.pointee.children))
    }

    mutating func name(of node: xmlNodePtr) -> (name: String, space: String) {
        (String(cString: node.pointee.name), space(node.pointee.ns))
    }

    private static func text(_ first: xmlNodePtr?) -> String {
        var text = ""
        var node = first
        while let one = node {
            if one.pointee.type == XML_TEXT_NODE, let content = one.pointee.content {
                if text.isEmpty { text = String(cString: content) } else { text += String(cString: content) }
            }
            node = one.pointee.next
        }
        return text
    }

    private mutating func space(_ namespace: UnsafeMutablePointer<xmlNs>?) -> String {
        guard let name = namespace?.pointee.href else { return "" }
        for space in spaces where xmlStrEqual(space.known, name) == 1 { return space.name }
        spaces.append((UnsafePointer(name), String(cString: name)))
        return spaces[spaces.count - 1].name
    }
}
