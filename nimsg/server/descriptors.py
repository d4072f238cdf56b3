"""Descriptors: so many are for connections, the rest stays for files."""

import resource
from pathlib import Path


RESERVED = 64
MOST_OF_TEN = 9
# Turned away with a reason, which under TLS takes a handshake.
TURNED_AWAY = 16
OPEN = Path("/proc/self/fd")
# Where the system does not say how many are open.
OPEN_USUALLY = 48


def allow_many_files() -> None:
    """Raise the limit of open files to what the system lets this process have."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def forbid_core_dumps() -> None:
    """What the process holds is never written to a file when it breaks off."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def most_files() -> int:
    """How many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_files() -> int:
    """How many it has."""
    try:
        return sum(1 for _ in OPEN.iterdir())
    except OSError:
        return OPEN_USUALLY


def connections_most(most: int, already_open: int) -> int:
    """How many connections leave enough for files; at least one.

    `most` is the limit of descriptors, `already_open` what is open without them.
    """
    return max(1, min(most * MOST_OF_TEN // 10, most - RESERVED) - already_open)
