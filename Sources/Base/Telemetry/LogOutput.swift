#if canImport(Glibc)
    import Glibc
#endif

/// Where lines go.
package struct LogOutput: Sendable {
    let write: @Sendable (String) -> Void

    package init(_ write: @escaping @Sendable (String) -> Void) { self.write = write }

    /// One `write` a line, so that lines of several threads do not mix (up to a pipe's 4 KiB they cannot). What a full
    /// or closed pipe does not take is lost: nobody waits for a log reader that is stuck in itself.
    package static let standardError = LogOutput { line in
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
        }
    }
}
