#define _GNU_SOURCE
// Reading XML of strangers. A document is looked over once before libxml2 sees it (it compares every attribute of an
// element with every other one before anybody is asked), and each bound is checked again while it is built.
#include "internal.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { most_depth = 128, most_namespace_bytes = 256 };

struct watch {
    const struct pulse_xml_bounds *bounds;
    enum pulse_xml_code code;
    int elements, depth, namespaces;
    int declared[most_depth + 1];
};

static int is_utf8(const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        if (*at < 0x80) {
            if (*at++ == 0) return 0;
            continue;
        }
        int more = *at >= 0xF0 ? 3 : *at >= 0xE0 ? 2 : 1;
        if (*at < 0xC2 || *at > 0xF4 || end - at <= more) return 0;
        uint8_t low = *at == 0xE0 ? 0xA0 : *at == 0xF0 ? 0x90 : 0x80;
        uint8_t high = *at == 0xED ? 0x9F : *at == 0xF4 ? 0x8F : 0xBF;
        if (at[1] < low || at[1] > high) return 0;
        for (int i = 2; i <= more; i++) {
            if (at[i] < 0x80 || at[i] > 0xBF) return 0;
        }
        at += more + 1;
    }
    return 1;
}

static const uint8_t *after(const uint8_t *at, const uint8_t *end, const char *mark) {
    const uint8_t *found = memmem(at, (size_t)(end - at), mark, strlen(mark));
    return found == NULL ? NULL : found + strlen(mark);
}

static int begins(const uint8_t *at, const uint8_t *end, const char *mark) {
    size_t count = strlen(mark);
    return (size_t)(end - at) >= count && memcmp(at, mark, count) == 0;
}

/// Past one tag; NULL when it does not end. Counts its attributes.
static const uint8_t *past_tag(const uint8_t *at, const uint8_t *end, int *attributes) {
    for (uint8_t quote = 0; at < end; at++) {
        if (quote != 0) {
            if (*at == quote) quote = 0;
        } else if (*at == '"' || *at == '\'') {
            quote = *at;
            ++*attributes;
        } else if (*at == '>') {
            return at + 1;
        }
    }
    return NULL;
}

static enum pulse_xml_code look_over(const uint8_t *start, size_t count, const struct pulse_xml_bounds *bounds) {
    const uint8_t *at = start, *end = start + count;
    if (!is_utf8(start, end)) return PULSE_XML_ENCODING;
    while ((at = memchr(at, '<', (size_t)(end - at))) != NULL) {
        if (begins(at, end, "<!--")) {
            if (bounds->is_message) return PULSE_XML_COMMENT;
            at = after(at + 4, end, "-->");
        } else if (begins(at, end, "<![CDATA[")) {
            // No provider writes it, and it is one more way to cut a value in two without breaking its signature.
            if (bounds->is_message) return PULSE_XML_CDATA;
            at = after(at, end, "]]>");
        } else if (begins(at, end, "<!")) {
            return PULSE_XML_DOCUMENT_TYPE;
        } else if (begins(at, end, "<?")) {
            if (bounds->is_message && (at != start || !begins(at, end, "<?xml "))) return PULSE_XML_INSTRUCTION;
            at = after(at, end, "?>");
        } else {
            int attributes = 0;
            at = past_tag(at, end, &attributes);
            if (attributes > bounds->attributes) return PULSE_XML_TOO_MANY_ATTRIBUTES;
        }
        if (at == NULL) return PULSE_XML_MALFORMED;
    }
    return PULSE_XML_FINE;
}

static void stop(xmlParserCtxtPtr parser, enum pulse_xml_code code) {
    struct watch *watch = parser->_private;
    if (watch->code == PULSE_XML_FINE) watch->code = code;
    xmlStopParser(parser);
}

static void begin_element(
    void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespace_count,
    const xmlChar **namespaces, int attribute_count, int defaulted, const xmlChar **attributes) {
    xmlParserCtxtPtr parser = context;
    struct watch *watch = parser->_private;
    const struct pulse_xml_bounds *bounds = watch->bounds;
    if (watch->code != PULSE_XML_FINE) return;
    if (++watch->elements > bounds->elements) return stop(parser, PULSE_XML_TOO_MANY_ELEMENTS);
    if (watch->depth >= bounds->depth || watch->depth >= most_depth) return stop(parser, PULSE_XML_TOO_DEEP);
    watch->declared[watch->depth++] = namespace_count;
    watch->namespaces += namespace_count;
    if (attribute_count + namespace_count > bounds->attributes || watch->namespaces > bounds->namespaces)
        return stop(parser, PULSE_XML_TOO_MANY_ATTRIBUTES);
    // The canonical form says a namespace again at each sibling that uses it: a long one would unfold to gigabytes.
    for (int i = 0; i < namespace_count; i++) {
        if (namespaces[2 * i + 1] != NULL && xmlStrlen(namespaces[2 * i + 1]) > most_namespace_bytes)
            return stop(parser, PULSE_XML_TOO_MANY_ATTRIBUTES);
    }
    xmlSAX2StartElementNs(
        context, name, prefix, uri, namespace_count, namespaces, attribute_count, defaulted, attributes);
}

