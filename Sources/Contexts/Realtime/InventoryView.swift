import Inventory
import JSONKit
import Kernel
import Resources

/// An organisation's inventory as one audience sees it.
struct InventoryView: Sendable {
    let org: OrgID
    /// `nil`: all of it.
    let visibility: Visibility?
    let store: ResourceStore

    func snapshot() async throws -> (head: OrgHead, resources: [StoredResource]) {
        try await store.snapshot(of: org, seenBy: visibility)
    }

    func head() async throws -> OrgHead { try await store.head(of: org) }

    /// The resources that are seen; `nil`: all.
    func seen() async throws -> Set<ResourceID>? {
        guard let visibility else { return nil }
        return try await store.ids(in: org, seenBy: visibility)
    }

    /// What a delta says of the resources that are seen; the same delta where all are.
    static func part(of delta: Delta, seen: Set<ResourceID>?) -> Delta {
        guard let seen, case .changes(let json) = delta.body else { return delta }
        guard let changes = try? JSONValue(json: json) else {
            return Delta(payload: Array(delta.payload.prefix(24))) ?? delta
        }
        let isSeen = { (id: JSONValue?) in (id?.string).flatMap { ResourceID($0) }.map(seen.contains) ?? false }
        return Delta(
            head: delta.head, at: delta.at,
            upserts: (changes["upserts"]?.array ?? []).filter { isSeen($0["id"]) }.map(\.json),
            removed: (changes["removed"]?.array ?? []).filter(isSeen).compactMap {
                $0.string.flatMap { ResourceID($0) }
            })
    }
}
