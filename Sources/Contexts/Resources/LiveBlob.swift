import Compression
package import Kernel

/// The last values of everything one connection reports, in one compressed column.
///
/// Deflated; inside, for each resource: its id (16 bytes), the length of its JSON (big-endian, 4 bytes), the JSON object.
package enum LiveBlob {
    /// 10,000 guests of 2 KB each: more than any one connection reports.
    private static let sizeLimit = 64 * 1024 * 1024

    package static func encode(_ members: [(id: ResourceID, live: [UInt8])]) -> [UInt8] {
        var plain: [UInt8] = []
        for (id, live) in members {
            plain += id.bytes
            withUnsafeBytes(of: UInt32(live.count).bigEndian) { plain.append(contentsOf: $0) }
            plain += live
        }
        return Deflate.compress(plain)
    }

    /// Everything up to the first byte that does not fit: a damaged blob costs values, not the list.
    package static func decode(_ blob: [UInt8]) -> [ResourceID: [UInt8]] {
        guard let plain = try? Deflate.inflate(blob, limit: sizeLimit) else { return [:] }
        var rest = plain[...]
        var members: [ResourceID: [UInt8]] = [:]
        while rest.count >= 20 {
            let id = ResourceID(bytes: rest.prefix(16))
            let length = rest.dropFirst(16).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(20)
            guard rest.count >= length else { break }
            members[id] = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        return members
    }
}
