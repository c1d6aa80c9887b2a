// libFuzzer on everything that a stranger's bytes reach in C: reading XML, verifying a signature, reading keys, opening what
// was sealed. `ops/prove fuzz` builds it with the Swift toolchain's clang under AddressSanitizer and UBSan.
//
// It looks for crashes, and for more: nobody has the private half of the keys that the seeds were signed with any more. So
// what verifies is, byte for byte, what one of the seeds verifies to, or a signature was forged, and the harness aborts.
#include "xmlsec_shim.h"

#include <dirent.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most);

enum { most_keys = 8, most_known = 256 };

static struct pulse_key *keys[most_keys];
static size_t key_count;
static struct pulse_bytes known[most_known];
static size_t known_count;
static const struct pulse_xml_bounds message = {524288, 48, 8192, 64, 64, 1};
static const struct pulse_xml_bounds metadata = {1048576, 64, 40000, 64, 128, 0};
static const char assertions[] = "urn:oasis:names:tc:SAML:2.0:assertion";

static struct pulse_bytes contents(const char *path) {
    struct pulse_bytes bytes = {NULL, 0};
    FILE *file = fopen(path, "rb");
    if (file == NULL) return bytes;
    bytes.start = malloc(1 << 20);
    bytes.count = fread(bytes.start, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/// Each place where `SAML` looks for a signature.
static void each_place(const uint8_t *data, size_t size, void (*verified)(struct pulse_bytes *)) {
    xmlDocPtr document = NULL;
    if (pulse_xml_parse(data, size, &message, &document) != PULSE_XML_FINE) return;
    xmlNodePtr root = xmlDocGetRootElement(document);
    for (xmlNodePtr place = root; place != NULL; place = place == root ? root->children : place->next) {
        if (place->type != XML_ELEMENT_NODE) continue;
        if (place != root
            && (strcmp((const char *)place->name, "Assertion") != 0 || place->ns == NULL
                || strcmp((const char *)place->ns->href, assertions) != 0))
            continue;
        struct pulse_bytes bytes;
        size_t which = 0;
        if (pulse_xml_verify(document, place, keys, key_count, &bytes, &which) == PULSE_XML_FINE) verified(&bytes);
        pulse_bytes_free(&bytes);
    }
    pulse_xml_free(document);
}

static void learn(struct pulse_bytes *bytes) {
    if (known_count == most_known) abort();
    known[known_count] = *bytes;
    known[known_count++].start = memcpy(malloc(bytes->count), bytes->start, bytes->count);
}

static void must_be_known(struct pulse_bytes *bytes) {
    for (size_t i = 0; i < known_count; i++) {
        if (known[i].count == bytes->count && memcmp(known[i].start, bytes->start, bytes->count) == 0) return;
    }
    fprintf(stderr, "forged: %.*s\n", (int)bytes->count, (const char *)bytes->start);
    abort();
}

/// The keys are `NAME.der` in PULSE_FUZZ_SEEDS; what is signed in its `NAME.xml` is all that ever was.
int LLVMFuzzerInitialize(int *count, char ***arguments) {
    (void)count, (void)arguments;
    const char *seeds = getenv("PULSE_FUZZ_SEEDS");
    for (int learning = 0; learning < 2; learning++) {
        DIR *folder = opendir(seeds == NULL ? "." : seeds);
        if (folder == NULL) abort();
        for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", seeds == NULL ? "." : seeds, entry->d_name);
            struct pulse_bytes bytes = {NULL, 0};
            if (!learning && strstr(entry->d_name, ".der") != NULL) {
                bytes = contents(path);
                if (key_count == most_keys
                    || pulse_key_of_certificate(bytes.start, bytes.count, &keys[key_count]) != PULSE_XML_FINE)
                    abort();
                key_count++;
            } else if (learning && strstr(entry->d_name, ".xml") != NULL) {
                bytes = contents(path);
                each_place(bytes.start, bytes.count, learn);
            }
            free(bytes.start);
        }
        closedir(folder);
    }
    if (key_count == 0 || known_count == 0) abort();
    return 0;
}

static void read_keys(const uint8_t *data, size_t size) {
    struct pulse_key *key = NULL;
    if (pulse_key_of_certificate(data, size, &key) == PULSE_XML_FINE) {
        if (pulse_key_bits(key) < 224) abort();
        pulse_key_free(key);
    }
    pulse_certificate_end(data, size);
    if (pulse_key_of_private_pem(data, size, &key) == PULSE_XML_FINE) pulse_key_free(key);
    size_t exponent = size < 8 ? size : 3;
    if (pulse_key_of_numbers(data + exponent, size - exponent, data, exponent, &key) == PULSE_XML_FINE)
        pulse_key_free(key);
}

static void open_sealed(const uint8_t *data, size_t size) {
    static const uint8_t secret[32] = {1};
    struct pulse_bytes plain;
    for (int is_gcm = 0; is_gcm < 2; is_gcm++) {
        for (size_t bytes = 16; bytes <= 32; bytes += 8) {
            pulse_decrypt(secret, bytes, is_gcm, data, size, &plain);
            pulse_bytes_free(&plain);
        }
    }
    // With the public half alone nothing is unwrapped, but its way through OpenSSL is.
    if (pulse_unwrap(keys[0], 1, 256, data, size, &plain) == PULSE_XML_FINE) abort();
    if (pulse_verify(keys[0], 256, data, size, data, size) == PULSE_XML_FINE) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    // Most is XML, and XML begins with `<`; the rest says with its first byte what it is.
    if (size > 0 && data[0] == 'k') read_keys(data + 1, size - 1);
    else if (size > 0 && data[0] == 'e') open_sealed(data + 1, size - 1);
    else if (size > 0 && data[0] == 'm') {
        xmlDocPtr document = NULL;
        if (pulse_xml_parse(data + 1, size - 1, &metadata, &document) == PULSE_XML_FINE) pulse_xml_free(document);
    } else each_place(data, size, must_be_known);
    return 0;
}

static xmlNodePtr any_element(xmlNodePtr root, unsigned *random) {
    xmlNodePtr found = root;
    unsigned seen = 0;
    for (xmlNodePtr node = root; node != NULL;) {
        *random = *random * 1103515245u + 12345u;
        if (node->type == XML_ELEMENT_NODE && (*random >> 8) % ++seen == 0) found = node;
        if (node->type == XML_ELEMENT_NODE && node->children != NULL) {
            node = node->children;
            continue;
        }
        while (node != root && node->next == NULL) node = node->parent;
        node = node == root ? NULL : node->next;
    }
    return found;
}

/// Takes an element and puts it, or a copy, before, behind or into another one: every wrapping there is, and many that are
/// none. Half of the time, and for what is no XML, bytes are changed as ever.
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
    xmlDocPtr document = NULL;
    if (seed % 2 == 0 || pulse_xml_parse(data, size, &message, &document) != PULSE_XML_FINE)
        return LLVMFuzzerMutate(data, size, most);
    unsigned random = seed;
    xmlNodePtr root = xmlDocGetRootElement(document);
    for (unsigned times = 1 + seed / 2 % 3; times > 0; times--) {
        xmlNodePtr place = any_element(root, &random), what = any_element(root, &random);
        xmlNodePtr copy = xmlDocCopyNode(what, document, 1);
        unsigned way = (random >> 16) % 6;
        if (copy == NULL) break;
        if (place == root || way < 2) xmlAddChild(place, copy);
        else if (way == 2) xmlAddPrevSibling(place, copy);
        else if (way == 3) xmlAddNextSibling(place, copy);
        else {
            xmlReplaceNode(place, copy);
            xmlFreeNode(place);
            continue;
        }
        // Half of them move: what was copied goes, unless the copy is in it.
        int holds = what == root;
        for (xmlNodePtr node = copy; node != NULL; node = node->parent) holds |= node == what;
        if (way % 2 == 0 && !holds) {
            xmlUnlinkNode(what);
            xmlFreeNode(what);
        }
    }
    xmlChar *text = NULL;
    int count = 0;
    xmlDocDumpMemory(document, &text, &count);
    size_t kept = text != NULL && count > 0 && (size_t)count <= most ? (size_t)count : 0;
    if (kept > 0) memcpy(data, text, kept);
    xmlFree(text);
    pulse_xml_free(document);
    return kept > 0 ? kept : LLVMFuzzerMutate(data, size, most);
}
