package import HTTPKit
internal import Kernel
package import Mail

/// Development's mailbox in the browser. Production never mounts it: there mail has a server.
package struct OutboxRoutes: Sendable {
    private let outbox: OutboxDirectory

    package init(_ outbox: OutboxDirectory) { self.outbox = outbox }

    package var endpoints: [Endpoint] { [list, show] }

    private var list: Endpoint {
        Endpoint(
            .get, "/dev/outbox", summary: "Mails that development did not send, newest first",
            access: .public(reason: "exists in development only"), audit: .none(reason: "reads only"),
            response: .media("text/html"), responseExample: "<!doctype html>"
        ) { [outbox] _ in
            let rows = outbox.mails().map { mail in
                "<li><a href=\"/dev/outbox/\(mail.number)\">\(mail.number)</a> \(mail.date.escapedForHTML) "
                    + "<b>\(mail.to.escapedForHTML)</b> \(mail.subject.escapedForHTML)</li>"
            }
            let body = rows.isEmpty ? "<p>No mail yet.</p>" : "<ul>\n\(rows.joined(separator: "\n"))\n</ul>"
            return Self.page("Outbox", body)
        }
    }

    private var show: Endpoint {
        Endpoint(
            .get, "/dev/outbox/{n}", summary: "One mail that development did not send",
            access: .public(reason: "exists in development only"), audit: .none(reason: "reads only"),
            problems: [.notFound], response: .media("text/html"), responseExample: "<!doctype html>"
        ) { [outbox] request in
            guard let number = request.parameters["n"].flatMap({ Int($0) }), let mail = outbox.mail(numbered: number)
            else { throw Problem.notFound }
            let lines = mail.text.split(separator: "\n", omittingEmptySubsequences: false).map(Self.linked)
            return Self.page(
                mail.subject,
                """
                <dl><dt>From</dt><dd>\(mail.from.escapedForHTML)</dd><dt>To</dt><dd>\(mail.to.escapedForHTML)</dd>
                <dt>Date</dt><dd>\(mail.date.escapedForHTML)</dd></dl>
                <pre>\(lines.joined(separator: "\n"))</pre>
                <p><a href="/dev/outbox">All mails</a></p>
                """)
        }
    }

    /// A line that is nothing but an address becomes a link.
    private static func linked(_ line: Substring) -> String {
        let text = String(line).escapedForHTML
        let isLink = line.hasPrefix("http://") || line.hasPrefix("https://")
        return isLink && !line.contains(" ") ? "<a href=\"\(text)\">\(text)</a>" : text
    }

    private static func page(_ title: String, _ body: String) -> APIResponse {
        .text(
            """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>\(title.escapedForHTML)</title></head>
            <body><main><h1>\(title.escapedForHTML)</h1>
            \(body)
            </main></body></html>

            """, type: "text/html; charset=utf-8")
    }
}
