#pragma once
#include <stddef.h>
#include <stdint.h>

/// Reads a document, finds its first signature and verifies it with this certificate's key, as the examples of xmlsec1 do:
/// no bounds, no allow-list, nothing read. What the libraries cost by themselves.
/// - Returns: 1 when the signature is good.
int plain_xmlsec_verify(
    const uint8_t *xml, size_t count, const char *signed_element, const uint8_t *certificate, size_t certificate_count);
