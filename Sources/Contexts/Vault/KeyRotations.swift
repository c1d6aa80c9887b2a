package import Kernel
package import Postgres

/// Begins rotations and tells how far they are. `KeyRotator` does the work.
package struct KeyRotations: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// - Parameter entry: goes into the same transaction, told the rotation's id.
    /// - Throws: 409 `key-rotation-running`.
    package func begin(
        _ kind: KeyRotation.Kind, for owner: KeyOwner, at now: Timestamp,
        entry: (KeyRotation) throws -> [SQL] = { _ in [] }
    ) async throws -> KeyRotation {
        let rotation = KeyRotation(kind, at: now)
        do {
            _ = try await database.batch(in: owner.id, [rotation.insert(for: owner)] + entry(rotation))
        } catch DatabaseError.server(let error) where error.isUniqueViolation {
            throw Problem.keyRotationRunning
        }
        return rotation
    }

    package func rotation(_ id: KeyRotationID, of owner: KeyOwner) async throws -> KeyRotation? {
        try await database.first(
            in: owner.id, "SELECT \(KeyRotation.columns) FROM key_rotations WHERE id = \(id)", KeyRotation.init)
    }

    /// Newest first, `limit` of them, older than `before`.
    package func rotations(
        of owner: KeyOwner, before: KeyRotationID? = nil, limit: Int
    ) async throws -> [KeyRotation] {
        try await database.rows(
            in: owner.id,
            """
            SELECT \(KeyRotation.columns) FROM key_rotations WHERE \(before)::uuid IS NULL OR id < \(before)
            ORDER BY id DESC LIMIT \(limit)
            """, KeyRotation.init)
    }
}
