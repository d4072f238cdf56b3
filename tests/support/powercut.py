"""What a power cut may leave of a folder: any of the states POSIX allows.

Of what no sync covers, each change of a name may be lost or kept, and the content
of each file may be as it was, as it was to be, cut short, or have a hole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from os import O_TRUNC
from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.support.faultydisk import Call


FOLDER = -1
GONE = -2
# The index is SQLite's own; a lock dies with its holder.
NOT_OURS = ("index.db", "lock")


class Append(NamedTuple):
    """Bytes behind a file's end."""

    data: bytes


class Cut(NamedTuple):
    """A file's new, smaller size."""

    size: int


class Rename(NamedTuple):
    """A name given to what had another, or had none; or a name that is `GONE`."""

    source: Path | None
    target: Path
    what: int


@dataclass
class Content:
    """What of a file is durable, and what was done to it since."""

    durable: bytes = b""
    pending: list[Append | Cut] = field(default_factory=list)

    def now(self) -> bytes:
        return changed(self.durable, self.pending)

    def settle(self) -> None:
        self.durable, self.pending = self.now(), []

    def after(self, chance: Random) -> bytes:
        """One of the contents that a power cut may leave."""
        if not self.pending or chance.random() < 0.2:
            return self.durable
        if chance.random() < 0.2:
            return self.now()
        done = self.pending[: chance.randrange(len(self.pending)) + 1]
        last = done[-1]
        if isinstance(last, Append) and chance.random() < 0.7:
            done[-1] = Append(last.data[: chance.randrange(len(last.data) + 1)])
        left = changed(self.durable, done)
        return left if chance.random() < 0.7 else self._with_hole(left, chance)

    def _with_hole(self, left: bytes, chance: Random) -> bytes:
        """Zeros somewhere behind what was durable before."""
        cuts = [one.size for one in self.pending if isinstance(one, Cut)]
        first = min(len(self.durable), len(left), *cuts)
        begin, end = sorted(chance.randint(first, len(left)) for _ in range(2))
        return left[:begin] + bytes(end - begin) + left[end:]


def changed(data: bytes, changes: Iterable[Append | Cut]) -> bytes:
    """What a file holds after changes."""
    for change in changes:
        data = data + change.data if isinstance(change, Append) else data[: change.size]
    return data


@dataclass
class State:
    """Folders and files as a restart finds them."""

    folders: list[Path]
    files: dict[Path, bytes]

    def build(self, root: Path, index: bytes) -> None:
        """Make it real below a new folder; an index of no bytes is none."""
        root.mkdir()
        for folder in self.folders:
            (root / folder).mkdir()
        for path, data in self.files.items():
            (root / path).write_bytes(data)
        if index:
            (root / "index.db").write_bytes(index)


class Volume:
    """The folder below `root`, told of every call, with what is durable of it.

    A kind of call in `deaf` syncs nothing: `syncfs`, or `fsync` of a file or of a
    folder (`fsync_file`, `fsync_folder`). `names` are durable, `renames` are not.
    """

    def __init__(self, root: Path, *, deaf: frozenset[str] = frozenset()) -> None:
        self._root = root
        self._deaf = deaf
        self.names: dict[Path, int] = {}
        self.live: dict[Path, int] = {}
        self.renames: list[Rename] = []
        self.contents: list[Content] = []
        if root.exists():
            self._take_in()

    def _take_in(self) -> None:
        """What stands at the beginning is durable."""
        for path in sorted(self._root.rglob("*")):
            name = path.relative_to(self._root)
            if path.is_dir():
                self.names[name] = FOLDER
            elif not str(name).startswith(NOT_OURS):
                self.names[name] = len(self.contents)
                self.contents.append(Content(path.read_bytes()))
        self.live = dict(self.names)

    def meet(self, call: Call) -> bool:
        """Follow a call; whether a cut behind it may leave something else."""
        before = (len(self.renames), self._unsynced())
        match call.kind:
            case "syncfs" if "syncfs" not in self._deaf:
                self._sync()
            case "fsync":
                self._fsync(call.path)
            case "mkdir":
                self._mkdir(call.path.relative_to(self._root))
            case "open":
                self._open(call)
            case "write":
                self._content(call.path).pending.append(Append(call.data))
            case "truncate":
                self._content(call.path).pending.append(Cut(call.number))
            case "rename" | "unlink":
                self._rename(call)
            case _:
                return call.kind in {"commit", "answered"}
        return before != (len(self.renames), self._unsynced())

    def cut(self, chance: Random) -> State:
        """One of the states that the power going now may leave."""
        names = dict(self.names)
        share = chance.choice((0.0, 0.3, 0.7, 1.0))
        for rename in self.renames:
            if chance.random() < share:
                apply(names, rename)
        folders = [Path()]
        files = {}
        for path, what in sorted(names.items()):
            if path.parent not in folders:
                continue
            if what == FOLDER:
                folders.append(path)
            else:
                files[path] = self.contents[what].after(chance)
        return State(folders[1:], files)

    def _unsynced(self) -> int:
        return sum(len(content.pending) for content in self.contents)

    def _content(self, path: Path) -> Content:
        return self.contents[self.live[path.relative_to(self._root)]]

    def _note(self, rename: Rename) -> None:
        self.renames.append(rename)
        apply(self.live, rename)

    def _mkdir(self, name: Path) -> None:
        for folder in reversed((name, *name.parents)):
            if folder not in self.live and folder != Path():
                self._note(Rename(None, folder, FOLDER))

    def _open(self, call: Call) -> None:
        name = call.path.relative_to(self._root)
        if name not in self.live:
            self.contents.append(Content())
            self._note(Rename(None, name, len(self.contents) - 1))
        elif call.number & O_TRUNC:
            self._content(call.path).pending.append(Cut(0))

    def _rename(self, call: Call) -> None:
        name = call.path.relative_to(self._root)
        if call.kind == "unlink":
            self._note(Rename(None, name, GONE))
        else:
            target = call.target.relative_to(self._root)
            self._note(Rename(name, target, self.live[name]))

    def _sync(self) -> None:
        self.names = dict(self.live)
        self.renames = []
        for content in self.contents:
            content.settle()

    def _fsync(self, path: Path) -> None:
        if not path.is_relative_to(self._root):
            return
        name = path.relative_to(self._root)
        if name != Path() and self.live[name] != FOLDER:
            if "fsync_file" not in self._deaf:
                self._content(path).settle()
        elif "fsync_folder" not in self._deaf:
            for rename in self.renames:
                if rename.target.parent == name:
                    apply(self.names, rename)
            self.renames = [r for r in self.renames if r.target.parent != name]


def apply(names: dict[Path, int], rename: Rename) -> None:
    """Give the name."""
    if rename.source is not None and names.get(rename.source) == rename.what:
        del names[rename.source]
    if rename.what == GONE:
        names.pop(rename.target, None)
    else:
        names[rename.target] = rename.what
