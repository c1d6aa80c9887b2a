// Where errors are made. The happy path keeps no path at all: when something fails, the text before it is walked once
// more to find the keys and positions around the place.

extension JSONReader {
    @usableFromInline @inline(never) func syntax(_ what: StaticString) -> JSONError {
        position >= count ? fail(.unexpectedEnd, at: position) : fail(.syntax(what.description), at: position)
    }

    /// The next value is not of the kind that was asked for.
    @usableFromInline @inline(never) func wrongType(_ expected: StaticString) -> JSONError {
        let found = kind(of: byte(at: position))
        guard position < count else { return fail(.unexpectedEnd, at: position) }
        guard found != .nothing else { return fail(.syntax("expected \(expected.description)"), at: position) }
        return fail(.wrongType(expected: expected.description, found: found), at: position)
    }

    @usableFromInline @inline(never) func tooDeep() -> JSONError {
        fail(.tooDeep(limit: options.maxDepth), at: position)
    }

    func fail(_ reason: JSONError.Reason, at offset: Int) -> JSONError {
        JSONError(reason, path: JSONPath(in: text, at: offset).description, offset: min(offset, count))
    }

    /// For a value just read that the field does not allow: `throw reader.invalid("must be 1 to 100")`.
    public func invalid(_ what: String) -> JSONError { fail(.invalidValue(what), at: scalarStart) }

    /// For an object just read to its end that lacks a member.
    public func missing(_ name: String) -> JSONError {
        var path = JSONPath(in: text, closedAt: position)
        path.append(key: name)
        return JSONError(.missingMember, path: path.description, offset: position)
    }

    /// The value of a member that must be there: `try reader.required("token", token)` after the last key.
    public func required<Value>(_ name: String, _ value: Value?) throws(JSONError) -> Value {
        guard let value else { throw missing(name) }
        return value
    }

    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }
}

/// The keys and positions that lead to a place in JSON text.
struct JSONPath {
    private enum Step {
        case key(String)
        case position(Int)
    }
    private var steps: [Step] = []

    /// The value that begins, or is being read, at `offset`. The text before it must have been read without error.
    init(in text: UnsafeRawBufferPointer, at offset: Int) {
        walk(text.prefix(offset))
        // A container whose first key was not read yet says nothing.
        if case .key("")? = steps.last { steps.removeLast() }
    }

    /// The object or array whose closing bracket is the last byte before `offset`.
    init(in text: UnsafeRawBufferPointer, closedAt offset: Int) {
        // Without the bracket the walk ends inside the container, whose own last step is then one too many.
        walk(text.prefix(max(offset - 1, 0)))
        if !steps.isEmpty { steps.removeLast() }
    }

    mutating func append(key: String) { steps.append(.key(key)) }

    /// At most 256 bytes: a path is a hint for people, not data.
    var description: String {
        var words = ""
        for step in steps {
            if !words.isEmpty { words += "." }
            switch step {
            case .key(let key): words += key
            case .position(let index): words += "\(index)"
            }
            if words.utf8.count > 256 { return String(words.prefix(128)) + "…" }
        }
        return words
    }

    /// One step per open container: the member or element that the walk is in.
    private mutating func walk(_ text: Slice<UnsafeRawBufferPointer>) {
        var index = text.startIndex
        var awaitsKey = false
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "{"):
                steps.append(.key(""))
                awaitsKey = true
            case UInt8(ascii: "["):
                steps.append(.position(0))
                awaitsKey = false
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if !steps.isEmpty { steps.removeLast() }
                awaitsKey = false
            case UInt8(ascii: ","):
                if case .position(let position)? = steps.last {
                    steps[steps.count - 1] = .position(position + 1)
                } else {
                    awaitsKey = true
                }
            case UInt8(ascii: "\""):
                let end = Self.endOfString(in: text, from: index + 1)
                if awaitsKey, !steps.isEmpty {
                    steps[steps.count - 1] = .key(String(decoding: text[(index + 1)..<end].prefix(64), as: UTF8.self))
                    awaitsKey = false
                }
                index = end
            default: break
            }
            index += 1
        }
    }

    /// The index of the closing quote, or the end of the text.
    private static func endOfString(in text: Slice<UnsafeRawBufferPointer>, from start: Int) -> Int {
        var index = start
        while index < text.endIndex, text[index] != UInt8(ascii: "\"") {
            index += text[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(index, text.endIndex)
    }
}
