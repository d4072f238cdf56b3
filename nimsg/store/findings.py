"""What a check finds: one value for each disagreement."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from msgspec import Struct

from nimsg.protocol.times import rfc3339


Say = Callable[[str], None]


class Problem(Struct, frozen=True):
    """One disagreement.

    `where` is a path below the store's folder, with a line where it has lines, or
    a row of the index; `what` tells what was found and what should be there.
    """

    where: str
    what: str


def shown(name: str, value: object) -> str:
    """A value of the index, or one that should be there, as people read it."""
    if name.endswith("_at"):
        return rfc3339(value) if isinstance(value, int) else "never"
    return "nothing" if value is None else repr(value)


class Findings:
    """Collects problems; each method gives what to call with the words."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.problems: list[Problem] = []

    def file(self, path: Path, line: int | None = None) -> Say:
        """For problems of a file, or of one line of it."""
        where = str(path.relative_to(self._root))
        return partial(self._add, where if line is None else f"{where} line {line}")

    def index(self, row: str) -> Say:
        """For problems of a row of the index, such as `message 01HF...`."""
        return partial(self._add, f"index.db: {row}")

    def _add(self, where: str, what: str) -> None:
        self.problems.append(Problem(where, what))
