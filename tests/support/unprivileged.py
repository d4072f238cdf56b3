"""Files that cannot be read, also where root runs the tests."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


NOBODY = 65_534
OPEN_TO_ALL = Path("/tmp")  # noqa: S108 - what is made in it is private


@contextmanager
def as_somebody() -> Iterator[Path]:
    """A folder of a user without rights, who this process is inside the block."""
    with TemporaryDirectory(prefix="nimsg-test-", dir=OPEN_TO_ALL) as name:
        me = os.geteuid()
        if me == 0:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(me)


@contextmanager
def shut(path: Path) -> Iterator[None]:
    """Nobody may use `path` inside the block."""
    mode = path.stat().st_mode
    path.chmod(0)
    try:
        yield
    finally:
        path.chmod(mode)
