package import Kernel
internal import FoundationEssentials

/// The mail server of the configuration, read from `PULSE_SMTP_URL`:
/// `smtp://user:password@host:587` (STARTTLS, or nothing is sent) or `smtps://user:password@host:465`.
///
/// `?tls=off` allows plain SMTP, for a relay on the same machine; credentials then need a loopback host.
/// `?ca=/path/ca.pem` trusts that authority instead of the system's. Reserved characters in user and password are
/// percent-encoded.
package struct SMTPServer: Sendable {
    let address: String
    let username: Secret<String>?
    let password: Secret<String>?
    let requiresTLS: Bool
    let caFile: String?

    package init(_ url: Secret<String>, key: String = "PULSE_SMTP_URL") throws(MailSetupError) {
        func refuse(_ wanted: String) -> MailSetupError { MailSetupError("\(key) is not usable: \(wanted)") }
        guard let parts = URLComponents(string: url.reveal()), let scheme = parts.scheme?.lowercased(),
            scheme == "smtp" || scheme == "smtps"
        else { throw refuse("it must begin with smtp:// or smtps://") }
        guard let host = parts.host, !host.isEmpty, parts.path.isEmpty || parts.path == "/", parts.fragment == nil
        else {
            throw refuse("it wants scheme, host and perhaps a port, such as smtps://user:password@mail.example.com:465")
        }
        let port = parts.port ?? (scheme == "smtps" ? 465 : 587)
        guard (1...65_535).contains(port) else { throw refuse("the port must be 1 to 65535") }
        var options = ["tls": "required", "ca": ""]
        for item in parts.queryItems ?? [] {
            guard options[item.name] != nil, let value = item.value else {
                throw refuse("the option \(item.name) is unknown; there are tls and ca")
            }
            options[item.name] = value
        }
        guard let tls = options["tls"], tls == "required" || tls == "off", tls == "required" || scheme == "smtp" else {
            throw refuse("tls must be `required`, or `off` with smtp://")
        }
        let isLoopback = ["localhost", "127.0.0.1", "::1", "[::1]"].contains(host)
        guard tls == "required" || parts.user == nil || isLoopback else {
            throw refuse("credentials are not sent in the clear to \(host); leave out tls=off")
        }
        guard (parts.user == nil) == (parts.password == nil) else { throw refuse("it wants both user and password") }
        self.address = "\(scheme)://\(host):\(port)"
        self.username = parts.user.map { Secret($0) }
        self.password = parts.password.map { Secret($0) }
        self.requiresTLS = tls == "required"
        self.caFile = options["ca"].flatMap { $0.isEmpty ? nil : $0 }
    }
}

/// A configuration that cannot work, in one sentence that names the key.
package struct MailSetupError: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
