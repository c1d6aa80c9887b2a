import JSONKit

/// What turns one JSON object of ours into another (RFC 7396), from their bytes. Members that are the same byte for byte
/// are passed over, not read: most of what is told of a thing stands still from poll to poll.
enum StoredPatch {
    private struct Member {
        let key: String
        let place: Range<Int>
    }

    /// - Returns: empty when they say the same. Bytes that were damaged in storage count as an empty object.
    static func between(_ old: [UInt8], _ new: [UInt8]) -> [String: JSONValue] {
        between(old[...], new[...])
    }

    private static func between(_ old: ArraySlice<UInt8>, _ new: ArraySlice<UInt8>) -> [String: JSONValue] {
        let (before, after) = (members(of: old), members(of: new))
        var patch: [String: JSONValue] = [:]
        var found = 0
        for (index, member) in after.enumerated() {
            // They are written in the same order, so the counterpart is mostly at the same place.
            let usual = before.indices.contains(index) && before[index].key == member.key ? before[index] : nil
            let value = new[member.place]
            guard let known = usual ?? before.first(where: { $0.key == member.key }) else {
                patch[member.key] = read(value)
                continue
            }
            found += 1
            let was = old[known.place]
            if isSame(was, value) { continue }
            if isObject(was), isObject(value) {
                let change = between(was, value)
                if !change.isEmpty { patch[member.key] = .object(change) }
            } else {
                patch[member.key] = read(value)
            }
        }
        guard found < before.count else { return patch }
        let kept = Set(after.map(\.key))
        for member in before where !kept.contains(member.key) { patch[member.key] = .null }
        return patch
    }

    private static func members(of text: ArraySlice<UInt8>) -> [Member] {
        var members: [Member] = []
        members.reserveCapacity(16)
        var reader = JSONReader(text)
        do {
            try reader.enterObject()
            while let key = try reader.nextKey() {
                let start = text.startIndex + reader.offset
                try reader.skip()
                members.append(Member(key: key.description, place: start..<text.startIndex + reader.offset))
            }
            try reader.finish()
        } catch {
            return []
        }
        return members
    }

    private static func isSame(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.count == right.count && left.elementsEqual(right)
    }

    private static func isObject(_ text: ArraySlice<UInt8>) -> Bool { text.first == UInt8(ascii: "{") }

    private static func read(_ text: ArraySlice<UInt8>) -> JSONValue? {
        var reader = JSONReader(text)
        return try? reader.decode(JSONValue.self)
    }
}
