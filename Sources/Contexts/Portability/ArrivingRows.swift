internal import JSONKit
internal import Kernel

/// The lines of one file of rows, each looked at before the database sees it.
struct ArrivingRows {
    let file: Tar.File
    let table: PortableTable
    /// The organisation all of them must be of.
    let source: OrgID

    struct Row {
        let number: Int
        var text: String
        let json: JSONValue
    }

    /// - Throws: the first line that is not a row of this table and this organisation.
    func rows() throws(ArchiveRefusal) -> [Row] {
        guard file.bytes.isEmpty || file.bytes.last == UInt8(ascii: "\n") else {
            throw ArchiveRefusal(reason: "its last line is cut off", file: file.name)
        }
        let wanted = Set(table.travelling.map(\.name))
        var rows: [Row] = []
        var number = 0
        for line in file.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast() {
            number += 1
            rows.append(try row(line, number, wanted))
        }
        return rows
    }

    private func row(_ line: ArraySlice<UInt8>, _ number: Int, _ wanted: Set<String>) throws(ArchiveRefusal) -> Row {
        guard let json = try? JSONValue(json: Array(line)), let members = json.object else {
            throw ArchiveRefusal(reason: "the line is not a JSON object", file: file.name, line: number)
        }
        if let odd = Set(members.keys).symmetricDifference(wanted).min() {
            let is_ = wanted.contains(odd) ? "is missing" : "is not one of this table"
            throw ArchiveRefusal(reason: "the member \(odd.prefix(64)) \(is_)", file: file.name, line: number)
        }
        guard json["org_id"]?.string == source.description else {
            throw ArchiveRefusal(reason: "the row is of another organisation", file: file.name, line: number)
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw ArchiveRefusal(reason: "the line is not UTF-8", file: file.name, line: number)
        }
        return Row(number: number, text: text, json: json)
    }
}

extension ArrivingRows.Row {
    /// Another value for a member that holds an id.
    mutating func set(_ member: String, to id: String) {
        guard let old = json[member]?.string else { return }
        text = text.replacing("\"\(member)\":\"\(old)\"", with: "\"\(member)\":\"\(id)\"", maxReplacements: 1)
    }
}
