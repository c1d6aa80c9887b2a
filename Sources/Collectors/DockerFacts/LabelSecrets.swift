/// Which labels hold what nobody else should read. Errs towards hiding: a hidden label costs a look at the engine, a told
/// one may cost the machine.
enum LabelSecrets {
    static let redacted = "<redacted>"

    private static let words = [
        "password", "passwd", "passphrase", "secret", "token", "apikey", "api_key", "api-key", "private", "credential",
        "auth", "accesskey", "access_key", "access-key", "webhook", "dsn", "cookie", "pwd",
    ]
    /// How tokens of well-known services begin.
    private static let beginnings = [
        "eyj", "ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "sk-", "sk_live_", "rk_live_", "akia",
        "asia", "-----begin", "$2a$", "$2b$", "$2y$", "$apr1$", "$6$", "$argon2", "bearer ", "basic ", "pul_", "pet_",
    ]

    static func shown(_ value: String, of key: String) -> String {
        let name = key.lowercased()
        if words.contains(where: name.contains) { return redacted }
        let text = value.lowercased()
        if beginnings.contains(where: text.hasPrefix) || text.contains("-----begin") || text.contains(":$apr1$")
            || text.contains(":$2y$") || holdsUser(text) || words.contains(where: { text.contains("\($0)=") })
        {
            return redacted
        }
        return value
    }

    /// `scheme://user:password@host`.
    private static func holdsUser(_ text: String) -> Bool {
        var rest = text[...]
        while let start = rest.firstRange(of: "://") {
            let authority = rest[start.upperBound...].prefix { $0 != "/" && $0 != " " && $0 != "?" }
            if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
            rest = rest[start.upperBound...]
        }
        return false
    }
}
