// Keys: what is pinned and what is ours. RSA of 2048 to 8192 bits and the curves P-256, P-384 and P-521; nothing else is one.
#include "internal.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <xmlsec/openssl/evp.h>

enum { fewest_bits = 2048, most_bits = 8192 };

static int curve_fits(EVP_PKEY *pair) {
    char name[32] = "";
    size_t length = 0;
    if (EVP_PKEY_get_group_name(pair, name, sizeof name, &length) != 1) return 0;
    return strcmp(name, "prime256v1") == 0 || strcmp(name, "secp384r1") == 0 || strcmp(name, "secp521r1") == 0;
}

/// Takes `pair` over, whatever comes of it.
static enum pulse_xml_code adopt(EVP_PKEY *pair, struct pulse_key **key) {
    *key = NULL;
    ERR_clear_error();
    if (pair == NULL) return PULSE_XML_KEY;
    enum pulse_xml_code code = PULSE_XML_FINE;
    int kind = EVP_PKEY_get_base_id(pair), bits = EVP_PKEY_get_bits(pair);
    if (kind == EVP_PKEY_RSA) {
        if (bits < fewest_bits || bits > most_bits) code = PULSE_XML_WEAK_KEY;
    } else if (kind != EVP_PKEY_EC || !curve_fits(pair)) {
        code = PULSE_XML_WEAK_KEY;
    }
    struct pulse_key *made = code == PULSE_XML_FINE ? calloc(1, sizeof *made) : NULL;
    if (made == NULL) {
        EVP_PKEY_free(pair);
        return code == PULSE_XML_FINE ? PULSE_XML_FAILED : code;
    }
    made->pair = pair;
    made->key = xmlSecKeyCreate();
    xmlSecKeyDataPtr value = EVP_PKEY_up_ref(pair) == 1 ? xmlSecOpenSSLEvpKeyAdopt(pair) : NULL;
    if (made->key == NULL || value == NULL || xmlSecKeySetValue(made->key, value) < 0) {
        if (value != NULL) xmlSecKeyDataDestroy(value);
        pulse_key_free(made);
        return PULSE_XML_FAILED;
    }
    *key = made;
    return PULSE_XML_FINE;
}

enum pulse_xml_code pulse_key_of_certificate(const uint8_t *der, size_t count, struct pulse_key **key) {
    *key = NULL;
    pulse_xml_start();
    const uint8_t *at = der;
    X509 *certificate = count > 65536 ? NULL : d2i_X509(NULL, &at, (long)count);
    EVP_PKEY *pair = certificate == NULL || at != der + count ? NULL : X509_get_pubkey(certificate);
    X509_free(certificate);
    return adopt(pair, key);
}

int64_t pulse_certificate_end(const uint8_t *der, size_t count) {
    const uint8_t *at = der;
    X509 *certificate = count > 65536 ? NULL : d2i_X509(NULL, &at, (long)count);
    ASN1_TIME *start = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    int64_t end = 0;
    if (certificate != NULL && start != NULL
        && ASN1_TIME_diff(&days, &seconds, start, X509_get0_notAfter(certificate)) == 1)
        end = (int64_t)days * 86400 + seconds;
    ASN1_TIME_free(start);
    X509_free(certificate);
    ERR_clear_error();
    return end;
}

enum pulse_xml_code pulse_key_of_numbers(
    const uint8_t *modulus, size_t modulus_count, const uint8_t *exponent, size_t exponent_count,
    struct pulse_key **key) {
    *key = NULL;
    pulse_xml_start();
    if (modulus_count > most_bits / 8 + 1 || exponent_count > 8) return PULSE_XML_WEAK_KEY;
    BIGNUM *n = BN_bin2bn(modulus, (int)modulus_count, NULL), *e = BN_bin2bn(exponent, (int)exponent_count, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *parts = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *pair = NULL;
    if (n != NULL && e != NULL && builder != NULL && context != NULL && BN_is_odd(e) && !BN_is_one(e)
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) == 1
        && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) == 1
        && (parts = OSSL_PARAM_BLD_to_param(builder)) != NULL && EVP_PKEY_fromdata_init(context) == 1
        && EVP_PKEY_fromdata(context, &pair, EVP_PKEY_PUBLIC_KEY, parts) != 1)
        pair = NULL;
    OSSL_PARAM_free(parts);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    BN_free(n);
    BN_free(e);
    return adopt(pair, key);
}

/// Nobody is there to be asked for a passphrase.
static int no_passphrase(char *buffer, int size, int writing, void *context) {
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

enum pulse_xml_code pulse_key_of_private_pem(const uint8_t *pem, size_t count, struct pulse_key **key) {
    *key = NULL;
    pulse_xml_start();
    BIO *bytes = count > 65536 ? NULL : BIO_new_mem_buf(pem, (int)count);
    EVP_PKEY *pair = bytes == NULL ? NULL : PEM_read_bio_PrivateKey(bytes, NULL, no_passphrase, NULL);
    BIO_free(bytes);
    if (pair != NULL && EVP_PKEY_get_base_id(pair) != EVP_PKEY_RSA) {
        EVP_PKEY_free(pair);
        return PULSE_XML_WEAK_KEY;
    }
    return adopt(pair, key);
}

void pulse_key_free(struct pulse_key *key) {
    if (key == NULL) return;
    if (key->key != NULL) xmlSecKeyDestroy(key->key);
    EVP_PKEY_free(key->pair);
    free(key);
}

int pulse_key_bits(const struct pulse_key *key) { return EVP_PKEY_get_bits(key->pair); }

int pulse_key_is_rsa(const struct pulse_key *key) { return EVP_PKEY_get_base_id(key->pair) == EVP_PKEY_RSA; }

int pulse_key_equal(const struct pulse_key *left, const struct pulse_key *right) {
    return EVP_PKEY_eq(left->pair, right->pair) == 1;
}
