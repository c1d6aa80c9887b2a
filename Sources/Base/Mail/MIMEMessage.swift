internal import Kernel

/// The bytes of one mail: headers, then text and HTML as alternatives.
///
/// Nothing a person typed can end a header line: control characters become spaces, and what is not ASCII is encoded
/// (RFC 2047). Bodies that are plain ASCII travel as they are, so that a link stays in one piece; others as
/// quoted-printable.
struct MIMEMessage {
    let mail: OutgoingMail
    let sender: Mailbox
    let date: Timestamp
    let id: String

    func rendered() -> RenderedMail {
        RenderedMail(id: id, sender: sender.address, recipient: mail.to, bytes: bytes)
    }

    var bytes: [UInt8] {
        let boundary = "pulse-\(id.prefix { $0 != "@" })"
        var text = """
            From: \(Self.mailbox(sender))
            To: \(mail.to.text)
            Subject: \(HeaderText.encode(mail.subject, indent: 9))
            Date: \(MailDate.text(date))
            Message-ID: <\(id)>
            MIME-Version: 1.0
            Auto-Submitted: auto-generated
            Content-Type: multipart/alternative; boundary="\(boundary)"


            """
        for (type, body) in [("text/plain", mail.text), ("text/html", mail.html)] {
            let encoded = BodyText(body)
            text += """
                --\(boundary)
                Content-Type: \(type); charset=utf-8
                Content-Transfer-Encoding: \(encoded.encoding)

                \(encoded.text)

                """
        }
        text += "--\(boundary)--\n"
        return Self.withCRLF(text)
    }

    private static func mailbox(_ box: Mailbox) -> String {
        if box.name.isEmpty { return box.address.text }
        let isASCII = box.name.utf8.allSatisfy { $0 < 0x80 }
        return "\(isASCII ? "\"\(box.name)\"" : HeaderText.encode(box.name, indent: 6)) <\(box.address.text)>"
    }

    private static func withCRLF(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count + text.utf8.count / 40)
        for byte in text.utf8 where byte != 13 {
            if byte == 10 { bytes.append(13) }
            bytes.append(byte)
        }
        return bytes
    }
}

/// A body made fit for mail: lines of at most 998 bytes, only ASCII.
struct BodyText {
    let encoding: String
    let text: String

    init(_ body: String) {
        let lines = body.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.hasSuffix("\r") ? line.dropLast() : line
        }
        let isPlain = lines.allSatisfy {
            $0.utf8.count <= 990 && $0.utf8.allSatisfy { (32..<127).contains($0) || $0 == 9 }
        }
        encoding = isPlain ? "7bit" : "quoted-printable"
        text = lines.map { isPlain ? String($0) : Self.quotedPrintable($0) }.joined(separator: "\n")
    }

    /// RFC 2045, section 6.7: at most 76 characters a line, soft breaks with `=`.
    private static func quotedPrintable(_ line: Substring) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = Array(line.utf8)
        var output: [UInt8] = []
        var width = 0
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            let isLiteral = (33...126).contains(byte) && byte != 61 || (byte == 32 || byte == 9) && !isLast
            let unit = isLiteral ? [byte] : [61, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            if width + unit.count > (isLast ? 76 : 75) {
                output += [61, 10]
                width = 0
            }
            output += unit
            width += unit.count
        }
        return String(decoding: output, as: UTF8.self)
    }
}
