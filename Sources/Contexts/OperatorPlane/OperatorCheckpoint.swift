internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A signature over where the operators' log stood: entry `seq` had this hash, and so all before it were as they were.
struct OperatorCheckpoint: Sendable {
    let seq: Int64
    let hash: [UInt8]
    let at: Timestamp
    /// Ed25519, 32 bytes.
    let publicKey: [UInt8]
    let signature: [UInt8]

    static let columns: SQL = "c.seq, c.hash, c.at, c.public_key, c.signature"

    init(_ row: inout RowReader) throws {
        seq = try row.next()
        hash = try row.next()
        at = try row.next()
        publicKey = try row.next()
        signature = try row.next()
    }

    init(of chain: OperatorChain, at now: Timestamp, by key: SigningKey) throws {
        (seq, hash, at) = (chain.seq, chain.hash, now)
        publicKey = key.verifying.bytes
        signature = try key.sign(Self.message(seq, hash, now))
    }

    /// Whether one of these keys signed just this.
    func isGenuine(trusting keys: Set<VerifyingKey>) -> Bool {
        guard let key = VerifyingKey(publicKey), keys.contains(key) else { return false }
        return key.isValid(signature, of: Self.message(seq, hash, at))
    }

    private static func message(_ seq: Int64, _ hash: [UInt8], _ at: Timestamp) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: "pulse.operator.checkpoint.1")
        bytes.append(field: seq)
        bytes.append(field: hash)
        bytes.append(field: at.milliseconds)
        return bytes
    }

    static let schema = Schema.object([
        "seq": .integer(minimum: 1), "hash": .string(pattern: "^[0-9a-f]{64}$"), "at": .timestamp, "keyId": .string,
        "signature": .string,
    ]).named("OperatorLogCheckpoint")
}

extension OperatorCheckpoint: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("seq", seq)
            json.member("hash", hash.hex)
            json.member("at", at)
            json.member("keyId", VerifyingKey(publicKey)?.id ?? "")
            json.member("signature", Base64URL.encode(signature))
        }
    }
}
