"""How the allocator of the C library keeps memory that was freed."""

import ctypes

# Parameters of ``mallopt`` (glibc, malloc.h).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

ARENAS = 2
LARGE_BYTES = 128 * 1024
"""Blocks of this size, such as the bodies of requests, have a mapping of their own, which ends with them."""
KEPT_BYTES = 256 * 1024
"""Free memory at the end of the heap beyond this goes back to the system."""


def return_memory() -> bool:
    """Have freed memory go back to the system, so that a peak of large bodies does not stay for ever.

    By default glibc has up to eight arenas a core, and keeps larger and larger blocks after each large one that was
    freed. Returns whether it took effect: other C libraries have no such parameters.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    parameters = ((_M_ARENA_MAX, ARENAS), (_M_MMAP_THRESHOLD, LARGE_BYTES), (_M_TRIM_THRESHOLD, KEPT_BYTES))
    return all(mallopt(name, value) == 1 for name, value in parameters)
