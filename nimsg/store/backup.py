"""A backup: everything that was answered before it began, as a store of its own.

The index is read at one instant. What it says is then filed into the other folder,
from the journal as it was, or from files that do not change any more. The other
folder is no store, and no server starts on it, until all of it is on the disk.
"""

import errno
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from itertools import groupby
from pathlib import Path

from msgspec import Struct

from nimsg.errors import ConfigError, Refusal, StorageFailure
from nimsg.progress import Progress
from nimsg.store.atomic import TEMPORARY, put_file
from nimsg.store.base import JournalRow
from nimsg.store.disk import FOLDER_MODE, Disk
from nimsg.store.failure import NOT_OURS, disk_failure, words
from nimsg.store.filer import Filer, look
from nimsg.store.findings import Findings, Problem
from nimsg.store.layout import Layout, StrPath
from nimsg.store.ledger import day_files, decode_line, line_digest
from nimsg.store.messagefile import decode_as
from nimsg.store.moment import Moment, take_moment
from nimsg.store.places import BEGUN, WHOLE, require_same, require_store, require_target
from nimsg.store.plan import RowKind, recovery
from nimsg.store.quarantine import ENCODER, LIST, Loss
from nimsg.store.removal import Stub, decode_stub, encode_stub, read_stubs
from nimsg.store.schema import GENESIS


# So many files at most are synced at once.
SYNC_EVERY = 10_000
CHOOSE = "give a folder that you may write to"
# After these the same folder may do another time.
FAILING = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


class Report(Struct, frozen=True):
    """What the backup holds, and what of it is new.

    `copied` message files are of this time, `kept` ones of an earlier one; `removed`
    messages have lost their text by the rules. `bytes` were written. `problems` are
    what of the store is damaged. `rooms` have a file.
    """

    accounts: int
    messages: int
    lines: int
    copied: int
    kept: int
    removed: int
    bytes: int
    problems: list[Problem]
    rooms: int = 0


def backup_store(
    disk: Disk, source: Layout, target: Layout, progress: Progress
) -> Report:
    """Copy what was answered before the call; a server may run on the source.

    Raises `ConfigError` where one of the folders cannot be used, `StorageFailure`
    where the source cannot be read or the target cannot be written: then the same
    call another time goes on from there.
    """
    require_store(source)
    with _possible(target):
        whole = require_target(source, target)
    moment = take_moment(source)
    try:
        require_same(moment, source, target)
        copying = _Copying(disk, source, target, moment, trusted=whole)
        return copying.run(progress)
    except PermissionError as error:
        at = Path(error.filename or target.root)
        remedy = NOT_OURS if at.is_relative_to(source.root) else CHOOSE
        raise _unusable(at, error, remedy) from None
    except OSError as error:
        raise _unfinished(target, disk_failure(error, target.root)) from error
    except StorageFailure as failure:
        raise _unfinished(target, failure) from failure


def _unfinished(target: Layout, failure: StorageFailure) -> StorageFailure:
    return StorageFailure(
        f"the backup in {target.root} is not finished; run it again when this is "
        f"mended: {failure}"
    )


