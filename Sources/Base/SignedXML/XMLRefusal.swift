internal import CXMLSecShim

/// Why a document is not read or not believed: a closed set.
package enum XMLRefusal: String, Error, Sendable, CaseIterable {
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
    /// An ID of letters nobody uses, or given twice to one element, or where libxml2 would find it by itself.
    case idShape = "id_shape"
    case duplicateID = "duplicate_id"
    case unsigned
    case severalSignatures = "several_signatures"
    case signatureShape = "signature_shape"
    case severalReferences = "several_references"
    case externalReference = "external_reference"
    /// To another element than the one that carries the signature.
    case wrongReference = "wrong_reference"
    case transform = "transform_refused"
    case canonicalization = "canonicalization_refused"
    case digest = "digest_refused"
    case algorithm = "algorithm_refused"
    /// The element is not the one that was signed.
    case digestMismatch = "digest_mismatch"
    /// Signed by nobody whose key is pinned.
    case signatureMismatch = "signature_mismatch"
    case weakKey = "weak_key"
    case notAKey = "not_a_key"
    case notBase64 = "not_base64"
    case encryptionRefused = "encryption_refused"
    case decryptionFailed = "decryption_failed"
    /// Out of memory, or the libraries broke a promise.
    case failed

    init?(_ code: pulse_xml_code) {
        guard code != PULSE_XML_FINE else { return nil }
        self = Self.table[code.rawValue] ?? .failed
    }

    static func check(_ code: pulse_xml_code) throws(XMLRefusal) {
        if let refusal = XMLRefusal(code) { throw refusal }
    }

    private static let table: [UInt32: XMLRefusal] = [
        PULSE_XML_TOO_LARGE.rawValue: .tooLarge, PULSE_XML_ENCODING.rawValue: .encoding,
        PULSE_XML_MALFORMED.rawValue: .malformed, PULSE_XML_DOCUMENT_TYPE.rawValue: .documentType,
        PULSE_XML_COMMENT.rawValue: .comment, PULSE_XML_INSTRUCTION.rawValue: .instruction,
        PULSE_XML_CDATA.rawValue: .cdata, PULSE_XML_TOO_DEEP.rawValue: .tooDeep,
        PULSE_XML_TOO_MANY_ELEMENTS.rawValue: .tooManyElements,
        PULSE_XML_TOO_MANY_ATTRIBUTES.rawValue: .tooManyAttributes, PULSE_XML_ID_SHAPE.rawValue: .idShape,
        PULSE_XML_DUPLICATE_ID.rawValue: .duplicateID, PULSE_XML_UNSIGNED.rawValue: .unsigned,
        PULSE_XML_SEVERAL_SIGNATURES.rawValue: .severalSignatures,
        PULSE_XML_SIGNATURE_SHAPE.rawValue: .signatureShape,
        PULSE_XML_SEVERAL_REFERENCES.rawValue: .severalReferences,
        PULSE_XML_EXTERNAL_REFERENCE.rawValue: .externalReference,
        PULSE_XML_WRONG_REFERENCE.rawValue: .wrongReference, PULSE_XML_TRANSFORM.rawValue: .transform,
        PULSE_XML_CANONICALIZATION.rawValue: .canonicalization, PULSE_XML_DIGEST.rawValue: .digest,
        PULSE_XML_ALGORITHM.rawValue: .algorithm, PULSE_XML_DIGEST_MISMATCH.rawValue: .digestMismatch,
        PULSE_XML_SIGNATURE_MISMATCH.rawValue: .signatureMismatch, PULSE_XML_WEAK_KEY.rawValue: .weakKey,
        PULSE_XML_KEY.rawValue: .notAKey, PULSE_XML_DECRYPTION.rawValue: .decryptionFailed,
    ]
}
