package import Kernel

/// The one decision about where mail goes, taken at start.
package enum MailSetup {
    /// An SMTP server when one is configured; otherwise the outbox directory, which only development may use.
    /// - Throws: a sentence that names the key, for the program to end with.
    package static func transport(
        isProduction: Bool, smtpURL: Secret<String>?, outboxDirectory: String
    ) throws(MailSetupError) -> any MailTransport {
        if let smtpURL { return SMTPTransport(try SMTPServer(smtpURL)) }
        guard !isProduction else {
            throw MailSetupError(
                "PULSE_SMTP_URL is not set: production sends mail through an SMTP server, "
                    + "such as smtps://user:password@mail.example.com:465")
        }
        return OutboxDirectory(path: outboxDirectory)
    }
}
