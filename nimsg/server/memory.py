"""How the process keeps its memory: what the collector and the C library are told."""

import ctypes
import gc


# Objects; what a message or a connection leaves is in no circle, so few are found.
COLLECTED_AFTER = 5000
# mallopt(3): a block of so many bytes is mapped by itself, whatever was freed before.
# TLS reserves twice as much for a connection and uses little of it: mapped, the rest
# is none of the process's memory.
MMAP_THRESHOLD = -3
MAPPED_FROM = 131_072


def keep_little() -> None:
    """Tell them. Where the C library has no such setting it stays as it is."""
    gc.set_threshold(COLLECTED_AFTER)
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(MMAP_THRESHOLD, MAPPED_FROM)
