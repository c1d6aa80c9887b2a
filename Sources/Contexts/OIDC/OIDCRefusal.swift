internal import Kernel

/// Why somebody was turned away, or a provider could not be used. Every reason has its code for the address bar and its
/// sentence for an administrator.
package struct OIDCRefusal: Error, Sendable, Hashable {
    package let reason: Reason
    /// What was seen: one plain line of at most 256 bytes, never a secret.
    package let detail: String?

    package init(_ reason: Reason, detail: String? = nil) {
        self.reason = reason
        self.detail = detail.map { Shown.line($0) }
    }

    package var code: Code { reason.told.0 }
    package var sentence: String { reason.told.1 }

    /// What the address of the page says after a failed login: a promise, never renamed.
    package enum Code: String, Sendable, CaseIterable {
        case providerUnavailable = "provider_unavailable"
        case providerUnusable = "oidc_init_failed"
        case invalidConfig = "invalid_config"
        case providerError = "provider_error"
        case missingState = "missing_state"
        case invalidState = "invalid_state"
        case providerMismatch = "provider_mismatch"
        case missingCode = "missing_code"
        case exchangeFailed = "exchange_failed"
        case missingToken = "missing_id_token"
        case invalidToken = "invalid_id_token"
        case invalidAlgorithm = "invalid_signature_alg"
        case issuerMismatch = "issuer_mismatch"
        case audienceMismatch = "audience_mismatch"
        case tokenExpired = "token_expired"
        case nonceMismatch = "nonce_mismatch"
        case invalidClaims = "invalid_claims"
        case missingSubject = "missing_subject"
        case sessionFailed = "session_failed"
    }

    /// What exactly was wrong: for the log of attempts, a closed set.
    package enum Reason: String, Sendable, CaseIterable {
        // The provider cannot be asked.
        case providerUnavailable = "provider_unavailable"
        case providerUntrusted = "provider_untrusted"
        case addressRefused = "address_refused"
        // What it says of itself cannot be used.
        case discoveryMalformed = "discovery_malformed"
        case discoveryIssuer = "discovery_issuer_mismatch"
        case endpointMissing = "endpoint_missing"
        case endpointNotSecure = "endpoint_not_https"
        case codeFlowMissing = "code_flow_missing"
        case pkceMissing = "pkce_missing"
        case authenticationUnsupported = "client_authentication_unsupported"
        case keysMalformed = "keys_malformed"
        // The way back.
        case parameterRepeated = "parameter_repeated"
        case stateMissing = "state_missing"
        case stateUnknown = "state_unknown"
        case flowExpired = "flow_expired"
        case providerMismatch = "provider_mismatch"
        case issuerParameterMissing = "issuer_parameter_missing"
        case issuerParameterMismatch = "issuer_parameter_mismatch"
        case providerError = "provider_error"
        case codeMissing = "code_missing"
        case exchangeRefused = "exchange_refused"
        case exchangeMalformed = "exchange_malformed"
        // Tokens.
        case tokenMissing = "token_missing"
        case tokenMalformed = "token_malformed"
        case tokenEncrypted = "token_encrypted"
        case tokenTypeWrong = "token_type_wrong"
        case headerCritical = "header_critical"
        case algorithmNone = "alg_none"
        case algorithmSymmetric = "alg_symmetric"
        case algorithmUnknown = "alg_unknown"
        case algorithmNotOffered = "alg_not_offered"
        case keyUnknown = "key_unknown"
        case signatureInvalid = "signature_invalid"
        case issuerMismatch = "issuer_mismatch"
        case audienceMismatch = "audience_mismatch"
        case authorizedPartyMismatch = "authorized_party_mismatch"
        case timeMalformed = "time_malformed"
        case tokenExpired = "token_expired"
        case tokenNotYetValid = "token_not_yet_valid"
        case issuedInFuture = "issued_in_future"
        case tokenStale = "token_stale"
        case nonceMissing = "nonce_missing"
        case nonceMismatch = "nonce_mismatch"
        case accessTokenHash = "at_hash_mismatch"
        case codeHash = "c_hash_mismatch"
        case authenticationTimeMissing = "auth_time_missing"
        case authenticationTooOld = "authentication_too_old"
        case subjectMissing = "subject_missing"
        case subjectMalformed = "subject_malformed"
        // What is asked afterwards.
        case userInfoRefused = "userinfo_refused"
        case userInfoMalformed = "userinfo_malformed"
        case userInfoSubject = "userinfo_subject_mismatch"
        case groupsOverage = "groups_overage"
        case groupsMalformed = "groups_malformed"
        // Renewals and ends of sessions.
        case renewalRefused = "renewal_refused"
        case renewalSubject = "renewal_subject_mismatch"
        case logoutEventMissing = "logout_event_missing"
        case logoutNonce = "logout_nonce_present"
        case logoutTargetMissing = "logout_target_missing"
        case logoutIDMissing = "logout_id_missing"
    }
}

/// What others wrote, made fit for a line of ours.
enum Shown {
    /// Characters that do not show, or do more than show, become a mark; the rest is cut at a byte limit.
    static func line(_ text: String, most: Int = 256) -> String {
        var shown = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let plain = String(scalar).isPlainLine ? scalar : "\u{FFFD}"
            size += String(plain).utf8.count
            guard size <= most else { break }
            shown.unicodeScalars.append(plain)
        }
        return shown
    }
}
