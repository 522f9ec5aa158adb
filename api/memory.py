"""Memory that stays with the process: fresh pages for the columns of each request cost more than computing on them."""

import ctypes
import platform

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # malloc.h of glibc
_MIB = 1 << 20
_KEPT = ((_TRIM_THRESHOLD, 64 * _MIB), (_TOP_PAD, 4 * _MIB), (_MMAP_THRESHOLD, 16 * _MIB))


def keep_freed_memory() -> bool:
    """Tell glibc to keep up to 64 MiB of freed memory for the next request; False where there is no glibc."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return all(mallopt(option, size) == 1 for option, size in _KEPT)
