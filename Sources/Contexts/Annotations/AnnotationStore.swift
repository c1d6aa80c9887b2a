package import Kernel
package import Postgres
internal import Resources
package import Vault

package enum ResourceNote {}
package typealias AnnotationID = ID<ResourceNote>

/// The rows of resource_metadata.
package struct AnnotationStore: Sendable {
    let database: Database
    let vault: SecretVault

    package init(_ database: Database, vault: SecretVault) {
        self.database = database
        self.vault = vault
    }

    /// More than people write, fewer than would make a list slow.
    static let limit = 20_000

    struct Row: Sendable {
        let id: AnnotationID
        let target: ResourceID
        let anchor: String
        let resource: ResourceID
        let annotation: Annotation
        let revision: Int64
        let changedAt: Timestamp
    }

    private static let columns: SQL =
        "m.id, m.target_id, m.anchor, m.resource_id, m.custom_url, m.notes, m.tags, m.revision, m.changed_at"

    /// What is written of a subject. Several when two machines, each with its own, turned out to be one.
    func rows(of subject: Subject, in org: OrgID) async throws -> [Row] {
        try await rows(
            in: org,
            """
            m.anchor = \(subject.anchor) AND (m.target_id = \(subject.target)
                OR m.target_id IN (SELECT s.old_id FROM resource_successions s WHERE s.new_id = \(subject.target)))
            """, limit: 8)
    }

    /// - Parameter after: the last one of the page before.
    func page(after: AnnotationID?, limit: Int, containers: Bool, in org: OrgID) async throws -> [Row] {
        try await rows(
            in: org, "(m.anchor <> '') = \(containers) AND (\(after)::uuid IS NULL OR m.id > \(after))", limit: limit)
    }

    private func rows(in org: OrgID, _ condition: SQL, limit: Int) async throws -> [Row] {
        let found = try await database.rows(
            in: org, "SELECT \(Self.columns) FROM resource_metadata m WHERE \(condition) ORDER BY m.id LIMIT \(limit)"
        ) { row in
            (
                id: try row.next(AnnotationID.self), target: try row.next(ResourceID.self),
                anchor: try row.next(String.self), resource: try row.next(ResourceID.self),
                url: try row.next(String?.self), notes: try row.next(Sealed?.self), tags: try row.next([String].self),
                revision: try row.next(Int64.self), changedAt: try row.next(Timestamp.self)
            )
        }
        var rows: [Row] = []
        for one in found {
            var annotation = Annotation()
            annotation.customURL = one.url
            annotation.tags = one.tags
            if let notes = one.notes {
                annotation.notes = try await vault.openText(notes, for: .org(org), at: Self.place(one.id)).reveal()
            }
            rows.append(
                Row(
                    id: one.id, target: one.target, anchor: one.anchor, resource: one.resource, annotation: annotation,
                    revision: one.revision, changedAt: one.changedAt))
        }
        return rows
    }

    /// Writes it in place of what is there; an empty one takes away.
    /// - Parameter entry: of what was there and what is.
    /// - Throws: 409 when two are there, which only a person can make one.
    func write(
        _ new: Annotation, about subject: Subject, seenAs resource: ResourceID, in org: OrgID, at now: Timestamp,
        entry: (Annotation) throws -> SQL
    ) async throws {
        for _ in 0..<3 {
            let known = try await rows(of: subject, in: org)
            guard known.count <= 1 else { throw Problem.metadataAmbiguous }
            let told = try entry(known.first?.annotation ?? Annotation())
            let id = known.first?.id ?? AnnotationID.new(at: now)
            var notes: Sealed?
            if let text = new.notes {
                notes = try await vault.seal(Secret(text), for: .org(org), at: Self.place(id))
            }
            let change = Self.change(new, notes, id, known.first, subject, resource, org, now)
            let isDone = try await database.asOrg(org) { transaction in
                if known.isEmpty, !new.isEmpty {
                    let count =
                        try await transaction.first("SELECT count(*) FROM resource_metadata") { try $0.next(Int.self) }
                    guard (count ?? 0) < Self.limit else { throw Problem.metadataLimit }
                }
                if let change, try await transaction.execute(change) != 1 { return false }
                transaction.atCommit(told)
                return true
            }
            if isDone { return }
        }
        throw Problem.metadataChanged
    }

    private static func change(
        _ new: Annotation, _ notes: Sealed?, _ id: AnnotationID, _ known: Row?, _ subject: Subject,
        _ resource: ResourceID, _ org: OrgID, _ now: Timestamp
    ) -> SQL? {
        guard let known else {
            guard !new.isEmpty else { return nil }
            return """
                INSERT INTO resource_metadata (org_id, id, target_id, anchor, resource_id, custom_url, notes, tags, revision,
                                               changed_at)
                VALUES (\(org), \(id), \(subject.target), \(subject.anchor), \(resource), \(new.customURL), \(notes),
                        \(new.tags), 1, \(now))
                ON CONFLICT (org_id, target_id, anchor) DO NOTHING
                """
        }
        guard !new.isEmpty else {
            return "DELETE FROM resource_metadata WHERE id = \(id) AND revision = \(known.revision)"
        }
        return """
            UPDATE resource_metadata SET target_id = \(subject.target), resource_id = \(resource),
                custom_url = \(new.customURL), notes = \(notes), tags = \(new.tags), revision = revision + 1,
                changed_at = \(now)
            WHERE id = \(id) AND revision = \(known.revision)
            """
    }

    private static func place(_ id: AnnotationID) -> SealedPlace {
        SealedPlace(table: "resource_metadata", column: "notes", row: id)
    }
}

extension Problem {
    static let metadataAmbiguous = Problem(
        "metadata-ambiguous", status: 409, title: "It is not clear which one this is about",
        detail: "Two containers of this host claim to be the same. Remove or rename one, then write again.")
    static let metadataLimit = Problem(
        "metadata-limit", status: 409, title: "Enough has been written",
        detail: "An organisation may have notes on \(AnnotationStore.limit) resources; remove some first.")
    static let metadataChanged = Problem(
        "metadata-changed", status: 409, title: "Somebody changed this meanwhile",
        detail: "Read it again and make your change to what is there now.")
}
