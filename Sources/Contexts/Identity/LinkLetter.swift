package import Kernel
package import Mail

/// A short mail around one link, as text and as HTML.
package struct LinkLetter: Sendable {
    package let to: EmailAddress
    package let subject: String
    package let greeting: String
    package let before: String
    package let link: String
    package let button: String
    package let after: String

    package init(
        to: EmailAddress, subject: String, greeting: String, before: String, link: String, button: String, after: String
    ) {
        self.to = to
        self.subject = subject
        self.greeting = greeting
        self.before = before
        self.link = link
        self.button = button
        self.after = after
    }

    package var mail: OutgoingMail {
        OutgoingMail(
            to: to, subject: subject, text: "\(greeting)\n\n\(before)\n\n\(link)\n\n\(after)\n",
            html: """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><title>\(subject.escapedForHTML)</title></head>
                <body>
                <p>\(greeting.escapedForHTML)</p>
                <p>\(before.escapedForHTML)</p>
                <p><a href="\(link.escapedForHTML)">\(button.escapedForHTML)</a></p>
                <p>\(after.escapedForHTML)</p>
                </body></html>

                """)
    }
}

extension String {
    /// Fit for HTML text and quoted attributes.
    package var escapedForHTML: String {
        reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}
