/// A mail read back from the outbox. Understands what `MIMEMessage` writes, not mail in general.
package struct OutboxMail: Sendable {
    package let number: Int
    package let from: String
    package let to: String
    package let subject: String
    package let date: String
    package let text: String

    init?(number: Int, bytes: [UInt8]) {
        let lines = String(decoding: bytes.filter { $0 != 13 }, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        guard let end = lines.firstIndex(of: "") else { return nil }
        let headers = Self.headers(lines[..<end])
        self.number = number
        self.from = HeaderText.decode(headers["from"] ?? "")
        self.to = HeaderText.decode(headers["to"] ?? "")
        self.subject = HeaderText.decode(headers["subject"] ?? "")
        self.date = headers["date"] ?? ""
        self.text = Self.firstPart(lines[end...], boundary: headers["content-type"] ?? "") ?? ""
    }

    private static func headers(_ lines: ArraySlice<Substring>) -> [String: String] {
        var headers: [String: String] = [:]
        var name = ""
        for line in lines {
            if line.first == " " {
                headers[name, default: ""] += line
            } else if let colon = line.firstIndex(of: ":") {
                name = line[..<colon].lowercased()
                headers[name] = String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
        return headers
    }

    private static func firstPart(_ lines: ArraySlice<Substring>, boundary type: String) -> String? {
        let quoted = type.split(separator: "\"")
        guard quoted.count >= 2 else { return nil }
        let boundary = "--" + quoted[1]
        let parts = lines.split(separator: Substring(boundary))
        guard let part = parts.dropFirst().first, let end = part.firstIndex(of: "") else { return nil }
        let body = part[part.index(after: end)...].joined(separator: "\n")
        let encoding = headers(part[..<end])["content-transfer-encoding"]
        return encoding == "quoted-printable" ? unquoted(body) : body
    }

    private static func unquoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 61 else {
                bytes.append(byte)
                continue
            }
            if rest.first == 10 {
                rest = rest.dropFirst()
            } else if let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
