package import FoundationEssentials

/// One file of `Migrations/`: `YYYYMMDDHHMM_slug.sql`.
package struct Migration: Sendable {
    package let name: String
    package let sql: String

    /// All migrations of a folder, oldest first.
    /// - Throws: a sentence when a file is not named like a migration or cannot be read.
    package static func all(in folder: URL) throws -> [Migration] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        let files = names.filter { $0.hasSuffix(".sql") && $0 != "bootstrap.sql" }.sorted()
        return try files.map { name in
            guard name.utf8.prefix(12).allSatisfy({ (48...57).contains($0) }), name.utf8.dropFirst(12).first == 95
            else {
                throw MigrationError.badName(name)
            }
            let text = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            return Migration(name: String(name.dropLast(4)), sql: text)
        }
    }
}

package enum MigrationError: Error, CustomStringConvertible {
    case badName(String)
    /// An applied migration's text is not what was applied.
    case changed(String)
    /// Applied, but there is no such file: this program is older than the database.
    case unknown([String])
    /// A data statement touched no row; under FORCE ROW LEVEL SECURITY that is how a forgotten `SET LOCAL ROLE
    /// pulse_migrator` looks. `-- touches no rows` on the line before the statement allows it.
    case touchedNothing(String, statement: String)
    case failed(String, statement: String, DatabaseError)

    package var description: String {
        switch self {
        case .badName(let name): "\(name) is not named YYYYMMDDHHMM_slug.sql"
        case .changed(let name): "migration \(name) was changed after it was applied; write a new one"
        case .unknown(let names):
            "the database has migrations this program does not know (\(names.joined(separator: ", "))); run a newer one"
        case .touchedNothing(let name, let statement): "migration \(name): changed no row: \(statement.prefix(120))"
        case .failed(let name, let statement, let error): "migration \(name): \(error) at: \(statement.prefix(120))"
        }
    }
}
