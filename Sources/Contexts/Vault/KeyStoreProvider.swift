internal import Crypto
internal import Glibc
package import Kernel
internal import NIOPosix

/// Wrapping keys in a directory beside the database: one small file a key, encrypted under the root key.
///
/// The directory must not be part of the database's backups. That is what makes shredding real: a base backup, the WAL
/// and the data files hold data keys wrapped by a key that was in this directory and is not any more.
/// Several processes may share one directory; several machines need a shared file system, or KMS or Transit instead.
package struct KeyStoreProvider: KeyProvider {
    /// What a wrapped data key begins with; people who look for remains of keys can look for it.
    static let mark = Array("PWK1".utf8)

    private let directory: String
    private let root: RootKeySource

    package init(directory: String, root: RootKeySource) {
        self.directory = directory
        self.root = root
    }

    package var kind: KeyProviderKind { root.kind }

    package func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String {
        try await blocking { () throws(KeyProviderError) in
            let path = try path(of: id.description, makingRoom: true)
            try ensureRoot()
            // Made before, by a step that is repeated.
            if access(path, F_OK) == 0 { return id.description }
            let key = Secret(Randomness.system.bytes(32))
            let entry = try Self.encrypt(key, under: try root.read().keys[0], bound: id.bytes)
            try PrivateFile.create(path, Secret(entry), what: "the wrapping key")
            return id.description
        }
    }

    package func wrap(
        _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> [UInt8] {
        let secret = try await secret(of: wrapping)
        return Self.mark + (try Self.encrypt(key, under: secret, bound: binding.bytes))
    }

    package func unwrap(
        _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
    ) async throws(KeyProviderError) -> Secret<[UInt8]> {
        guard wrapped.starts(with: Self.mark) else { throw .unfit("this is no key wrapped by a key store") }
        let secret = try await secret(of: wrapping)
        guard let key = Self.decrypt(wrapped.dropFirst(Self.mark.count), under: secret, bound: binding.bytes) else {
            throw .refused("the wrapping key does not fit")
        }
        return key
    }

    package func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError) {
        try await blocking { () throws(KeyProviderError) in
            try PrivateFile.destroy(path(of: wrapping.reference, makingRoom: false), what: "the wrapping key")
        }
    }

    private func secret(of wrapping: WrappingKey) async throws(KeyProviderError) -> Secret<[UInt8]> {
        try await blocking { () throws(KeyProviderError) in
            let path = try path(of: wrapping.reference, makingRoom: false)
            let entry = try PrivateFile.read(path, atMost: 256, what: "the wrapping key").reveal()
            for key in try root.read().keys {
                if let secret = Self.decrypt(entry[...], under: key, bound: wrapping.id.bytes) { return secret }
            }
            throw .refused("no root key opens the wrapping key")
        }
    }

    /// Two letters a folder: ten thousand organisations make folders of forty files.
    private func path(of reference: String, makingRoom: Bool) throws(KeyProviderError) -> String {
        guard let id = WrappingKeyID(reference) else { throw .unfit("this is no name of a key store") }
        let folder = "\(directory)/\(id.description.suffix(2))"
        if makingRoom { try PrivateFile.makeDirectory(folder) }
        return "\(folder)/\(id).key"
    }

    /// The first key of an empty store makes its root key; a store with keys and no root key is one that lost it.
    private func ensureRoot() throws(KeyProviderError) {
        guard case .file(let path) = root, access(path, F_OK) != 0 else { return }
        guard try !hasKeys() else { throw .refused("the root key is gone and the key store is not empty") }
        do throws(KeyProviderError) {
            let text = RootKeys.newText()
            try PrivateFile.create(path, Secret(Array(text.reveal().utf8)), what: "the root key")
        } catch {
            // Another process may have been first; its key is as good.
            guard access(path, F_OK) == 0 else { throw error }
        }
    }

    private func hasKeys() throws(KeyProviderError) -> Bool {
        guard let folder = opendir(directory) else { return false }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.utf8.count == 2, name != "..", let keys = opendir("\(directory)/\(name)") else { continue }
            defer { closedir(keys) }
            var count = 0
            while readdir(keys) != nil { count += 1 }
            if count > 2 { return true }
        }
        return false
    }

    /// A few reads of small files; still not for the threads that serve requests.
    private func blocking<Answer: Sendable>(
        _ work: @escaping @Sendable () throws(KeyProviderError) -> Answer
    ) async throws(KeyProviderError) -> Answer {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                Result { () throws(KeyProviderError) in try work() }
            }.get()
        } catch let error as KeyProviderError {
            throw error
        } catch { throw .unreachable("stopping") }
    }

    private static func encrypt(
        _ plain: Secret<[UInt8]>, under key: Secret<[UInt8]>, bound: [UInt8]
    ) throws(KeyProviderError) -> [UInt8] {
        guard
            let box = try? AES.GCM.seal(
                plain.reveal(), using: SymmetricKey(data: key.reveal()), authenticating: bound
            ).combined
        else { throw .unfit("encryption failed") }
        return Array(box)
    }

    private static func decrypt(
        _ bytes: ArraySlice<UInt8>, under key: Secret<[UInt8]>, bound: [UInt8]
    ) -> Secret<[UInt8]>? {
        guard let box = try? AES.GCM.SealedBox(combined: bytes),
            let plain = try? AES.GCM.open(box, using: SymmetricKey(data: key.reveal()), authenticating: bound)
        else { return nil }
        return Secret(Array(plain))
    }
}
