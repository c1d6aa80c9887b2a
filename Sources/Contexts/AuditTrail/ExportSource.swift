#if canImport(Glibc)
    internal import Glibc
#endif

/// Bytes that can be read from any place: an export's head is its last line, and is wanted first.
package protocol ExportSource: Sendable {
    var byteCount: Int { get }
    /// Fewer bytes only at the end.
    func read(at offset: Int, count: Int) throws -> [UInt8]
}

/// An export in memory.
package struct ExportBytes: ExportSource {
    private let bytes: [UInt8]

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var byteCount: Int { bytes.count }
    package func read(at offset: Int, count: Int) -> [UInt8] { Array(bytes[offset...].prefix(count)) }
}

/// An export on disk. Reading blocks: for the command line, not for the server.
package final class ExportFile: ExportSource {
    package let byteCount: Int
    private let descriptor: Int32

    /// - Throws: `ExportVerifier.Fault` when there is no such file, or it is none that can be read from any place.
    package init(path: String) throws {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ExportVerifier.Fault("“\(path)” cannot be opened: \(String(cString: strerror(errno)))")
        }
        var facts = stat()
        guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ExportVerifier.Fault("“\(path)” is not a file")
        }
        byteCount = Int(facts.st_size)
    }

    deinit { close(descriptor) }

    package func read(at offset: Int, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                guard got >= 0 || errno == EINTR else {
                    throw ExportVerifier.Fault("reading failed: \(String(cString: strerror(errno)))")
                }
                if got == 0 { return }
                filled += max(got, 0)
            }
        }
    }
}
