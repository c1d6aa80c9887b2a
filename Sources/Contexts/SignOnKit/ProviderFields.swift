internal import HTTPKit
package import JSONKit
package import Kernel

/// Reads the fields that say whom a provider may let in, and says which of them is wrong. What is not said is `nil`.
package struct ProviderFields: Sendable {
    package let body: JSONValue

    package static let listLimit = 200

    package init(_ body: JSONValue) { self.body = body }

    package func line(_ field: String, _ length: ClosedRange<Int>) throws(Problem) -> String? {
        guard let value = body[field] else { return nil }
        guard let text = value.string?.trimmed, length.contains(text.utf8.count), text.isEmpty || text.isPlainLine
        else {
            throw .invalidField(field, "one line of \(length.lowerBound) to \(length.upperBound) bytes is wanted")
        }
        return text
    }

    package func flag(_ field: String) throws(Problem) -> Bool? {
        guard let value = body[field] else { return nil }
        guard let flag = value.bool else { throw .invalidField(field, "true or false is wanted") }
        return flag
    }

    /// 0...1000, lower comes first.
    package func priority() throws(Problem) -> Int? {
        guard let value = body["priority"] else { return nil }
        guard let number = value.int, (0...1000).contains(number) else {
            throw .invalidField("priority", "0 to 1000 is wanted")
        }
        return number
    }

    /// Compared without case, so kept without, unless `asWritten`.
    package func list(_ field: String, most: Int, asWritten: Bool = false) throws(Problem) -> [String]? {
        guard let value = body[field] else { return nil }
        let all = value.array?.compactMap(\.string).map { asWritten ? $0.trimmed : $0.trimmed.lowercased() } ?? []
        guard all.count == value.array?.count, all.count <= Self.listLimit,
            all.allSatisfy({ (1...most).contains($0.utf8.count) && $0.isPlainLine })
        else {
            throw .invalidField(field, "at most \(Self.listLimit) lines of 1 to \(most) bytes are wanted")
        }
        return all
    }

    /// Domains of addresses, without the sign before them.
    package func domains(_ field: String) throws(Problem) -> [String]? {
        try list(field, most: 253)?.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 }
    }

    /// A part of the provider's addresses; made by whoever asks when it is not said.
    package func id() throws(Problem) -> String? {
        guard let value = body["id"] else { return nil }
        let text = value.string ?? ""
        let isWord = { (byte: UInt8) in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ isWord($0) || $0 == 0x2D || $0 == 0x5F }),
            text.utf8.first.map(isWord) == true, text.utf8.last.map(isWord) == true
        else {
            throw .invalidField(
                "id", "1 to 64 letters, digits, - and _ are wanted, with a letter or digit at both ends")
        }
        return text
    }
}
