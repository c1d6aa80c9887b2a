internal import Access
internal import Compression
internal import Inventory
internal import JSONKit
package import Kernel
internal import Postgres

extension ResourceStore {
    /// Where some targets are now, and the containers below them.
    package struct Places: Sendable {
        /// By the id that was asked for; one that went into another is that one.
        package var current: [ResourceID: (id: ResourceID, name: String)] = [:]
        package var containers: [Container] = []

        package struct Container: Sendable {
            package let id: ResourceID
            package let host: ResourceID
            package let name: String
            /// What it is called within its host, whatever its id.
            package let anchor: String
            package let isAmbiguous: Bool
        }
    }

    /// - Parameter targets: what the caller does not see is left out.
    package func places(
        of targets: [ResourceID], in org: OrgID, seenBy visibility: Visibility?
    ) async throws -> Places {
        guard !targets.isEmpty else { return Places() }
        let seen = Visibility.shows("row.connection_id")
        let answers = try await database.batch(
            in: org,
            visibility.narrowing([
                """
                SELECT t.id, row.id, row.name
                FROM unnest(\(targets)::uuid[]) AS t (id)
                LEFT JOIN resource_successions s ON s.old_id = t.id
                JOIN resources row ON row.id = coalesce(s.new_id, t.id) WHERE \(seen)
                """,
                """
                SELECT row.id, row.parent_id, row.name, row.facts FROM resources row
                WHERE row.type = \(ResourceType.appContainer.rawValue) AND \(seen)
                    AND row.parent_id IN (SELECT coalesce(s.new_id, t.id) FROM unnest(\(targets)::uuid[]) AS t (id)
                        LEFT JOIN resource_successions s ON s.old_id = t.id)
                """,
            ]), timeout: .seconds(10))
        var places = Places()
        for (asked, id, name) in try answers[answers.count - 2].rows({ row in
            (try row.next(ResourceID.self), try row.next(ResourceID.self), try row.next(String.self))
        }) {
            places.current[asked] = (id, name)
        }
        places.containers = try answers[answers.count - 1].rows { row in
            let (id, host, name) = (
                try row.next(ResourceID.self), try row.next(ResourceID.self), try row.next(String.self)
            )
            let facts = (try? Packed.unpack(try row.next([UInt8].self), limit: 1024 * 1024)) ?? []
            var reader = JSONReader(facts)
            let docker = (try? reader.decode(JSONValue.self))?["docker"]
            return Places.Container(
                id: id, host: host, name: name, anchor: docker?["anchor"]?.string ?? "",
                isAmbiguous: docker?["isAmbiguous"]?.bool == true)
        }
        return places
    }
}
