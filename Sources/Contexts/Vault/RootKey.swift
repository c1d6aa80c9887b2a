internal import FoundationEssentials
internal import Glibc
package import Kernel

/// The keys that protect the key store, 32 bytes each. The first is used for new entries; further ones still open old
/// entries, so that a root key can be replaced at leisure.
package struct RootKeys: Sendable {
    let keys: [Secret<[UInt8]>]

    /// Lines of base64, 32 bytes each.
    /// - Throws: `.refused` with a sentence; it never repeats what it read.
    init(text: Secret<String>) throws(KeyProviderError) {
        var keys: [Secret<[UInt8]>] = []
        for line in text.reveal().split(whereSeparator: \.isNewline) where !line.trimmed.isEmpty {
            guard let bytes = Data(base64Encoded: line.trimmed), bytes.count == 32 else {
                throw .refused("a root key is base64 of 32 bytes, one a line")
            }
            keys.append(Secret(Array(bytes)))
        }
        guard !keys.isEmpty else { throw .refused("the root key is empty") }
        self.keys = keys
    }

    static func newText() -> Secret<String> { Secret(Data(Randomness.system.bytes(32)).base64EncodedString() + "\n") }
}

/// Where the root key comes from.
package enum RootKeySource: Sendable {
    /// Read again at every use: a file that was taken away or replaced stops working at once.
    case file(path: String)
    case environment(Secret<String>)

    var kind: KeyProviderKind {
        switch self {
        case .file: .file
        case .environment: .environment
        }
    }

    func read() throws(KeyProviderError) -> RootKeys {
        switch self {
        case .environment(let text): return try RootKeys(text: text)
        case .file(let path):
            let bytes = try PrivateFile.read(path, atMost: 4096, what: "the root key")
            return try RootKeys(text: Secret(String(decoding: bytes.reveal(), as: UTF8.self)))
        }
    }
}

/// Files that hold keys: regular, ours alone (0600), never through a symbolic link.
enum PrivateFile {
    static func read(_ path: String, atMost limit: Int, what: String) throws(KeyProviderError) -> Secret<[UInt8]> {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            throw .refused("\(what) cannot be read (\(errno == ELOOP ? "it is a symbolic link" : reason))")
        }
        defer { close(descriptor) }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw .refused("\(what) is not a plain file")
        }
        guard facts.st_mode & 0o077 == 0 else { throw .refused("\(what) is open to others: chmod 600") }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0, count <= limit else { throw .refused("\(what) is longer than \(limit) bytes") }
        return Secret(Array(bytes.prefix(count)))
    }

    /// Durable once it returns. Fails when the file is there: of two at once, one wins.
    static func create(_ path: String, _ bytes: Secret<[UInt8]>, what: String) throws(KeyProviderError) {
        let draft = "\(path).\(getpid()).\(Randomness.system.bytes(6).map { String($0) }.joined())"
        let descriptor = Glibc.open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .refused("\(what) cannot be written (\(reason))") }
        defer { unlink(draft) }
        let value = bytes.reveal()
        let isWritten = value.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == value.count
        let isDurable = isWritten && fsync(descriptor) == 0
        close(descriptor)
        guard isDurable, link(draft, path) == 0 else { throw .refused("\(what) cannot be written (\(reason))") }
        syncDirectory(of: path)
    }

    /// Overwritten, then removed. What a disk keeps of old blocks is beyond a program; the entry was encrypted besides.
    static func destroy(_ path: String, what: String) throws(KeyProviderError) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw .refused("\(what) cannot be destroyed (\(reason))")
        }
        var facts = stat()
        fstat(descriptor, &facts)
        let noise = Randomness.system.bytes(Int(facts.st_size))
        let isOverwritten = noise.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == noise.count
        let isDurable = isOverwritten && fsync(descriptor) == 0
        close(descriptor)
        guard isDurable, unlink(path) == 0 || errno == ENOENT else {
            throw .refused("\(what) cannot be destroyed (\(reason))")
        }
        syncDirectory(of: path)
    }

    /// With everything above it, 0700.
    static func makeDirectory(_ path: String) throws(KeyProviderError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch { throw .refused("the key store cannot be made at \(path)") }
    }

    private static func syncDirectory(of path: String) {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let descriptor = Glibc.open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static var reason: String { String(cString: strerror(errno)) }
}
