internal import Kernel
internal import Postgres

/// A data key as it is stored: wrapped.
struct DataKeyRow: Sendable {
    let id: DataKeyID
    /// From 1, within the owner; 0 before it is stored.
    let version: Int
    let wrapped: [UInt8]
    let wrapping: WrappingKey
}

/// The rows of `wrapping_keys` and `data_keys`. The installation's own stand under the nil organisation.
struct KeyTable: Sendable {
    let database: Database

    init(_ database: Database) { self.database = database }

    func currentKey(of owner: KeyOwner) async throws -> DataKeyID? {
        try await database.first(in: owner.id, "SELECT id FROM data_keys WHERE state = 'current'") { try $0.next() }
    }

    func dataKey(_ id: DataKeyID, of owner: KeyOwner) async throws -> DataKeyRow? {
        try await database.first(in: owner.id, Self.selection + " AND d.id = \(id)", DataKeyRow.init)
    }

    func dataKeys(of owner: KeyOwner) async throws -> [DataKeyRow] {
        try await database.rows(in: owner.id, Self.selection + " ORDER BY d.version", DataKeyRow.init)
    }

    /// The key that wraps now; `nil` before the first secret.
    func activeWrappingKey(of owner: KeyOwner) async throws -> WrappingKey? {
        try await database.first(
            in: owner.id, "SELECT id, provider, reference, is_own FROM wrapping_keys WHERE state = 'active'",
            WrappingKey.init)
    }

    /// An owner's first two keys, unless it has some.
    /// - Returns: the data key that stands.
    func begin(
        wrapping: WrappingKey, key: DataKeyRow, of owner: KeyOwner, at now: Timestamp
    ) async throws -> DataKeyID {
        do {
            _ = try await database.batch(
                in: owner.id, [insert(wrapping, of: owner, at: now), insert(key, version: 1, of: owner, at: now)])
            return key.id
        } catch DatabaseError.server(let error) where error.state == SQLState.uniqueViolation {
            guard let id = try await currentKey(of: owner) else { throw VaultError.keyDestroyed }
            return id
        } catch DatabaseError.server(let error) where error.state == Self.keysDestroyed {
            throw VaultError.keyDestroyed
        }
    }

    /// Raised by the trigger of `wrapping_keys`.
    static let keysDestroyed = "PL002"

    func insert(_ key: WrappingKey, of owner: KeyOwner, at now: Timestamp) -> SQL {
        """
        INSERT INTO wrapping_keys (org_id, id, provider, reference, is_own, created_at)
        VALUES (\(owner.id), \(key.id), \(key.provider.rawValue), \(key.reference), \(key.isOwn), \(now))
        """
    }

    func insert(_ key: DataKeyRow, version: Int, of owner: KeyOwner, at now: Timestamp) -> SQL {
        """
        INSERT INTO data_keys (org_id, id, version, wrapping_key_id, wrapped, created_at)
        VALUES (\(owner.id), \(key.id), \(version), \(key.wrapping.id), \(key.wrapped), \(now))
        """
    }

    static let selection: SQL = """
        SELECT d.id, d.version, d.wrapped, w.id, w.provider, w.reference, w.is_own
        FROM data_keys d JOIN wrapping_keys w ON w.org_id = d.org_id AND w.id = d.wrapping_key_id WHERE true
        """
}

extension DataKeyRow {
    init(_ row: inout RowReader) throws {
        id = try row.next()
        version = try row.next()
        wrapped = try row.next()
        wrapping = try WrappingKey(&row)
    }
}

extension WrappingKey {
    /// id, provider, reference, is_own.
    init(_ row: inout RowReader) throws {
        let id = try row.next(WrappingKeyID.self)
        let provider = try row.next(String.self)
        guard let kind = KeyProviderKind(rawValue: provider) else { throw VaultError.damaged }
        self.init(id: id, provider: kind, reference: try row.next(), isOwn: try row.next())
    }
}
