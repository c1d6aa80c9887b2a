package import Cryptography
package import Kernel

/// What a password must be: 12 to 1024 bytes, not the e-mail address, and nothing that guessers try first. No rules about
/// digits and signs: they make passwords worse.
package enum PasswordRule {
    package static let bytes = 12...1024

    package static func check(
        _ password: Secret<String>, email: String, field: String = "password"
    ) throws(Problem) {
        let text = password.reveal()
        guard bytes.contains(text.utf8.count) else {
            throw .invalidField(field, "it has to be \(bytes.lowerBound) to \(bytes.upperBound) bytes long")
        }
        guard text.lowercased() != email.lowercased() else {
            throw .invalidField(field, "it must not be the e-mail address")
        }
    }
}

extension PasswordHasher {
    /// The hash of a password that somebody chooses, when it is a good one.
    package func accept(_ password: Secret<String>, of email: String) async throws -> String {
        try await vet(password, of: email)
        return try await hash(password)
    }

    /// - Throws: 400 `invalid-field` that names `field` and says what is wrong with the password.
    package func vet(_ password: Secret<String>, of email: String, field: String = "password") async throws {
        try PasswordRule.check(password, email: email, field: field)
        guard let weakness = try await dictionary.weakness(of: password) else { return }
        throw Problem.invalidField(field, weakness)
    }
}

/// What people are called: one plain line of 1 to 128 bytes.
package enum DisplayName {
    package static func check(_ raw: String, field: String = "displayName") throws(Problem) -> String {
        let name = raw.trimmed
        guard (1...128).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField(field, "one line of 1 to 128 bytes is wanted")
        }
        return name
    }
}
