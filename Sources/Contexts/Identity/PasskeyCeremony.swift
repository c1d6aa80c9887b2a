internal import Cryptography
internal import JSONKit
internal import Kernel

/// What the browser itself says of a ceremony (WebAuthn, 5.8.1): which challenge, and which page asked.
struct PasskeyClientData: Sendable {
    enum Purpose: String, Sendable {
        case create = "webauthn.create"
        case get = "webauthn.get"
    }

    let challenge: BearerToken
    let bytes: [UInt8]

    /// `nil` when it is for another purpose, of another origin or a frame of one, or its challenge is none of ours.
    init?(_ bytes: [UInt8], for purpose: Purpose, at address: SiteAddress) {
        guard let json = try? JSONValue(json: bytes), json["type"]?.string == purpose.rawValue,
            json["origin"]?.string == address.origin, json["crossOrigin"]?.bool != true,
            let text = json["challenge"]?.string.flatMap({ Base64URL.decode($0.utf8) }),
            let token = BearerToken(String(decoding: text, as: UTF8.self), kind: .passkey)
        else { return nil }
        challenge = token
        self.bytes = bytes
    }
}

/// Where people reach us, as browsers name it.
struct SiteAddress: Sendable {
    /// `https://pulse.example.com`, with the port when it is not the usual one.
    let origin: String
    /// The host alone: what a passkey belongs to.
    let host: String

    init(publicURL: String) {
        let publicURL = publicURL.lowercased()
        let parts = publicURL.split(separator: "/", omittingEmptySubsequences: false)
        let authority = parts.count > 2 ? String(parts[2]) : publicURL
        origin = parts.count > 2 ? "\(parts[0])//\(authority)" : publicURL
        let port = authority.lastIndex(of: ":").flatMap { authority[$0...].contains("]") ? nil : $0 }
        host = port.map { String(authority[..<$0]) } ?? authority
    }
}

enum PasskeyFailure: Explained {
    case refused, full, taken

    var problem: Problem {
        switch self {
        case .refused:
            Problem(
                "passkey-refused", status: 400, title: "This passkey does not fit",
                detail: "Its challenge has ended, it is of another site or not known here, or nobody confirmed its use."
            )
        case .full:
            Problem(
                "too-many-passkeys", status: 409, title: "There are ten passkeys already", detail: "Remove one first.")
        case .taken:
            Problem("passkey-known", status: 409, title: "This passkey is known already")
        }
    }
}
