/// What every answer tells the browser to refrain from.
enum SecurityHeaders {
    static func add(to headers: inout Headers, for request: APIRequest) {
        // A page that has to send a form elsewhere says so itself.
        if headers["content-security-policy"] == nil {
            headers["content-security-policy"] = policy(host: request.host, isSecure: request.isSecure)
        }
        headers["x-content-type-options"] = "nosniff"
        headers["x-frame-options"] = "DENY"
        // Links of mails carry tokens in their query: they must not travel to other hosts.
        headers["referrer-policy"] = "same-origin"
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        if request.isSecure { headers["strict-transport-security"] = "max-age=31536000; includeSubDomains" }
        if request.path.hasPrefix("/api/"), headers["cache-control"] == nil { headers["cache-control"] = "no-store" }
    }

    /// Sockets are named by scheme and host, as older browsers do not count them under 'self'.
    static func policy(host: String, isSecure: Bool) -> String {
        let socket = isPlainHost(host) ? " \(isSecure ? "wss" : "ws")://\(host)" : ""
        return "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
            + "connect-src 'self'\(socket); frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    }

    /// The caller writes `Host`: only what can be nothing but a host goes into the policy.
    private static func isPlainHost(_ host: String) -> Bool {
        (1...255).contains(host.utf8.count)
            && host.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || ".-:[]".utf8.contains($0)
            }
    }
}
