import Foundation
import Postgres
import TestKit
import Testing

/// Who may do what in the database, line by line as it was reviewed: a grant, a policy or a check that a migration adds,
/// widens or loses shows up in a review, and one that is lost by accident fails here.
@Suite(.postgres) struct PrivilegeTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    private static let reviewed = root.appending(path: "Tests/Fixtures/privileges.txt")
    private static let found = root.appending(path: ".local/test/privileges.txt")

    /// Partitions are made by one function, and `CatalogueTests` looks at each.
    private static let catalogue: SQL = """
        WITH relations AS (
            SELECT * FROM pg_class WHERE relnamespace = 'pulse'::regnamespace AND NOT relispartition
        ), functions AS (
            SELECT *, regexp_replace(oid::regprocedure::text, '^pulse\\.', '') AS name FROM pg_proc
            WHERE pronamespace = 'pulse'::regnamespace
        )
        SELECT line FROM (
            SELECT format('table %s: %s %s', c.relname, a.grantee::regrole,
                          string_agg(lower(a.privilege_type), ' ' ORDER BY a.privilege_type)) AS line
            FROM relations c, aclexplode(c.relacl) a
            WHERE c.relkind IN ('r', 'p', 'v', 'S') AND a.grantee <> c.relowner GROUP BY c.relname, a.grantee
            UNION ALL
            SELECT format('columns of %s: %s %s (%s)', c.relname, a.grantee::regrole, lower(a.privilege_type),
                          string_agg(t.attname, ' ' ORDER BY t.attname))
            FROM relations c JOIN pg_attribute t ON t.attrelid = c.oid, aclexplode(t.attacl) a
            WHERE NOT t.attisdropped GROUP BY c.relname, a.grantee, a.privilege_type
            UNION ALL
            SELECT format('schema %s: %s %s', n.nspname, a.grantee::regrole,
                          string_agg(lower(a.privilege_type), ' ' ORDER BY a.privilege_type))
            FROM pg_namespace n, aclexplode(n.nspacl) a
            WHERE n.nspname LIKE 'pulse%' AND a.grantee <> n.nspowner GROUP BY n.nspname, a.grantee
            UNION ALL
            SELECT format('function %s: %s', p.name,
                          CASE a.grantee WHEN 0 THEN 'anybody' ELSE a.grantee::regrole::text END)
            FROM functions p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
            WHERE a.grantee <> p.proowner
            UNION ALL
            SELECT format('function %s runs as %s with %s', p.name, p.proowner::regrole,
                          coalesce(array_to_string(p.proconfig, ', '), 'no settings'))
            FROM functions p WHERE p.prosecdef
            UNION ALL
            SELECT format('policy %s on %s: %s to %s using %s check %s', p.policyname, p.tablename, lower(p.cmd),
                          array_to_string(p.roles, ' '), p.qual, p.with_check)
            FROM pg_policies p JOIN relations c ON c.relname = p.tablename WHERE p.schemaname = 'pulse'
            UNION ALL
            SELECT format('row security of %s: forced', relname) FROM relations
            WHERE relrowsecurity AND relforcerowsecurity
            UNION ALL
            SELECT format('check %s on %s: %s', k.conname, c.relname, pg_get_constraintdef(k.oid))
            FROM pg_constraint k JOIN relations c ON c.oid = k.conrelid
            WHERE k.contype = 'c' AND pg_get_constraintdef(k.oid) LIKE '%org\\_id%'
        ) AS lines ORDER BY line COLLATE "C"
        """

    @Test("every grant, policy and check is the reviewed one") func everyPrivilege() async throws {
        let lines = try await TestDatabase.current.superuser.rowsGlobally(Self.catalogue) { try $0.next(String.self) }
        try FileManager.default.createDirectory(
            at: Self.found.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: Self.found)
        let reviewed = try String(contentsOf: Self.reviewed, encoding: .utf8).split(separator: "\n").map(String.init)
        let (added, lost) = (Set(lines).subtracting(reviewed), Set(reviewed).subtracting(lines))
        #expect(
            added.isEmpty && lost.isEmpty,
            """
            new: \(added.sorted().joined(separator: "\n     "))
            gone: \(lost.sorted().joined(separator: "\n      "))
            Once reviewed: cp .local/test/privileges.txt Tests/Fixtures/
            """)
        #expect(lines.count > 300)
    }

    @Test("every partition has its parent's policies for tenants and migrations, word for word, and no other")
    func partitions() async throws {
        let different = try await TestDatabase.current.superuser.rowsGlobally(
            """
            WITH stated AS (
                SELECT tablename, array_agg(format('%s %s %s %s %s', policyname, cmd, roles, qual, with_check)
                                            ORDER BY policyname) AS policies
                FROM pg_policies p
                WHERE schemaname = 'pulse'
                  AND (policyname IN ('tenant', 'migrate')
                       OR EXISTS (SELECT FROM pg_class c WHERE c.relname = p.tablename AND c.relispartition
                                  AND c.relkind = 'r'))
                GROUP BY tablename
            )
            SELECT part.relname FROM pg_inherits i JOIN pg_class part ON part.oid = i.inhrelid
            JOIN pg_class parent ON parent.oid = i.inhparent
            LEFT JOIN stated p ON p.tablename = part.relname LEFT JOIN stated q ON q.tablename = parent.relname
            WHERE part.relnamespace = 'pulse'::regnamespace AND part.relkind IN ('r', 'p')
              AND (p.policies IS DISTINCT FROM q.policies
                   OR NOT (part.relrowsecurity AND part.relforcerowsecurity))
            """
        ) { try $0.next(String.self) }
        #expect(different.isEmpty)
    }
}
