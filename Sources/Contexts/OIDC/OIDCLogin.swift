internal import JOSE
package import JSONKit
package import Kernel

/// Who came back from the provider, and what it says about them.
package struct OIDCLogin: Sendable {
    package let issuer: String
    /// With the provider the only thing that says who somebody is.
    package let subject: String
    package let email: String?
    /// What the same source says of this address; `nil`: nothing.
    package let emailVerified: Bool?
    package let username: String?
    package let displayName: String?
    /// Empty when nobody asks for them.
    package let groups: [String]
    /// For the log and for who sets the provider up.
    package let claims: [OIDCClaim]
    package let authenticatedAt: Timestamp?
    package let methods: [String]
    package let contextClass: String?
    package let sessionID: String?
    /// The provider wants it back when the person signs out.
    package let idToken: Secret<String>
    package let accessEndsAt: Timestamp?
    /// When the provider lets the session be renewed without the person.
    package let refreshable: OIDCRefreshable?
    package var refreshToken: Secret<String>? { refreshable?.refreshToken }
}

/// A claim as people read it.
package struct OIDCClaim: Sendable, Hashable {
    package enum Source: String, Sendable, CaseIterable {
        case idToken, userInfo
    }

    package let name: String
    /// At most 50, each one plain line of at most 512 bytes.
    package let values: [String]
    package let source: Source

    static func all(in claims: ClaimSet, from source: Source) -> [OIDCClaim] {
        claims.members.sorted { $0.key < $1.key }.prefix(100).map { name, value in
            let listed = value.array ?? [value]
            return OIDCClaim(
                name: Shown.line(name, most: 128),
                values: listed.prefix(50).map { Shown.line(Self.text($0), most: 512) },
                source: source)
        }
    }

    private static func text(_ value: JSONValue) -> String {
        value.string ?? String(decoding: value.json, as: UTF8.self)
    }
}

/// What it takes to renew a session.
package struct OIDCRefreshable: Sendable {
    package let refreshToken: Secret<String>
    package let subject: String
    /// As they were at the login: a session does not follow a provider to another issuer or client.
    package let issuer: String
    package let clientId: String

    package init(refreshToken: Secret<String>, subject: String, issuer: String, clientId: String) {
        (self.refreshToken, self.subject) = (refreshToken, subject)
        (self.issuer, self.clientId) = (issuer, clientId)
    }
}

/// A session that the provider lets go on.
package struct OIDCRenewal: Sendable {
    /// The old one where no new one came.
    package let refreshToken: Secret<String>
    package let accessEndsAt: Timestamp?
    /// `nil`: the provider did not say.
    package let groups: [String]?
    /// When to renew next: a fifth of the lifetime before its end, at most five minutes and at least one.
    package let due: Timestamp

    /// - Parameter endsAt: when nothing is said, an hour from now.
    package static func due(endsAt: Timestamp?, now: Timestamp) -> Timestamp {
        let lifetime = max((endsAt ?? now + .seconds(3600)) - now, .zero)
        let lead = max(min(.seconds(300), lifetime / 5), .seconds(60))
        return max(now + lifetime - lead, now + .seconds(60))
    }
}

/// A provider says that a session has ended.
package struct OIDCLogoutNotice: Sendable {
    package let issuer: String
    /// One of the two is there: all sessions of a person, or one session.
    package let subject: String?
    package let sessionID: String?
    /// The same again before `rememberUntil` is a replay; afterwards it is too old.
    package let tokenID: String
    package let rememberUntil: Timestamp
}

/// What a provider says of itself, for who sets it up.
package struct OIDCProviderFacts: Sendable, JSONEncodable {
    package let issuer: String
    package let authorizationEndpoint: String
    package let tokenEndpoint: String
    package let userInfoEndpoint: String?
    package let jwksURL: String
    package let endSessionEndpoint: String?
    package let algorithms: [String]
    package let keyIDs: [String]
    package let namesItself: Bool
    package let notifiesLogout: Bool

    init(_ provider: ProviderMetadata, keyIDs: [String]) {
        issuer = provider.issuer
        authorizationEndpoint = provider.authorizationEndpoint
        tokenEndpoint = provider.tokenEndpoint
        userInfoEndpoint = provider.userInfoEndpoint
        jwksURL = provider.jwksURL
        endSessionEndpoint = provider.endSessionEndpoint
        algorithms = provider.algorithms.map(\.rawValue)
        self.keyIDs = keyIDs.map { Shown.line($0) }
        namesItself = provider.namesItself
        notifiesLogout = provider.notifiesLogout
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("issuer", issuer)
            json.member("authorizationEndpoint", authorizationEndpoint)
            json.member("tokenEndpoint", tokenEndpoint)
            json.member("userInfoEndpoint", userInfoEndpoint)
            json.member("jwksUrl", jwksURL)
            json.member("endSessionEndpoint", endSessionEndpoint)
            json.member("algorithms", algorithms)
            json.member("keyIds", keyIDs)
            json.member("namesItself", namesItself)
            json.member("notifiesLogout", notifiesLogout)
        }
    }
}
