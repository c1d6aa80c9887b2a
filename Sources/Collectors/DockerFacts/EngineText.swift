import JSONKit
import Kernel

/// Engines show what images, labels and names of strangers say; here it becomes fit for a report.
extension JSONValue {
    /// A member as one plain line of at most `limit` bytes; nil when it is absent, empty or no text.
    func line(_ key: String, limit: Int = 256) -> String? {
        guard let text = self[key]?.string, !text.isEmpty else { return nil }
        return text.asLine(limit: limit)
    }

    /// A count or a size; nil when it is absent, negative (which engines write for "not known") or beyond Int64.
    func count(_ key: String) -> Int64? {
        switch self[key] {
        case .integer(let value): value >= 0 ? value : nil
        case .double(let value): value >= 0 && value < 9e18 ? Int64(value) : nil
        default: nil
        }
    }

    /// A counter that only rises.
    func counter(_ key: String) -> UInt64? {
        switch self[key] {
        case .integer(let value): UInt64(exactly: value)
        case .unsigned(let value): value
        default: nil
        }
    }

    /// RFC 3339; the year 1 means never.
    func time(_ key: String) -> Timestamp? {
        guard let time = self[key]?.string.flatMap(Timestamp.init(rfc3339:)), time.milliseconds > 0 else { return nil }
        return time
    }

    /// Seconds since 1970.
    func seconds(_ key: String) -> Timestamp? {
        guard let seconds = count(key), seconds > 0, seconds < 4_102_444_800 else { return nil }
        return Timestamp(seconds: seconds)
    }
}

/// Reads answers element by element, so that a long list is never held as a tree.
enum EngineList {
    private static let options = JSONReader.Options(maxDepth: 64)

    static func object(_ bytes: [UInt8]) throws(EngineFault) -> JSONValue {
        do {
            var reader = JSONReader(bytes, options: options)
            let value: JSONValue = try reader.decode()
            guard value.object != nil else { throw EngineFault(.badAnswer, "the engine's answer is no object") }
            return value
        } catch {
            throw EngineFault(.badAnswer, "the engine's answer cannot be read")
        }
    }

    /// - Parameter member: of the object that holds the list; `nil`: the answer is the list.
    /// - Returns: the first `limit` that mean something, and how many there are.
    static func read<Element>(
        _ bytes: [UInt8], member: String? = nil, limit: Int, _ convert: (JSONValue) -> Element?
    ) throws(EngineFault) -> (elements: [Element], total: Int) {
        var list: (elements: [Element], total: Int) = ([], 0)
        do {
            var reader = JSONReader(bytes, options: options)
            guard let member else {
                try collect(&reader, limit, convert, &list)
                return list
            }
            try reader.enterObject()
            while let key = try reader.nextKey() {
                if key.description == member, try !reader.skipNull() {
                    try collect(&reader, limit, convert, &list)
                } else if key.description != member {
                    try reader.skip()
                }
            }
            return list
        } catch {
            throw EngineFault(.badAnswer, "the engine's answer cannot be read")
        }
    }

    private static func collect<Element>(
        _ reader: inout JSONReader, _ limit: Int, _ convert: (JSONValue) -> Element?,
        _ list: inout (elements: [Element], total: Int)
    ) throws(JSONError) {
        try reader.enterArray()
        while try reader.nextElement() {
            list.total += 1
            if list.elements.count >= limit {
                try reader.skip()
            } else if let element = convert(try reader.decode(JSONValue.self)) {
                list.elements.append(element)
            }
        }
    }
}
