import Kernel
import Postgres
import TestKit

@testable import Portability

/// Something in every table of an organisation, each table's rows as its feature would write them; a table this list does
/// not know gets a row of its own, so that none is left out by being new.
struct PlantedRows {
    let org: OrgID
    let owner: UserID
    let colleague: UserID
    let stranger: OrgID

    static func plant(in org: OrgID, of owner: UserID) async throws -> PlantedRows {
        let colleague = try await Given.person(
            email: "ben@example.org", displayName: "Ben \u{1F600} \"Quote\" \\ Slash")
        try await Given.membership(of: colleague, in: org, as: .editor)
        let rows = PlantedRows(org: org, owner: owner, colleague: colleague, stranger: try await Given.organisation())
        let database = TestDatabase.current.superuser
        for statement in rows.statements { try await database.executeGlobally(SQL(unsafeSQL: statement)) }
        for table in try await PortableTable.all(in: TestDatabase.current.app) {
            let isThere = try await database.firstGlobally(
                SQL(unsafeSQL: "SELECT EXISTS (SELECT FROM pulse.\(table.name) WHERE org_id = '\(org)')")
            ) { try $0.next(Bool.self) }
            if isThere != true { try await rows.plantAnything(in: table) }
        }
        return rows
    }

    private var statements: [String] {
        let at = "'2026-11-21T09:30:00.123456Z'::timestamptz"
        let (agent, resource) = ("'01935c1e-7d00-7000-8000-00000000a001'", "'01935c1e-7d00-8000-8000-00000000b001'")
        let (parent, child) = ("'01935c1e-7d00-7000-8000-00000000c002'", "'01935c1e-7d00-7000-8000-00000000c001'")
        return [
            "SET search_path = pulse",
            "INSERT INTO agents SELECT '\(org)', \(agent), 'machine', 'web-1', 'Debian', 'amd64', '1.0', gen_random_uuid(),"
                + " sha256(gen_random_uuid()::text::bytea), \(at), NULL, NULL, '{a,\"b c\",\"d\\\"e\"}'",
            "INSERT INTO enrollment_tokens (org_id, id, name, token_hash, created_by, created_at, expires_at, tags, uses)"
                + " VALUES ('\(org)', gen_random_uuid(), 'racks', sha256('\(org)'), '\(owner)', \(at), \(at), '{x}', 7)",
            "INSERT INTO api_tokens (org_id, id, name, owner_id, role, scopes, hint, token_hash, created_by, created_at)"
                + " VALUES ('\(org)', gen_random_uuid(), 'mine', '\(colleague)', NULL, '{monitoring:read}', 'pat_',"
                + " sha256('p\(org)'), 'user:\(owner)', \(at)), ('\(org)', gen_random_uuid(), 'service', NULL, 'viewer',"
                + " '{*}', 'pat_', sha256('s\(org)'), 'user:\(owner)', \(at))",
            "INSERT INTO custom_roles (org_id, id, name, name_key, description, rules, created_at, updated_at) VALUES"
                + " ('\(org)', \(parent), 'Parent', 'parent', '', '[]', \(at), \(at))",
            "INSERT INTO custom_roles (org_id, id, name, name_key, description, parent_id, rules, created_at, updated_at)"
                + " VALUES ('\(org)', \(child), 'Child', 'child', E'two\\nlines\\ttab', \(parent), '[{\"a\":1}]', \(at), \(at))",
            "INSERT INTO member_roles VALUES ('\(org)', '\(colleague)', \(child), 'user:\(owner)', \(at))",
            "UPDATE members SET granted = '{read:audit}', sight = '{\"any\":[]}' WHERE user_id = '\(colleague)'",
            "INSERT INTO sites (org_id, id, name, name_key, created_at) SELECT '\(org)', gen_random_uuid(), 'Site ' || n,"
                + " 'site ' || n, \(at) FROM generate_series(1, 2500) n",
            "INSERT INTO invitations (org_id, id, email, email_key, role, token_hash, invited_by, created_at, expires_at)"
                + " VALUES ('\(org)', gen_random_uuid(), 'Eve@example.org', 'eve@example.org', 'viewer', sha256('i\(org)'),"
                + " '\(owner)', \(at), \(at) + interval '7 days')",
            "INSERT INTO provider_grants (org_id, id, provider_slug, provider_org_id, role, created_at, created_by, expires_at,"
                + " accepted_at, accepted_by) VALUES ('\(org)', gen_random_uuid(), 'msp', '\(stranger)', 'editor', \(at),"
                + " '\(owner)', \(at) + interval '1 year', \(at), '\(owner)')",
            "INSERT INTO resources VALUES ('\(org)', \(resource), \(agent), 'host', 'agent', 'web-1', 'web-1', 'online',"
                + " '\\x00ff10', \(at), \(at))",
            "INSERT INTO resource_keys VALUES ('\(org)', 'machine-id', 'abc', \(resource))",
            "INSERT INTO org_shares (org_id, id, target_slug, resource_id, access_role, created_at, created_by) VALUES"
                + " ('\(org)', gen_random_uuid(), 'partner', \(resource), 'viewer', \(at), '\(owner)')",
            "INSERT INTO agent_streams VALUES ('\(org)', \(agent), 's1', '{[1,5),[9,12)}', \(at))",
            "INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body) SELECT '\(org)', \(agent), \(at), n % 2 = 0,"
                + " sha256(n::text::bytea) FROM generate_series(1, 20) n",
            "INSERT INTO history_heads VALUES ('\(org)', \(resource), date_trunc('hour', now()), 9007199254740993, \(at), 3, 1,"
                + " '\\x0102')",
            "INSERT INTO history_chunks SELECT '\(org)', \(resource), tier, date_trunc('hour', now()), 3, 1, '\\x0102'"
                + " FROM generate_series(0, 3) tier",
            "INSERT INTO support_access (org_id, id, operator_id, operator_name, reason, minutes, requested_at,"
                + " request_expires_at) VALUES ('\(org)', gen_random_uuid(), gen_random_uuid(), 'Mira', 'a look', 60,"
                + " \(at), \(at))",
            "INSERT INTO audit_settings VALUES ('\(org)', 90)",
            "INSERT INTO audit_people VALUES ('\(org)', gen_random_uuid(), NULL, NULL)",
            "INSERT INTO audit_entries (org_id, id, at, actor, action, object, address, request_id, user_agent)"
                + " VALUES ('\(org)', gen_random_uuid(), \(at), 'user:\(owner)', 'site.create', 'site:1', '-', '-', '-')",
            "INSERT INTO audit_streams (org_id, id, name, kind, host, address, sent_seq, next_at, created_at) VALUES"
                + " ('\(org)', gen_random_uuid(), 'siem', 'syslog', 'log.example', decode('01' || repeat('00', 44), 'hex'), 0,"
                + " \(at), \(at))",
        ]
    }

