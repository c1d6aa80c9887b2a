// The measure that pulse-bench holds `SignedXML` against. SignedXML has made the libraries ready before it is called.
#include "plain_xmlsec.h"

#include <libxml/parser.h>
#include <libxml/valid.h>
#include <openssl/x509.h>
#include <string.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/openssl/evp.h>

static void name_elements(xmlDocPtr document, xmlNodePtr node) {
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        xmlAttrPtr name = xmlHasProp(node, (const xmlChar *)"ID");
        if (name != NULL) xmlAddID(NULL, document, name->children->content, name);
        name_elements(document, node->children);
    }
}

static xmlSecKeyPtr bare_key(const uint8_t *certificate, size_t count) {
    X509 *read = d2i_X509(NULL, &certificate, (long)count);
    xmlSecKeyPtr key = xmlSecKeyCreate();
    xmlSecKeyDataPtr value = read == NULL ? NULL : xmlSecOpenSSLEvpKeyAdopt(X509_get_pubkey(read));
    X509_free(read);
    if (key != NULL && value != NULL && xmlSecKeySetValue(key, value) == 0) return key;
    if (key != NULL) xmlSecKeyDestroy(key);
    return NULL;
}

int plain_xmlsec_verify(
    const uint8_t *xml, size_t count, const char *signed_element, const uint8_t *certificate,
    size_t certificate_count) {
    // The bare key, read once and kept: one that brings its certificate along is copied with it each time, at half the speed.
    static _Thread_local xmlSecKeyPtr key = NULL;
    if (key == NULL) key = bare_key(certificate, certificate_count);
    xmlDocPtr document = xmlReadMemory((const char *)xml, (int)count, NULL, NULL, XML_PARSE_NONET);
    if (document == NULL || key == NULL) return 0;
    name_elements(document, xmlDocGetRootElement(document));
    xmlNodePtr element = xmlSecFindNode(
        xmlDocGetRootElement(document), (const xmlChar *)signed_element,
        (const xmlChar *)"urn:oasis:names:tc:SAML:2.0:assertion");
    xmlNodePtr signature = element == NULL ? NULL : xmlSecFindNode(element, xmlSecNodeSignature, xmlSecDSigNs);
    xmlSecDSigCtxPtr context = xmlSecDSigCtxCreate(NULL);
    int is_good = 0;
    if (signature != NULL && context != NULL) {
        context->signKey = xmlSecKeyDuplicate(key);
        is_good = xmlSecDSigCtxVerify(context, signature) == 0 && context->status == xmlSecDSigStatusSucceeded;
    }
    if (context != NULL) xmlSecDSigCtxDestroy(context);
    xmlFreeDoc(document);
    return is_good;
}
