internal import Identity
internal import Kernel
internal import Mail

/// The mail that asks somebody in. Its link leads to a page that asks again: a mail scanner that follows it joins nobody.
struct InvitationLetter: Sendable {
    let to: EmailAddress
    let organisation: String
    let inviter: String
    let role: String
    let token: Secret<String>
    let publicURL: String

    var mail: OutgoingMail {
        LinkLetter(
            to: to, subject: "Join \(organisation) on Pulse", greeting: "Hello,",
            before: "\(inviter.isEmpty ? "somebody" : inviter) asks you to join the organisation \(organisation) on "
                + "Pulse as \(role):",
            link: "\(publicURL)/accept-invitation?token=\(token.reveal())", button: "Join \(organisation)",
            after: "The link works once and for 7 days. If you do not know them, ignore this mail: nothing happens."
        ).mail
    }
}
