// Signatures of our own: into a document's template, and over plain bytes.
#include "internal.h"

#include <libxml/valid.h>
#include <openssl/err.h>
#include <string.h>

static const char signature_ns[] = "http://www.w3.org/2000/09/xmldsig#";

static xmlNodePtr find(xmlNodePtr node, const char *id) {
    const xmlChar *own = pulse_attribute(node, "ID");
    if (own != NULL && strcmp((const char *)own, id) == 0) return node;
    for (xmlNodePtr child = pulse_first_element(node); child != NULL; child = pulse_next_element(child)) {
        xmlNodePtr found = find(child, id);
        if (found != NULL) return found;
    }
    return NULL;
}

static enum pulse_xml_code fill_in(xmlNodePtr template, const struct pulse_key *key) {
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    if (context == NULL) return PULSE_XML_FAILED;
    context->signKey = xmlSecKeyDuplicate(key->key);
    int is_signed = context->signKey != NULL && xmlSecDSigCtxSign(context, template) == 0
        && context->status == xmlSecDSigStatusSucceeded;
    xmlSecDSigCtxDestroy(context);
    ERR_clear_error();
    return is_signed ? PULSE_XML_FINE : PULSE_XML_FAILED;
}

enum pulse_xml_code pulse_xml_sign(
    xmlDocPtr document, const char *id, const struct pulse_key *key, struct pulse_bytes *signed_document) {
    *signed_document = (struct pulse_bytes){NULL, 0};
    pulse_xml_start();
    xmlNodePtr element = find(xmlDocGetRootElement(document), id);
    if (element == NULL) return PULSE_XML_ID_SHAPE;
    xmlNodePtr template = pulse_first_element(element);
    while (template != NULL && !pulse_is(template, signature_ns, "Signature")) template = pulse_next_element(template);
    if (template == NULL) return PULSE_XML_UNSIGNED;
    xmlAttrPtr name = xmlHasNsProp(element, (const xmlChar *)"ID", NULL);
    if (xmlGetID(document, (const xmlChar *)id) == NULL && xmlAddID(NULL, document, (const xmlChar *)id, name) == NULL)
        return PULSE_XML_FAILED;
    enum pulse_xml_code code = fill_in(template, key);
    if (code != PULSE_XML_FINE) return code;
    xmlBufferPtr text = xmlBufferCreate();
    if (text == NULL || xmlNodeDump(text, document, xmlDocGetRootElement(document), 0, 0) < 0
        || !pulse_bytes_copy(xmlBufferContent(text), (size_t)xmlBufferLength(text), signed_document))
        code = PULSE_XML_FAILED;
    if (text != NULL) xmlBufferFree(text);
    return code;
}

static const EVP_MD *digest(int bits) {
    return bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384() : bits == 512 ? EVP_sha512() : NULL;
}

enum pulse_xml_code pulse_sign(
    const struct pulse_key *key, int bits, const uint8_t *bytes, size_t count, struct pulse_bytes *signature) {
    *signature = (struct pulse_bytes){NULL, 0};
    uint8_t made[1200];
    size_t length = sizeof made;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int is_signed = context != NULL && digest(bits) != NULL
        && EVP_DigestSignInit(context, NULL, digest(bits), NULL, key->pair) == 1
        && EVP_DigestSign(context, made, &length, bytes, count) == 1 && pulse_bytes_copy(made, length, signature);
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_signed ? PULSE_XML_FINE : PULSE_XML_FAILED;
}

enum pulse_xml_code pulse_verify(
    const struct pulse_key *key, int bits, const uint8_t *bytes, size_t count, const uint8_t *signature,
    size_t signature_count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int is_verified = context != NULL && digest(bits) != NULL
        && EVP_DigestVerifyInit(context, NULL, digest(bits), NULL, key->pair) == 1
        && EVP_DigestVerify(context, signature, signature_count, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_verified ? PULSE_XML_FINE : PULSE_XML_SIGNATURE_MISMATCH;
}
