#if canImport(Glibc)
    import Glibc
#endif

/// A file open for reading. Blocks: use it on a thread pool.
final class ReadableFile: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if descriptor < 0 { throw FileError(path: path, errno: errno) }
    }

    deinit { _ = Glibc.close(descriptor) }

    /// Up to `count` bytes from where the last read ended; none at the end of the file.
    func read(_ count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = Glibc.read(descriptor, buffer.baseAddress, count)
            if got < 0 { throw FileError(path: "", errno: errno) }
            filled = got
        }
    }

    /// From where the last read ended to the end of the file.
    func readAll() throws -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let piece = try read(128 * 1024)
            if piece.isEmpty { return all }
            all += piece
        }
    }

    struct FileError: Error {
        let path: String
        let errno: Int32
    }
}
