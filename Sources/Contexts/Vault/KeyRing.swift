internal import Crypto
package import Kernel
package import Postgres

/// Finds an owner's data keys, makes the first one, and remembers them for a short while.
package struct KeyRing: Sendable {
    /// How long an unwrapped key is used: a revoked wrapping key is without effect within this, plus the five seconds
    /// that the provider's last answer may have taken. Below the 60 s promised.
    package static let keyLifetime: Duration = .seconds(40)
    /// How long "this is the newest key" is believed: a rotation waits this long before the old key goes.
    package static let currentLifetime: Duration = .seconds(5)
    /// How long a provider is not asked again for a key after it did not let it be used: a key that is given back works
    /// this much later.
    package static let refusalLifetime: Duration = .seconds(5)
    /// Keys held at once: two versions for 4,096 organisations, under 2 MB.
    package static let bound = 8192

    struct Name: Hashable, Sendable {
        let owner: KeyOwner
        let key: DataKeyID
    }

    let store: KeyTable
    let providers: KeyProviders
    let time: any TimeSource
    private let keys: KeyCache<Name, DataKeyMaterial>
    private let newest: KeyCache<KeyOwner, DataKeyID>

    package init(
        _ database: Database, providers: KeyProviders, time: any TimeSource, bound: Int = KeyRing.bound
    ) {
        store = KeyTable(database)
        self.providers = providers
        self.time = time
        keys = KeyCache(
            lifetime: Self.keyLifetime, refusalLifetime: Self.refusalLifetime, bound: bound, time: time)
        newest = KeyCache(
            lifetime: Self.currentLifetime, refusalLifetime: Self.refusalLifetime, bound: bound, time: time)
    }

    /// The key that seals now; made when the owner has none yet.
    func current(of owner: KeyOwner) async throws -> DataKeyMaterial {
        let id = try await newest.value(owner) { try await newestID(of: owner) }
        do {
            return try await key(id, of: owner)
        } catch VaultError.keyDestroyed {
            // Rotated away between the two looks.
            newest.drop { $0 == owner }
            return try await key(newestID(of: owner), of: owner)
        }
    }

    func key(_ id: DataKeyID, of owner: KeyOwner) async throws -> DataKeyMaterial {
        try await keys.value(Name(owner: owner, key: id)) {
            guard let row = try await store.dataKey(id, of: owner) else { throw VaultError.keyDestroyed }
            return try await unwrap(row, of: owner)
        }
    }

    /// Forgets an owner's keys in this process; the others do within their lifetimes.
    func forget(_ owner: KeyOwner) {
        newest.drop { $0 == owner }
        keys.drop { $0.owner == owner }
    }

    func unwrap(_ row: DataKeyRow, of owner: KeyOwner) async throws -> DataKeyMaterial {
        do throws(KeyProviderError) {
            let secret = try await providers.provider(of: row.wrapping).unwrap(
                row.wrapped, under: row.wrapping, for: WrapBinding(owner: owner, key: row.id))
            return DataKeyMaterial(id: row.id, secret: SymmetricKey(data: secret.reveal()))
        } catch {
            VaultMetrics.count(error)
            throw VaultError.keyUnavailable(reason: error)
        }
    }

    /// A fresh data key, wrapped, and not stored yet.
    func newDataKey(under wrapping: WrappingKey, of owner: KeyOwner) async throws -> DataKeyRow {
        let id = DataKeyID.new(at: time.now)
        return DataKeyRow(
            id: id, version: 0,
            wrapped: try await wrap(Secret(Randomness.system.bytes(32)), id: id, under: wrapping, of: owner),
            wrapping: wrapping)
    }

    func wrap(
        _ key: Secret<[UInt8]>, id: DataKeyID, under wrapping: WrappingKey, of owner: KeyOwner
    ) async throws -> [UInt8] {
        do throws(KeyProviderError) {
            return try await providers.provider(of: wrapping).wrap(
                key, under: wrapping, for: WrapBinding(owner: owner, key: id))
        } catch {
            VaultMetrics.count(error)
            throw VaultError.keyUnavailable(reason: error)
        }
    }

    /// A new key of the installation's provider, not stored yet.
    func newWrappingKey(_ id: WrappingKeyID? = nil, for owner: KeyOwner) async throws -> WrappingKey {
        let id = id ?? .new(at: time.now)
        do throws(KeyProviderError) {
            let reference = try await providers.standard.create(id, for: owner)
            return WrappingKey(id: id, provider: providers.standard.kind, reference: reference)
        } catch {
            VaultMetrics.count(error)
            throw VaultError.keyUnavailable(reason: error)
        }
    }

    private func newestID(of owner: KeyOwner) async throws -> DataKeyID {
        if let id = try await store.currentKey(of: owner) { return id }
        let wrapping = try await newWrappingKey(for: owner)
        let key = try await newDataKey(under: wrapping, of: owner)
        let id = try await store.begin(wrapping: wrapping, key: key, of: owner, at: time.now)
        if id != key.id {
            // Another process began at the same moment; its keys stand and ours are nobody's.
            try? await providers.standard.destroy(wrapping)
        }
        return id
    }
}
