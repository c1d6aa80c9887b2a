// XML Encryption without its XML: which element says what is read elsewhere, here are bytes. Whatever goes wrong has one
// name, because a caller who could tell bad padding from bad XML would be an oracle.
#include "internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

static const EVP_MD *digest(int bits) {
    return bits == 1 ? EVP_sha1() : bits == 256 ? EVP_sha256() : bits == 384 ? EVP_sha384()
        : bits == 512 ? EVP_sha512() : NULL;
}

enum pulse_xml_code pulse_unwrap(
    const struct pulse_key *key, int digest_bits, int mask_bits, const uint8_t *wrapped, size_t count,
    struct pulse_bytes *secret) {
    *secret = (struct pulse_bytes){NULL, 0};
    uint8_t plain[2048];
    size_t length = sizeof plain;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pair, NULL);
    int is_fine = context != NULL && digest(digest_bits) != NULL && digest(mask_bits) != NULL
        && EVP_PKEY_decrypt_init(context) == 1 && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1
        && EVP_PKEY_CTX_set_rsa_oaep_md(context, digest(digest_bits)) == 1
        && EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest(mask_bits)) == 1
        && EVP_PKEY_decrypt(context, plain, &length, wrapped, count) == 1 && pulse_bytes_copy(plain, length, secret);
    OPENSSL_cleanse(plain, sizeof plain);
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return is_fine ? PULSE_XML_FINE : PULSE_XML_DECRYPTION;
}

static const EVP_CIPHER *cipher(size_t secret_count, int is_gcm) {
    switch (secret_count) {
    case 16: return is_gcm ? EVP_aes_128_gcm() : EVP_aes_128_cbc();
    case 24: return is_gcm ? EVP_aes_192_gcm() : EVP_aes_192_cbc();
    case 32: return is_gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc();
    default: return NULL;
    }
}

enum pulse_xml_code pulse_decrypt(
    const uint8_t *secret, size_t secret_count, int is_gcm, const uint8_t *sealed, size_t count,
    struct pulse_bytes *plain) {
    *plain = (struct pulse_bytes){NULL, 0};
    const EVP_CIPHER *chosen = cipher(secret_count, is_gcm);
    size_t vector = is_gcm ? 12 : 16, tag = is_gcm ? 16 : 0;
    if (chosen == NULL || count > 16u << 20 || count < vector + 16) return PULSE_XML_DECRYPTION;
    size_t body = count - vector - tag;
    uint8_t *out = malloc(body + 16);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0, last = 0;
    int is_fine = out != NULL && context != NULL && (is_gcm || body % 16 == 0)
        && EVP_DecryptInit_ex(context, chosen, NULL, secret, sealed) == 1
        // XML Encryption fills the last block its own way, so it is taken off below.
        && EVP_CIPHER_CTX_set_padding(context, 0) == 1
        && EVP_DecryptUpdate(context, out, &length, sealed + vector, (int)body) == 1
        && (!is_gcm
            || EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, (int)tag, (void *)(sealed + vector + body)) == 1)
        && EVP_DecryptFinal_ex(context, out + length, &last) == 1;
    size_t total = is_fine ? (size_t)(length + last) : 0;
    if (is_fine && !is_gcm) {
        uint8_t filling = out[total - 1];
        is_fine = filling >= 1 && filling <= 16;
        total -= is_fine ? filling : 0;
    }
    is_fine = is_fine && pulse_bytes_copy(out, total, plain);
    if (out != NULL) OPENSSL_cleanse(out, body + 16);
    free(out);
    EVP_CIPHER_CTX_free(context);
    ERR_clear_error();
    return is_fine ? PULSE_XML_FINE : PULSE_XML_DECRYPTION;
}
