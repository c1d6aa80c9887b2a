// Mail: what Pulse writes to people, one recipient at a time.
// Owns: the shape of a message (text and HTML), its bytes on the wire (MIME), SMTP through libcurl on threads of its own,
// the outbox directory of development, and the bounded queue with its retries.
// Leaves to others: the words and links of each mail (Identity, Tenancy), and whether a mail should be sent at all.
// A mail is accepted into memory, never into a table: whoever waits for a lost one asks again, its link is short-lived.
package import Kernel

/// A mail as a feature writes it. `text` says everything that `html` says.
package struct OutgoingMail: Sendable {
    package let to: EmailAddress
    package let subject: String
    package let text: String
    package let html: String

    package init(to: EmailAddress, subject: String, text: String, html: String) {
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
    }
}

/// A sender: an address and perhaps a name, written `Pulse <pulse@example.com>` or `pulse@example.com`.
package struct Mailbox: Hashable, Sendable {
    package let name: String
    package let address: EmailAddress

    package init(name: String = "", address: EmailAddress) {
        self.name = name
        self.address = address
    }

    /// `nil` for a malformed address, or a name with control characters or quotes.
    package init?(_ text: String) {
        let trimmed = text.trimmed
        guard let open = trimmed.lastIndex(of: "<") else {
            guard let address = EmailAddress(trimmed) else { return nil }
            self.init(address: address)
            return
        }
        let name = trimmed[..<open].trimmed
        guard trimmed.hasSuffix(">"), name.isPlainLine, !name.contains(where: { "\"<>\\".contains($0) }),
            let address = EmailAddress(String(trimmed[trimmed.index(after: open)...].dropLast()))
        else { return nil }
        self.init(name: name, address: address)
    }
}

/// A mail as it leaves: envelope and bytes.
package struct RenderedMail: Sendable {
    package let id: String
    package let sender: EmailAddress
    package let recipient: EmailAddress
    /// RFC 5322, lines ending in CRLF.
    package let bytes: [UInt8]
}

/// Takes mails to be sent, without making anybody wait. The queue is one; a test that reads the mail is another.
package protocol Postbox: Sendable {
    /// `false`: refused, the mail will not go.
    @discardableResult func send(_ mail: OutgoingMail) -> Bool
}

/// Where mail goes. One side speaks SMTP, the other writes files for a developer to read.
package protocol MailTransport: Sendable {
    /// Returns when the mail is safe with the next one in the chain.
    func deliver(_ mail: RenderedMail) async throws(MailError)
}

/// Why a mail did not go, and whether the same mail may go later.
package struct MailError: Error, Sendable, CustomStringConvertible {
    package enum Reason: String, Sendable, CaseIterable { case auth, rateLimited, timeout, badAnswer, unreachable }

    package let reason: Reason
    package let isTemporary: Bool
    /// For the log; holds neither credentials nor the mail.
    package let detail: String

    package init(_ reason: Reason, isTemporary: Bool, detail: String) {
        self.reason = reason
        self.isTemporary = isTemporary
        self.detail = detail
    }

    package var description: String { "\(reason.rawValue): \(detail)" }
}
