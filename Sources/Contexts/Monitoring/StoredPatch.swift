import JSONKit

/// What turns one JSON object of ours into another (RFC 7396), from their bytes to bytes: nothing is read into values.
/// Members that are the same byte for byte are passed over; most of what is told of a thing stands still from poll to poll.
enum StoredPatch {
    private struct Member {
        let key: JSONKey
        let place: Range<Int>
    }

    /// Writes the members of the patch into the object that the writer has begun. Bytes that were damaged in storage count
    /// as an empty object.
    /// - Returns: whether there are any.
    static func write(from old: [UInt8], to new: [UInt8], into writer: inout JSONWriter) -> Bool {
        write(from: old[...], to: new[...], into: &writer)
    }

    private static func write(
        from old: ArraySlice<UInt8>, to new: ArraySlice<UInt8>, into writer: inout JSONWriter
    ) -> Bool {
        let (before, after) = (members(of: old), members(of: new))
        var (hasAny, found) = (false, 0)
        for (index, member) in after.enumerated() {
            // They are written in the same order, so the counterpart is mostly at the same place.
            let usual = before.indices.contains(index) && before[index].key == member.key ? before[index] : nil
            let known = usual ?? before.first { $0.key == member.key }
            if known != nil { found += 1 }
            let told = write(member.key, from: known.map { old[$0.place] }, to: new[member.place], into: &writer)
            hasAny = hasAny || told
        }
        guard found < before.count else { return hasAny }
        for gone in before where !after.contains(where: { $0.key == gone.key }) {
            writer.key(gone.key.description)
            writer.null()
        }
        return true
    }

    /// - Returns: whether there was anything to write.
    private static func write(
        _ key: JSONKey, from old: ArraySlice<UInt8>?, to new: ArraySlice<UInt8>, into writer: inout JSONWriter
    ) -> Bool {
        if let old, old.elementsEqual(new) { return false }
        guard let old, isObject(old), isObject(new) else {
            writer.key(key.description)
            writer.raw(new)
            return true
        }
        return writer.unlessEmpty { writer in
            writer.beginObject(key.description)
            defer { writer.endObject() }
            return write(from: old, to: new, into: &writer)
        }
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
                members.append(Member(key: key, place: start..<text.startIndex + reader.offset))
            }
            try reader.finish()
        } catch {
            return []
        }
        return members
    }

    private static func isObject(_ text: ArraySlice<UInt8>) -> Bool { text.first == UInt8(ascii: "{") }
}
