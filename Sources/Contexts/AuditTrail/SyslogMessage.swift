internal import Audit
internal import Cryptography
internal import Kernel

/// One entry as a message of RFC 5424, framed for a stream by its length (RFC 5425).
enum SyslogMessage {
    /// Facility 13 (log audit), severity 6 (informational).
    private static let priority = 13 * 8 + 6
    /// We have no enterprise number of our own; this one is kept for examples (RFC 5612).
    private static let element = "pulse@32473"

    static func frame(_ entry: AuditEntryValue, of org: OrgID, from hostname: String) -> [UInt8] {
        let message = text(entry, of: org, from: hostname)
        return Array("\(message.count) ".utf8) + message
    }

    static func text(_ entry: AuditEntryValue, of org: OrgID, from hostname: String) -> [UInt8] {
        let parameters = [
            ("org", org.description), ("seq", "\(entry.seq)"), ("id", entry.id.description), ("actor", entry.actor),
            ("object", entry.object), ("hash", entry.hash.hex),
        ].map { " \($0)=\"\(escaped($1))\"" }.joined()
        let head = "<\(priority)>1 \(entry.at) \(name(hostname, 255)) pulse - \(name(entry.action, 32))"
        return Array("\(head) [\(element)\(parameters)] ".utf8) + ExportLine.json(entry).dropLast()
    }

    private static func escaped(_ value: String) -> String {
        value.reduce(into: "") { text, character in
            if "\"\\]".contains(character) { text.append("\\") }
            text.append(character)
        }
    }

    /// Printable ASCII without spaces; `-` for nothing.
    private static func name(_ text: String, _ limit: Int) -> String {
        let plain = String(decoding: text.utf8.filter { (33...126).contains($0) }.prefix(limit), as: UTF8.self)
        return plain.isEmpty ? "-" : plain
    }
}
