package import Cryptography
internal import JSONKit
package import Kernel

/// What is left of an organisation: a signed statement that nothing is. Names the organisation by its id alone.
package struct ErasureCertificate: Sendable {
    package let org: OrgID
    package let requestedAt: Timestamp?
    package let erasedAt: Timestamp
    /// Rows erased, by table.
    package let rows: [String: Int]
    package let keysDestroyed: Bool
    /// Until when a backup from before may still hold ciphertexts; no key opens them.
    package let backupHorizonDays: Int

    /// The exact text that is signed.
    package var text: String {
        var json = JSONWriter()
        json.object { json in
            json.member("statement", "Rows, keys and history of this organisation were erased.")
            json.member("organization", org)
            json.member("deletionRequestedAt", requestedAt)
            json.member("erasedAt", erasedAt)
            json.object("rowsErased") { json in
                for (table, count) in rows.sorted(by: { $0.key < $1.key }) where count > 0 { json.member(table, count) }
            }
            json.member("keysDestroyed", keysDestroyed)
            json.member("backupHorizonDays", backupHorizonDays)
            json.member("backupsEndAt", erasedAt + .seconds(backupHorizonDays * 86_400))
            json.member(
                "backups", "Backups made before hold encrypted values that no key opens, and end at backupsEndAt.")
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The key that signs certificates, derived from the installation's secret.
    package static func signingKey(secret: Secret<[UInt8]>) -> SigningKey {
        SigningKey(seed: Digests.derivedKey(from: secret, purpose: "pulse erasure certificate key"))
    }
}
