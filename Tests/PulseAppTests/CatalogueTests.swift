import Kernel
import Postgres
import TestKit
import Testing
import Vault

@testable import PulseApp

/// What the database itself says of every table there is, so that a new one cannot be forgotten.
@Suite(.postgres) struct CatalogueTests {
    let database = TestDatabase.current

    private struct Table: Sendable {
        let name: String
        let hasOrg: Bool
        let isPartition: Bool
        let isParent: Bool
        let isForced: Bool
        let keyStartsWithOrg: Bool
        let tenantPolicies: Int
        let foreignPolicies: Int
        let migrates: Bool
        let appMayRead: Bool
    }

    private static let expression =
        "(org_id = (NULLIF(current_setting('pulse.org_id'::text, true), ''::text))::uuid)"

    private func tables() async throws -> [Table] {
        try await database.superuser.rowsGlobally(
            """
            SELECT c.relname,
                   EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'org_id' AND a.attnotnull),
                   c.relispartition, c.relkind = 'p', c.relrowsecurity AND c.relforcerowsecurity,
                   coalesce((SELECT a.attname = 'org_id' FROM pg_index i JOIN pg_attribute a
                             ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
                             WHERE i.indrelid = c.oid AND i.indisprimary), false),
                   (SELECT count(*) FROM pg_policies p WHERE p.schemaname = 'pulse' AND p.tablename = c.relname
                    AND p.roles = '{pulse_app}' AND p.qual = \(Self.expression) AND p.with_check = \(Self.expression)),
                   (SELECT count(*) FROM pg_policies p WHERE p.schemaname = 'pulse' AND p.tablename = c.relname
                    AND p.roles && '{pulse_app,public}' AND p.qual IS DISTINCT FROM \(Self.expression)),
                   EXISTS (SELECT FROM pg_policies p WHERE p.schemaname = 'pulse' AND p.tablename = c.relname
                           AND p.roles = '{pulse_migrator}' AND p.cmd = 'ALL' AND p.qual = 'true' AND p.with_check = 'true'),
                   has_table_privilege('pulse_app', c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            FROM pg_class c WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1
            """
        ) { row in
            Table(
                name: try row.next(), hasOrg: try row.next(), isPartition: try row.next(), isParent: try row.next(),
                isForced: try row.next(), keyStartsWithOrg: try row.next(), tenantPolicies: try row.next(),
                foreignPolicies: try row.next(),
                migrates: try row.next(), appMayRead: try row.next())
        }
    }

    @Test("every tenant table, partitions included, has forced row security, its one policy and its key")
    func tenantTables() async throws {
        let tenant = try await tables().filter(\.hasOrg)
        #expect(tenant.count > 10)
        for table in tenant {
            #expect(table.isForced, "\(table.name) does not force row-level security")
            #expect(table.tenantPolicies == 1, "\(table.name) lacks the tenant policy")
            #expect(table.foreignPolicies == 0, "\(table.name) has another policy for tenants")
            #expect(table.migrates, "\(table.name) hides its rows from migrations")
            #expect(table.keyStartsWithOrg, "\(table.name) has a primary key that does not start with org_id")
        }
    }

