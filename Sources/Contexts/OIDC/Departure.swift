internal import Kernel

/// What is asked of the provider besides signing the person in.
package struct OIDCWishes: Sendable {
    package enum Prompt: String, Sendable, CaseIterable {
        /// Signs in again even if there is a session: for dangerous actions.
        case login
        /// Shows nothing; who is not signed in comes back with an error.
        case none
        case consent
        case selectAccount = "select_account"
    }

    package var prompt: Prompt?
    /// Seconds; 0 asks for now.
    package var maxAge: Int?
    /// An address that the person typed.
    package var loginHint: String?
    package var acrValues: [String] = []

    package init(prompt: Prompt? = nil, maxAge: Int? = nil, loginHint: String? = nil, acrValues: [String] = []) {
        (self.prompt, self.maxAge, self.loginHint, self.acrValues) = (prompt, maxAge, loginHint, acrValues)
    }
}

/// Where the browser goes, and what is to be kept until it is back.
package struct OIDCDeparture: Sendable {
    package let url: String
    package let flow: OIDCFlow

    init(_ flow: OIDCFlow, to provider: ProviderMetadata, _ settings: OIDCSettings, _ wishes: OIDCWishes) {
        var fields = [
            ("response_type", "code"), ("client_id", flow.clientId), ("redirect_uri", flow.redirectURL),
            ("scope", settings.scopes.joined(separator: " ")), ("state", flow.state), ("nonce", flow.nonce),
            ("code_challenge", flow.challenge), ("code_challenge_method", "S256"),
        ]
        if let prompt = wishes.prompt { fields.append(("prompt", prompt.rawValue)) }
        if let maxAge = flow.maxAge { fields.append(("max_age", "\(maxAge)")) }
        if let hint = wishes.loginHint, hint.utf8.count <= 320, hint.isPlainLine { fields.append(("login_hint", hint)) }
        if !wishes.acrValues.isEmpty { fields.append(("acr_values", wishes.acrValues.joined(separator: " "))) }
        url = FormBody.address(provider.authorizationEndpoint, with: fields)
        self.flow = flow
    }
}
