"""Configures the garbage collector and the memory allocator of the C library for a server process."""

import ctypes
import gc

# Parameters of ``mallopt`` (glibc, malloc.h).
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8

ARENAS = 2
LARGE_BYTES = 128 * 1024
"""Blocks from this size on, such as bodies of requests, get a mapping of their own, which is unmapped when freed."""
KEPT_BYTES = 256 * 1024
"""Maximum free memory at the end of the heap; beyond it memory is returned to the system."""


def return_memory() -> bool:
    """Make the allocator return freed memory, so that a peak of large bodies does not increase memory for ever.

    By default glibc has up to eight arenas per core, and raises its thresholds after each large block that was freed.
    Returns false if the C library has no such parameters.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    parameters = ((_M_ARENA_MAX, ARENAS), (_M_MMAP_THRESHOLD, LARGE_BYTES), (_M_TRIM_THRESHOLD, KEPT_BYTES))
    return all(mallopt(name, value) == 1 for name, value in parameters)


def collect_less() -> None:
    """Leave everything that is loaded so far out of garbage collection, which would scan it repeatedly under load.

    Requests and streams leave no reference cycles, so there is little to collect. The thresholds of the older
    generations are low all the same, because what libraries leave would otherwise stay for hours.
    """
    gc.freeze()
    gc.set_threshold(10_000, 5, 5)
