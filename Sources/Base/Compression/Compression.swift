// Compression: gzip bodies and raw deflate messages, through the system's zlib.
// Owns `Gzip`, `Deflate` and `CompressionError`; the only room that sees zlib.
// Every expansion has a cap on its output: a few bytes from a stranger may unfold to gigabytes.
// Leaves to others when to compress and which status a bad body deserves.
// Nothing here blocks on input or output; the work is CPU time in proportion to the bytes.

/// Why bytes could not be expanded.
package enum CompressionError: Error, Hashable, Sendable {
    /// The expanded form is larger than the caller allows; nothing of it is returned.
    case tooLarge(limit: Int)
    /// Not of this format, or a checksum does not match.
    case corrupt
    /// The input ends inside the compressed stream.
    case truncated
    /// Bytes behind the end that are not a further stream.
    case trailingBytes
    /// zlib has no memory left.
    case outOfMemory
}
