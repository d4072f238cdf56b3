"""All that a power cut may leave, as facts in memory, and what a start makes of it.

Of what no sync covers, any change of a name is lost or kept, and any write is lost,
cut short, or a hole: more than an ext4 leaves, which keeps the order of names. What
happens to one name does not depend on others, but for the folder it is in.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import product
from pathlib import Path
from typing import NamedTuple

from nimsg.errors import StorageFailure
from nimsg.store.atomic import TEMPORARY
from nimsg.store.layout import REMOVALS, Layout
from nimsg.store.ledger import End, tail_of
from nimsg.store.plan import (
    Append,
    Cut,
    Note,
    Put,
    Seen,
    Step,
    filing,
    recovery,
    removed_in,
)
from tests.support import powercut
from tests.support.faultydisk import Call
from tests.support.powercut import FOLDER, Content, Rename, Volume, apply, changed
from tests.support.witness import Journal, decode_journal


Files = dict[str, bytes]
# What may make less of what may be left.
SHRINKING = frozenset({"commit", "syncfs", "fsync", "end"})
END = Call("end", Path())
LEDGER = "ledger/"
# Paths of facts are relative to the store.
HERE = Layout(Path())


class Left(NamedTuple):
    """What is left of a name; the marks of all names together tell states apart."""

    files: Files
    mark: int


class Name(NamedTuple):
    """A name, its temporary one with it, and all that may be left of it."""

    path: Path
    may_be: Sequence[Left]

    @property
    def is_asked(self) -> bool:
        """Whether a start reads it before it plans."""
        return is_asked(str(self.path))


class Moment(NamedTuple):
    """The power goes: what is certain, what is not, and what a start has to restore."""

    committed: bytes
    certain: Files
    folders: Sequence[Path]
    names: Sequence[Name]
    expected: Files


def is_asked(path: str) -> bool:
    """Whether a start reads a file before it plans."""
    return path.startswith(LEDGER) or path.endswith(REMOVALS)


# -- what may be left


Change = powercut.Append | powercut.Cut


def pieces(change: Change, *, last: bool, lines: bool) -> list[Change]:
    """What may be left of a change; of one that others follow at least its length."""
    if isinstance(change, powercut.Cut):
        return [change]
    data, half = change.data, len(change.data) // 2
    some = [data, bytes(len(data))]
    if last:
        some = [data, data[:half], bytes(half) + data[half:]]
        some += [data[:-1]] if lines else []
    return [powercut.Append(one) for one in some]


@lru_cache(maxsize=10_000)
def contents(
    durable: bytes, pending: tuple[Change, ...], *, lines: bool
) -> tuple[bytes, ...]:
    """What may be left of a content; one of `lines` may have lost a newline only."""
    found = [durable]
    for length in range(1, len(pending) + 1):
        *before, last = pending[:length]
        choices = [pieces(one, last=False, lines=lines) for one in before]
        choices.append(pieces(last, last=True, lines=lines))
        found += [changed(durable, done) for done in product(*choices)]
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=10_000)
def mark_of(path: str, data: bytes) -> int:
    """64 bits that tell a file with its content from others."""
    found = blake2b(b"%s\0%s" % (path.encode(), data), digest_size=8).digest()
    return int.from_bytes(found)


def mark_of_all(files: Files) -> int:
    """The same of several, in no order."""
    found = 0
    for path, data in files.items():
        found ^= mark_of(path, data)
    return found


@lru_cache(maxsize=1_000)
def lefts(
    names: tuple[tuple[Path, int], ...],
    renames: tuple[Rename, ...],
    held: tuple[tuple[int, tuple[bytes, ...]], ...],
) -> list[Left]:
    """What may be left of names by any of their changes, and of what they hold."""
    may_hold = dict(held)
    found: dict[int, Left] = {}
    for kept in product((False, True), repeat=len(renames)):
        now = dict(names)
        for rename, is_kept in zip(renames, kept, strict=True):
            if is_kept:
                apply(now, rename)
        for all_data in product(*(may_hold[what] for what in now.values())):
            files = dict(zip(map(str, now), all_data, strict=True))
            mark = mark_of_all(files)
            found[mark] = Left(files, mark)
    return list(found.values())


def of(path: Path) -> Path:
    """The name that a temporary one is for."""
    return path.with_suffix("") if path.suffix == TEMPORARY else path


def names_of(volume: Volume) -> tuple[Files, list[Path], list[Name]]:
    """Files that are certain, folders that may be lost, and names that are not certain.

    Those that a start reads are always among the latter.
    """
    changes: dict[Path, list[Rename]] = {}
    folders = [one.target for one in volume.renames if one.what == FOLDER]
    for rename in volume.renames:
        if rename.what != FOLDER:
            changes.setdefault(of(rename.target), []).append(rename)
    durable: dict[Path, dict[Path, int]] = {}
    certain: Files = {}
    for path, what in volume.names.items():
        if what == FOLDER:
            continue
        content = volume.contents[what]
        if of(path) in changes or content.pending or is_asked(str(path)):
            durable.setdefault(of(path), {})[path] = what
        else:
            certain[str(path)] = content.durable
    names = []
    for path in sorted(changes.keys() | durable.keys()):
        now, renames = durable.get(path, {}), changes.get(path, [])
        held = {*now.values(), *(one.what for one in renames if one.what >= 0)}
        left = lefts(
            tuple(now.items()),
            tuple(renames),
            tuple(
                (what, may_hold(volume.contents[what], lines=is_asked(str(path))))
                for what in sorted(held)
            ),
        )
        names.append(Name(path, left))
    return certain, folders, names


def may_hold(content: Content, *, lines: bool) -> tuple[bytes, ...]:
    """What may be left of a content."""
    return contents(content.durable, tuple(content.pending), lines=lines)


def now_in(volume: Volume) -> Files:
    """All files as a program sees them."""
    return {
        str(path): volume.contents[what].now()
        for path, what in volume.live.items()
        if what != FOLDER
    }


# -- what a start makes of it


def put(path: str, data: bytes, files: Files) -> None:
    files.pop(path + TEMPORARY, None)
    files[path] = data


def append(path: str, data: bytes, files: Files) -> None:
    files[path] = files.get(path, b"") + data


def note(path: str, line: bytes, files: Files) -> None:
    before = files.get(path, b"")
    files[path] = before[: before.rfind(b"\n") + 1] + line + b"\n"


def cut(path: str, size: int, files: Files) -> None:
    files[path] = files[path][:size]


def drop(path: str, files: Files) -> None:
    files.pop(path, None)


Done = list[Callable[[Files], None]]


def in_memory(step: Step) -> Callable[[Files], None]:
    """How a step is carried out upon facts."""
    name = str(step.path)
    match step:
        case Put(_, data):
            return partial(put, name, data)
        case Append(_, data):
            return partial(append, name, data)
        case Note(_, line):
            return partial(note, name, line)
        case Cut(_, size):
            return partial(cut, name, size)
        case _:
            return partial(drop, name)


def planned(journal: Journal, files: Mapping[str, bytes]) -> list[Step]:
    """What a start would do. Raises `StorageFailure` where it would stop."""
    days = sorted((path for path in files if path.startswith(LEDGER)), reverse=True)
    tail = tail_of(((Path(path), files[path]) for path in days), journal.head)
    lists = {path: str(path) for path in removed_in(HERE, journal.rows)}
    removals = {path: files[name] for path, name in lists.items() if name in files}
    return recovery(HERE, journal.rows, journal.head, Seen(tail, removals)).steps


def started(journal: Journal, files: Mapping[str, bytes]) -> Files:
    """The files after a start."""
    after = dict(files)
    for step in planned(journal, files):
        in_memory(step)(after)
    return after


def touched(journal: Journal) -> set[str]:
    """Which files rows are about: a start touches these, and what it has read."""
    return {str(step.path) for step in filing(HERE, journal.rows, End()).steps}


# -- every moment, every state


def moments(
    volume: Volume, calls: Sequence[Call], first: int = 0, *, all_of_them: bool = False
) -> Iterator[Moment]:
    """When something new may be lost, from behind the answer of number `first` on.

    Until a sync or a commit comes, what may be left only grows: unless asked for
    `all_of_them`, the last moment before one stands for those before it.
    """
    expected = [*filed(deepcopy(volume), calls)]
    committed, commits, answered = b"", 0, -1
    grown = False
    for call in (*calls, END):
        if grown and (all_of_them or call.kind in SHRINKING):
            yield Moment(committed, *names_of(volume), expected[commits - 1])
            grown = False
        grown |= volume.meet(call) and commits > 0 and answered >= first
        if call.kind == "commit":
            committed, commits = call.data, commits + 1
            grown = answered >= first
        elif call.kind == "answered":
            answered = call.number


def filed(volume: Volume, calls: Iterable[Call]) -> Iterator[Files]:
    """The files when all rows of each commit have got theirs."""
    commits = 0
    for call in calls:
        if call.kind == "commit":
            if commits:
                yield now_in(volume)
            commits += 1
        volume.meet(call)
    yield now_in(volume)


class Trial:
    """Starts upon every state, upon equal ones once; `seen` has one mark for each.

    While it `is_patient` each start is also ended behind each of its steps.
    """

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.is_patient = False
        self._plans: dict[int, Done] = {}

    def losses(self, moments: Iterable[Moment]) -> Iterator[str]:
        """What goes wrong."""
        for moment in moments:
            for kept in product((True, False), repeat=len(moment.folders)):
                folders = zip(moment.folders, kept, strict=True)
                lost = [folder for folder, is_kept in folders if not is_kept]
                yield from self._without(moment, lost)
        self._plans.clear()

    def _without(self, moment: Moment, lost: Sequence[Path]) -> Iterator[str]:
        """What goes wrong where these folders are lost."""
        there = [one for one in moment.names if is_there(one.path, lost)]
        certain = without(moment.certain, lost)
        committed = mark_of("", moment.committed)
        mark = committed ^ mark_of_all(certain)
        for folder in moment.folders:
            if is_there(folder, lost):
                mark ^= mark_of(str(folder), b"/")
        journal = decode_journal(moment.committed)
        about = touched(journal)
        # The others stay as they are: they are looked at once for all states.
        expected = dict(moment.expected)
        for path in certain.keys() - about:
            if expected.pop(path, None) != certain[path]:
                yield f"not as answered: {path}"
        first = {path: certain[path] for path in certain.keys() & about}
        others = [one.may_be for one in there if not one.is_asked]
        for lefts in product(*(one.may_be for one in there if one.is_asked)):
            read = {path: data for left in lefts for path, data in left.files.items()}
            asked = mark_of_all(read)
            try:
                plan = self._plan(committed ^ asked, journal, read)
            except StorageFailure as failure:
                yield str(failure)
                continue
            yield from self._start(first | read, mark ^ asked, others, plan, expected)
            if self.is_patient:
                yield from self._again(read, journal, plan, expected)

    def _plan(self, mark: int, journal: Journal, read: Files) -> Done:
        if mark not in self._plans:
            self._plans[mark] = [in_memory(step) for step in planned(journal, read)]
        return self._plans[mark]

    def _start(
        self,
        read: Files,
        mark: int,
        others: Sequence[Sequence[Left]],
        plan: Done,
        expected: Files,
    ) -> Iterator[str]:
        seen = self.seen
        for lefts in product(*others):
            state = mark
            for left in lefts:
                state ^= left.mark
            if state in seen:
                continue
            seen.add(state)
            files = read.copy()
            for left in lefts:
                files.update(left.files)
            for step in plan:
                step(files)
            if files != expected:
                yield difference(files, expected)

    def _again(
        self, read: Files, journal: Journal, plan: Done, expected: Files
    ) -> Iterator[str]:
        """What goes wrong with what a start reads, where one before was ended."""
        files = read.copy()
        for step in plan:
            step(files)
            after = started(journal, files)
            if any(after.get(path) != expected.get(path) for path in read):
                yield "a start that was ended has changed something"


def without(files: Files, lost: Sequence[Path]) -> Files:
    """What is there of files where these folders are lost."""
    if not lost:
        return files
    return {path: data for path, data in files.items() if is_there(Path(path), lost)}


def is_there(path: Path, lost: Sequence[Path]) -> bool:
    """Whether a path is in none of the folders that are lost."""
    return not any(path.is_relative_to(folder) for folder in lost)


def difference(files: Files, expected: Files) -> str:
    """What a start has not restored."""
    wrong = [
        path
        for path in sorted(files.keys() | expected.keys())
        if files.get(path) != expected.get(path)
    ]
    return f"not as answered: {', '.join(wrong)}"
