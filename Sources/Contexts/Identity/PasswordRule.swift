package import Kernel

/// What a password must be: 12 to 1024 bytes and not the e-mail address. No rules about digits and signs: they make
/// passwords worse.
package enum PasswordRule {
    package static let bytes = 12...1024

    package static func check(_ password: Secret<String>, email: String) throws(Problem) {
        let text = password.reveal()
        guard bytes.contains(text.utf8.count) else {
            throw .invalidField("password", "it has to be \(bytes.lowerBound) to \(bytes.upperBound) bytes long")
        }
        guard text.lowercased() != email.lowercased() else {
            throw .invalidField("password", "it must not be the e-mail address")
        }
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
