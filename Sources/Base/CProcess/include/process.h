// What Swift cannot call because it takes any number of arguments.
#pragma once

/// No core file of this process, whatever the machine's settings: it would hold the keys of every organisation.
/// Debuggers of other users but root are shut out as well. Returns 0, or -1 with errno.
int pulse_forbid_core_dumps(void);
