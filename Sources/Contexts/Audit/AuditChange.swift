package import JSONKit

/// What of a change may stand in the trail for ever: the members that differ, without secrets and without names.
package struct AuditChange: Sendable, Equatable {
    /// JSON texts; `nil`: there was, or is, nothing.
    package let before: String?
    package let after: String?

    /// 16 KiB a side: an entry tells what changed, it is no backup.
    static let maxBytes = 16 * 1024

    package init(before: JSONValue?, after: JSONValue?) {
        guard case .object(let old)? = before, case .object(let new)? = after else {
            self.before = before.map(Self.text)
            self.after = after.map(Self.text)
            return
        }
        // Compared before they are masked: a changed password shows as changed, though both sides read ***.
        let differing = Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }
        self.before = Self.text(.object(old.filter { differing.contains($0.key) }))
        self.after = Self.text(.object(new.filter { differing.contains($0.key) }))
    }

    private static func text(_ value: JSONValue) -> String {
        let bytes = masked(value).json
        guard bytes.count <= maxBytes else { return #"{"…":"\#(bytes.count) bytes, too many to keep here"}"# }
        return String(decoding: bytes, as: UTF8.self)
    }

    // MARK: Masks

    static let mask = "***"

    /// Parts of member names whose values are secrets, in lower case and without separators.
    private static let secret = [
        "password", "passphrase", "passwd", "secret", "token", "credential", "authorization", "cookie", "privatekey",
        "apikey", "signingkey", "encryptionkey", "recovery", "totp", "seed", "verifier", "pincode",
    ]
    /// Members about people; they are named in `audit_people`, where they can be blanked.
    private static let personal: Set<String> = ["email", "mail", "displayname", "fullname", "phone"]
    /// Endings that make it a statement about a secret instead of one: `passwordSet`, `tokenId`, `tokenCount`.
    private static let harmless = [
        "wordset", "tokenset", "secretset", "keyset", "id", "ids", "count", "expiresat", "usedat", "name", "prefix",
        "version", "minutes", "days",
    ]

    /// - Parameter isHidden: inside a member that is secret all through.
    static func masked(_ value: JSONValue, isHidden: Bool = false) -> JSONValue {
        switch value {
        case .null, .bool: value
        case .object(let members):
            .object(
                Dictionary(uniqueKeysWithValues: members.map { ($0, masked($1, isHidden: isHidden || hides($0))) }))
        case .array(let elements): .array(elements.map { masked($0, isHidden: isHidden) })
        case .string(let text): isHidden || looksSecret(text) ? .string(mask) : value
        case .integer, .unsigned, .double: isHidden ? .string(mask) : value
        }
    }

    private static func hides(_ name: String) -> Bool {
        let plain = String(decoding: name.lowercased().utf8.filter { $0 != 0x2D && $0 != 0x5F }, as: UTF8.self)
        if personal.contains(plain) { return true }
        return secret.contains { plain.contains($0) } && !harmless.contains { plain.hasSuffix($0) }
    }

    /// Beginnings of what opens something: our tokens, those of others, keys, and URLs with a password in them.
    private static let beginnings = [
        "pse_", "pcs_", "ml1_", "su1_", "pet_", "prt_", "pat_", "psc_", "pos_", "osu_",
        "whsec_", "Bearer ", "Basic ", "-----BEGIN",
    ]

    private static func looksSecret(_ text: String) -> Bool {
        if beginnings.contains(where: text.hasPrefix) { return true }
        guard let scheme = text.utf8.firstRange(of: Array("://".utf8)) else { return false }
        let authority = text.utf8[scheme.upperBound...].prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
        guard let at = authority.lastIndex(of: UInt8(ascii: "@")) else { return false }
        return authority[..<at].contains(UInt8(ascii: ":"))
    }
}
