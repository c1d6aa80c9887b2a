import Kernel
import Testing

@testable import Mail

@Suite struct MIMEMessageTests {
    private func text(subject: String = "Hello", body: String = "Hello\n", from: String = "Pulse <p@example.com>")
        throws
        -> String
    {
        let mail = OutgoingMail(
            to: try #require(EmailAddress("ana@example.org")), subject: subject, text: body, html: "<p>\(body)</p>")
        let message = MIMEMessage(
            mail: mail, sender: try #require(Mailbox(from)), date: Timestamp(milliseconds: 1_795_253_400_000),
            id: "abc123@example.com")
        return String(decoding: message.bytes, as: UTF8.self)
    }

    @Test("a mail has every header a receiver expects, each line ends in CRLF and none is too long")
    func headers() throws {
        let mail = try text()
        #expect(mail.hasPrefix("From: \"Pulse\" <p@example.com>\r\nTo: ana@example.org\r\nSubject: Hello\r\n"))
        #expect(mail.contains("Date: Sat, 21 Nov 2026 09:30:00 +0000\r\n"))
        #expect(mail.contains("Message-ID: <abc123@example.com>\r\n"))
        #expect(mail.contains("MIME-Version: 1.0\r\n"))
        #expect(mail.contains("Content-Type: text/plain; charset=utf-8\r\n"))
        #expect(mail.contains("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(mail.hasSuffix("--pulse-abc123--\r\n"))
        let bytes = Array(mail.utf8)
        #expect(bytes.indices.allSatisfy { bytes[$0] != 10 || bytes[$0 - 1] == 13 })
        #expect(mail.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 })
    }

    @Test(
        "no text can begin another header",
        arguments: [
            "x\r\nBcc: evil@example.net", "x\nBcc: evil@example.net", "x\rBcc: y", "ü\r\n\r\nBcc: y", "x\u{2028}Bcc: y",
        ])
    func injection(subject: String) throws {
        let head = try text(subject: subject).split(separator: "\r\n\r\n")[0]
        #expect(!head.split(separator: "\r\n").contains { $0.hasPrefix("Bcc") })
        #expect(head.split(separator: "\r\n").count { $0.hasPrefix("Subject:") } == 1)
    }

    @Test(
        "subjects survive encoding",
        arguments: [
            "Plain words", "Größe: 100 % fertig", "你好，世界", "🖥️ \(String(repeating: "Überlänge ", count: 30))",
            "=?utf-8?B?not a word?=", "a  =  b",
        ])
    func subjects(subject: String) throws {
        let encoded = HeaderText.encode(subject, indent: 9)
        #expect(encoded.utf8.allSatisfy { $0 < 0x80 })
        #expect(encoded.split(separator: "\n").allSatisfy { $0.utf8.count <= 76 })
        let expected =
            subject.utf8.allSatisfy { $0 < 0x80 } && !subject.contains("=?")
            ? subject.split(separator: " ").joined(separator: " ") : subject
        #expect(HeaderText.decode(encoded.replacing("\n", with: "")) == expected)
    }

    @Test(
        "bodies survive, links stay in one piece when the text is ASCII",
        arguments: [
            "Open https://pulse.example.com/set-password?token=su1_abc-def_ghi\n", "Grüße = 1\nzweite Zeile \n",
            String(repeating: "ä", count: 400), String(repeating: "x", count: 2000), "tab\tand trailing space \n.\n",
        ])
    func bodies(body: String) throws {
        let mail = try text(body: body)
        let read = try #require(OutboxMail(number: 1, bytes: Array(mail.utf8)))
        #expect(read.text.trimmed == body.trimmed)
        #expect(read.subject == "Hello")
        #expect(read.to == "ana@example.org")
        #expect(mail.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 998 && $0.utf8.allSatisfy { $0 < 0x80 } })
        #expect(mail.contains("token=su1_abc-def_ghi") == body.contains("token="))
    }

    @Test(
        "dates are those of the calendar",
        arguments: [
            (Int64(0), "Thu, 01 Jan 1970 00:00:00 +0000"), (951_782_400_000, "Tue, 29 Feb 2000 00:00:00 +0000"),
            (1_795_253_400_000, "Sat, 21 Nov 2026 09:30:00 +0000"),
        ])
    func dates(milliseconds: Int64, text: String) {
        #expect(MailDate.text(Timestamp(milliseconds: milliseconds)) == text)
    }
}
