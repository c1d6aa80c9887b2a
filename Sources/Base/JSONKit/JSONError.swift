public import Kernel

/// Why a body could not be read: what was wrong, where in the value (path) and where in the bytes (offset).
public struct JSONError: Explained, Equatable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// Not JSON at all: a character that cannot stand here, a literal such as NaN, a control character.
        case syntax(String)
        case unexpectedEnd
        case badUTF8
        /// An escaped surrogate without its partner: it has no UTF-8 form, so it is refused like bad UTF-8.
        case loneSurrogate
        case tooDeep(limit: Int)
        case trailingBytes
        case wrongType(expected: String, found: JSONKind)
        case outOfRange(String)
        case missingMember
        /// Well-formed, but not what the field allows.
        case invalidValue(String)
    }

    public let reason: Reason
    /// Dotted, array positions as numbers: `disks.0.totalBytes`. Empty for the whole body.
    public let path: String
    /// Bytes from the start of the body.
    public let offset: Int

    public init(_ reason: Reason, path: String, offset: Int) {
        self.reason = reason
        self.path = path
        self.offset = offset
    }

    public var description: String {
        path.isEmpty ? "\(explanation) (byte \(offset))" : "\(path): \(explanation) (byte \(offset))"
    }

    public var explanation: String {
        switch reason {
        case .syntax(let what): what
        case .unexpectedEnd: "the body ends inside a value"
        case .badUTF8: "text is not valid UTF-8"
        case .loneSurrogate: "an escaped surrogate stands alone"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .trailingBytes: "bytes after the value"
        case .wrongType(let expected, let found): "expected \(expected), found \(found.words)"
        case .outOfRange(let what): "number does not fit \(what)"
        case .missingMember: "this member is required"
        case .invalidValue(let what): what
        }
    }

    package var problem: Problem {
        Problem(
            "invalid-json", status: 400, title: "The body cannot be read", detail: "\(explanation) (byte \(offset))",
            field: path.isEmpty ? nil : path)
    }
}

/// What stands next in the text, told by its first byte.
public enum JSONKind: Hashable, Sendable {
    case object, array, string, number, bool, null, nothing

    public var words: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .bool: "true or false"
        case .null: "null"
        case .nothing: "no value"
        }
    }
}
