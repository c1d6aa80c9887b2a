extension OIDCRefusal.Reason {
    /// The code for the address bar, and a sentence for an administrator.
    var told: (OIDCRefusal.Code, String) {
        switch self {
        case .providerUnavailable: (.providerUnavailable, "The provider does not answer, or not in time.")
        case .providerUntrusted: (.providerUnavailable, "The provider's certificate is not valid for its address.")
        case .addressRefused:
            (.invalidConfig, "An address of the provider leads to a network that cannot be reached from here.")
        case .discoveryMalformed: (.providerUnusable, "What the provider says of itself cannot be understood.")
        case .discoveryIssuer:
            (
                .issuerMismatch,
                "The provider calls itself something else than issuerUrl; both must be equal to the letter."
            )
        case .endpointMissing: (.providerUnusable, "The provider does not name an address that is needed.")
        case .endpointNotSecure: (.providerUnusable, "The provider names an address without https.")
        case .codeFlowMissing: (.providerUnusable, "The provider does not offer the authorization code flow.")
        case .pkceMissing: (.providerUnusable, "The provider does not offer PKCE with S256.")
        case .authenticationUnsupported:
            (.invalidConfig, "The provider wants the client to prove itself in a way that is not known here.")
        case .keysMalformed: (.providerUnusable, "The provider's list of keys holds none that can be used.")
        case .parameterRepeated: (.invalidState, "The answer names a parameter twice.")
        case .stateMissing: (.missingState, "The answer lacks its state.")
        case .stateUnknown: (.invalidState, "Nobody left for the provider with this state, or has come back already.")
        case .flowExpired: (.invalidState, "Signing in took longer than ten minutes.")
        case .providerMismatch:
            (.providerMismatch, "The answer belongs to another provider, or its settings have changed.")
        case .issuerParameterMissing:
            (.issuerMismatch, "The provider says that it names itself in its answer, and this answer does not.")
        case .issuerParameterMismatch: (.issuerMismatch, "The answer comes from another provider.")
        case .providerError: (.providerError, "The provider refused to sign the person in.")
        case .codeMissing: (.missingCode, "The answer lacks its code.")
        case .exchangeRefused: (.exchangeFailed, "The provider did not take the code; is the client's secret right?")
        case .exchangeMalformed: (.exchangeFailed, "The provider's answer to the code cannot be understood.")
        case .tokenMissing: (.missingToken, "The provider gave no ID token; is openid among the scopes?")
        case .tokenMalformed: (.invalidToken, "The token is not one.")
        case .tokenEncrypted: (.invalidToken, "The token is encrypted; the provider must be told to sign only.")
        case .tokenTypeWrong: (.invalidToken, "The token is of another kind.")
        case .headerCritical: (.invalidToken, "The token's header wants something understood that is not known here.")
        case .algorithmNone: (.invalidAlgorithm, "The token is not signed.")
        case .algorithmSymmetric:
            (
                .invalidAlgorithm,
                "The token is signed with a shared secret; the provider must sign with a key of its own."
            )
        case .algorithmUnknown: (.invalidAlgorithm, "The token's algorithm is not known here.")
        case .algorithmNotOffered:
            (.invalidAlgorithm, "The token's algorithm is not among those the provider says it uses.")
        case .keyUnknown: (.invalidToken, "The token is signed with a key that is not in the provider's list.")
        case .signatureInvalid: (.invalidToken, "The token's signature is wrong.")
        case .issuerMismatch: (.issuerMismatch, "The token was issued by somebody else.")
        case .audienceMismatch: (.audienceMismatch, "The token is for another client.")
        case .authorizedPartyMismatch: (.audienceMismatch, "The token was given to another client.")
        case .timeMalformed: (.invalidClaims, "A time in the token is missing, or is none.")
        case .tokenExpired: (.tokenExpired, "The token has expired; are both clocks right?")
        case .tokenNotYetValid: (.invalidClaims, "The token does not hold yet; are both clocks right?")
        case .issuedInFuture: (.invalidClaims, "The token was issued in the future; are both clocks right?")
        case .tokenStale: (.invalidClaims, "The token was issued too long ago.")
        case .nonceMissing: (.nonceMismatch, "The token does not say which login it is for.")
        case .nonceMismatch: (.nonceMismatch, "The token is for another login.")
        case .accessTokenHash: (.invalidToken, "The access token is not the one that the ID token was issued with.")
        case .codeHash: (.invalidToken, "The code is not the one that the ID token was issued for.")
        case .authenticationTimeMissing: (.invalidClaims, "The token does not say when the person signed in.")
        case .authenticationTooOld: (.invalidClaims, "The person signed in at the provider too long ago.")
        case .subjectMissing: (.missingSubject, "The token does not say who the person is.")
        case .subjectMalformed: (.missingSubject, "The token's subject is no text of 1 to 255 plain characters.")
        case .userInfoRefused: (.invalidClaims, "The provider did not tell about the person.")
        case .userInfoMalformed: (.invalidClaims, "What the provider tells about the person cannot be understood.")
        case .userInfoSubject: (.invalidClaims, "The provider told about another person.")
        case .groupsOverage:
            (
                .invalidClaims,
                "The person is in more groups than the token holds; groupsUrl must say where to ask for them."
            )
        case .groupsMalformed: (.invalidClaims, "The provider's list of groups cannot be understood.")
        case .renewalRefused: (.sessionFailed, "The provider no longer renews the session.")
        case .renewalSubject: (.sessionFailed, "The provider renewed the session of another person.")
        case .logoutEventMissing: (.invalidClaims, "The token is no logout token.")
        case .logoutNonce: (.invalidClaims, "The token is an ID token, not a logout token.")
        case .logoutTargetMissing: (.invalidClaims, "The logout token names neither a person nor a session.")
        case .logoutIDMissing: (.invalidClaims, "The logout token has no id of its own.")
        }
    }
}
