#pragma once
#include <stddef.h>
#include <crack.h>

/// The name begins with two underscores, which Swift does not import.
static inline int pulse_crack_check(const char *password, const char *dictionary, char *message, size_t room) {
    return __DEBIAN_SPECIFIC__SafeFascistCheck(password, dictionary, message, room);
}
