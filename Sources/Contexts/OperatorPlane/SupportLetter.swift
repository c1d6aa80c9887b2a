internal import Identity
internal import Kernel
internal import Mail

/// Tells an owner that somebody asks to be let in. The link leads to the page where they decide; it decides nothing.
struct SupportLetter {
    let to: EmailAddress
    let access: SupportAccess
    let publicURL: String

    var mail: OutgoingMail {
        LinkLetter(
            to: to, subject: "Support asks to look into \(access.name) (Pulse)", greeting: "Hello,",
            before: "\(access.operatorName) of your Pulse's support asks to look into \(access.name) for "
                + "\(access.minutes) minutes. Their reason: \(access.reason). They would read what a viewer reads, "
                + "change nothing and see no secrets, and every look is in your audit log.",
            link: "\(publicURL)/settings/support-access", button: "Look at the request",
            after: "Without an owner's consent nobody gets in; unanswered, the request is void in seven days."
        ).mail
    }
}
