internal import Kernel
internal import Postgres

/// A column that holds ciphertexts. Every one has to be in the list that the rotator is built with: what is not listed
/// keeps its old key, and that key is deleted.
package struct SealedColumn: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// A tenant table: `org_id`, and pulse_app may select the row and update the column.
        case organisations
        /// A table without an organisation, sealed for `.instance` and reached through the functions that
        /// `pulse_owner_tools.sealed_column` made.
        case instance
    }

    package let table: String
    package let column: String
    package let kind: Kind
    /// The column whose text is the `row` of its `SealedPlace`.
    let key: String
    /// Its type in SQL.
    let keyType: String

    /// - Precondition: names of the catalogue, letters and underscores; they become part of statements.
    package init(
        _ kind: Kind, table: StaticString, column: StaticString, key: StaticString = "id",
        keyType: StaticString = "uuid"
    ) {
        self.kind = kind
        (self.table, self.column) = (table.description, column.description)
        (self.key, self.keyType) = (key.description, keyType.description)
    }

    func place(_ row: String) -> SealedPlace { SealedPlace(table: table, column: column, row: row) }

    func belongs(to owner: KeyOwner) -> Bool { (owner == .instance) == (kind == .instance) }

    /// Rows (key as text, ciphertext) that another key sealed, locked; rows somebody is writing are left for later.
    func stale(but current: DataKeyID, most: Int) -> SQL {
        switch kind {
        case .instance:
            return SQL(unsafeSQL: "SELECT * FROM \(table)_\(column)_stale(") + "\(current.bytes), \(Int32(most)))"
        case .organisations:
            return SQL(unsafeSQL: "SELECT \(key)::text, \(column) FROM \(table) WHERE \(column) IS NOT NULL")
                + SQL(unsafeSQL: " AND substring(\(column) FROM 2 FOR 16) <> ") + "\(current.bytes)"
                + SQL(unsafeSQL: " ORDER BY \(key) LIMIT ") + "\(most) FOR UPDATE SKIP LOCKED"
        }
    }

    /// Whether any is left, locked or not.
    func anyStale(but current: DataKeyID) -> SQL {
        SQL(unsafeSQL: "SELECT EXISTS (SELECT FROM \(table) WHERE \(column) IS NOT NULL")
            + SQL(unsafeSQL: " AND substring(\(column) FROM 2 FOR 16) <> ") + "\(current.bytes))"
    }

    /// Puts new ciphertexts where the old ones still stand.
    func reseal(_ rows: [(row: String, old: Sealed, new: Sealed)]) -> SQL {
        let values: SQL = "\(rows.map(\.row)), \(rows.map(\.old)), \(rows.map(\.new))"
        switch kind {
        case .instance: return SQL(unsafeSQL: "SELECT \(table)_\(column)_reseal(") + values + ")"
        case .organisations:
            return SQL(unsafeSQL: "UPDATE \(table) t SET \(column) = n.new FROM unnest(") + values
                + SQL(
                    unsafeSQL: ") AS n (place, old, new) WHERE t.\(key) = n.place::\(keyType) AND t.\(column) = n.old")
        }
    }
}
