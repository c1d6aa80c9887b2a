package import Kernel
package import Postgres

/// An organisation's own wrapping key: it stays in the organisation's KMS or Transit, and when it is revoked there,
/// nothing of the organisation opens here within a minute.
package struct OwnKeys: Sendable {
    let ring: KeyRing

    package init(_ ring: KeyRing) { self.ring = ring }

    private var database: Database { ring.store.database }

    /// Wraps the organisation's data keys under its own key and begins to seal everything under a data key that no
    /// other key has ever wrapped.
    /// - Parameter entry: the audit entry, in the same transaction.
    /// - Throws: 400 naming the field, 422 `own-key-refused` when the key does not do what is wanted, 409
    ///   `key-rotation-running`.
    package func bring(
        _ kind: KeyProviderKind, reference: String, to org: OrgID, entry: [SQL]
    ) async throws {
        try check(kind, reference)
        let wrapping = WrappingKey(id: .new(at: ring.time.now), provider: kind, reference: reference, isOwn: true)
        try await prove(wrapping, for: .org(org))
        try await change(to: wrapping, of: org, entry: entry)
    }

    /// Back to a key of this installation. Needs the own key once more: it has to open what it wrapped.
    package func takeBack(from org: OrgID, entry: [SQL]) async throws {
        guard let active = try await ring.store.activeWrappingKey(of: .org(org)), active.isOwn else {
            // Nothing to take back; asked twice, it is as wanted.
            _ = try await database.batch(in: org, entry)
            return
        }
        let wrapping = try await ring.newWrappingKey(for: .org(org))
        do {
            try await change(to: wrapping, of: org, entry: entry)
        } catch let error as any Explained where !(error is DatabaseError) {
            // It wraps nothing, and nobody would ever destroy it. After an error of the database that is not sure: a
            // COMMIT without an answer may have happened, and a key too many is better than one too few.
            try? await ring.providers.standard.destroy(wrapping)
            throw error
        }
    }

    private func check(_ kind: KeyProviderKind, _ reference: String) throws {
        guard ring.providers.ownKinds.contains(kind) else {
            throw Problem.invalidField("provider", "this installation can use keys of \(kinds)")
        }
        let isFit = kind == .awsKMS ? AWSKMSProvider.isReference(reference) : TransitProvider.isReference(reference)
        guard isFit else {
            throw Problem.invalidField(
                "reference",
                kind == .awsKMS
                    ? "the ARN of a KMS key is wanted, arn:aws:kms:…"
                    : "the name of a Transit key is wanted: letters, digits, - and _, not beginning with pulse-")
        }
    }

    private var kinds: String {
        let names = ring.providers.ownKinds.map(\.rawValue).joined(separator: " and ")
        return names.isEmpty ? "no own keys" : names
    }

    /// Wraps and unwraps something, so that a key which only does one of them is refused before anything depends on it.
    private func prove(_ wrapping: WrappingKey, for owner: KeyOwner) async throws {
        let (trial, binding) = (
            Secret(Randomness.system.bytes(32)), WrapBinding(owner: owner, key: .new(at: ring.time.now))
        )
        do throws(KeyProviderError) {
            let provider = try ring.providers.provider(of: wrapping)
            let wrapped = try await provider.wrap(trial, under: wrapping, for: binding)
            guard try await provider.unwrap(wrapped, under: wrapping, for: binding).reveal() == trial.reveal() else {
                throw .refused("it does not give back what it wrapped")
            }
        } catch { throw Problem.ownKeyRefused.with(detail: error.advice) }
    }

    private func change(to wrapping: WrappingKey, of org: OrgID, entry: [SQL]) async throws {
        let now = ring.time.now
        let rotation = KeyRotation(.data, at: now).insert(for: .org(org))
        do {
            if try await ring.store.activeWrappingKey(of: .org(org)) != nil {
                try await Rewrapping(ring: ring).move(.org(org), to: wrapping, at: now, also: [rotation] + entry)
            } else {
                let key = try await ring.newDataKey(under: wrapping, of: .org(org))
                _ = try await database.batch(
                    in: org,
                    [
                        ring.store.insert(wrapping, of: .org(org), at: now),
                        ring.store.insert(key, version: 1, of: .org(org), at: now),
                    ] + entry)
                ring.forget(.org(org))
            }
        } catch DatabaseError.server(let error) where error.isUniqueViolation {
            throw Problem.keyRotationRunning
        } catch DatabaseError.server(let error) where error.state == KeyTable.keysDestroyed {
            throw VaultError.keyDestroyed
        }
    }
}

extension Problem {
    package static let ownKeyRefused = Problem(
        "own-key-refused", status: 422, title: "The key cannot be used to wrap and unwrap")
}
