internal import Kernel
internal import Mail

/// The mail with a sign-in link.
struct LoginLetter {
    let to: EmailAddress
    let token: Secret<String>
    let publicURL: String

    var mail: OutgoingMail {
        LinkLetter(
            to: to, subject: "Your sign-in link for Pulse", greeting: "Hello,",
            before: "open this link to sign in to Pulse:",
            link: "\(publicURL)/api/public/magic-link/verify?token=\(token.reveal())", button: "Sign in",
            after: "It works once and for 15 minutes. If you did not ask for it, ignore this mail: nothing happens."
        ).mail
    }
}
