import Kernel
import Postgres

/// The ids that resources had before they turned out to be one with others: what was measured then is kept under those, and
/// is still the resource's past.
struct EarlierIDs: Sendable {
    private let byResource: [ResourceID: [ResourceID]]

    static let none = EarlierIDs([])

    init(_ successions: [(old: ResourceID, new: ResourceID)]) {
        byResource = Dictionary(grouping: successions, by: \.new).mapValues { $0.map(\.old) }
    }

    /// Latest first.
    subscript(resource: ResourceID) -> [ResourceID] { byResource[resource] ?? [] }

    /// The successions of these resources.
    static func select(of resources: [ResourceID]) -> SQL {
        select("new_id = ANY (\(resources))")
    }

    /// - Parameter condition: on `new_id`.
    static func select(_ condition: SQL) -> SQL {
        "SELECT old_id, new_id FROM resource_successions WHERE \(condition) ORDER BY at DESC, old_id"
    }

    init(_ result: ResultSet) throws {
        self.init(try result.rows { (old: try $0.next(ResourceID.self), new: try $0.next(ResourceID.self)) })
    }
}

extension HistoryStore {
    func earlierIDs(of resources: [ResourceID], in org: OrgID) async throws -> EarlierIDs {
        guard !resources.isEmpty else { return .none }
        return try EarlierIDs(try await database.batch(in: org, [EarlierIDs.select(of: resources)])[0])
    }
}
