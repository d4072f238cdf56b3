"""A socket's path may have 107 bytes; a store's folder may lie deeper than that."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nimsg.errors import ConfigError


PATH_BYTES = 107
DESCRIPTORS = Path("/proc/self/fd")


@contextmanager
def short_socket_path(path: Path) -> Iterator[str]:
    """A path to the same place that a socket takes (unix(7)).

    Raises `ConfigError` where there is none: the system has no /proc.
    """
    if len(os.fsencode(path)) <= PATH_BYTES:
        yield str(path)
        return
    if not DESCRIPTORS.exists():
        raise ConfigError(
            f"{path} is longer than the {PATH_BYTES} bytes a socket takes"
        )
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield str(DESCRIPTORS / str(folder) / path.name)
    finally:
        os.close(folder)
