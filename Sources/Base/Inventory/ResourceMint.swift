import Crypto
package import Kernel

/// Gives a new resource its id: the same evidence in the same organisation always gives the same id, so a crash or a
/// new owner never mints twice.
package enum ResourceMint {
    package static func id(in org: OrgID, type: ResourceType, key: Evidence) -> ResourceID {
        var hash = SHA256()
        for part in [org.description, type.rawValue, key.kind.rawValue, key.value] {
            // Length first, so that no two lists of parts read alike.
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { hash.update(bufferPointer: $0) }
            hash.update(data: Array(part.utf8))
        }
        return .deterministic(fromDigest: Array(hash.finalize()))
    }
}