    /// One row with some value in every column that wants one; its checks are dropped in this test's copy.
    private func plantAnything(in table: PortableTable) async throws {
        let values = table.columns.filter { $0.isRequired && !$0.isMade }.map { column in
            switch (column.name, column.type) {
            case ("org_id", _): "'\(org)'"
            case (_, "uuid"): column.references.contains("users") ? "'\(owner)'" : "gen_random_uuid()"
            case (_, "timestamp with time zone"): "now()"
            case (_, _) where column.isSealed: "decode('01' || repeat('00', 44), 'hex')"
            case (_, "bytea"): "sha256(gen_random_uuid()::text::bytea)"
            case (_, "text[]"): "'{}'"
            case (_, "boolean"): "false"
            case (_, "xid8"): "'1'"
            case (_, "smallint"), (_, "integer"), (_, "bigint"): "1"
            default: "'x'"
            }
        }
        let names = table.columns.filter { $0.isRequired && !$0.isMade }.map { "\"\($0.name)\"" }
        try await TestDatabase.current.superuser.executeGlobally(
            SQL(
                unsafeSQL: """
                    DO $$ DECLARE c name; BEGIN
                        FOR c IN SELECT conname FROM pg_constraint WHERE conrelid = 'pulse.\(table.name)'::regclass
                                 AND contype IN ('c', 'f') AND conparentid = 0
                        LOOP EXECUTE format('ALTER TABLE pulse.\(table.name) DROP CONSTRAINT %I', c); END LOOP;
                    END $$
                    """))
        try await TestDatabase.current.superuser.executeGlobally(
            SQL(
                unsafeSQL: "INSERT INTO pulse.\(table.name) (\(names.joined(separator: ", ")))"
                    + " VALUES (\(values.joined(separator: ", ")))"))
    }
}
