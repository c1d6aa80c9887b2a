import Foundation
import Kernel
import Postgres

/// Organisations with rows, twice: in a table as every table of an organisation is, and in one without any policy. A row
/// is found by its place, and its value can be told from its place.
struct BenchEstate: Sendable {
    let organisations: [OrgID]

    static func create(on database: BenchDatabase) async throws -> BenchEstate {
        let organisations = (0..<PostgresBench.organisations).map { _ in OrgID(UUID()) }
        let rows: SQL = """
            SELECT org, row, (org_at - 1) * \(PostgresBench.rowsEach) + row, 'row ' || row
            FROM unnest(\(organisations)) WITH ORDINALITY AS o (org, org_at),
                 generate_series(0, \(PostgresBench.rowsEach) - 1) AS row
            """
        try await database.prepare([
            "DROP TABLE IF EXISTS pulse.bench_rows, pulse.bench_plain",
            """
            CREATE TABLE pulse.bench_rows (org_id uuid NOT NULL, id bigint NOT NULL, value bigint NOT NULL,
                                           name text NOT NULL, PRIMARY KEY (org_id, id))
            """,
            "CREATE TABLE pulse.bench_plain (LIKE pulse.bench_rows INCLUDING ALL)",
            "INSERT INTO pulse.bench_rows " + rows,
            "INSERT INTO pulse.bench_plain SELECT * FROM pulse.bench_rows",
            "SELECT pulse_owner_tools.tenant_table('bench_rows')",
            "GRANT SELECT ON pulse.bench_rows, pulse.bench_plain TO pulse_app",
            "VACUUM (ANALYZE) pulse.bench_rows",
            "VACUUM (ANALYZE) pulse.bench_plain",
        ])
        return BenchEstate(organisations: organisations)
    }

    private func split(_ place: Int) -> (organisation: Int, row: Int) {
        (place % organisations.count, (place / organisations.count) % PostgresBench.rowsEach)
    }

    func value(at place: Int) -> Int64 {
        let (organisation, row) = split(place)
        return Int64(organisation * PostgresBench.rowsEach + row)
    }

    func readInOrganisation(_ database: Database, place: Int) async throws -> Int64? {
        let (organisation, row) = split(place)
        return try await database.first(
            in: organisations[organisation], "SELECT value, name FROM bench_rows WHERE id = \(Int64(row))"
        ) { try $0.next(Int64.self) }
    }

    /// The same row from the table without policies: the key is written out, as the policy would have done.
    func readBare(_ database: Database, place: Int) async throws -> Int64? {
        let (organisation, row) = split(place)
        return try await database.firstGlobally(
            """
            SELECT value, name FROM bench_plain
            WHERE org_id = \(organisations[organisation]) AND id = \(Int64(row))
            """
        ) { try $0.next(Int64.self) }
    }
}
