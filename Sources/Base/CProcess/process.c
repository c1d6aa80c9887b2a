#include "process.h"

#include <sys/prctl.h>
#include <sys/resource.h>

int pulse_forbid_core_dumps(void) {
    struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none) != 0) return -1;
    // The limit does not hold where cores are piped to a handler.
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
