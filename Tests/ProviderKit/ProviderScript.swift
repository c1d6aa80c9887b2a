package import HostileKit
package import JSONKit

/// All that a provider can be made to say. What is not touched is right.
package struct ProviderScript: Sendable {
    /// Those it publishes.
    package var keys: [ProviderKey]
    /// Signs what it issues; need not be one of those.
    package var signer: ProviderKey
    /// Instead of the members that the set of keys has by itself.
    package var jwks: String?
    /// Over the header of its ID tokens; `null` leaves one out.
    package var header: [String: JSONValue] = [:]
    /// Over the claims of its ID tokens; `null` leaves one out.
    package var claims: [String: JSONValue] = [:]
    /// Over its discovery; `null` leaves one out.
    package var discovery: [String: JSONValue] = [:]
    /// Over what it answers to a code; `null` leaves one out.
    package var tokenAnswer: [String: JSONValue] = [:]
    /// Over what it tells about a person; `null` leaves one out.
    package var userInfo: [String: JSONValue] = [:]
    /// Made of the good token, and sent instead.
    package var forged: (@Sendable (String) throws -> String)?
    /// Answers instead of it, by path.
    package var replies: [String: @Sendable (HostileServer.Request) -> HostileServer.Reply] = [:]
    package var subject = "248289761001"
    package var clientId = "pulse"
    /// `nil` for a public client.
    package var clientSecret: String? = "a secret: of +both"
    package var issuesRefreshTokens = false

    package init(_ key: ProviderKey) {
        keys = [key]
        signer = key
    }

    /// As Base64URL of the header and the claims, signed.
    package static func token(
        header: [String: JSONValue], claims: [String: JSONValue], by signer: ProviderKey
    ) throws -> String {
        let head: [String: JSONValue] = [
            "alg": .string(signer.algorithm), "kid": .string(signer.id), "typ": "JWT",
        ]
        return try text(
            JSONValue.object(head.merging(header) { $1 }.filter { $0.value != .null }).json,
            JSONValue.object(claims.filter { $0.value != .null }).json, by: signer)
    }
}