class _Copying:
    """One backup under way; messages first, then what the ledger tells of them.

    `trusted` is a target whose files are known to be on the disk.
    """

    def __init__(
        self,
        disk: Disk,
        source: Layout,
        target: Layout,
        moment: Moment,
        *,
        trusted: bool,
    ) -> None:
        self._disk = disk
        self._source = source
        self._target = target
        self._moment = moment
        self._trusted = trusted
        self._waiting = {(row.kind, row.name): row.data for row in moment.journal}
        self._findings = Findings(source.root)
        self._losses: list[Loss] = []
        self._copied = self._kept = self._removed = self._bytes = self._unsynced = 0

    def run(self, progress: Progress) -> Report:
        """Copy all that is not there yet."""
        self._begin()
        with closing(Filer(self._disk, self._target)) as filer:
            for row in self._moment.rows:
                if _bytes(_file_of(self._target, row)) != row.data:
                    self._file(filer, row)
            self._drop_drafts(filer)
            self._copy_messages(filer, progress)
            head, lines = self._copy_ledger(progress)
            seen = look(self._target, (), head)
            filer.carry_out(recovery(self._target, (), head, seen))
            events = [row for row in self._moment.journal if row.kind == RowKind.EVENT]
            filer.file(events)
            filer.sync()
        self._copy_losses()
        self._copy_certificate()
        put_file(self._disk, self._target.format, WHOLE, durable=True)
        progress.end()
        return Report(
            accounts=len(self._moment.names),
            messages=len(self._moment.messages),
            lines=lines + len(events),
            copied=self._copied,
            kept=self._kept,
            removed=self._removed,
            bytes=self._bytes,
            problems=self._findings.problems,
            rooms=len(self._moment.rooms),
        )

    def _begin(self) -> None:
        root = self._target.root
        missing = [path for path in (root, *root.parents) if not path.exists()]
        with _possible(self._target):
            self._disk.mkdir(root)
        for path in missing:
            self._disk.fsync(path.parent)
        root.chmod(FOLDER_MODE)
        put_file(self._disk, self._target.format, BEGUN, durable=True)
        for folder in self._target.folders:
            self._disk.mkdir(folder)
        if not self._trusted:
            for path in root.rglob(f"*{TEMPORARY}"):
                self._disk.unlink(path)

    def _drop_drafts(self, filer: Filer) -> None:
        """What was deleted since the last backup leaves it."""
        rows = self._moment.rows
        kept = {row.name for row in rows if row.kind == RowKind.DRAFT}
        for path in sorted(self._target.drafts.glob("*.json")):
            if path.stem not in kept:
                self._file(filer, JournalRow(0, RowKind.DRAFT_END, path.stem, b""))

    # -- messages

    def _copy_messages(self, filer: Filer, progress: Progress) -> None:
        messages = self._moment.messages
        progress.begin("messages", len(messages), "messages")
        for day, ids in groupby(messages, key=self._day):
            gone: list[str] = []
            for id_ in ids:
                progress.advance()
                if messages[id_] or not self._copy_message(filer, id_):
                    gone.append(id_)
            if gone:
                self._copy_removals(day, gone)

    def _day(self, id_: str) -> Path:
        return self._source.message(id_).parent

    def _copy_message(self, filer: Filer, id_: str) -> bool:
        """Copy a message that is not there yet; False where it has no file any more."""
        path, copy = self._source.message(id_), self._target.message(id_)
        data = self._waiting.get((RowKind.MESSAGE, id_))
        size = _size(path) if data is None else len(data)
        if _size(copy) == size is not None and (self._trusted or _is_sound(copy, id_)):
            self._kept += 1
            return True
        try:
            data = data or path.read_bytes()
            decode_as(data, id_)
        except FileNotFoundError:
            return False
        except OSError as error:
            self._give_up(id_, f"cannot be read: {error.strerror}")
        except Refusal as refusal:
            self._give_up(id_, str(refusal), data)
        else:
            self._copied += 1
            self._file(filer, JournalRow(0, RowKind.MESSAGE, id_, data))
        return True

    def _give_up(self, id_: str, why: str, data: bytes | None = None) -> None:
        """Name a message that cannot be used; a good copy of it stays the copy.

        Else it is given up in the copy as a new index would give it up, so that a
        server starts on it: what there is of it lies in quarantine.
        """
        path, copy = self._source.message(id_), self._target.message(id_)
        self._findings.file(path)(why)
        if _is_sound(copy, id_):
            self._kept += 1
            return
        self._disk.unlink(copy)
        below = path.relative_to(self._source.root)
        if data is not None:
            self._put(self._target.quarantine / below, data)
        self._losses.append(Loss(id_ if data is None else str(below), why))

    def _copy_removals(self, day: Path, ids: Iterable[str]) -> None:
        """Copy what is left of messages of a day; their files go."""
        notes = self._source.removals_of(day)
        found = self._read_stubs(notes)
        lines: list[bytes] = []
        for id_ in ids:
            waiting = self._waiting.get((RowKind.REMOVAL, id_))
            stub = found.get(id_) if waiting is None else decode_stub(waiting, notes)
            if stub is None:
                self._give_up(id_, "is missing")
                continue
            self._removed += 1
            self._disk.unlink(self._target.message(id_))
            lines.append(encode_stub(stub) + b"\n")
        copy = self._target.root / notes.relative_to(self._source.root)
        self._put(copy, b"".join(lines))

    def _read_stubs(self, notes: Path) -> dict[str, Stub]:
        stubs: dict[str, Stub] = {}
        try:
            for stub in read_stubs(notes):
                stubs[stub.id] = stub
        except (OSError, StorageFailure) as error:
            self._findings.file(notes)(f"cannot be read: {words(error)}")
        return stubs

    def _copy_losses(self) -> None:
        """Copy the list of what was given up, which explains gaps."""
        data = _bytes(self._source.quarantine / LIST) or b""
        data = data[: data.rfind(b"\n") + 1]
        data += b"".join(ENCODER.encode(loss) + b"\n" for loss in self._losses)
        copy = self._target.quarantine / LIST
        if data or copy.exists():
            self._put(copy, data)

    def _copy_certificate(self) -> None:
        """Copy the server's own certificate: clients know the server by it.

        Its key comes first, as when it was made; one alone is worth nothing.
        """
        pair = [self._source.tls / name for name in ("key.pem", "cert.pem")]
        if all(path.exists() for path in pair):
            for path in pair:
                self._put(self._target.tls / path.name, path.read_bytes())

    # -- the ledger

    def _copy_ledger(self, progress: Progress) -> tuple[str, int]:
        """Copy the settled lines; the last one's digest, and how many they are."""
        days = day_files(self._source)
        progress.begin("ledger", sum(path.stat().st_size for path in days), "B")
        head, lines = GENESIS, 0
        taken: set[str] = set()
        for path in days:
            if head == self._moment.head:
                break
            data, head, count = self._settled(path, head)
            lines += count
            taken.add(path.name)
            progress.advance(len(data))
            self._put(self._target.ledger / path.name, data)
        if head != self._moment.head:
            self._findings.file(self._source.ledger)("has lost lines")
        for path in day_files(self._target):
            if path.name not in taken:
                self._disk.unlink(path)
        return head, lines

    def _settled(self, path: Path, head: str) -> tuple[bytes, str, int]:
        """What was settled of a day; the digest of its last line, and how many."""
        data = path.read_bytes()
        end = count = 0
        for line in BytesIO(data):
            if head == self._moment.head or not line.endswith(b"\n"):
                break
            count += 1
            end += len(line)
            why = _wrong_line(line[:-1], head)
            if why:
                self._findings.file(path, count)(why)
            head = line_digest(line[:-1])
        return data[:end], head, count

    # -- files

    def _put(self, path: Path, data: bytes) -> None:
        """Write a file durably, where it is another one."""
        if _bytes(path) != data:
            self._disk.mkdir(path.parent)
            put_file(self._disk, path, data, durable=True)
            self._bytes += len(data)

    def _file(self, filer: Filer, row: JournalRow) -> None:
        filer.file([row])
        self._bytes += len(row.data)
        self._unsynced += 1
        if self._unsynced == SYNC_EVERY:
            filer.sync()
            self._unsynced = 0


