/// How one connection to the server came to its end.
enum GatewayEnd: Equatable, Sendable {
    /// Never came about: an answer other than 101.
    case declined(status: Int)
    /// The server said goodbye.
    case closed(code: UInt16, reason: String)
    /// The certificate is not one that we accept; nothing was sent.
    case untrusted
    /// Broke, could not be opened, or spoke what we do not.
    case lost(String)

    enum Meaning: Equatable { case again, later, never }

    /// The slugs are a promise between servers and agents.
    var meaning: Meaning {
        switch self {
        case .closed(_, "agent-revoked"): .never
        // Somebody has to do something: another agent of this name, a switch, a token, a newer server.
        case .closed(_, "gateway-superseded"), .closed(_, "gateway-disabled"), .closed(4401, _), .closed(4403, _):
            .later
        case .declined(401), .declined(403), .declined(404), .declined(426), .untrusted: .later
        case .declined, .closed, .lost: .again
        }
    }

    var text: String {
        switch self {
        case .declined(let status): "the server answers \(status)"
        case .closed(let code, let reason):
            reason.isEmpty ? "the server closes with \(code)" : "the server says \(reason)"
        case .untrusted: "the server's certificate is not trusted (--ca-file, --fingerprint)"
        case .lost(let why): why
        }
    }
}
