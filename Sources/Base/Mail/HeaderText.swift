/// Text in a header line (RFC 2047): ASCII stays, anything else becomes base64 words of at most 75 characters, each
/// holding whole characters, joined by folds.
enum HeaderText {
    /// - Parameter indent: how many columns of the first line are taken already.
    static func encode(_ text: String, indent: Int) -> String {
        let line = oneLine(text)
        let needsWords = line.utf8.contains { $0 >= 0x80 } || line.contains("=?") || line.utf8.count + indent > 900
        guard needsWords else { return line }
        var words: [String] = []
        var chunk: [UInt8] = []
        // 45 bytes are 60 base64 characters; with `=?utf-8?B?` and `?=` that makes 72.
        for scalar in line.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if chunk.count + bytes.count > 45 {
                words.append(word(chunk))
                chunk = []
            }
            chunk += bytes
        }
        words.append(word(chunk))
        return words.joined(separator: "\n ")
    }

    static func decode(_ text: String) -> String {
        var output: [UInt8] = []
        var previousWasWord = false
        for piece in text.split(separator: " ") where !piece.isEmpty {
            if let bytes = decodedWord(piece) {
                if !previousWasWord, !output.isEmpty { output.append(32) }
                output += bytes
                previousWasWord = true
            } else {
                if !output.isEmpty { output.append(32) }
                output += Array(piece.utf8)
                previousWasWord = false
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func word(_ bytes: [UInt8]) -> String { "=?utf-8?B?\(Base64.encode(bytes))?=" }

    private static func decodedWord(_ piece: Substring) -> [UInt8]? {
        guard piece.hasPrefix("=?utf-8?B?"), piece.hasSuffix("?=") else { return nil }
        return Base64.decode(piece.dropFirst(10).dropLast(2))
    }

    /// Control characters would end the header and begin another: they become spaces.
    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
