internal import Audit
internal import Cryptography
package import JSONKit
package import Kernel
internal import Postgres

/// A signature over where a chain stood: entry `seq` had this hash, and so all before it were as they were.
package struct Checkpoint: Sendable, Equatable {
    package let seq: Int64
    package let hash: [UInt8]
    package let at: Timestamp
    /// Ed25519, 32 bytes.
    package let publicKey: [UInt8]
    package let signature: [UInt8]
    /// The entries up to this one may be gone.
    package let isSeal: Bool

    init(_ row: inout RowReader) throws {
        seq = try row.next()
        hash = try row.next()
        at = try row.next()
        publicKey = try row.next()
        signature = try row.next()
        isSeal = try row.next()
    }

    /// As it was signed somewhere.
    init(seq: Int64, hash: [UInt8], at: Timestamp, publicKey: [UInt8], signature: [UInt8], isSeal: Bool) {
        self.seq = seq
        self.hash = hash
        self.at = at
        self.publicKey = publicKey
        self.signature = signature
        self.isSeal = isSeal
    }

    init(seq: Int64, hash: [UInt8], of org: OrgID, at now: Timestamp, isSeal: Bool = false, by key: SigningKey) throws {
        self.seq = seq
        self.hash = hash
        self.at = now
        self.isSeal = isSeal
        publicKey = key.verifying.bytes
        signature = try key.sign(Self.message(org, seq, hash, now))
    }

    /// Whether one of these keys signed just this, in this organisation.
    func isGenuine(in org: OrgID, trusting keys: Set<VerifyingKey>) -> Bool {
        guard let key = VerifyingKey(publicKey), keys.contains(key) else { return false }
        return key.isValid(signature, of: Self.message(org, seq, hash, at))
    }

    var keyID: String { VerifyingKey(publicKey)?.id ?? "" }

    private static func message(_ org: OrgID, _ seq: Int64, _ hash: [UInt8], _ at: Timestamp) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: "pulse.audit.checkpoint.1")
        bytes.append(field: org.bytes)
        bytes.append(field: seq)
        bytes.append(field: hash)
        bytes.append(field: at.milliseconds)
        return bytes
    }
}

extension Checkpoint: JSONEncodable {
    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("seq", seq)
            json.member("hash", hash.hex)
            json.member("at", at)
            json.member("keyId", keyID)
            json.member("publicKey", Base64URL.encode(publicKey))
            json.member("signature", Base64URL.encode(signature))
            json.member("isSeal", isSeal)
        }
    }
}
