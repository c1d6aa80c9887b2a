// jemalloc in the place of the C library's allocator: a program that links this target takes all its memory from it.
#pragma once
#include <stdbool.h>
#include <stddef.h>

/// Bytes that the program holds, and bytes of the pages that they lie in; what is between them is lost to fragments.
/// False, and nothing written, where memory comes from elsewhere.
bool pulse_allocator_read(size_t *allocated, size_t *active);
