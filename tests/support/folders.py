"""Where a test with thousands of stores puts them."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


MEMORY = Path("/dev/shm")  # noqa: S108 - what is made in it is private


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory, where SQLite's syncs cost nothing, or else the given one."""
    if not os.access(MEMORY, os.W_OK):
        yield otherwise
        return
    with TemporaryDirectory(prefix="nimsg-test-", dir=MEMORY) as name:
        yield Path(name)
