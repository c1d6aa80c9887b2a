package import Kernel

extension Problem {
    /// The body of RFC 9457 with our extension members `code`, `error` (the same, for agents of the field), `message`,
    /// `requestId` and, where one is wrong, `field`.
    package func body(requestID: String) -> [UInt8] {
        var members: [(String, String)] = [
            ("type", "urn:pulse:problem:\(slug)"), ("title", title), ("code", code), ("error", code),
            ("message", detail ?? title), ("requestId", requestID),
        ]
        if let detail { members.append(("detail", detail)) }
        if let field { members.append(("field", field)) }
        let known = Set(members.map(\.0))
        members += extras.sorted { $0.key < $1.key }.filter { !known.contains($0.key) }.map { ($0.key, $0.value) }
        var json = "{\"status\":\(status)"
        for (name, value) in members { json += ",\(Self.quoted(name)):\(Self.quoted(value))" }
        return Array((json + "}").utf8)
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
