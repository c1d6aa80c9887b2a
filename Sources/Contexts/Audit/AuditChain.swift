internal import Cryptography
package import Kernel

/// The chain of one organisation's entries, computed as the database does (`audit_bytes` and `audit_genesis`).
package struct AuditChain: Sendable {
    package let org: OrgID
    private var buffer: [UInt8] = []

    package init(of org: OrgID) {
        self.org = org
        buffer.reserveCapacity(1024)
    }

    /// What stands before the first entry; differs by organisation, so that no chain fits onto another.
    package static func genesis(of org: OrgID) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: "pulse.audit.genesis.1")
        bytes.append(field: org.bytes)
        return Digests.sha256(bytes)
    }

    /// The hash an entry must have after `previous`.
    package mutating func hash(of entry: AuditEntryValue, after previous: [UInt8]) -> [UInt8] {
        buffer.removeAll(keepingCapacity: true)
        buffer += previous
        buffer.append(field: "pulse.audit.entry.1")
        buffer.append(field: org.bytes)
        buffer.append(field: entry.seq)
        buffer.append(field: entry.id.bytes)
        buffer.append(field: entry.at.milliseconds)
        for text in [
            entry.actor, entry.through, entry.action, entry.object, entry.before, entry.after, entry.address,
            entry.userAgent, entry.requestID,
        ] { buffer.append(field: text) }
        return Digests.sha256(buffer)
    }
}

/// The fields that are hashed or signed: four bytes of length, then the bytes, so no two lists of fields are the same
/// bytes. Absent is the length -1.
extension [UInt8] {
    package mutating func append(field text: String?) {
        guard let text else { return append(length: -1) }
        append(length: Int32(text.utf8.count))
        self += text.utf8
    }

    package mutating func append(field bytes: [UInt8]) {
        append(length: Int32(bytes.count))
        self += bytes
    }

    package mutating func append(field number: Int64) {
        append(length: 8)
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }

    private mutating func append(length: Int32) {
        Swift.withUnsafeBytes(of: length.bigEndian) { append(contentsOf: $0) }
    }
}
