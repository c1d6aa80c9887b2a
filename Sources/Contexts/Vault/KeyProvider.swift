package import Kernel

/// Who holds wrapping keys. The names are stored and shown, never renamed.
package enum KeyProviderKind: String, Sendable, CaseIterable {
    /// A key store directory beside the database, under a root key in a file.
    case file
    /// The same store, under a root key in the environment.
    case environment
    case awsKMS = "aws-kms"
    case transit
}

/// Keeps wrapping keys and uses them; a wrapping key itself never leaves. The file side reads a directory, the others
/// speak HTTP. Every call has a timeout of its own.
package protocol KeyProvider: Sendable {
    var kind: KeyProviderKind { get }

    /// Makes a wrapping key for an owner. Called twice with one id it makes one key.
    /// - Returns: what this provider calls it; stored, and part of every later call.
    func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String

    func wrap(
        _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> [UInt8]

    /// - Throws: `.refused` also when `wrapped` was made for another binding.
    func unwrap(
        _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> Secret<[UInt8]>

    /// Makes the key useless for good, as far as the provider can. Doing it twice is fine.
    func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError)
}

/// A wrapping key as the database knows it: whose, where, and what it is called there.
package struct WrappingKey: Hashable, Sendable {
    package let id: WrappingKeyID
    package let provider: KeyProviderKind
    package let reference: String
    /// Brought by the organisation: never destroyed by us.
    package let isOwn: Bool

    package init(id: WrappingKeyID, provider: KeyProviderKind, reference: String, isOwn: Bool = false) {
        self.id = id
        self.provider = provider
        self.reference = reference
        self.isOwn = isOwn
    }
}

/// What a wrapped data key belongs to; bound into it, so that it unwraps for nothing else.
package struct WrapBinding: Hashable, Sendable {
    package let owner: KeyOwner
    package let key: DataKeyID

    package init(owner: KeyOwner, key: DataKeyID) {
        self.owner = owner
        self.key = key
    }

    var bytes: [UInt8] { .canonical(Array("pulse-data-key".utf8), Array(owner.description.utf8), key.bytes) }
}

/// The providers this installation can talk to.
package struct KeyProviders: Sendable {
    /// Who makes the keys of organisations that bring none.
    package let standard: any KeyProvider
    private let all: [KeyProviderKind: any KeyProvider]

    package init(standard: any KeyProvider, others: [any KeyProvider] = []) {
        self.standard = standard
        all = Dictionary((others + [standard]).map { ($0.kind, $0) }) { $1 }
    }

    subscript(kind: KeyProviderKind) -> (any KeyProvider)? { all[kind] }

    func provider(of key: WrappingKey) throws(KeyProviderError) -> any KeyProvider {
        guard let provider = all[key.provider] else {
            throw .refused("\(key.provider.rawValue) is not set up on this installation")
        }
        return provider
    }

    /// Those an organisation can bring a key of.
    package var ownKinds: [KeyProviderKind] { [.awsKMS, .transit].filter { all[$0] != nil } }
}
