internal import CCrack
package import Kernel
internal import NIOConcurrencyHelpers

/// The list of words and known passwords that cracklib keeps (Debian: `cracklib-runtime`), and the ways people bend them.
///
/// An answer takes about a millisecond of a thread that may wait.
package struct PasswordDictionary: Sendable {
    /// The library keeps its open files and buffers in globals: two calls at once close each other's files, and then
    /// those of anybody. One lock for the process, whoever holds a dictionary.
    private static let turn = NIOLock()
    private let thread = BoundedThreads(threads: 1, waiting: 256)
    private let path: String

    /// - Parameter path: without the endings `.pwd`, `.pwi` and `.hwm`; `nil`: where the system keeps it.
    package init(path: String? = nil) { self.path = path ?? String(cString: GetDefaultCracklibDict()) }

    /// Why this is a bad password (“it is based on a dictionary word”); `nil` when nothing speaks against it.
    package func weakness(of password: Secret<String>) async throws -> String? {
        let (path, text) = (path, password)
        return try await thread.run { try Self.weakness(of: text.reveal(), path: path) }
    }

    /// - Throws: `PasswordDictionaryMissing`. To be asked once at start: without its list this check would wave all through.
    package func verify() throws { _ = try Self.complaint(about: "password", path: path) }

    private static func weakness(of text: String, path: String) throws(PasswordDictionaryMissing) -> String? {
        if let complaint = try complaint(about: text, path: path) {
            // The library counts steps like “89” and calls 64 random hexadecimal digits systematic.
            return complaint.contains("word") || !isLongAndVaried(text) ? complaint : nil
        }
        // The library takes “password1234” and “passwordpassword” for good: what is left of them without the ornament
        // decides, unless the ornament alone is long enough to be the secret.
        let core = PasswordCore(of: text)
        guard core.word != text, core.ornament < 8, let complaint = try complaint(about: core.word, path: path),
            complaint.contains("dictionary word")
        else { return nil }
        return complaint
    }

    /// At least 20 bytes, 8 of them different, and no run of neighbours.
    private static func isLongAndVaried(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let steps = zip(bytes, bytes.dropFirst()).count { abs(Int($0) - Int($1)) <= 1 }
        return bytes.count >= 20 && Set(bytes).count >= 8 && steps * 2 < bytes.count
    }

    private static func complaint(
        about text: String, path: String
    ) throws(PasswordDictionaryMissing) -> String? {
        var message = [CChar](repeating: 0, count: 256)
        guard turn.withLock({ pulse_crack_check(text, path, &message, message.count) }) == 1 else {
            throw PasswordDictionaryMissing(path: path)
        }
        let sentence = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return sentence.isEmpty ? nil : sentence
    }
}

/// A password without what people hang on it: digits and signs at both ends, and repetition.
struct PasswordCore: Equatable {
    let word: String
    /// Bytes that were taken off the ends.
    let ornament: Int

    init(of text: String) {
        let lowered = text.lowercased()
        let trimmed = lowered.drop { !$0.isLetter }
        let inner = String(trimmed.reversed().drop { !$0.isLetter }.reversed())
        ornament = lowered.utf8.count - inner.utf8.count
        word = Self.unit(of: inner)
    }

    /// The shortest part that the text repeats; the text itself when it repeats none.
    private static func unit(of text: String) -> String {
        let characters = Array(text)
        guard characters.count > 1 else { return text }
        for length in 1...characters.count / 2 where characters.count % length == 0 {
            let isRepeated = characters.indices.allSatisfy { characters[$0] == characters[$0 % length] }
            if isRepeated { return String(characters.prefix(length)) }
        }
        return text
    }
}

/// The list is not where it should be.
package struct PasswordDictionaryMissing: Error, CustomStringConvertible {
    package let path: String
    package var description: String {
        "no dictionary of weak passwords at \(path).pwd: install the package cracklib-runtime"
    }
}