    @Test("every column of ciphertexts is in the list that rotations go through") func sealedColumns() async throws {
        let columns = try await database.superuser.rowsGlobally(
            """
            SELECT c.relname || '.' || a.attname, EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = c.oid
                                                          AND o.attname = 'org_id' AND NOT o.attisdropped)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
              AND a.atttypid = 'pulse.sealed'::regtype
            """
        ) { (name: try $0.next(String.self), hasOrg: try $0.next(Bool.self)) }
        let listed = Composition.sealedColumns.map { ("\($0.table).\($0.column)", $0.kind == .organisations) }
        #expect(
            Dictionary(uniqueKeysWithValues: columns.map { ($0.name, $0.hasOrg) })
                == Dictionary(uniqueKeysWithValues: listed))
    }

    @Test("a rotation may rewrite every column of ciphertexts") func sealedColumnsAreReachable() async throws {
        #expect(!Composition.sealedColumns.isEmpty)
        for column in Composition.sealedColumns {
            let (table, prefix) = ("pulse.\(column.table)", "pulse.\(column.table)_\(column.column)")
            let question: SQL =
                switch column.kind {
                case .organisations: "SELECT has_column_privilege('pulse_app', \(table), \(column.column), 'UPDATE')"
                case .instance:
                    """
                    SELECT has_function_privilege('pulse_app', \(prefix + "_stale(bytea, int)"), 'EXECUTE')
                           AND has_function_privilege('pulse_app', \(prefix + "_reseal(text[], bytea[], bytea[])"), 'EXECUTE')
                    """
                }
            let mayRewrite = try await database.superuser.firstGlobally(question) { try $0.next(Bool.self) }
            #expect(mayRewrite == true, "\(column.table).\(column.column)")
        }
    }

    @Test("nobody but the owner reaches a partition or a table without an organisation") func grants() async throws {
        for table in try await tables() where table.isPartition || !table.hasOrg {
            #expect(!table.appMayRead, "pulse_app has a grant on \(table.name)")
        }
    }

    @Test("a row of one organisation in every tenant table is seen by that organisation alone")
    func isolation() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let roots = try await tables().filter { $0.hasOrg && !$0.isPartition }
        try await dropChecks()
        for table in roots {
            try await plant(in: table.name, org: ours)
            let count = SQL(unsafeSQL: "SELECT count(*) FROM pulse.\(table.name)")
            guard table.appMayRead else { continue }
            #expect(try await database.app.first(in: ours, count) { try $0.next(Int.self) } ?? 0 >= 1, "\(table.name)")
            #expect(try await database.app.first(in: theirs, count) { try $0.next(Int.self) } == 0, "\(table.name)")
            #expect(try await database.app.firstGlobally(count) { try $0.next(Int.self) } == 0, "\(table.name)")
        }
    }

    @Test("a migration that touches rows reaches those of every tenant table, and of every other")
    func migrations() async throws {
        let org = try await Given.organisation()
        let all = try await tables().filter { !$0.isPartition }
        try await dropChecks()
        for table in all where table.hasOrg { try await plant(in: table.name, org: org) }
        for table in all {
            let relation = "pulse.\(table.name)"
            let column = try #require(
                try await database.superuser.firstGlobally(
                    """
                    SELECT attname::text FROM pg_attribute WHERE attrelid = \(relation)::regclass AND attnum > 0
                    AND NOT attisdropped AND attgenerated = '' AND attidentity = '' ORDER BY attnum LIMIT 1
                    """
                ) { try $0.next(String.self) })
            try await database.owner.asNobody { transaction in
                try await transaction.execute("SET LOCAL ROLE pulse_migrator")
                let seen = try await transaction.first(SQL(unsafeSQL: "SELECT count(*) FROM \(relation)")) {
                    try $0.next(Int.self)
                }
                #expect(!table.hasOrg || seen ?? 0 >= 1, "\(table.name) hides its rows from migrations")
                let changed = try await transaction.execute(
                    SQL(unsafeSQL: "UPDATE \(relation) SET \"\(column)\" = \"\(column)\""))
                #expect(changed == seen ?? 0, "\(table.name) cannot be changed by migrations")
                try await transaction.execute(SQL(unsafeSQL: "DELETE FROM \(relation)"))
                let left = try await transaction.first(SQL(unsafeSQL: "SELECT count(*) FROM \(relation)")) {
                    try $0.next(Int.self)
                }
                #expect(left == 0, "\(table.name) keeps what a migration deletes")
                try await transaction.execute(
                    SQL(unsafeSQL: "INSERT INTO \(relation) (\"\(column)\") SELECT \"\(column)\" FROM \(relation)"))
            }
        }
    }

    /// The copy is thrown away; what matters here is who sees a row, not what is in it.
    private func dropChecks() async throws {
        try await database.superuser.executeGlobally(
            """
            DO $$ DECLARE c record; BEGIN
                FOR c IN SELECT conrelid::regclass AS relation, conname FROM pg_constraint
                         WHERE connamespace = 'pulse'::regnamespace AND contype IN ('c', 'f') AND conparentid = 0
                           AND conrelid <> 0
                           AND coninhcount = 0
                LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.relation, c.conname); END LOOP;
            END $$
            """)
    }

    /// One row with some value in every column that wants one; a table of one row an organisation may have it already.
    private func plant(in table: String, org: OrgID) async throws {
        let columns = try await database.superuser.rowsGlobally(
            """
            SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
            WHERE attrelid = \("pulse.\(table)")::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull
              AND attidentity = '' AND attgenerated = ''
            """
        ) { (name: try $0.next(String.self), type: try $0.next(String.self)) }
        let values = columns.map { column in
            switch (column.name, column.type) {
            case ("org_id", _): "'\(org)'"
            case (_, "uuid"): "gen_random_uuid()"
            case (_, "timestamp with time zone"): "now()"
            case (_, "bytea"): "'\\x00'"
            case (_, "text[]"): "'{}'"
            case (_, "boolean"): "false"
            case (_, "sealed"), (_, "pulse.sealed"): "decode('01' || repeat('00', 44), 'hex')"
            case (_, "int8multirange"): "'{}'"
            case (_, "smallint"), (_, "integer"), (_, "bigint"): "1"
            default: "'x'"
            }
        }
        let names = columns.map { "\"\($0.name)\"" }.joined(separator: ", ")
        try await database.superuser.executeGlobally(
            SQL(
                unsafeSQL: """
                    INSERT INTO pulse.\(table) (\(names)) VALUES (\(values.joined(separator: ", ")))
                    ON CONFLICT DO NOTHING
                    """))
    }
}
