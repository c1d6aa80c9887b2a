internal import Audit
internal import Identity
internal import Kernel
internal import Mail

/// What owners are told at once. Holds no link that does anything.
enum DomainLetter {
    static func lost(_ domain: String, to owner: EmailAddress, publicURL: String) -> OutgoingMail {
        LinkLetter(
            to: owner, subject: "\(domain) is no longer verified (Pulse)", greeting: "Hello,",
            before: """
                the TXT record by which \(domain) was verified as your organisation's has been gone for hours, so the domain \
                counts as lost: people with an address of it are no longer sent to single sign-on, and sign in as before.
                """,
            link: "\(publicURL)/sso/domains", button: "Look at your domains",
            after: "Publish the record again and verify the domain; enforcement is then switched on anew."
        ).mail
    }

    static func breakGlassUsed(
        by person: String, to owner: EmailAddress, from origin: AuditOrigin, at moment: Timestamp, publicURL: String
    ) -> OutgoingMail {
        LinkLetter(
            to: owner, subject: "A break-glass code was used (Pulse)", greeting: "Hello,",
            before: """
                \(person) came in with a break-glass code instead of single sign-on, at \(moment), from \(origin.address) \
                with \(origin.userAgent).
                """,
            link: "\(publicURL)/sso/break-glass", button: "Look at the codes",
            after: """
                If you do not know of this, end their sessions and remove them as a member at once, and let them set a new \
                password.
                """
        ).mail
    }
}
