internal import Kernel
internal import Postgres
internal import SCIMKit

/// What of a filter the database can decide. A row that the filter finds always fulfils it; where it is exact, no other does.
struct FilterCondition {
    let sql: SQL
    let isExact: Bool

    static let any = FilterCondition(sql: "true", isExact: true)
    /// The database cannot say; every row has to be looked at.
    static let unknown = FilterCondition(sql: "true", isExact: false)

    /// - Parameter leaf: of one comparison or presence, or of an element of a list.
    init(_ filter: Filter, _ leaf: (Filter) -> FilterCondition) {
        switch filter {
        case .and(let left, let right): self = Self.join(.init(left, leaf), .init(right, leaf)) { "(\($0) AND \($1))" }
        case .or(let left, let right): self = Self.join(.init(left, leaf), .init(right, leaf)) { "(\($0) OR \($1))" }
        case .not(let inner):
            let condition = FilterCondition(inner, leaf)
            // The opposite of "perhaps more" would be "perhaps less".
            self = condition.isExact ? .init(sql: "NOT coalesce(\(condition.sql), false)", isExact: true) : .unknown
        case .compare, .present, .element: self = leaf(filter)
        }
    }

    init(sql: SQL, isExact: Bool) { (self.sql, self.isExact) = (sql, isExact) }

    private static func join(
        _ left: FilterCondition, _ right: FilterCondition, _ sql: (SQL, SQL) -> SQL
    ) -> FilterCondition {
        FilterCondition(sql: sql(left.sql, right.sql), isExact: left.isExact && right.isExact)
    }

    // MARK: Leaves

    /// A column of texts. `isFolded`: it holds them in lower case and in one form of Unicode.
    static func text(
        _ column: SQL, _ comparison: Filter.Comparison, _ value: String, isFolded: Bool
    ) -> FilterCondition {
        let wanted: SQL = isFolded ? folded(value) : "\(value)::text"
        let sql: SQL =
            switch comparison {
            case .eq: "\(column) = \(wanted)"
            case .ne: "\(column) IS DISTINCT FROM \(wanted)"
            case .co: "strpos(\(column), \(wanted)) > 0"
            case .sw: "starts_with(\(column), \(wanted))"
            case .ew: "right(\(column), length(\(wanted))) = \(wanted)"
            case .gt: "\(column) > \(wanted)"
            case .ge: "\(column) >= \(wanted)"
            case .lt: "\(column) < \(wanted)"
            case .le: "\(column) <= \(wanted)"
            }
        return FilterCondition(sql: sql, isExact: true)
    }

    /// In the form of a folded column. A query of its own, so that it is worked out once, not for every row.
    static func folded(_ value: String) -> SQL { "(SELECT normalize(\(value.lowercased()), NFKC))" }

    static func moment(_ column: SQL, _ comparison: Filter.Comparison, _ value: Timestamp) -> FilterCondition {
        switch comparison {
        case .eq: .init(sql: "\(column) = \(value)", isExact: true)
        case .ne: .init(sql: "\(column) <> \(value)", isExact: true)
        case .gt: .init(sql: "\(column) > \(value)", isExact: true)
        case .ge: .init(sql: "\(column) >= \(value)", isExact: true)
        case .lt: .init(sql: "\(column) < \(value)", isExact: true)
        case .le: .init(sql: "\(column) <= \(value)", isExact: true)
        case .co, .sw, .ew: .unknown
        }
    }

    /// What users and groups have alike.
    static func common(_ filter: Filter, table: SQL) -> FilterCondition? {
        switch filter {
        case .compare(let address, let comparison, .text(let text)) where address.name == "externalId":
            return .text("\(table).external_id", comparison, text, isFolded: false)
        case .compare(let address, .eq, .text(let text)) where address.name == "id":
            return ID<DirectoryPerson>(text).map { .init(sql: "\(table).id = \($0)", isExact: true) }
                ?? .init(sql: "false", isExact: true)
        case .compare(let address, let comparison, .moment(let moment)) where address.name == "meta.created":
            return .moment("\(table).created_at", comparison, moment)
        case .compare(let address, let comparison, .moment(let moment)) where address.name == "meta.lastModified":
            return .moment("\(table).updated_at", comparison, moment)
        case .present(let address) where address.name == "externalId":
            return .init(sql: "\(table).external_id IS NOT NULL", isExact: true)
        case .present(let address) where ["id", "meta", "meta.created", "meta.lastModified"].contains(address.name):
            return .any
        default: return nil
        }
    }
}

extension Filter {
    /// The value that an element has to have, where the filter says so: of `type eq "work" and value eq "a@b"` that is a@b.
    var wantedValue: String? {
        switch self {
        case .compare(let address, .eq, .text(let text)) where address.name == "value": text
        case .and(let left, let right): left.wantedValue ?? right.wantedValue
        default: nil
        }
    }
}
