package import Kernel
internal import Postgres

/// An organisation's keys as its people may see them: names and versions, never a key.
package struct KeyOverview: Sendable {
    package struct Wrapping: Sendable {
        package let key: WrappingKey
        package let createdAt: Timestamp
    }

    package struct Data: Sendable {
        package let id: DataKeyID
        package let version: Int
        package let state: String
        package let createdAt: Timestamp
    }

    /// Who wraps, or would wrap the first key.
    package let provider: KeyProviderKind
    package let ownKinds: [KeyProviderKind]
    /// `nil` before the first secret.
    package let wrapping: Wrapping?
    /// Newest first.
    package let dataKeys: [Data]
    /// The newest.
    package let rotation: KeyRotation?

    package static func read(_ org: OrgID, from ring: KeyRing) async throws -> KeyOverview {
        let answers = try await ring.store.database.batch(
            in: org,
            [
                "SELECT id, provider, reference, is_own, created_at FROM wrapping_keys WHERE state = 'active'",
                "SELECT id, version, state, created_at FROM data_keys ORDER BY version DESC LIMIT 100",
                "SELECT \(KeyRotation.columns) FROM key_rotations ORDER BY id DESC LIMIT 1",
            ])
        let wrapping = try answers[0].first { row in
            Wrapping(key: try WrappingKey(&row), createdAt: try row.next())
        }
        return KeyOverview(
            provider: wrapping?.key.provider ?? ring.providers.standard.kind, ownKinds: ring.providers.ownKinds,
            wrapping: wrapping,
            dataKeys: try answers[1].rows { row in
                Data(id: try row.next(), version: try row.next(), state: try row.next(), createdAt: try row.next())
            },
            rotation: try answers[2].first(KeyRotation.init))
    }
}
