internal import HTTPKit
package import JSONKit
package import Kernel
package import OIDC
package import Outbound
package import SAML

/// How a provider is spoken with.
package enum ProviderSpeech: Sendable {
    case oidc(OIDCSettings, secret: Secret<String>?)
    case saml(SAMLSettings)

    package var type: String {
        switch self {
        case .oidc: "oidc"
        case .saml: "saml"
        }
    }
}

// A row keeps settings and secret apart: the one is read by people, the other is sealed.
extension ProviderSpeech {
    /// JSON, without the secret.
    package var settingsText: String {
        let json =
            switch self {
            case .oidc(let settings, _): settings.json
            case .saml(let settings): settings.json.json
            }
        return String(decoding: json, as: UTF8.self)
    }

    package var secret: Secret<String>? {
        switch self {
        case .oidc(_, let secret): secret
        case .saml(let settings): settings.spPrivateKey
        }
    }

    /// What was taken once is read again, whatever the installation allows by now; the guard asks when it is used.
    private static let asItWas = OutboundPolicy(allowing: NetworkRange("127.0.0.0/8").map { [$0] } ?? [])

    package init(type: String, settings: String, secret: Secret<String>?) throws {
        let kept = try JSONValue(json: Array(settings.utf8))
        self =
            type == "oidc"
            ? .oidc(try OIDCSettings(json: kept, policy: Self.asItWas), secret: secret)
            : .saml(SAMLSettings(stored: kept, spPrivateKey: secret))
    }
}

// What people send: `type`, and under its name the settings.
extension ProviderSpeech {
    /// - Throws: 400 `invalid-field`.
    package init(new body: JSONValue, policy: OutboundPolicy) throws(Problem) {
        switch body["type"]?.string {
        case "oidc":
            guard let own = body["oidc"] else { throw .invalidField("oidc", "it is wanted with type oidc") }
            self = .oidc(try OIDCSettings(json: own, policy: policy), secret: try Self.secret(in: own, before: nil))
        case "saml":
            guard let own = body["saml"] else { throw .invalidField("saml", "it is wanted with type saml") }
            self = .saml(try SAMLSettings(json: own, keeping: nil, policy: policy))
        default: throw .invalidField("type", "oidc or saml is wanted")
        }
    }

    /// What is not said stays, secrets too.
    /// - Throws: 400 `invalid-field`; for another type, too.
    package mutating func change(by body: JSONValue, policy: OutboundPolicy) throws(Problem) {
        if let other = body["type"]?.string, other != type {
            throw .invalidField("type", "it cannot change; add another provider")
        }
        switch self {
        case .oidc(let before, let secret):
            guard let own = body["oidc"] else { return }
            self = .oidc(
                try OIDCSettings(json: own, keeping: before, policy: policy),
                secret: try Self.secret(in: own, before: secret))
        case .saml(let before):
            guard let own = body["saml"] else { return }
            self = .saml(try SAMLSettings(json: own, keeping: before, policy: policy))
        }
    }

    private static func secret(in json: JSONValue, before: Secret<String>?) throws(Problem) -> Secret<String>? {
        switch try OIDCSettings.secret(in: json) {
        case .keep: before
        case .clear: nil
        case .set(let secret): secret
        }
    }

    /// The members `oidc` or `saml`, and `addresses`: no secret, but what the other side needs.
    package func write(to json: inout JSONWriter, at addresses: ProviderAddresses) {
        switch self {
        case .oidc(let settings, let secret):
            json.key("oidc")
            settings.encode(to: &json, clientSecretIsSet: secret != nil, redirectURL: addresses.callback)
        case .saml(let settings):
            json.key("saml")
            settings.json.encode(to: &json)
        }
        json.object("addresses") { json in
            json.member("login", addresses.login)
            switch self {
            case .oidc:
                json.member("redirectUrl", addresses.callback)
                json.member("postLogoutRedirectUrl", addresses.loggedOut)
                json.member("backchannelLogoutUrl", addresses.backchannel)
            case .saml(let settings):
                json.member("acs", addresses.saml.acs)
                json.member("metadata", addresses.saml.metadata)
                json.member("slo", addresses.saml.logout)
                json.member("entityId", settings.spEntityId ?? addresses.saml.metadata)
            }
        }
    }
}

/// The addresses of one provider, as its administrators paste them over there. No two providers share one.
package struct ProviderAddresses: Sendable {
    package let base: String

    /// - Parameter base: up to the provider, without a slash at the end.
    package init(base: String) { self.base = base }

    package var login: String { "\(base)/login" }
    package var callback: String { "\(base)/callback" }
    package var loggedOut: String { "\(base)/logout" }
    package var backchannel: String { "\(base)/backchannel-logout" }
    package var saml: SAMLAddresses { SAMLAddresses(base: base) }
}
