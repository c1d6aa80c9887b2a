// Vault: secrets at rest. What other rooms store sealed, each organisation can take back by destroying one key.
// Owns: data keys (one organisation, several versions), the keys that wrap them and who holds those (a key store beside
// the database, AWS KMS, Transit), sealing, rotation, an organisation's own key, shredding with its ledger.
// Leaves to others: the tables that hold sealed columns, and the routes (EncryptionKeys).
// Tempting wrong step: keeping an opened secret or an unwrapped key for longer "because it is slow". A revoked key must
// stop working within a minute everywhere, so nothing outlives `KeyCache`'s lifetime.
internal import Crypto
package import Kernel
internal import Postgres

/// Seals and opens. Cheap to call: keys come from a cache, and only a key not seen for a while is unwrapped again.
package struct SecretVault: Sendable {
    let ring: KeyRing

    package init(_ ring: KeyRing) { self.ring = ring }

    /// - Parameter place: where the ciphertext will be stored; it opens there and nowhere else.
    /// - Throws: `VaultError.keyUnavailable` while the owner's key cannot be used.
    package func seal(_ plain: Secret<[UInt8]>, for owner: KeyOwner, at place: SealedPlace) async throws -> Sealed {
        try Sealed.seal(plain, under: await ring.current(of: owner), for: owner, at: place)
    }

    package func seal(_ plain: Secret<String>, for owner: KeyOwner, at place: SealedPlace) async throws -> Sealed {
        try await seal(Secret(Array(plain.reveal().utf8)), for: owner, at: place)
    }

    /// - Throws: `VaultError.damaged` for a ciphertext of another owner, table, column or row, or one that was changed;
    ///   `.keyDestroyed` when its key is gone for good; `.keyUnavailable` while it cannot be used.
    package func open(_ sealed: Sealed, for owner: KeyOwner, at place: SealedPlace) async throws -> Secret<[UInt8]> {
        guard let id = sealed.keyID else { throw VaultError.damaged }
        return try sealed.open(under: await ring.key(id, of: owner), for: owner, at: place)
    }

    package func openText(_ sealed: Sealed, for owner: KeyOwner, at place: SealedPlace) async throws -> Secret<String> {
        Secret(String(decoding: try await open(sealed, for: owner, at: place).reveal(), as: UTF8.self))
    }
}
