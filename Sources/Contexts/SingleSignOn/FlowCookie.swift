internal import Cryptography
internal import HTTPKit
internal import Kernel

/// Remembers which browser began a sign-in: an answer that somebody else's browser brings signs nobody in.
///
/// Browsers do not send it with a form that another site posts, which is how SAML answers; such an answer waits until the
/// browser comes back by itself.
enum FlowCookie {
    private static let name = "pulse_sso"

    /// The digest of what this browser has, and the cookie to set when it has nothing yet.
    static func browser(of request: APIRequest) -> (hash: [UInt8], new: [Cookie]) {
        if let hash = hash(of: request) { return (hash, []) }
        let value = Base64URL.encode(Randomness.system.bytes(32))
        return (Digests.sha256(value), [Cookie(name, Secret(value), maxAge: .seconds(86_400), protected: true)])
    }

    /// `nil`: it brought none.
    static func hash(of request: APIRequest) -> [UInt8]? {
        guard let value = request.protectedCookie(name), (43...64).contains(value.utf8.count) else { return nil }
        return Digests.sha256(value)
    }
}

/// Where a browser goes after all: a page of ours and no other.
enum LocalPath {
    /// What is no local path is the first page.
    static func checked(_ text: String?) -> String {
        guard let text, text.utf8.count <= 1024, text.first == "/", !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !text.hasPrefix("/api/")
        else { return "/" }
        return text
    }

    /// The path with what came of it in its query.
    static func told(_ path: String, _ members: [(String, String)]) -> String {
        let pieces = path.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let query = members.map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let base = String(pieces[0]) + (pieces[0].contains("?") ? "&" : "?") + query
        return pieces.count > 1 ? "\(base)#\(pieces[1])" : base
    }
}
