internal import Kernel
internal import Postgres

/// One table of tenants as the catalogue has it, and what of it travels.
struct PortableTable: Sendable {
    struct Column: Sendable {
        let name: String
        let isRequired: Bool
        /// Numbered or computed by the database.
        let isMade: Bool
        let isSealed: Bool
        /// No two organisations may have the same value.
        let isUniqueEverywhere: Bool
        let type: String
        /// Tables this column points into, besides those its organisation does.
        let references: [String]

        /// The hash of something that only its holder knows: it would be the same key in two places.
        var isHash: Bool { isUniqueEverywhere && type == "bytea" }
        /// Given anew when the row is taken in.
        var isRenewed: Bool { isUniqueEverywhere && type == "uuid" }
        var travels: Bool { !isMade && !isSealed && !isHash }
    }

    enum Handling: Sendable, Equatable {
        /// Row by row, there and back.
        case whole
        /// Kept as what it was: it cannot go on under another organisation's name.
        case trail
        /// Without its secret a row would not work: shown in the archive, to be entered again.
        case enteredAgain
        case staysBehind(reason: String)
    }

    let name: String
    let columns: [Column]
    /// In the order of the primary key.
    let key: [String]

    var handling: Handling {
        if let reason = Self.stayingBehind[name] { return .staysBehind(reason: reason) }
        if Self.trail.contains(name) { return .trail }
        let isUseless = columns.contains {
            ($0.isSealed && $0.isRequired) || $0.isUniqueEverywhere && !$0.isHash && !$0.isRenewed
        }
        return isUseless ? .enteredAgain : .whole
    }

    var travelling: [Column] { columns.filter(\.travels) }
    var hashes: [String] { columns.filter(\.isHash).map(\.name) }
    /// Columns whose secret stays behind while the row travels.
    var secrets: [String] { columns.filter { $0.isHash || $0.isSealed }.map(\.name) }

    /// The rows of the organisation of the transaction, by key.
    var query: String {
        let names = travelling.map { Self.quoted($0.name) }.joined(separator: ", ")
        let order = key.map(Self.quoted).joined(separator: ", ")
        return "SELECT \(names) FROM pulse.\(Self.quoted(name)) ORDER BY \(order)"
    }

    /// The folder of its files in an archive.
    var folder: String {
        switch handling {
        case .whole, .staysBehind: "tables"
        case .trail: "trail"
        case .enteredAgain: "enter-again"
        }
    }

    static let trail = ["audit_entries", "audit_checkpoints", "audit_heads"]
    static let stayingBehind = [
        "sso_domains": "a domain is proven by one organisation; its copy proves it anew",
        "break_glass_codes": "a code opens one organisation; owners make new ones",
        "wrapping_keys": "keys belong to the vault of one installation; secrets are entered again",
        "data_keys": "keys belong to the vault of one installation; secrets are entered again",
        "key_rotations": "rotations of keys that stay behind",
        "connection_health": "how platforms answered here; connections are entered again and asked anew",
        "gateways": "where agents were connected; they connect anew once their machines are enrolled again",
        "org_heads": "the numbering of live changes, which begins anew",
        "support_access": "an owner's consent is to one organisation, not to its copy; operators ask anew",
        "sso_flows": "sign-ins that are under way; they are begun anew",
        "sso_replays": "what providers said here once and may not say again here",
        "sso_sessions": "sessions end with the place they were opened in",
        "sso_attempts": "the last sign-ins here; they say nothing of another place",
        "sso_links": "whom a provider vouched for here; it does so anew",
        "scim_users": "what a directory says of its people here; it provisions them anew",
        "scim_emails": "addresses of a directory's people; it provisions them anew",
        "scim_groups": "what a directory says of its groups here; it provisions them anew",
        "scim_group_members": "who is in a directory's groups; it provisions them anew",
        "org_imports": "where this organisation came from; the archive says that of itself",
    ]

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}

extension PortableTable {
    /// All of them, each after those it points into.
    static func all(in database: Database) async throws -> [PortableTable] {
        let found = try await database.rowsGlobally(catalogue, timeout: .seconds(10)) { row in
            (
                table: try row.next(String.self), place: try row.next(Int.self),
                column: Column(
                    name: try row.next(), isRequired: try row.next(), isMade: try row.next(), isSealed: try row.next(),
                    isUniqueEverywhere: try row.next(), type: try row.next(), references: try row.next())
            )
        }
        let tables = Dictionary(grouping: found, by: \.table).map { name, rows in
            PortableTable(
                name: name, columns: rows.map(\.column),
                key: rows.filter { $0.place > 0 }.sorted { $0.place < $1.place }.map(\.column.name))
        }
        return ordered(tables)
    }

    static func ordered(_ tables: [PortableTable]) -> [PortableTable] {
        // Names before members, for a new member writes their own; members early, for what else comes depends on who is in.
        let early = ["audit_people", "members"]
        var rest = tables.sorted { first, second in
            let places = [first, second].map { early.firstIndex(of: $0.name) ?? early.count }
            return places[0] == places[1] ? first.name < second.name : places[0] < places[1]
        }
        var done: [PortableTable] = []
        while !rest.isEmpty {
            let waiting = Set(rest.map(\.name))
            let ready = rest.filter { table in
                table.columns.allSatisfy { $0.references.allSatisfy { $0 == table.name || !waiting.contains($0) } }
            }
            // A circle is left to its deferrable references.
            let next = ready.isEmpty ? [rest[0]] : ready
            done += next
            rest.removeAll { table in next.contains { $0.name == table.name } }
        }
        return done
    }

    private static let catalogue: SQL = """
        SELECT c.relname::text, coalesce(array_position(k.indkey::int2[], a.attnum) + 1, 0), a.attname::text, a.attnotnull,
               a.attidentity <> '' OR a.attgenerated <> '', a.atttypid = 'pulse.sealed'::regtype,
               EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique
                       AND a.attnum = ANY (i.indkey) AND NOT o.attnum = ANY (i.indkey)),
               format_type(a.atttypid, NULL),
               CASE WHEN a.attnum = o.attnum THEN '{}' ELSE ARRAY(
                    SELECT t.relname::text FROM pg_constraint f JOIN pg_class t ON t.oid = f.confrelid
                    WHERE f.conrelid = c.oid AND f.contype = 'f' AND a.attnum = ANY (f.conkey) ORDER BY 1) END
        FROM pg_class c
        JOIN pg_attribute o ON o.attrelid = c.oid AND o.attname = 'org_id' AND o.attnotnull
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
        WHERE c.relnamespace = 'pulse'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname, a.attnum
        """
}
