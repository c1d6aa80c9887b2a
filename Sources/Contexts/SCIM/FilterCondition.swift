internal import Kernel
internal import Postgres
internal import SCIMKit

/// What of a filter the database can decide. A row that the filter finds always fulfils it; where it is exact, no other does.
struct FilterCondition {
    let sql: SQL
    let isExact: Bool

    static let any = FilterCondition(sql: "true", isExact: true)
    static let none = FilterCondition(sql: "false", isExact: true)
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

    /// Decides a filter of resources of one kind; what only they have is for `own` to say.
    static func of(
        _ filter: Filter?, _ kind: FilteredKind, _ own: @escaping (Filter) -> FilterCondition
    ) -> FilterCondition {
        filter.map { FilterCondition($0) { common($0, kind) ?? own($0) } } ?? .any
    }

    /// What users and groups have alike.
    private static func common(_ filter: Filter, _ kind: FilteredKind) -> FilterCondition? {
        let table = kind.table
        switch filter {
        case .compare(let address, .eq, .text(let text)) where address.name == kind.nameAttribute && kind.isNamedOnce:
            return .init(sql: "\(table).id = (SELECT scim_user_named(\(text.lowercased())))", isExact: true)
        case .compare(let address, let comparison, .text(let text)) where address.name == kind.nameAttribute:
            return .text("\(table).\(kind.nameColumn)", comparison, text, isFolded: true)
        case .present(let address) where address.name == kind.nameAttribute: return .any
        case .compare(let address, .eq, .text(let text)) where address.name == "meta.resourceType":
            return .init(sql: text == kind.shape.name ? "true" : "false", isExact: true)
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

    /// There is a row of `scim_group_members` (`m`) for this one, and for the other where one is named.
    static func membership(_ row: SQL, and other: SQL? = nil) -> FilterCondition {
        let both: SQL = other.map { " AND \($0)" } ?? ""
        return .init(sql: "EXISTS (SELECT FROM scim_group_members m WHERE \(row)\(both))", isExact: true)
    }
}

/// What a condition on one kind of resource has to know of its table.
struct FilteredKind: Sendable {
    let shape: ResourceShape
    /// The alias.
    let table: SQL
    /// The attribute by which people name one, and its column in the form names are compared in.
    let nameAttribute: String
    let nameColumn: SQL
    /// No two users have one name; groups may.
    let isNamedOnce: Bool

    static let user = FilteredKind(
        shape: .user, table: "u", nameAttribute: "userName", nameColumn: "user_name_key", isNamedOnce: true)
    static let group = FilteredKind(
        shape: .group, table: "g", nameAttribute: "displayName", nameColumn: "name_key", isNamedOnce: false)
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
