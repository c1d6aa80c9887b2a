internal import SignedXML

/// Why nobody is let in by a message, or why a provider cannot be used.
package struct SAMLRefusal: Error, Sendable, Hashable {
    /// A closed set: for the log, the audit and the live test. Never for the browser that brought the message, to whom it
    /// would say what to try next; that one sees `code`.
    package enum Reason: String, Sendable, CaseIterable {
        // What cannot be read.
        case notBase64 = "not_base64"
        case tooLarge = "too_large"
        case encoding
        case malformed = "malformed_xml"
        case documentType = "document_type"
        case comment
        case instruction = "processing_instruction"
        case cdata
        case tooDeep = "too_deep"
        case tooManyElements = "too_many_elements"
        case tooManyAttributes = "too_many_attributes"
        case idShape = "id_shape"
        case duplicateID = "duplicate_id"
        // What is put together otherwise than anybody does who means well.
        case notAResponse = "not_a_response"
        case wrongVersion = "wrong_version"
        case unexpectedElement = "unexpected_element"
        case noAssertion = "no_assertion"
        case severalAssertions = "several_assertions"
        case misplacedAssertion = "misplaced_assertion"
        case misplacedSignature = "misplaced_signature"
        // Who signed it.
        case unsigned
        case assertionUnsigned = "assertion_unsigned"
        case severalSignatures = "several_signatures"
        case signatureShape = "signature_shape"
        case severalReferences = "several_references"
        case externalReference = "external_reference"
        case wrongReference = "wrong_reference"
        case transform = "transform_refused"
        case canonicalization = "canonicalization_refused"
        case digest = "digest_refused"
        case algorithm = "algorithm_refused"
        case digestMismatch = "digest_mismatch"
        case signatureMismatch = "signature_mismatch"
        // What was sealed.
        case noDecryptionKey = "no_decryption_key"
        case encryptionRefused = "encryption_refused"
        case decryptionFailed = "decryption_failed"
        case unencrypted
        // What it says.
        case statusRefused = "status_refused"
        case wrongDestination = "wrong_destination"
        case wrongIssuer = "wrong_issuer"
        case wrongInResponseTo = "wrong_in_response_to"
        case unsolicited
        case noSubject = "missing_subject"
        case transientSubject = "transient_subject"
        case noConfirmation = "no_bearer_confirmation"
        case wrongRecipient = "wrong_recipient"
        case confirmationExpired = "confirmation_expired"
        case notYetValid = "not_yet_valid"
        case expired
        case stale
        case badTime = "bad_time"
        case wrongAudience = "wrong_audience"
        case unknownCondition = "unknown_condition"
        case noStatement = "no_authn_statement"
        case staleAuthentication = "stale_authentication"
        case sessionEnded = "session_ended"
        case tooMuch = "too_many_attribute_values"
        // What the provider is.
        case metadataUnavailable = "metadata_unavailable"
        case metadataInvalid = "metadata_invalid"
        case metadataExpired = "metadata_expired"
        case noKeys = "no_keys"
        case noEndpoint = "no_endpoint"
        case invalidConfig = "invalid_config"
        case failed
    }

    package let reason: Reason
    /// What was seen: one plain line of at most 200 characters, for people who may see the provider's settings.
    package let detail: String?

    package init(_ reason: Reason, _ detail: String? = nil) {
        self.reason = reason
        self.detail = detail.map { text in
            String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 0x20 ? " " : $0 }))
        }
    }

    init(_ refusal: XMLRefusal) {
        let unnamed: Reason = refusal == .notAKey || refusal == .weakKey ? .noKeys : .failed
        self.init(Reason(rawValue: refusal.rawValue) ?? unnamed)
    }

    /// What the browser that brought the message is told.
    package var code: String {
        switch reason {
        case .noSubject, .transientSubject: "missing_subject"
        case .metadataUnavailable: "provider_unavailable"
        case .metadataInvalid, .metadataExpired, .noKeys, .noEndpoint, .invalidConfig: "invalid_config"
        default: "saml_validation_failed"
        }
    }
}

/// Says what the room below refuses in the words of this one.
func translated<Value>(_ body: () throws(XMLRefusal) -> Value) throws(SAMLRefusal) -> Value {
    do throws(XMLRefusal) {
        return try body()
    } catch {
        throw SAMLRefusal(error)
    }
}
