// Identity: people, how they prove who they are, and their sessions.
// Owns: signing in by password or mailed link, the lock after failures, sessions and their list, a person's own profile,
// the rule for passwords, the key of mailed links, and development's view of the outbox.
// Leaves to others: which organisation a person may enter (Access), how an account begins (Tenancy), sending (Mail).
// Whoever asks, known or not, the same work is done: one password hash, the same rows written, the same mail rendered.
package import Cryptography
package import Kernel
package import Mail
package import Postgres
package import Vault

/// What the features of this room share.
package struct IdentityContext: Sendable {
    package let database: Database
    package let passwords: PasswordHasher
    package let mail: any Postbox
    package let links: LinkKey
    package let vault: SecretVault
    package let time: any TimeSource
    /// Where people reach us, without a slash at the end.
    package let publicURL: String
    /// Off: attempts are not counted by address (for tests that sign up by the dozen); by name they always are.
    package let countsAddresses: Bool

    package init(
        database: Database, passwords: PasswordHasher, mail: any Postbox, links: LinkKey, vault: SecretVault,
        time: any TimeSource, publicURL: String, countsAddresses: Bool = true
    ) {
        self.database = database
        self.passwords = passwords
        self.mail = mail
        self.links = links
        self.vault = vault
        self.time = time
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
        self.countsAddresses = countsAddresses
    }
}

/// The key under which mailed links are hashed, derived from the installation's secret: rows stolen from the database,
/// or slipped into it, open nothing.
package struct LinkKey: Sendable {
    private let key: Secret<[UInt8]>

    package init(secret: Secret<[UInt8]>) { key = Digests.derivedKey(from: secret, purpose: "email-link-v1") }

    package func hash(_ token: BearerToken) -> [UInt8] { token.sealedHash(key: key) }

    /// What only this installation can derive from a token, for one purpose; tells nothing of the token or its hash.
    func mark(_ token: BearerToken, purpose: String) -> [UInt8] { digest(hash(token), purpose: purpose) }

    /// A keyed digest for one purpose.
    package func digest(_ bytes: [UInt8], purpose: String) -> [UInt8] {
        Digests.hmacSHA256(Array(purpose.utf8) + [0] + bytes, key: key)
    }
}
