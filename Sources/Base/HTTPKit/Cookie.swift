package import Kernel

/// A cookie to set. `Secure` follows the request: set whenever the caller came by https.
package struct Cookie: Sendable {
    package enum SameSite: String, Sendable { case lax = "Lax", strict = "Strict" }

    package let name: String
    package let value: Secret<String>
    /// `nil`: until the browser closes. Zero deletes.
    package let maxAge: Duration?
    /// Scripts must not read it.
    package let isHTTPOnly: Bool
    package let sameSite: SameSite
    /// Named `__Host-…` on https: browsers then refuse a copy set by a sibling domain or over plain http.
    package let isProtected: Bool

    package init(
        _ name: String, _ value: Secret<String>, maxAge: Duration?, httpOnly: Bool = true, sameSite: SameSite = .lax,
        protected isProtected: Bool = false
    ) {
        self.name = name
        self.value = value
        self.maxAge = maxAge
        self.isHTTPOnly = httpOnly
        self.sameSite = sameSite
        self.isProtected = isProtected
    }

    /// Makes the browser forget it.
    package static func deletion(of name: String, httpOnly: Bool = true, protected isProtected: Bool = false) -> Cookie
    {
        Cookie(name, Secret(""), maxAge: .zero, httpOnly: httpOnly, protected: isProtected)
    }

    static func protectedName(_ name: String, isSecure: Bool) -> String { isSecure ? "__Host-\(name)" : name }

    /// The value of `Set-Cookie`. Always `Path=/` and never a domain, which is also what `__Host-` asks for.
    func headerValue(isSecure: Bool) -> String {
        let name = isProtected ? Self.protectedName(name, isSecure: isSecure) : name
        var text = "\(name)=\(value.reveal()); Path=/"
        if let maxAge { text += "; Max-Age=\(maxAge.components.seconds)" }
        if isHTTPOnly { text += "; HttpOnly" }
        if isSecure { text += "; Secure" }
        return text + "; SameSite=\(sameSite.rawValue)"
    }
}
