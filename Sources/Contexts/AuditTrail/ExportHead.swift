internal import Audit
package import Cryptography
internal import JSONKit
package import Kernel

/// How an export is written.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// One JSON object a line.
    case jsonl
    /// RFC 4180 with a header row.
    case csv
}

/// The last line of an export: how many entries it has and where their chain ends, signed. A chain alone cannot show what
/// was cut off after it.
package struct ExportHead: Sendable, Equatable {
    package var org: OrgID
    package var format: ExportFormat
    /// Of the first entry; `seq + 1` in an export without entries.
    package var firstSeq: Int64
    /// What the first entry's hash follows.
    package var previous: [UInt8]
    package var count: Int
    /// Of the last entry.
    package var seq: Int64
    package var hash: [UInt8]
    package var at: Timestamp
    /// SHA-256 of all bytes before this line.
    package var content: [UInt8]

    package init(
        org: OrgID, format: ExportFormat, firstSeq: Int64, previous: [UInt8], count: Int, seq: Int64, hash: [UInt8],
        at: Timestamp, content: [UInt8]
    ) {
        self.org = org
        self.format = format
        self.firstSeq = firstSeq
        self.previous = previous
        self.count = count
        self.seq = seq
        self.hash = hash
        self.at = at
        self.content = content
    }

    /// Signed by the installation that wrote the export.
    package struct Signed: Sendable, Equatable {
        package let head: ExportHead
        package let key: VerifyingKey
        package let signature: [UInt8]

        package var isGenuine: Bool { key.isValid(signature, of: head.message) }
    }

    package func signed(by key: SigningKey) throws -> Signed {
        Signed(head: self, key: key.verifying, signature: try key.sign(message))
    }

    fileprivate var message: [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(field: "pulse.audit.export.1")
        bytes.append(field: org.bytes)
        bytes.append(field: format.rawValue)
        bytes.append(field: firstSeq)
        bytes.append(field: previous)
        bytes.append(field: Int64(count))
        bytes.append(field: seq)
        bytes.append(field: hash)
        bytes.append(field: at.milliseconds)
        bytes.append(field: content)
        return bytes
    }
}

extension ExportHead.Signed {
    /// What stands before the JSON of a head, and before no entry.
    static func prefix(in format: ExportFormat) -> String { format == .csv ? "#{\"head\":" : "{\"head\":" }

    /// The line, with its end.
    package var line: [UInt8] {
        var writer = JSONWriter(capacity: 1024)
        writer.object { json in
            json.object("head") { json in
                json.member("org", head.org)
                json.member("format", head.format.rawValue)
                json.member("firstSeq", head.firstSeq)
                json.member("previous", head.previous.hex)
                json.member("count", head.count)
                json.member("seq", head.seq)
                json.member("hash", head.hash.hex)
                json.member("at", head.at)
                json.member("content", head.content.hex)
                json.member("keyId", key.id)
                json.member("publicKey", Base64URL.encode(key.bytes))
                json.member("signature", Base64URL.encode(signature))
            }
        }
        return (head.format == .csv ? Array("#".utf8) : []) + writer.bytes + Array("\n".utf8)
    }

    /// Reads a line as `line` writes it; `nil` when a single byte is otherwise.
    package init?(line: [UInt8]) {
        guard let format = ExportFormat.allCases.first(where: { line.starts(with: Self.prefix(in: $0).utf8) }) else {
            return nil
        }
        let text = line.dropFirst(format == .csv ? 1 : 0)
        guard let members = try? JSONValue(json: Array(text))["head"],
            let org = members["org"]?.string.flatMap({ OrgID($0) }), members["format"]?.string == format.rawValue,
            let firstSeq = members["firstSeq"]?.int, let previous = members["previous"]?.string?.fromHex,
            let count = members["count"]?.int, let seq = members["seq"]?.int,
            let hash = members["hash"]?.string?.fromHex,
            let at = members["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let content = members["content"]?.string?.fromHex,
            let key = members["publicKey"]?.string.flatMap({ Base64URL.decode($0.utf8) }).flatMap({ VerifyingKey($0) }),
            let signature = members["signature"]?.string.flatMap({ Base64URL.decode($0.utf8) })
        else { return nil }
        let head = ExportHead(
            org: org, format: format, firstSeq: Int64(firstSeq), previous: previous, count: count, seq: Int64(seq),
            hash: hash, at: at, content: content)
        self.init(head: head, key: key, signature: signature)
        guard self.line == line else { return nil }
    }
}

extension String {
    /// The bytes of lower-case hexadecimal; `nil` for anything else.
    var fromHex: [UInt8]? { Array(utf8).fromHex }
}

extension Collection<UInt8> {
    var fromHex: [UInt8]? {
        guard count % 2 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count / 2)
        var high: UInt8?
        for character in self {
            let digit: UInt8
            switch character {
            case 48...57: digit = character - 48
            case 97...102: digit = character - 87
            default: return nil
            }
            if let first = high {
                bytes.append(first << 4 | digit)
                high = nil
            } else {
                high = digit
            }
        }
        return bytes
    }
}
