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
        return Packed.pack(plain)
    }

    /// The members of some resources, the others passed over. A damaged blob gives what is whole before the damage: it
    /// costs values, not the list.
    static func members(_ wanted: Set<ResourceID>, of blob: [UInt8]) -> [ResourceID: [UInt8]] {
        var members: [ResourceID: [UInt8]] = [:]
        walk(blob) { id, live in
            if wanted.contains(id) { members[id] = Array(live) }
            return members.count < wanted.count
        }
        return members
    }

    /// - Parameter visit: returns whether to go on.
    private static func walk(_ blob: [UInt8], _ visit: (ResourceID, Slice<UnsafeRawBufferPointer>) -> Bool) {
        guard let plain = try? Packed.unpack(blob, limit: sizeLimit) else { return }
        plain.withUnsafeBytes { bytes in
            var place = 0
            while bytes.count - place >= 20 {
                let id = ResourceID(bytes: bytes[place..<place + 16])
                let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place + 16, as: UInt32.self)))
                place += 20
                guard bytes.count - place >= length, visit(id, bytes[place..<place + length]) else { return }
                place += length
            }
        }
    }
}
