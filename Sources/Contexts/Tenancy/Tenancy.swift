// Tenancy: organisations, from the sign-up that founds one to choosing between several, and who belongs to them.
// Owns: sign-up, names, members and invitations, the life of an organisation, and the answers of idempotency keys.
// Leaves to others: who people are and their sessions (Identity), who may enter (Access), what an organisation pays.
// Whether an address is known is told only to its mailbox; others hear of changes through NOTIFY on `pulse_orgs`.
// Tempting wrong step: checking "is there another owner" in Swift. Two requests see each other's owner; the row lock decides.
internal import Kernel

/// What an organisation may be called: one plain line of 3 to 64 bytes without slashes.
enum OrganisationName {
    static func check(_ raw: String, field: String) throws(Problem) -> String {
        let name = raw.trimmed
        guard (3...64).contains(name.utf8.count) else {
            throw .invalidField(field, "it has to be 3 to 64 bytes long")
        }
        guard name.isPlainLine, !name.contains(where: { $0 == "/" || $0 == "\\" }) else {
            throw .invalidField(field, "control characters and slashes are not allowed")
        }
        return name
    }
}
