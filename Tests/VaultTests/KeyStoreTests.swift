import Foundation
import Kernel
import TestKit
import Testing

@testable import Vault

@Suite struct KeyStoreTests {
    private let fixture = VaultFixture()
    private var directory: String { fixture.directory }
    private let binding = WrapBinding(owner: .instance, key: .new(at: Given.start))
    private let secret = Secret([UInt8](repeating: 7, count: 32))

    private func store(_ root: RootKeySource? = nil) -> KeyStoreProvider {
        KeyStoreProvider(directory: directory, root: root ?? .file(path: "\(directory)/root.key"))
    }

    private func made(_ provider: KeyStoreProvider) async throws -> WrappingKey {
        let id = WrappingKeyID.new(at: Given.start)
        return WrappingKey(id: id, provider: provider.kind, reference: try await provider.create(id, for: .instance))
    }

    @Test("files are for us alone, and a wrapped key unwraps for its own binding only") func permissions() async throws
    {
        let store = store()
        let key = try await made(store)
        for path in [
            "root.key", try #require(FileManager.default.subpaths(atPath: directory)?.first { $0.contains("/") }),
        ] {
            let mode = try FileManager.default.attributesOfItem(atPath: "\(directory)/\(path)")[.posixPermissions]
            #expect(mode as? Int == 0o600)
        }
        let wrapped = try await store.wrap(secret, under: key, for: binding)
        #expect(try await store.unwrap(wrapped, under: key, for: binding).reveal() == secret.reveal())
        let other = WrapBinding(owner: .instance, key: .new(at: Given.start))
        await #expect(throws: KeyProviderError.self) { try await store.unwrap(wrapped, under: key, for: other) }
    }

    @Test("a root key that is missing, replaced, a link or open to others is refused, and never made anew over keys")
    func rootKey() async throws {
        let store = store()
        let key = try await made(store)
        let wrapped = try await store.wrap(secret, under: key, for: binding)
        let path = "\(directory)/root.key"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        func refused(_ what: Comment, _ prepare: () throws -> Void) async throws {
            try prepare()
            await #expect(throws: KeyProviderError.self, what) {
                try await store.unwrap(wrapped, under: key, for: binding)
            }
            await #expect(throws: KeyProviderError.self, what) { try await made(store) }
            try? FileManager.default.removeItem(atPath: path)
            try text.write(toFile: path, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        }
        try await refused("missing") { try FileManager.default.removeItem(atPath: path) }
        try await refused("a link") {
            try FileManager.default.moveItem(atPath: path, toPath: path + ".elsewhere")
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + ".elsewhere")
        }
        try await refused("open to others") {
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
        }
        try await refused("no key") { try Data("short".utf8).write(to: URL(filePath: path)) }
        #expect(try await store.unwrap(wrapped, under: key, for: binding).reveal() == secret.reveal())
        // Another good root key makes keys of its own, and opens none of those before.
        try Data(RootKeys.newText().reveal().utf8).write(to: URL(filePath: path))
        await #expect(throws: KeyProviderError.self) { try await store.unwrap(wrapped, under: key, for: binding) }
    }

    @Test("a new root key above the old one serves new keys while old ones still open") func newRoot() async throws {
        let (old, new) = (RootKeys.newText().reveal(), RootKeys.newText().reveal())
        let before = store(.environment(Secret(old)))
        let key = try await made(before)
        let wrapped = try await before.wrap(secret, under: key, for: binding)
        let both = store(.environment(Secret(new + old)))
        #expect(try await both.unwrap(wrapped, under: key, for: binding).reveal() == secret.reveal())
        let later = try await made(both)
        #expect(try await store(.environment(Secret(new))).wrap(secret, under: later, for: binding).count > 32)
        await #expect(throws: KeyProviderError.self) { try await before.wrap(secret, under: later, for: binding) }
    }

    @Test("a destroyed key is gone, and destroying it twice is fine") func destroyed() async throws {
        let store = store()
        let key = try await made(store)
        let wrapped = try await store.wrap(secret, under: key, for: binding)
        for _ in 0..<2 { try await store.destroy(key) }
        await #expect(throws: KeyProviderError.self) { try await store.unwrap(wrapped, under: key, for: binding) }
    }

    @Test("a reference cannot point out of the store") func reference() async throws {
        let key = WrappingKey(id: .new(at: Given.start), provider: .file, reference: "../../etc/passwd")
        await #expect(throws: KeyProviderError.self) { try await store().destroy(key) }
    }
}
