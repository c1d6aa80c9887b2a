internal import CIDN
internal import Glibc
internal import Kernel

/// The part of mail addresses behind the @, in the one form in which it is compared: ASCII, lower case, no dot at its end.
struct MailDomain: Hashable, Sendable, CustomStringConvertible {
    let text: String
    var description: String { text }

    /// Room for `_pulse-challenge.` before it: a name in the DNS has 253 bytes.
    static let limit = 253 - DomainRecord.prefix.utf8.count

    /// A domain as a person writes it, perhaps with letters beyond ASCII or in another case.
    /// - Returns: `nil` for what is no domain name of at least two labels, or is an address.
    init?(_ typed: String) {
        var typed = typed.trimmed
        if typed.hasSuffix(".") { typed.removeLast() }
        guard (3...1000).contains(typed.utf8.count), typed.isPlainLine, let ascii = Self.ascii(typed) else {
            return nil
        }
        let labels = ascii.split(separator: ".", omittingEmptySubsequences: false)
        guard ascii.utf8.count <= Self.limit, labels.count >= 2, labels.allSatisfy(Self.isLabel),
            let last = labels.last, !last.utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        text = ascii
    }

    private static func isLabel(_ label: Substring) -> Bool {
        (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
            && label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    }

    /// IDNA 2008 with the mapping of TR 46, as browsers and registries do it.
    private static func ascii(_ typed: String) -> String? {
        var output: UnsafeMutablePointer<CChar>?
        let flags = Int32(IDN2_NFC_INPUT.rawValue | IDN2_NONTRANSITIONAL.rawValue)
        guard idn2_to_ascii_8z(typed, &output, flags) == IDN2_OK.rawValue, let output else { return nil }
        defer { free(output) }
        return String(cString: output).lowercased()
    }

    /// As people read it; the same where it is ASCII all through.
    var shown: String {
        var output: UnsafeMutablePointer<CChar>?
        guard text.utf8.firstRange(of: Array("xn--".utf8)) != nil,
            idn2_to_unicode_8z8z(text, &output, 0) == IDN2_OK.rawValue, let output
        else { return text }
        defer { free(output) }
        return String(cString: output)
    }

    /// Nobody's alone: below it everybody registers, or everybody has a mailbox.
    var isCommon: Bool { PublicSuffixes.contains(text) || FreeMail.contains(text) }
}

/// What a domain's owner publishes in the DNS.
struct DomainRecord: Sendable {
    static let prefix = "_pulse-challenge."
    static let beginning = "pulse-domain-verification="

    let name: String
    let value: String

    init(_ domain: String, token: String) {
        name = Self.prefix + domain
        value = Self.beginning + token
    }

    /// Panels add quotes and spaces; nothing else is forgiven.
    func isAmong(_ texts: [String]) -> Bool {
        texts.contains { text in
            var text = text.trimmed
            if text.hasPrefix("\""), text.hasSuffix("\""), text.utf8.count > 1 {
                text = String(text.dropFirst().dropLast())
            }
            return text.trimmed == value
        }
    }
}
