// The measure that pulse-bench holds `SignedXML` against. SignedXML has made the libraries ready before it is called.
#include "plain_xmlsec.h"

#include <libxml/parser.h>
#include <libxml/valid.h>
#include <string.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/openssl/app.h>

static void name_elements(xmlDocPtr document, xmlNodePtr node) {
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE) continue;
        xmlAttrPtr name = xmlHasProp(node, (const xmlChar *)"ID");
        if (name != NULL) xmlAddID(NULL, document, name->children->content, name);
        name_elements(document, node->children);
    }
}

int plain_xmlsec_verify(
    const uint8_t *xml, size_t count, const char *signed_element, const uint8_t *certificate,
    size_t certificate_count) {
    // The key is read once and kept, as anybody would.
    static _Thread_local xmlSecKeyPtr key = NULL;
    if (key == NULL)
        key = xmlSecOpenSSLAppKeyLoadMemory(
            certificate, (xmlSecSize)certificate_count, xmlSecKeyDataFormatCertDer, NULL, NULL, NULL);
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
