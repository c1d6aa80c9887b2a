#pragma once
#include <stddef.h>
#include <stdint.h>

/// What came of a question. Only `absent` says that there is nothing; `failed` says nothing at all.
enum pulse_dns_verdict {
    PULSE_DNS_ANSWERED = 0,  ///< the message is in the buffer
    PULSE_DNS_ABSENT = 1,    ///< NXDOMAIN, or the name exists without such a record
    PULSE_DNS_FAILED = 2,    ///< SERVFAIL, refused, no answer in time, no network
};

/// Asks for the TXT records of a name, by UDP and again by TCP where the answer does not fit. Blocks for at most about
/// `timeout_seconds` with each of two tries. May be called from several threads at once: each call has a state of its own.
/// - `server`: an IPv4 or IPv6 address, or NULL for the servers of /etc/resolv.conf.
/// - `answer`: room for `capacity` bytes; what is longer is cut, and its reader notices.
/// - `length`: how many bytes came.
enum pulse_dns_verdict pulse_dns_txt(
    const char *name, const char *server, uint16_t port, int timeout_seconds, unsigned char *answer, size_t capacity,
    size_t *length);
