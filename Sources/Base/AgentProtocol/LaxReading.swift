package import JSONKit
package import Kernel

/// How the field's agents are read: `null` means "as if absent", also inside lists and maps.
extension JSONReader {
    package mutating func lax<Value: JSONDecodable>(_ target: inout Value?) throws(JSONError) {
        target = try decode(Value?.self) ?? target
    }

    package mutating func lax<Element: JSONDecodable>(_ target: inout [Element]) throws(JSONError) {
        if try skipNull() { return }
        target = []
        try enterArray()
        while try nextElement() {
            if let element = try decode(Element?.self) { target.append(element) }
        }
    }

    package mutating func lax<Element: JSONDecodable>(_ target: inout [Element]?) throws(JSONError) {
        if try skipNull() { return }
        var read: [Element] = []
        try lax(&read)
        target = read
    }

    package mutating func lax(_ target: inout [String: String]) throws(JSONError) {
        if try skipNull() { return }
        target = [:]
        try enterObject()
        while let key = try nextKey() {
            if let value = try decode(String?.self) { target[key.description] = value }
        }
    }

    package mutating func lax(_ target: inout [String: Double]) throws(JSONError) {
        if try skipNull() { return }
        target = [:]
        try enterObject()
        while let key = try nextKey() {
            if let value = try decode(Double?.self) { target[key.description] = value }
        }
    }

    /// A sender without a time writes year 1.
    package mutating func lax(_ target: inout Timestamp?) throws(JSONError) {
        guard let time = try decode(Timestamp?.self) else { return }
        target = time.milliseconds < Timestamp.yearTwo ? nil : time
    }
}

extension Timestamp {
    /// 0002-01-01T00:00:00Z.
    fileprivate static let yearTwo: Int64 = -62_104_060_800_000
}
