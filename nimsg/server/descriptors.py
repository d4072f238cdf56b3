"""Descriptors: so many are for connections, the rest stays for files."""

import resource
from pathlib import Path

from nimsg.errors import ConfigError


RESERVED = 64
# Fewer are too few for the store and a handful of people.
FILES_LEAST = 128
HOW_TO_RAISE = "LimitNOFILE= in the unit raises it, or `ulimit -n` before the start"
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


def require_files(most: int, least: int = FILES_LEAST) -> None:
    """Raises `ConfigError` where so many descriptors are too few."""
    if most < least:
        raise ConfigError(
            f"the limit of open files is {most}, and a server needs {least} at least: "
            f"{HOW_TO_RAISE}"
        )


def forbid_core_dumps() -> None:
    """What the process holds is never written to a file when it breaks off."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def most_files() -> int:
    """How many descriptors this process may have."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def open_files() -> int:
    """How many it has."""
    try:
        # Linux counts them itself from 6.2 on, and says 0 before.
        return OPEN.stat().st_size or sum(1 for _ in OPEN.iterdir())
    except OSError:
        return OPEN_USUALLY


def served_most(most: int, already_open: int) -> int:
    """How many connections are served: those that are told why not come on top."""
    return max(1, connections_most(most, already_open) - TURNED_AWAY)


def files_for(served: int, already_open: int) -> int:
    """The least limit of descriptors by which so many connections are served."""
    need = served + TURNED_AWAY + already_open
    return max(-(-need * 10 // MOST_OF_TEN), need + RESERVED)


def connections_most(most: int, already_open: int) -> int:
    """How many connections leave enough for files; at least one.

    `most` is the limit of descriptors, `already_open` what is open without them.
    """
    return max(1, min(most * MOST_OF_TEN // 10, most - RESERVED) - already_open)
