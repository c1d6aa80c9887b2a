import AuditTrail
import Cryptography
import Kernel

extension PulseRuns {
    /// Checks an exported audit trail. Needs no database, no network and no settings.
    /// - Parameter key: the public key that must have signed, base64url; `nil`: the one the file names.
    /// - Returns: one line that says what was found to be right.
    /// - Throws: `ExportVerifier.Fault`, a sentence that says what is wrong and where.
    package static func verifyAuditExport(_ path: String, key: String?) async throws -> String {
        var pinned: VerifyingKey?
        if let key {
            guard let bytes = Base64URL.decode(key.utf8), let one = VerifyingKey(bytes) else {
                throw Problem.invalidField("key", "32 bytes in base64url, as GET /api/audit/key shows them")
            }
            pinned = one
        }
        let report = try await ExportVerifier(pinned: pinned).verify(try ExportFile(path: path))
        let head = report.head
        let range = head.count == 0 ? "no entries" : "\(head.count) entries, \(head.firstSeq) to \(head.seq)"
        let trust =
            pinned == nil
            ? "signed by key \(report.key.id); compare it with GET /api/audit/key, or pass --key"
            : "signed by the given key \(report.key.id)"
        return "ok: organisation \(head.org), \(range), as of \(head.at), \(trust)"
    }
}
