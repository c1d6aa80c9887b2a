// glibc's resolver keeps its settings in a struct full of macros and unions, which Swift cannot reach: this file is the one
// conversation we need of it. The answer goes out as it came; reading it is done in Swift, where a bound is a bound.
#include "dns_shim.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <string.h>

// One server instead of those of the system. An IPv6 address goes where glibc keeps them, beside an empty IPv4 one.
static int use_server(res_state state, const char *server, uint16_t port) {
    struct in_addr four;
    struct in6_addr six;
    state->nscount = 1;
    memset(&state->nsaddr_list[0], 0, sizeof state->nsaddr_list[0]);
    if (inet_pton(AF_INET, server, &four) == 1) {
        state->nsaddr_list[0].sin_family = AF_INET;
        state->nsaddr_list[0].sin_addr = four;
        state->nsaddr_list[0].sin_port = htons(port);
        return 1;
    }
    if (inet_pton(AF_INET6, server, &six) != 1) return 0;
    struct sockaddr_in6 *address = state->_u._ext.nsaddrs[0];
    if (address == NULL) {
        address = malloc(sizeof *address);  // res_nclose frees it
        if (address == NULL) return 0;
        state->_u._ext.nsaddrs[0] = address;
    }
    memset(address, 0, sizeof *address);
    address->sin6_family = AF_INET6;
    address->sin6_addr = six;
    address->sin6_port = htons(port);
    state->_u._ext.nssocks[0] = -1;
    state->_u._ext.nscount = 1;
    return 1;
}

enum pulse_dns_verdict pulse_dns_txt(
    const char *name, const char *server, uint16_t port, int timeout_seconds, unsigned char *answer, size_t capacity,
    size_t *length) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    *length = 0;
    if (res_ninit(&state) != 0) return PULSE_DNS_FAILED;
    enum pulse_dns_verdict verdict = PULSE_DNS_FAILED;
    if (server == NULL || use_server(&state, server, port)) {
        state.retrans = timeout_seconds;
        state.retry = 2;
        state.options &= ~(unsigned long)(RES_DNSRCH | RES_DEFNAMES);
        int count = res_nquery(&state, name, ns_c_in, ns_t_txt, answer, (int)capacity);
        if (count >= 0) {
            *length = (size_t)count < capacity ? (size_t)count : capacity;
            verdict = PULSE_DNS_ANSWERED;
        } else if (state.res_h_errno == HOST_NOT_FOUND || state.res_h_errno == NO_DATA) {
            verdict = PULSE_DNS_ABSENT;
        }
    }
    res_nclose(&state);
    return verdict;
}
