#pragma once
#include "xmlsec_shim.h"

#include <openssl/evp.h>
#include <xmlsec/xmlsec.h>
#include <xmlsec/xmltree.h>
#include <xmlsec/xmldsig.h>
#include <xmlsec/keys.h>

struct pulse_key {
    EVP_PKEY *pair;
    xmlSecKeyPtr key;
};

/// Once a process, from whichever thread comes first; and quiet in each: nothing is written to standard error.
void pulse_xml_start(void);

/// The value of an attribute that is one plain text; NULL when it has none or is put together.
const xmlChar *pulse_attribute(xmlNodePtr element, const char *name);
int pulse_is(xmlNodePtr node, const char *name_space, const char *name);
xmlNodePtr pulse_first_element(xmlNodePtr parent);
xmlNodePtr pulse_next_element(xmlNodePtr element);

/// The shape of a signature that may be handed to xmlsec: exactly one reference, to `id`, and known algorithms alone.
/// - Returns in `needs_rsa` which kind of key the algorithm takes.
enum pulse_xml_code pulse_signature_shape(xmlNodePtr signature, const xmlChar *id, int *needs_rsa);

int pulse_bytes_copy(const void *start, size_t count, struct pulse_bytes *copy);
