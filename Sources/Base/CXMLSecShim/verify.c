// Who signed this element? One of the pinned keys, over this element and nothing else, or nobody.
#include "internal.h"

#include <openssl/err.h>
#include <string.h>
#include <libxml/valid.h>
#include <xmlsec/openssl/crypto.h>
#include <xmlsec/transforms.h>

static const char signature_ns[] = "http://www.w3.org/2000/09/xmldsig#";

/// Letters, digits, `_`, `-` and `.`, as every provider makes them: nothing that an address could take for more than a name.
static int is_plain_id(const xmlChar *id) {
    if (id == NULL || id[0] == 0 || xmlStrlen(id) > 256) return 0;
    for (const xmlChar *at = id; *at != 0; at++) {
        int is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
        int is_more = (*at >= '0' && *at <= '9') || *at == '-' || *at == '.';
        if (!is_letter && (at == id || !is_more)) return 0;
    }
    return 1;
}

static enum pulse_xml_code only_signature(xmlNodePtr element, xmlNodePtr *signature) {
    *signature = NULL;
    for (xmlNodePtr child = pulse_first_element(element); child != NULL; child = pulse_next_element(child)) {
        if (!pulse_is(child, signature_ns, "Signature")) continue;
        if (*signature != NULL) return PULSE_XML_SEVERAL_SIGNATURES;
        *signature = child;
    }
    return *signature == NULL ? PULSE_XML_UNSIGNED : PULSE_XML_FINE;
}

/// `#id` leads to `element`, and did not lead elsewhere before.
static enum pulse_xml_code name_element(xmlDocPtr document, xmlNodePtr element, const xmlChar **id) {
    xmlAttrPtr attribute = xmlHasNsProp(element, (const xmlChar *)"ID", NULL);
    *id = pulse_attribute(element, "ID");
    if (attribute == NULL || !is_plain_id(*id)) return PULSE_XML_ID_SHAPE;
    xmlAttrPtr known = xmlGetID(document, *id);
    if (known == NULL && xmlAddID(NULL, document, *id, attribute) == NULL) return PULSE_XML_FAILED;
    return known == NULL || known == attribute ? PULSE_XML_FINE : PULSE_XML_DUPLICATE_ID;
}

/// The same list as in shape.c, said a second time to xmlsec itself.
static int allow(xmlSecDSigCtxPtr context) {
    xmlSecTransformId forms[] = {
        xmlSecTransformExclC14NId, xmlSecTransformExclC14NWithCommentsId, xmlSecTransformInclC14NId};
    xmlSecTransformId references[] = {
        xmlSecTransformEnvelopedId, xmlSecOpenSSLTransformSha256Id, xmlSecOpenSSLTransformSha384Id,
        xmlSecOpenSSLTransformSha512Id};
    xmlSecTransformId signatures[] = {
        xmlSecOpenSSLTransformRsaSha256Id,   xmlSecOpenSSLTransformRsaSha384Id,   xmlSecOpenSSLTransformRsaSha512Id,
        xmlSecOpenSSLTransformEcdsaSha256Id, xmlSecOpenSSLTransformEcdsaSha384Id, xmlSecOpenSSLTransformEcdsaSha512Id};
    int is_fine = 1;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        is_fine &= xmlSecDSigCtxEnableReferenceTransform(context, forms[i]) == 0
            && xmlSecDSigCtxEnableSignatureTransform(context, forms[i]) == 0;
    for (size_t i = 0; i < sizeof references / sizeof *references; i++)
        is_fine &= xmlSecDSigCtxEnableReferenceTransform(context, references[i]) == 0;
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++)
        is_fine &= xmlSecDSigCtxEnableSignatureTransform(context, signatures[i]) == 0;
    return is_fine;
}

static enum pulse_xml_code outcome(xmlSecDSigCtxPtr context, struct pulse_bytes *signed_bytes) {
    // What was digested can be asked for only when there was exactly one reference, whatever the shape said before.
    if (xmlSecPtrListGetSize(&context->signedInfoReferences) != 1) return PULSE_XML_SEVERAL_REFERENCES;
    xmlSecDSigReferenceCtxPtr reference = xmlSecPtrListGetItem(&context->signedInfoReferences, 0);
    if (reference == NULL || reference->status != xmlSecDSigStatusSucceeded) return PULSE_XML_DIGEST_MISMATCH;
    if (context->status != xmlSecDSigStatusSucceeded) return PULSE_XML_SIGNATURE_MISMATCH;
    xmlSecBufferPtr digested = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
    if (digested == NULL || xmlSecBufferGetSize(digested) == 0) return PULSE_XML_FAILED;
    return pulse_bytes_copy(xmlSecBufferGetData(digested), xmlSecBufferGetSize(digested), signed_bytes)
        ? PULSE_XML_FINE : PULSE_XML_FAILED;
}

static enum pulse_xml_code verify_by(
    const struct pulse_key *key, xmlNodePtr signature, struct pulse_bytes *signed_bytes) {
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (context == NULL) return PULSE_XML_FAILED;
    enum pulse_xml_code code = PULSE_XML_FAILED;
    context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
    context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
    // A key that is set is the key: what KeyInfo says is not looked at.
    context->signKey = xmlSecKeyDuplicate(key->key);
    if (context->signKey != NULL && allow(context)) {
        // It also fails when the signature's value cannot be one of this key: that is a mismatch like any other.
        int verified = xmlSecDSigCtxVerify(context, signature);
        code = outcome(context, signed_bytes);
        if (verified < 0 && code == PULSE_XML_FINE) {
            pulse_bytes_free(signed_bytes);
            code = PULSE_XML_SIGNATURE_MISMATCH;
        }
    }
    xmlSecDSigCtxDestroy(context);
    ERR_clear_error();
    return code;
}

enum pulse_xml_code pulse_xml_verify(
    xmlDocPtr document, xmlNodePtr element, struct pulse_key *const *keys, size_t count,
    struct pulse_bytes *signed_bytes, size_t *which) {
    *signed_bytes = (struct pulse_bytes){NULL, 0};
    pulse_xml_start();
    xmlNodePtr signature = NULL;
    const xmlChar *id = NULL;
    int needs_rsa = 0;
    enum pulse_xml_code code = only_signature(element, &signature);
    if (code == PULSE_XML_FINE) code = name_element(document, element, &id);
    if (code == PULSE_XML_FINE) code = pulse_signature_shape(signature, id, &needs_rsa);
    if (code != PULSE_XML_FINE) return code;
    code = PULSE_XML_SIGNATURE_MISMATCH;
    for (size_t i = 0; i < count && code == PULSE_XML_SIGNATURE_MISMATCH; i++) {
        if (pulse_key_is_rsa(keys[i]) != needs_rsa) continue;
        code = verify_by(keys[i], signature, signed_bytes);
        *which = i;
    }
    return code;
}
