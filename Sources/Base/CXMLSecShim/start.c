// libxml2 and xmlsec are made ready here, once, and never put away again: other threads may be in them.
#include "internal.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <xmlsec/errors.h>
#include <xmlsec/io.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/openssl/crypto.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void swallow(void *context, const char *format, ...) {
    (void)context;
    (void)format;
}

static void start(void) {
    xmlInitParser();
    if (xmlSecInit() < 0 || xmlSecOpenSSLAppInit(NULL) < 0 || xmlSecOpenSSLInit() < 0) abort();
    // Whatever a document names, there is no way to it: no files, no addresses.
    xmlSecIOCleanupCallbacks();
    xmlSecErrorsDefaultCallbackEnableOutput(0);
}

void pulse_xml_start(void) {
    pthread_once(&once, start);
    // libxml2 keeps its way of complaining for each thread.
    xmlSetGenericErrorFunc(NULL, swallow);
}

int pulse_bytes_copy(const void *start, size_t count, struct pulse_bytes *copy) {
    copy->start = malloc(count == 0 ? 1 : count);
    copy->count = copy->start == NULL ? 0 : count;
    if (copy->start != NULL && count > 0) memcpy(copy->start, start, count);
    return copy->start != NULL;
}

void pulse_bytes_free(struct pulse_bytes *bytes) {
    free(bytes->start);
    bytes->start = NULL;
    bytes->count = 0;
}

xmlNodePtr pulse_next_element(xmlNodePtr element) {
    do {
        element = element->next;
    } while (element != NULL && element->type != XML_ELEMENT_NODE);
    return element;
}

xmlNodePtr pulse_first_element(xmlNodePtr parent) {
    xmlNodePtr child = parent->children;
    return child == NULL || child->type == XML_ELEMENT_NODE ? child : pulse_next_element(child);
}

int pulse_is(xmlNodePtr node, const char *name_space, const char *name) {
    return node != NULL && node->type == XML_ELEMENT_NODE && node->ns != NULL && node->ns->href != NULL
        && strcmp((const char *)node->name, name) == 0 && strcmp((const char *)node->ns->href, name_space) == 0;
}

const xmlChar *pulse_attribute(xmlNodePtr element, const char *name) {
    xmlAttrPtr attribute = xmlHasNsProp(element, (const xmlChar *)name, NULL);
    if (attribute == NULL || attribute->type != XML_ATTRIBUTE_NODE) return NULL;
    xmlNodePtr text = attribute->children;
    if (text == NULL || text->type != XML_TEXT_NODE || text->next != NULL) return NULL;
    return text->content;
}
