internal import JSONKit
internal import Kernel
internal import OIDC
internal import SAML
internal import Vault

/// What is kept of a session, sealed, for speaking of it with its provider: to log out, or to ask whether it may go on.
struct LogoutNote: Sendable {
    private let json: JSONValue

    init(_ opened: Secret<[UInt8]>) { json = (try? JSONValue(json: opened.reveal())) ?? .null }

    var samlSession: SAMLSession? { json["session"]?.string.flatMap { SAMLSession(text: $0) } }
    var idToken: Secret<String>? { json["idToken"]?.string.map { Secret($0) } }

    var refreshable: OIDCRefreshable? {
        guard let token = json["refreshToken"]?.string, let subject = json["subject"]?.string,
            let issuer = json["issuer"]?.string, let client = json["clientId"]?.string
        else { return nil }
        return OIDCRefreshable(refreshToken: Secret(token), subject: subject, issuer: issuer, clientId: client)
    }

    func renewed(_ token: Secret<String>) -> JSONValue {
        var members = json.object ?? [:]
        members["refreshToken"] = .string(token.reveal())
        return .object(members)
    }

    static func note(of login: OIDCLogin) -> JSONValue {
        var members: [String: JSONValue] = ["idToken": .string(login.idToken.reveal())]
        if let leave = login.refreshable {
            members["refreshToken"] = .string(leave.refreshToken.reveal())
            members["subject"] = .string(leave.subject)
            members["issuer"] = .string(leave.issuer)
            members["clientId"] = .string(leave.clientId)
        }
        return .object(members)
    }

    static func place(of session: SessionID) -> SealedPlace {
        SealedPlace(table: "sso_sessions", column: "logout", row: "\(session)")
    }
}
