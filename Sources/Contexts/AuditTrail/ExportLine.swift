package import Audit
internal import Cryptography
internal import JSONKit
internal import Kernel

/// One entry as a line of an export, and back. Reading gives exactly what was written, or fails.
package enum ExportLine {
    /// The first line of a CSV export.
    package static let header = "seq,id,at,actor,through,action,object,before,after,address,userAgent,requestId,hash\n"

    struct Unreadable: Error {}

    // MARK: JSON Lines

    package static func json(_ entry: AuditEntryValue) -> [UInt8] {
        var writer = JSONWriter(capacity: 640)
        writer.object { json in
            json.member("seq", entry.seq)
            json.member("id", entry.id)
            json.member("at", entry.at)
            json.member("actor", entry.actor)
            json.member("through", entry.through)
            json.member("action", entry.action)
            json.member("object", entry.object)
            for (key, text) in [("before", entry.before), ("after", entry.after)] {
                guard let text else { continue }
                json.key(key)
                json.raw(text.utf8)
            }
            json.member("address", entry.address)
            json.member("userAgent", entry.userAgent)
            json.member("requestId", entry.requestID)
            json.member("hash", entry.hash.hex)
        }
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    package static func entry(json line: some Collection<UInt8>) throws -> AuditEntryValue {
        var entry = AuditEntryValue(
            seq: 0, id: AuditEntryID(bytes: [UInt8](repeating: 0, count: 16)), at: Timestamp(milliseconds: 0),
            actor: "", through: nil, action: "", object: "", before: nil, after: nil, address: "", userAgent: "",
            requestID: "", hash: [])
        var reader = JSONReader(line)
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "seq": entry.seq = try reader.int64()
            case "id": entry.id = try reader.decode()
            case "at": entry.at = try reader.decode()
            case "actor": entry.actor = try reader.string()
            case "through": entry.through = try reader.string()
            case "action": entry.action = try reader.string()
            case "object": entry.object = try reader.string()
            case "before": entry.before = String(decoding: try reader.rawValue(), as: UTF8.self)
            case "after": entry.after = String(decoding: try reader.rawValue(), as: UTF8.self)
            case "address": entry.address = try reader.string()
            case "userAgent": entry.userAgent = try reader.string()
            case "requestId": entry.requestID = try reader.string()
            case "hash":
                guard let hash = try reader.string().fromHex else { throw Unreadable() }
                entry.hash = hash
            default: throw Unreadable()
            }
        }
        try reader.finish()
        return entry
    }

    // MARK: CSV

    package static func csv(_ entry: AuditEntryValue) -> [UInt8] {
        var line = Array("\(entry.seq),\(entry.id),\(entry.at)".utf8)
        for cell in [
            entry.actor, entry.through, entry.action, entry.object, entry.before, entry.after, entry.address,
            entry.userAgent, entry.requestID,
        ] {
            line.append(UInt8(ascii: ","))
            append(cell, to: &line)
        }
        line.append(UInt8(ascii: ","))
        line += entry.hash.hex.utf8
        line.append(UInt8(ascii: "\n"))
        return line
    }

    /// Absent is an empty cell, the empty text is `""`. What a spreadsheet would take for a formula gets an apostrophe in
    /// front, and so does what begins with one, so that the way back is certain.
    private static func append(_ cell: String?, to line: inout [UInt8]) {
        guard let cell else { return }
        let isFormula = cell.utf8.first.map { "=+-@\t\r'".utf8.contains($0) } ?? false
        guard isFormula || cell.isEmpty || cell.utf8.contains(where: { "\",\r\n".utf8.contains($0) }) else {
            line += cell.utf8
            return
        }
        line.append(UInt8(ascii: "\""))
        if isFormula { line.append(UInt8(ascii: "'")) }
        for byte in cell.utf8 {
            if byte == UInt8(ascii: "\"") { line.append(byte) }
            line.append(byte)
        }
        line.append(UInt8(ascii: "\""))
    }

    package static func entry(csv line: some Collection<UInt8>) throws -> AuditEntryValue {
        let cells = try cells(of: line)
        guard cells.count == 13, let seq = cells[0].flatMap({ Int64($0) }),
            let id = cells[1].flatMap({ AuditEntryID($0) }), let at = cells[2].flatMap({ Timestamp(rfc3339: $0) }),
            let actor = cells[3], let action = cells[5], let object = cells[6], let address = cells[9],
            let userAgent = cells[10], let requestID = cells[11], let hash = cells[12]?.fromHex
        else { throw Unreadable() }
        return AuditEntryValue(
            seq: seq, id: id, at: at, actor: actor, through: cells[4], action: action, object: object,
            before: cells[7], after: cells[8], address: address, userAgent: userAgent, requestID: requestID, hash: hash)
    }

    private static func cells(of line: some Collection<UInt8>) throws -> [String?] {
        var cells: [String?] = []
        var rest = Array(line)[...]
        while true {
            if rest.first == UInt8(ascii: "\"") {
                cells.append(try quoted(&rest))
            } else {
                let plain = rest.prefix { $0 != UInt8(ascii: ",") }
                rest = rest.dropFirst(plain.count)
                cells.append(plain.isEmpty ? nil : String(decoding: plain, as: UTF8.self))
            }
            guard let comma = rest.popFirst() else { return cells }
            guard comma == UInt8(ascii: ",") else { throw Unreadable() }
        }
    }

    private static func quoted(_ rest: inout ArraySlice<UInt8>) throws -> String {
        rest.removeFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\"") else {
                bytes.append(byte)
                continue
            }
            guard rest.first == UInt8(ascii: "\"") else {
                if bytes.first == UInt8(ascii: "'") { bytes.removeFirst() }
                return String(decoding: bytes, as: UTF8.self)
            }
            bytes.append(rest.removeFirst())
        }
        throw Unreadable()
    }
}
