#pragma once
#include <stddef.h>

/// One mail to hand to an SMTP server. All strings end in NUL; optional ones may be NULL.
struct pulse_smtp_request {
    const char *url;        ///< smtp://host:port or smtps://host:port, without credentials
    const char *username;   ///< optional
    const char *password;   ///< optional
    const char *ca_file;    ///< optional; the system's certificates otherwise
    const char *sender;     ///< envelope address in angle brackets
    const char *recipient;  ///< envelope address in angle brackets
    const char *message;    ///< the whole mail, lines ending in CRLF; libcurl doubles leading dots
    size_t message_bytes;
    long connect_timeout_ms;
    long total_timeout_ms;
    int require_tls;        ///< for smtp://: without STARTTLS nothing is sent
};

/// What came of it.
struct pulse_smtp_outcome {
    int curl_code;          ///< CURLE_OK (0) when the server took the mail
    long reply;             ///< the last SMTP reply code, 0 when there was none
    char message[256];      ///< libcurl's words; never contains credentials
};

/// Blocks until the mail is taken, refused or a timeout passes. May be called from several threads at once.
void pulse_smtp_send(const struct pulse_smtp_request *request, struct pulse_smtp_outcome *outcome);
