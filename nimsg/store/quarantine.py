"""What cannot be used: moved aside under its own path, and written down.

`quarantine/lost.jsonl` has a line for each: the messages named there are gone, so
that the ledger's lines about them are no disagreement.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from nimsg.errors import StorageFailure
from nimsg.store.atomic import append_line, move_aside
from nimsg.store.disk import Disk
from nimsg.store.layout import Layout


LIST = "lost.jsonl"


class Loss(Struct, frozen=True):
    """One line: a message by its id, or a file by its path below var/, and why."""

    what: str
    why: str

    @property
    def moved(self) -> bool:
        """Whether it is a file that lies in quarantine now."""
        return "/" in self.what


ENCODER = msgspec.json.Encoder(order="sorted")
DECODER = msgspec.json.Decoder(Loss)


def read_losses(layout: Layout) -> Iterator[Loss]:
    """What was lost so far; what a crash left of a line is passed over.

    Raises `StorageFailure` for a line that is none.
    """
    path = layout.quarantine / LIST
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                yield DECODER.decode(line)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise StorageFailure(f"{path} line {number}: {error}") from None


def lost_messages(layout: Layout) -> set[str]:
    """The ids of messages that were given up."""
    return {Path(loss.what).stem for loss in read_losses(layout)}


class Quarantine:
    """Takes things aside; `losses` are those of this time."""

    def __init__(self, disk: Disk, layout: Layout) -> None:
        self._disk = disk
        self._layout = layout
        self.losses: list[Loss] = []

    def move(self, path: Path, why: str) -> None:
        """Take a file aside. Raises `OSError`."""
        below = path.relative_to(self._layout.root)
        target = self._layout.quarantine / below
        self._disk.mkdir(target.parent)
        self._note(Loss(str(below), why))
        move_aside(self._disk, path, target)

    def give_up(self, id_: str, why: str) -> None:
        """Write a message down as lost."""
        self._disk.mkdir(self._layout.quarantine)
        self._note(Loss(id_, why))

    def _note(self, loss: Loss) -> None:
        path = self._layout.quarantine / LIST
        append_line(self._disk, path, ENCODER.encode(loss))
        self._disk.fsync(path)
        self.losses.append(loss)
