// What a signature may look like. Everything that xmlsec would do because a document asks for it is decided here first:
// which algorithms, which transforms, how many references, and to what.
#include "internal.h"

#include <stdlib.h>
#include <string.h>

static const char signature_ns[] = "http://www.w3.org/2000/09/xmldsig#";
static const char exclusive[] = "http://www.w3.org/2001/10/xml-exc-c14n#";
static const char exclusive_comments[] = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
static const char inclusive[] = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
static const char enveloped[] = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

static const char *const rsa_algorithms[] = {
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512", NULL};
static const char *const ecdsa_algorithms[] = {
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
    "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", NULL};
static const char *const digests[] = {
    "http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512", NULL};

static int is_one_of(const char *text, const char *const *known) {
    for (; text != NULL && *known != NULL; known++) {
        if (strcmp(text, *known) == 0) return 1;
    }
    return 0;
}

static const char *algorithm(xmlNodePtr method) { return (const char *)pulse_attribute(method, "Algorithm"); }

/// A canonical form as it may be asked for; with the exclusive one a list of prefixes may come.
static int is_canonical_form(xmlNodePtr method) {
    const char *name = algorithm(method);
    if (name == NULL) return 0;
    int is_exclusive = strcmp(name, exclusive) == 0 || strcmp(name, exclusive_comments) == 0;
    if (!is_exclusive && strcmp(name, inclusive) != 0) return 0;
    xmlNodePtr list = pulse_first_element(method);
    if (list == NULL) return 1;
    const xmlChar *prefixes = pulse_attribute(list, "PrefixList");
    return is_exclusive && pulse_is(list, exclusive, "InclusiveNamespaces") && pulse_next_element(list) == NULL
        && pulse_first_element(list) == NULL && (prefixes == NULL || xmlStrlen(prefixes) <= 512);
}

/// Taking the signature out, and then at most one canonical form.
static int are_transforms(xmlNodePtr transforms) {
    xmlNodePtr first = pulse_first_element(transforms);
    if (!pulse_is(first, signature_ns, "Transform") || algorithm(first) == NULL
        || strcmp(algorithm(first), enveloped) != 0 || pulse_first_element(first) != NULL)
        return 0;
    xmlNodePtr second = pulse_next_element(first);
    return second == NULL
        || (pulse_is(second, signature_ns, "Transform") && is_canonical_form(second)
            && pulse_next_element(second) == NULL);
}

static enum pulse_xml_code reference_shape(xmlNodePtr reference, const xmlChar *id) {
    const xmlChar *uri = pulse_attribute(reference, "URI");
    // An empty address means the whole document; whoever signs so means another thing than we read.
    if (uri == NULL || uri[0] == 0) return PULSE_XML_WRONG_REFERENCE;
    if (uri[0] != '#') return PULSE_XML_EXTERNAL_REFERENCE;
    if (!xmlStrEqual(uri + 1, id)) return PULSE_XML_WRONG_REFERENCE;
    if (xmlHasProp(reference, (const xmlChar *)"Type") != NULL) return PULSE_XML_SIGNATURE_SHAPE;
    xmlNodePtr transforms = pulse_first_element(reference);
    if (!pulse_is(transforms, signature_ns, "Transforms") || !are_transforms(transforms)) return PULSE_XML_TRANSFORM;
    xmlNodePtr method = pulse_next_element(transforms);
    if (!pulse_is(method, signature_ns, "DigestMethod")) return PULSE_XML_SIGNATURE_SHAPE;
    if (!is_one_of(algorithm(method), digests) || pulse_first_element(method) != NULL) return PULSE_XML_DIGEST;
    xmlNodePtr value = pulse_next_element(method);
    if (!pulse_is(value, signature_ns, "DigestValue") || pulse_first_element(value) != NULL
        || pulse_next_element(value) != NULL)
        return PULSE_XML_SIGNATURE_SHAPE;
    return PULSE_XML_FINE;
}

enum pulse_xml_code pulse_signature_shape(xmlNodePtr signature, const xmlChar *id, int *needs_rsa) {
    xmlNodePtr info = pulse_first_element(signature);
    if (!pulse_is(info, signature_ns, "SignedInfo")) return PULSE_XML_SIGNATURE_SHAPE;
    xmlNodePtr value = pulse_next_element(info);
    if (!pulse_is(value, signature_ns, "SignatureValue") || pulse_first_element(value) != NULL)
        return PULSE_XML_SIGNATURE_SHAPE;
    xmlNodePtr key = pulse_next_element(value);
    if (key != NULL && (!pulse_is(key, signature_ns, "KeyInfo") || pulse_next_element(key) != NULL))
        return PULSE_XML_SIGNATURE_SHAPE;

    xmlNodePtr form = pulse_first_element(info);
    if (!pulse_is(form, signature_ns, "CanonicalizationMethod")) return PULSE_XML_SIGNATURE_SHAPE;
    if (!is_canonical_form(form)) return PULSE_XML_CANONICALIZATION;
    xmlNodePtr method = pulse_next_element(form);
    if (!pulse_is(method, signature_ns, "SignatureMethod")) return PULSE_XML_SIGNATURE_SHAPE;
    *needs_rsa = is_one_of(algorithm(method), rsa_algorithms);
    if ((!*needs_rsa && !is_one_of(algorithm(method), ecdsa_algorithms)) || pulse_first_element(method) != NULL)
        return PULSE_XML_ALGORITHM;
    xmlNodePtr reference = pulse_next_element(method);
    if (!pulse_is(reference, signature_ns, "Reference")) return PULSE_XML_SIGNATURE_SHAPE;
    if (pulse_next_element(reference) != NULL) return PULSE_XML_SEVERAL_REFERENCES;
    return reference_shape(reference, id);
}