@contextmanager
def _possible(target: Layout) -> Iterator[None]:
    """A folder that can never be one is a `ConfigError`; a failing disk is not."""
    try:
        yield
    except OSError as error:
        if error.errno in FAILING:
            raise disk_failure(error, target.root) from error
        raise _unusable(target.root, error, CHOOSE) from None


def _unusable(path: StrPath, error: OSError, remedy: str) -> ConfigError:
    return ConfigError(f"{path} cannot be used: {words(error)}; {remedy}")


def _file_of(layout: Layout, row: JournalRow) -> Path:
    if row.kind == RowKind.ACCOUNT:
        return layout.user(int(row.name))
    if row.kind == RowKind.ROOM:
        return layout.room(row.name)
    if row.kind == RowKind.DRAFT:
        return layout.draft(row.name)
    return layout.invitation(row.name)


def _wrong_line(line: bytes, head: str) -> str:
    """What is wrong with a line behind the one of digest `head`, or nothing."""
    try:
        before = decode_line(line).prev
    except ValueError as error:
        return f"cannot be read: {error}"
    return "" if before == head else "does not follow the line before it"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _is_sound(path: Path, id_: str) -> bool:
    try:
        decode_as(path.read_bytes(), id_)
    except (OSError, Refusal):
        return False
    return True
