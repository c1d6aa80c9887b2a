/// An address as a person typed it, checked for shape only; `key` is what makes two addresses the same account.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    /// Lower case. Providers differ in what else they fold, so nothing else is folded.
    package let key: String

    /// Exactly one `@`, 3 to 254 bytes of printable ASCII or letters, a dot inside the domain, no spaces.
    package init?(_ raw: String) {
        let text = raw.trimmed
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard (3...254).contains(text.utf8.count), parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64,
            !text.unicodeScalars.contains(where: Self.forbidden)
        else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ !$0.isEmpty && $0.utf8.count <= 63 }),
            labels.allSatisfy({ !$0.hasPrefix("-") && !$0.hasSuffix("-") })
        else { return nil }
        self.text = text
        self.key = text.lowercased()
    }

    package var description: String { text }

    /// Lower case, as it was typed: with letters beyond ASCII a domain has another form that means the same.
    package var domain: String { String(key.drop { $0 != "@" }.dropFirst()) }

    private static func forbidden(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value <= 0x20 || scalar.value == 0x7F || scalar.properties.isWhitespace
            || scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            || "<>()[],;:\\\"".unicodeScalars.contains(scalar)
    }
}

extension StringProtocol {
    /// Without white space at either end.
    package var trimmed: String {
        var view = Substring(self)
        while let first = view.first, first.isWhitespace { view.removeFirst() }
        while let last = view.last, last.isWhitespace { view.removeLast() }
        return String(view)
    }

    /// No control characters, line separators or bidirectional overrides: fit to be shown in one line.
    package var isPlainLine: Bool {
        !unicodeScalars.contains {
            switch $0.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
            default: false
            }
        }
    }
}

extension String {
    /// What a stranger says, fit to be kept and shown in one line: cut to `limit` bytes, and anything that is not plain text
    /// is `?`.
    package func asLine(limit: Int) -> String {
        if isPlainASCII(limit: limit) { return self }
        var line = self
        if !line.isPlainLine {
            line = String(line.unicodeScalars.prefix(limit).map { String($0).isPlainLine ? Character($0) : "?" })
        }
        guard line.utf8.count > limit else { return line }
        line = String(line.prefix(limit))
        while line.utf8.count > limit { line.removeLast() }
        return line
    }

    /// The same for what things are told apart by: two that differ go on differing, though they are cut.
    package func asKey(limit: Int) -> String {
        if isPlainASCII(limit: limit) || utf8.count <= limit && isPlainLine { return self }
        // FNV-1a: no secret, and who makes two alike confuses nothing but what is his own.
        let mark = utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return asLine(limit: limit - 17) + "~" + String(mark, radix: 16)
    }

    /// What nearly all text of machines is, found out without looking at what characters mean.
    package func isPlainASCII(limit: Int) -> Bool {
        utf8.count <= limit && utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    }
}

/// The name of an organisation in addresses: 3 to 40 of `a-z0-9-`, no hyphen at either end.
package struct Slug: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    package init?(_ text: String) {
        guard (3...40).contains(text.utf8.count), !text.hasPrefix("-"), !text.hasSuffix("-"),
            text.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { return nil }
        self.text = text
    }

    /// The best slug for a name ("Nordwind Logistik GmbH" becomes `nordwind-logistik-gmbh`); `org` when none of its
    /// characters fits. The database appends a number when it is taken.
    package init(from name: String) {
        var text = ""
        for character in name.lowercased().decomposedLatin {
            if character.isASCII, character.isLetter || character.isNumber {
                text.append(character)
            } else if !text.isEmpty, !text.hasSuffix("-") {
                text.append("-")
            }
            if text.utf8.count == 34 { break }
        }
        while text.hasSuffix("-") { text.removeLast() }
        self = Slug(text) ?? Slug(text.isEmpty ? "org" : "org-" + text) ?? Slug(unchecked: "org")
    }

    private init(unchecked text: String) { self.text = text }
}

extension String {
    /// The Latin letters people's company names have, without their marks. A table, because Unicode normalisation
    /// would pull all of Foundation into the agent.
    fileprivate var decomposedLatin: String {
        let table: [Character: String] = [
            "ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "à": "a", "á": "a", "â": "a", "ã": "a", "å": "a", "æ": "ae",
            "ç": "c", "č": "c", "ć": "c", "è": "e", "é": "e", "ê": "e", "ë": "e", "ě": "e", "ì": "i", "í": "i",
            "î": "i", "ï": "i", "ñ": "n", "ń": "n", "ò": "o", "ó": "o", "ô": "o", "õ": "o", "ø": "o", "œ": "oe",
            "š": "s", "ś": "s", "ù": "u", "ú": "u", "û": "u", "ů": "u", "ý": "y", "ž": "z", "ź": "z", "ż": "z",
            "ł": "l", "ř": "r",
        ]
        return reduce(into: "") { $0 += table[$1] ?? String($1) }
    }
}
