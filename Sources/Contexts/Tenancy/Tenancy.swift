// Tenancy: organisations, from the sign-up that founds one to choosing between several.
// Owns: sign-up over a mailed link, the rule for organisation names, creating, listing and switching organisations.
// Leaves to others: who people are and their sessions (Identity), who may enter (Access), what an organisation pays.
// A sign-up answers the same to everybody, after the same work: whether an address is known is told only to its mailbox.
// Others hear of a new or changed organisation through NOTIFY on `pulse_orgs`, sent by the table itself.
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
