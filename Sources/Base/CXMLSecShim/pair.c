// A pair of our own with its certificate, for a service provider that is set up without one.
#include "internal.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

static int take(BIO *text, struct pulse_bytes *bytes) {
    char *start = NULL;
    long count = BIO_get_mem_data(text, &start);
    return count > 0 && pulse_bytes_copy(start, (size_t)count, bytes);
}

static X509 *self_signed(
    EVP_PKEY *pair, const char *name, int64_t not_before, int64_t not_after, const uint8_t serial[16]) {
    X509 *certificate = X509_new();
    BIGNUM *number = BN_bin2bn(serial, 16, NULL);
    X509_NAME *subject = X509_NAME_new();
    int is_fine = certificate != NULL && number != NULL && subject != NULL && X509_set_version(certificate, 2) == 1
        && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL
        && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1
        && X509_set_subject_name(certificate, subject) == 1 && X509_set_issuer_name(certificate, subject) == 1
        && ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)not_before) != NULL
        && ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after) != NULL
        && X509_set_pubkey(certificate, pair) == 1 && X509_sign(certificate, pair, EVP_sha256()) > 0;
    BN_free(number);
    X509_NAME_free(subject);
    if (is_fine) return certificate;
    X509_free(certificate);
    return NULL;
}

enum pulse_xml_code pulse_pair_make(
    const char *name, int64_t not_before, int64_t not_after, const uint8_t serial[16], struct pulse_bytes *certificate,
    struct pulse_bytes *private_key) {
    *certificate = *private_key = (struct pulse_bytes){NULL, 0};
    pulse_xml_start();
    EVP_PKEY *pair = EVP_RSA_gen(3072);
    X509 *made = pair == NULL ? NULL : self_signed(pair, name, not_before, not_after, serial);
    BIO *shown = BIO_new(BIO_s_mem()), *kept = BIO_new(BIO_s_secmem());
    int is_fine = made != NULL && shown != NULL && kept != NULL && PEM_write_bio_X509(shown, made) == 1
        && PEM_write_bio_PKCS8PrivateKey(kept, pair, NULL, NULL, 0, NULL, NULL) == 1 && take(shown, certificate)
        && take(kept, private_key);
    BIO_free(shown);
    BIO_free(kept);
    X509_free(made);
    EVP_PKEY_free(pair);
    ERR_clear_error();
    if (is_fine) return PULSE_XML_FINE;
    pulse_bytes_free(certificate);
    pulse_bytes_free(private_key);
    return PULSE_XML_FAILED;
}
