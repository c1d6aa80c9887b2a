internal import CPSL

/// The Public Suffix List of Mozilla, in the edition that libpsl is built with (Debian renews it with its security updates).
enum PublicSuffixes {
    /// Whether this is a suffix below which anybody may register: `com`, `co.uk`, `github.io`. What the list does not know
    /// counts by its last label.
    static func contains(_ domain: String) -> Bool {
        guard let list = psl_builtin() else { return true }
        return psl_is_public_suffix2(list, domain, PSL_TYPE_ANY) != 0
    }
}
