internal import Inventory
internal import Kernel

/// What differs from platform to platform in what people may set.
extension ConnectionKind {
    /// For sentences.
    var title: String {
        switch self {
        case .pve: "Proxmox VE"
        case .pbs: "Proxmox Backup Server"
        case .pmg: "Proxmox Mail Gateway"
        case .truenas: "TrueNAS"
        case .vmware: "VMware vCenter"
        case .availability: "availability checks"
        }
    }

    /// Where no collector says otherwise.
    var usualCadence: CadenceBounds {
        let normal = self == .pve ? 10 : 60
        return CadenceBounds(least: .seconds(10), normal: .seconds(normal), most: .seconds(3600))
    }

    /// - Throws: 400 `invalid-field` `tokenId` or `user`, with what is wanted.
    func check(_ credential: CredentialForm) throws(Problem) {
        switch (self, credential) {
        case (.pve, .token(let id)), (.pbs, .token(let id)), (.pmg, .token(let id)):
            guard Self.isTokenID(id) else {
                throw .invalidField(
                    "tokenId", "user, realm and name of the token are wanted, such as pulse@pve!monitor")
            }
        case (.pve, .password(let user)), (.pbs, .password(let user)), (.pmg, .password(let user)):
            guard Self.isRealmUser(user) else {
                throw .invalidField("user", "user and realm are wanted, such as pulse@pve or root@pam")
            }
        case (.pve, .none), (.pbs, .none), (.pmg, .none):
            throw .invalidField("tokenId", "\(title) answers nobody who does not sign in; a token is wanted")
        case (.vmware, .password(let user)), (.truenas, .password(let user)):
            guard Self.isName(user) else { throw .invalidField("user", "one line of 1 to 128 bytes is wanted") }
        case (.truenas, .token(let id)):
            guard Self.isName(id) else { throw .invalidField("tokenId", "the name of the API key is wanted") }
        case (.availability, .none): break
        case (.vmware, _): throw .invalidField("user", "\(title) wants a user and a password")
        case (.truenas, .none): throw .invalidField("tokenId", "\(title) wants an API key, or a user and a password")
        case (.availability, _): throw .invalidField("secret", "checks from outside sign in nowhere")
        }
    }

    private static func isName(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.isPlainLine && !text.contains(where: \.isWhitespace)
    }

    /// `user@realm`; the user of an LDAP or AD realm may hold dots, blanks it may not.
    private static func isRealmUser(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard isName(text), parts.count == 2, !parts[0].isEmpty else { return false }
        return isWord(parts[1]) && !parts[0].contains(where: { ":/!".contains($0) })
    }

    private static func isTokenID(_ text: String) -> Bool {
        let parts = text.split(separator: "!", omittingEmptySubsequences: false)
        return parts.count == 2 && isRealmUser(String(parts[0])) && isWord(parts[1])
    }

    /// A letter, then letters, digits, `.`, `-` or `_`, as Proxmox has it for realms and names of tokens.
    private static func isWord(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count >= 2 else { return false }
        let isLetter = { (byte: UInt8) in (65...90).contains(byte) || (97...122).contains(byte) }
        return isLetter(first)
            && text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || ".-_".utf8.contains($0) }
    }
}

/// How often a platform may be asked.
struct CadenceBounds: Hashable, Sendable {
    let least: Duration
    let normal: Duration
    let most: Duration
}
