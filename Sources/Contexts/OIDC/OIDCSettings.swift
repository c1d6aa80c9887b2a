package import JSONKit
package import Kernel
package import Outbound

/// What an organisation says about its provider.
package struct OIDCSettings: Sendable, Hashable {
    /// The `iss` of its tokens, to the letter.
    package var issuerUrl: String
    package var clientId: String
    /// Where people are sent when they sign out, instead of where discovery says.
    package var logoutUrl: String?
    /// With `openid`, whatever was said.
    package var scopes: [String]
    package var usernameClaim: String
    package var emailClaim: String
    /// Whose values are groups; a dotted path leads into objects. `nil`: nobody asks.
    package var groupsClaim: String?
    /// Where groups are asked for that are too many for a token, with the access token. `nil`: such a login is refused.
    package var groupsUrl: String?

    package static let defaultScopes = ["openid", "profile", "email"]

    /// - Parameters:
    ///   - json: the member `oidc` of a provider.
    ///   - kept: what is not said stays as it is there; `null` takes back what was said.
    ///   - policy: plain http is taken only where the operator opens networks of their own.
    package init(json: JSONValue, keeping kept: OIDCSettings? = nil, policy: OutboundPolicy) throws(Problem) {
        let fields = SettingsFields(json: json, policy: policy)
        issuerUrl = try fields.address("issuerUrl", else: kept?.issuerUrl).wanted("issuerUrl")
        guard !issuerUrl.contains(where: { $0 == "?" || $0 == "#" }) else {
            throw .invalidField("oidc.issuerUrl", "an address without ? and # is wanted")
        }
        clientId = try fields.line("clientId", most: 512, else: kept?.clientId).wanted("clientId")
        logoutUrl = try fields.address("logoutUrl", else: kept?.logoutUrl)
        scopes = try fields.scopes(else: kept?.scopes ?? Self.defaultScopes)
        usernameClaim = try fields.line("usernameClaim", most: 128, else: kept?.usernameClaim) ?? "preferred_username"
        emailClaim = try fields.line("emailClaim", most: 128, else: kept?.emailClaim) ?? "email"
        groupsClaim = try fields.line("groupsClaim", most: 128, else: kept?.groupsClaim)
        groupsUrl = try fields.address("groupsUrl", else: kept?.groupsUrl)
    }

    /// What to do with the client's secret.
    package enum SecretChange: Sendable {
        case keep, clear
        case set(Secret<String>)
    }

    /// - Parameter json: the member `oidc` of a provider. A secret that is not said stays; `null` or nothing makes it a
    ///   public client.
    package static func secret(in json: JSONValue) throws(Problem) -> SecretChange {
        switch json["clientSecret"] {
        case nil: return .keep
        case .null, .string(""): return .clear
        case .string(let text) where text.utf8.count <= 1024 && text.isPlainLine: return .set(Secret(text))
        default: throw .invalidField("oidc.clientSecret", "one line of at most 1024 bytes is wanted")
        }
    }
}

extension OIDCSettings: JSONEncodable {
    package func encode(to writer: inout JSONWriter) { writer.object { members(to: &$0) } }

    /// For people: with whether there is a secret, never with what it is.
    package func encode(to writer: inout JSONWriter, clientSecretIsSet: Bool, redirectURL: String) {
        writer.object { json in
            members(to: &json)
            json.member("clientSecretSet", clientSecretIsSet)
            json.member("redirectUrl", redirectURL)
        }
    }

    private func members(to json: inout JSONWriter) {
        json.member("issuerUrl", issuerUrl)
        json.member("clientId", clientId)
        json.member("logoutUrl", logoutUrl)
        json.member("scopes", scopes)
        json.member("usernameClaim", usernameClaim)
        json.member("emailClaim", emailClaim)
        json.member("groupsClaim", groupsClaim)
        json.member("groupsUrl", groupsUrl)
    }
}
