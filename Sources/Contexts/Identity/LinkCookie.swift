internal import Cryptography
internal import HTTPKit
internal import Kernel

/// Remembers, for as long as a link lives, which browser asked for it. Set whether or not a link was mailed.
enum LinkCookie {
    private static let name = "pulse_link"

    static func set(for token: BearerToken, key: LinkKey) -> Cookie {
        Cookie(name, Secret(value(for: token, key: key)), maxAge: .seconds(900), protected: true)
    }

    static let clear = Cookie.deletion(of: name, protected: true)

    static func fits(_ token: BearerToken, _ request: APIRequest, key: LinkKey) -> Bool {
        guard let cookie = request.protectedCookie(name) else { return false }
        return Digests.constantTimeEqual(Array(cookie.utf8), Array(value(for: token, key: key).utf8))
    }

    private static func value(for token: BearerToken, key: LinkKey) -> String {
        Base64URL.encode(key.mark(token, purpose: "browser-of-link-v1"))
    }
}
