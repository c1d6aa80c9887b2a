package import JSONKit
package import Kernel
package import OIDC
package import SAML

/// What is kept of a session, sealed, for speaking of it with its provider: to log out, or to ask whether it may go on.
package struct LogoutNote: Sendable {
    private let json: JSONValue

    package init(_ opened: Secret<[UInt8]>) { json = (try? JSONValue(json: opened.reveal())) ?? .null }

    package var samlSession: SAMLSession? { json["session"]?.string.flatMap { SAMLSession(text: $0) } }
    package var idToken: Secret<String>? { json["idToken"]?.string.map { Secret($0) } }

    package var refreshable: OIDCRefreshable? {
        guard let token = json["refreshToken"]?.string, let subject = json["subject"]?.string,
            let issuer = json["issuer"]?.string, let client = json["clientId"]?.string
        else { return nil }
        return OIDCRefreshable(refreshToken: Secret(token), subject: subject, issuer: issuer, clientId: client)
    }

    package func renewed(_ token: Secret<String>) -> JSONValue {
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
}