static void end_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri) {
    struct watch *watch = ((xmlParserCtxtPtr)context)->_private;
    if (watch->depth > 0) watch->namespaces -= watch->declared[--watch->depth];
    xmlSAX2EndElementNs(context, name, prefix, uri);
}

static void document_type(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system) {
    (void)name, (void)external, (void)system;
    stop(context, PULSE_XML_DOCUMENT_TYPE);
}

static void comment(void *context, const xmlChar *text) {
    (void)text;
    if (((struct watch *)((xmlParserCtxtPtr)context)->_private)->bounds->is_message) stop(context, PULSE_XML_COMMENT);
}

static void instruction(void *context, const xmlChar *target, const xmlChar *text) {
    (void)target, (void)text;
    if (((struct watch *)((xmlParserCtxtPtr)context)->_private)->bounds->is_message)
        stop(context, PULSE_XML_INSTRUCTION);
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static xmlNodePtr following(xmlNodePtr node, xmlNodePtr root) {
    if (node->type == XML_ELEMENT_NODE && node->children != NULL) return node->children;
    while (node != root && node->next == NULL) node = node->parent;
    return node == root ? NULL : node->next;
}

/// No two elements have one ID, in whichever way the attribute is spelled, and none has one that libxml2 would find by
/// itself (`xml:id`).
static enum pulse_xml_code unique_ids(xmlNodePtr root, int elements) {
    size_t room = (size_t)elements * 2, count = 0;
    const char **ids = malloc(room * sizeof *ids);
    if (ids == NULL) return PULSE_XML_FAILED;
    enum pulse_xml_code code = PULSE_XML_FINE;
    for (xmlNodePtr node = root; node != NULL && code == PULSE_XML_FINE; node = following(node, root)) {
        if (node->type != XML_ELEMENT_NODE) continue;
        const char *first_of_node = NULL;
        for (xmlAttrPtr attribute = node->properties; attribute != NULL; attribute = attribute->next) {
            if (strcasecmp((const char *)attribute->name, "id") != 0) continue;
            xmlNodePtr text = attribute->children;
            // One element with two kinds of ID is nothing that anybody writes who means well.
            if (attribute->ns != NULL || first_of_node != NULL || text == NULL || text->type != XML_TEXT_NODE
                || text->next != NULL || count == room) {
                code = PULSE_XML_ID_SHAPE;
                break;
            }
            ids[count++] = first_of_node = (const char *)text->content;
        }
    }
    if (count > 1) qsort(ids, count, sizeof *ids, by_text);
    for (size_t i = 1; i < count && code == PULSE_XML_FINE; i++) {
        if (strcmp(ids[i - 1], ids[i]) == 0) code = PULSE_XML_DUPLICATE_ID;
    }
    free(ids);
    return code;
}

enum pulse_xml_code pulse_xml_parse(
    const uint8_t *bytes, size_t count, const struct pulse_xml_bounds *bounds, xmlDocPtr *document) {
    *document = NULL;
    pulse_xml_start();
    if (count > bounds->bytes || count > 64u << 20) return PULSE_XML_TOO_LARGE;
    if (begins(bytes, bytes + count, "\xEF\xBB\xBF")) bytes += 3, count -= 3;
    if (count == 0) return PULSE_XML_MALFORMED;
    enum pulse_xml_code code = look_over(bytes, count, bounds);
    if (code != PULSE_XML_FINE) return code;

    struct watch watch = {.bounds = bounds};
    xmlParserCtxtPtr parser = xmlNewParserCtxt();
    if (parser == NULL) return PULSE_XML_FAILED;
    parser->_private = &watch;
    parser->sax->startElementNs = begin_element;
    parser->sax->endElementNs = end_element;
    parser->sax->internalSubset = document_type;
    parser->sax->externalSubset = document_type;
    parser->sax->comment = comment;
    parser->sax->processingInstruction = instruction;
    xmlDocPtr read = xmlCtxtReadMemory(
        parser, (const char *)bytes, (int)count, NULL, "UTF-8",
        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    int is_well_formed = parser->wellFormed && parser->nsWellFormed;
    xmlFreeParserCtxt(parser);

    xmlNodePtr root = read == NULL ? NULL : xmlDocGetRootElement(read);
    if (watch.code != PULSE_XML_FINE) code = watch.code;
    else if (root == NULL || !is_well_formed) code = PULSE_XML_MALFORMED;
    else if (read->intSubset != NULL || read->extSubset != NULL) code = PULSE_XML_DOCUMENT_TYPE;
    else if (bounds->is_message) code = unique_ids(root, watch.elements);
    if (code != PULSE_XML_FINE) {
        if (read != NULL) xmlFreeDoc(read);
        return code;
    }
    *document = read;
    return PULSE_XML_FINE;
}

void pulse_xml_free(xmlDocPtr document) { xmlFreeDoc(document); }
