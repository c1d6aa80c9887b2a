internal import JSONKit
internal import Kernel
internal import Postgres

/// Puts the files of an archive into the tables of one organisation, one after the other.
struct ImportIntake {
    private let header: ArchiveHeader
    private let org: OrgID
    private let now: Timestamp
    private let transaction: Transaction
    private let tables: [String: PortableTable]
    private var people: ImportedPeople
    private var report: ImportReport
    /// The last part of each table that was taken.
    private var parts: [String: Int] = [:]

    /// - Parameter isOurs: signed by this installation, if it proves to be.
    init(
        header: ArchiveHeader, isOurs: Bool, tables: [PortableTable], org: OrgID, person: UserID, at now: Timestamp,
        transaction: Transaction
    ) async throws {
        self.header = header
        self.org = org
        self.now = now
        self.transaction = transaction
        self.tables = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0) })
        people = try await ImportedPeople(
            person: person, bringsAlong: isOurs && header.owners.contains(person), transaction: transaction)
        report = ImportReport(header: header)
    }

    /// - Returns: how many rows are in the file.
    mutating func take(_ file: Tar.File) async throws -> Int {
        let table = try table(of: file)
        let rows = try ArrivingRows(file: file, table: table, source: header.org).rows()
        switch table.handling {
        case .whole: try await take(rows, of: table, from: file)
        case .trail: try await keep(rows, of: table, from: file)
        case .enteredAgain: report.leaveOut(rows, of: table)
        case .staysBehind: throw ArchiveRefusal(reason: "this table does not travel", file: file.name)
        }
        return rows.count
    }

    mutating func finish() async throws -> ImportReport {
        let invited = try people.invitations(to: org, at: now)
        if let table = tables["invitations"], !invited.isEmpty {
            _ = try await put(invited, of: table, from: nil)
        }
        do {
            let wasMade = try await transaction.first("SELECT finish_import()") { try $0.next(Bool.self) }
            if wasMade == true { report.differences += people.cameAlong ? 1 : 0 }
        } catch let error as DatabaseError {
            throw ArchiveRefusal(error, file: nil, line: nil) ?? error
        }
        report.members = people.members.count
        report.invited = invited.count
        return report
    }

    /// `tables/sites/000002.jsonl`, after `…/000001.jsonl`.
    private mutating func table(of file: Tar.File) throws(ArchiveRefusal) -> PortableTable {
        let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let table = tables[String(parts[1])], table.folder == parts[0] else {
            throw ArchiveRefusal(reason: "this is no file of an archive", file: file.name)
        }
        let next = (self.parts[table.name] ?? 0) + 1
        guard file.name == ArchiveWriter.name(of: table, part: next) else {
            throw ArchiveRefusal(reason: "the parts of \(table.name) are not in their order", file: file.name)
        }
        self.parts[table.name] = next
        return table
    }

    private mutating func take(
        _ rows: [ArrivingRows.Row], of table: PortableTable, from file: Tar.File
    ) async throws {
        if table.name == "members" { try await people.meet(rows) }
        var ready: [ArrivingRows.Row] = []
        for var row in rows {
            guard people.mayCome(row, of: table) else {
                report.leaveOut([row], of: table)
                continue
            }
            people.rename(&row, of: table)
            row.set("org_id", to: org.description)
            for column in table.columns where column.isRenewed && column.name != "org_id" {
                row.set(column.name, to: OrgID.new(at: now).description)
            }
            ready.append(row)
        }
        for start in stride(from: 0, to: ready.count, by: PortabilityLimits.rowsAtOnce) {
            let batch = Array(ready[start..<min(start + PortabilityLimits.rowsAtOnce, ready.count)])
            let (stored, same) = try await put(batch, of: table, from: file.name)
            report.note(batch, stored: stored, same: same, of: table)
        }
        if rows.isEmpty { report.note([], stored: 0, same: 0, of: table) }
    }

    /// The trail as it was, line by line.
    private mutating func keep(
        _ rows: [ArrivingRows.Row], of table: PortableTable, from file: Tar.File
    ) async throws {
        guard let trail = tables["prior_trails"] else { return }
        let kept = rows.map { row in
            var json = JSONWriter()
            json.object { json in
                json.member("org_id", org)
                json.member("source_org", header.org)
                json.member("kind", String(table.name.dropFirst("audit_".count)))
                json.member("seq", row.json["seq"]?.int ?? 0)
                json.member("line", row.text)
            }
            return ArrivingRows.Row(
                number: row.number, text: String(decoding: json.bytes, as: UTF8.self), json: row.json)
        }
        for start in stride(from: 0, to: kept.count, by: PortabilityLimits.rowsAtOnce) {
            let batch = Array(kept[start..<min(start + PortabilityLimits.rowsAtOnce, kept.count)])
            let (stored, _) = try await put(batch, of: trail, from: file.name)
            report.note(batch, stored: stored, same: stored, of: table)
        }
    }

    private func put(
        _ rows: [ArrivingRows.Row], of table: PortableTable, from file: String?
    ) async throws -> (stored: Int, same: Int) {
        do {
            return try await transaction.savepoint { _ in try await insert(rows, of: table) }
        } catch let error as DatabaseError {
            guard ArchiveRefusal(error, file: file, line: nil) != nil else { throw error }
            throw try await firstBad(of: rows, in: table, file, error)
        }
    }

    /// Which of the rows it was.
    private func firstBad(
        of rows: [ArrivingRows.Row], in table: PortableTable, _ file: String?, _ error: DatabaseError
    ) async throws -> any Error {
        for row in rows {
            do {
                _ = try await transaction.savepoint { _ in try await insert([row], of: table) }
            } catch let error as DatabaseError {
                return ArchiveRefusal(error, file: file, line: row.number) ?? error
            }
        }
        return ArchiveRefusal(error, file: file, line: nil) ?? error
    }

    private func insert(
        _ rows: [ArrivingRows.Row], of table: PortableTable
    ) async throws -> (stored: Int, same: Int) {
        let columns = table.travelling.map(\.name).filter { $0 != "org_id" }
        let counts = try await transaction.first(
            "SELECT stored, same FROM import_rows(\(table.name), \(columns), \(table.hashes), \(rows.map(\.text)))"
        ) { (stored: try $0.next(Int.self), same: try $0.next(Int.self)) }
        return counts ?? (0, 0)
    }
}

extension ArchiveRefusal {
    /// `nil` for what is not the archive's fault. The message of the server is not told: it may hold values.
    init?(_ error: DatabaseError, file: String?, line: Int?) {
        guard let state = error.sqlState else { return nil }
        let reason: String? =
            switch state {
            case "23505": "there is such a row already"
            case "23503": "it refers to something that is not in the archive"
            case "23502", "23514", "23P01": "a value is not one this table takes"
            case _ where state.hasPrefix("22"): "a value is not of its column's type"
            default: nil
            }
        guard let reason else { return nil }
        self.init(reason: reason, file: file, line: line)
    }
}
