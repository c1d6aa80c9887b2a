#pragma once
// libxml2's headers would bring those of ICU along, which Foundation has too, in another version: programs that see both would
// not build. Of the structures that we use none is another one without it.
#include <libxml/xmlversion.h>
#undef LIBXML_ICU_ENABLED
#include <libxml/tree.h>
#include <stddef.h>
#include <stdint.h>

/// Why something was refused. 0 is the only good one.
enum pulse_xml_code {
    PULSE_XML_FINE = 0,
    PULSE_XML_TOO_LARGE,
    PULSE_XML_ENCODING,
    PULSE_XML_MALFORMED,
    PULSE_XML_DOCUMENT_TYPE,
    PULSE_XML_COMMENT,
    PULSE_XML_INSTRUCTION,
    PULSE_XML_CDATA,
    PULSE_XML_TOO_DEEP,
    PULSE_XML_TOO_MANY_ELEMENTS,
    PULSE_XML_TOO_MANY_ATTRIBUTES,
    PULSE_XML_ID_SHAPE,
    PULSE_XML_DUPLICATE_ID,
    PULSE_XML_UNSIGNED,
    PULSE_XML_SEVERAL_SIGNATURES,
    PULSE_XML_SIGNATURE_SHAPE,
    PULSE_XML_SEVERAL_REFERENCES,
    PULSE_XML_EXTERNAL_REFERENCE,
    PULSE_XML_WRONG_REFERENCE,
    PULSE_XML_TRANSFORM,
    PULSE_XML_CANONICALIZATION,
    PULSE_XML_DIGEST,
    PULSE_XML_ALGORITHM,
    PULSE_XML_DIGEST_MISMATCH,
    PULSE_XML_SIGNATURE_MISMATCH,
    PULSE_XML_WEAK_KEY,
    PULSE_XML_KEY,
    PULSE_XML_DECRYPTION,
    PULSE_XML_FAILED,
};

/// Bytes that the caller frees with `pulse_bytes_free`.
struct pulse_bytes {
    uint8_t *start;
    size_t count;
};
void pulse_bytes_free(struct pulse_bytes *bytes);

/// What a document may be made of. Each is checked while it is read, not afterwards.
struct pulse_xml_bounds {
    size_t bytes;
    int depth;       ///< at most 128
    int elements;
    int attributes;  ///< of one element, namespace declarations among them
    int namespaces;  ///< declarations in force at one place
    int is_message;  ///< comments, instructions and CDATA are refused; otherwise the first two are dropped
};

/// Reads a document of UTF-8 without a document type; `*document` is freed with `pulse_xml_free`.
enum pulse_xml_code pulse_xml_parse(
    const uint8_t *bytes, size_t count, const struct pulse_xml_bounds *bounds, xmlDocPtr *document);
void pulse_xml_free(xmlDocPtr document);

/// One key, public or a pair. Nothing of it changes after it was made, so threads may share it.
struct pulse_key;
/// - DER of an X.509 certificate. Its dates and its issuer say nothing here: what is pinned is the key.
enum pulse_xml_code pulse_key_of_certificate(const uint8_t *der, size_t count, struct pulse_key **key);
/// - Modulus and exponent, big-endian.
enum pulse_xml_code pulse_key_of_numbers(
    const uint8_t *modulus, size_t modulus_count, const uint8_t *exponent, size_t exponent_count,
    struct pulse_key **key);
/// - PEM, PKCS#1 or PKCS#8, not encrypted; RSA only.
enum pulse_xml_code pulse_key_of_private_pem(const uint8_t *pem, size_t count, struct pulse_key **key);
void pulse_key_free(struct pulse_key *key);
int pulse_key_bits(const struct pulse_key *key);
int pulse_key_is_rsa(const struct pulse_key *key);
/// Both have the same public half.
int pulse_key_equal(const struct pulse_key *left, const struct pulse_key *right);
/// Seconds since 1970 of the certificate's `notAfter`; 0 when that cannot be read.
int64_t pulse_certificate_end(const uint8_t *der, size_t count);
/// A new RSA pair of 3072 bits with a certificate that it signs itself, both PEM.
enum pulse_xml_code pulse_pair_make(
    const char *name, int64_t not_before, int64_t not_after, const uint8_t serial[16], struct pulse_bytes *certificate,
    struct pulse_bytes *private_key);

/// The signature that is a child of `element`, made by one of the keys over `element` and nothing else.
/// `*signed_bytes` is what was digested: the canonical form of `element` without that signature. Read these bytes and no
/// others. `*which` is the index of the key.
enum pulse_xml_code pulse_xml_verify(
    xmlDocPtr document, xmlNodePtr element, struct pulse_key *const *keys, size_t count,
    struct pulse_bytes *signed_bytes, size_t *which);
/// Fills in the template of a signature that is a child of the document's element with this ID, and writes the
/// document. Nothing is checked: for what is our own.
enum pulse_xml_code pulse_xml_sign(
    xmlDocPtr document, const char *id, const struct pulse_key *key, struct pulse_bytes *signed_document);

/// Plain signatures over bytes (the redirect binding). `bits`: of SHA-2, 256, 384 or 512.
enum pulse_xml_code pulse_sign(
    const struct pulse_key *key, int bits, const uint8_t *bytes, size_t count, struct pulse_bytes *signature);
enum pulse_xml_code pulse_verify(
    const struct pulse_key *key, int bits, const uint8_t *bytes, size_t count, const uint8_t *signature,
    size_t signature_count);

/// RSA-OAEP. `digest_bits` and `mask_bits`: 1 for SHA-1, else 256, 384 or 512.
enum pulse_xml_code pulse_unwrap(
    const struct pulse_key *key, int digest_bits, int mask_bits, const uint8_t *wrapped, size_t count,
    struct pulse_bytes *secret);
/// AES as XML Encryption writes it: the initialisation vector first, with GCM the tag last.
enum pulse_xml_code pulse_decrypt(
    const uint8_t *secret, size_t secret_count, int is_gcm, const uint8_t *sealed, size_t count,
    struct pulse_bytes *plain);
