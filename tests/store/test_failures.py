"""What each failure means: who is refused, who is told, and what goes on."""

import errno
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nimsg.core.commands import (
    CreateAccount,
    Outcome,
    SentMail,
)
from nimsg.errors import StorageFailure
from nimsg.store.disk import RealDisk, write_all
from nimsg.store.reserve import RESERVE_BYTES
from nimsg.store.schema import connect_reader
from tests.support.brokensql import BrokenStore, files_no_longer_than
from tests.support.driven import (
    ANN,
    BOB,
    NEW_TO_THREE,
    Driven,
    id_of,
    mail,
    moment,
    opening,
    play,
    require_read_only,
)
from tests.support.faultydisk import Call, Fault, FaultyDisk


PLENTY = 4 * RESERVE_BYTES


def synced(disk: FaultyDisk) -> set[Path]:
    return {call.path for call in disk.calls if call.kind == "fsync"}


class Stuck(FaultyDisk):
    """Takes two bytes, and then none."""

    room = 2

    def write(self, fd: int, data: bytes) -> int:
        taken = os.write(fd, data[: self.room])
        self.room = 0
        return taken


class Interrupted(FaultyDisk):
    """Has no syncfs; something happens once while the next sync is under way."""

    def __init__(self) -> None:
        super().__init__(has_syncfs=False)
        self.meanwhile: Callable[[], object] | None = None

    def fsync(self, path: Path) -> None:
        act, self.meanwhile = self.meanwhile, None
        if act is not None:
            act()
        super().fsync(path)


class Watched(FaultyDisk):
    """Somebody looks before every call."""

    def __init__(self) -> None:
        super().__init__()
        self.look: Callable[[], str] = str
        self.seen: list[str] = []

    def _meet(self, call: Call) -> bool:
        self.seen.append(self.look())
        return super()._meet(call)


def test_a_failed_sync_is_never_asked_for_again(
    driven: Driven, disk: FaultyDisk
) -> None:
    driven.do([mail("one")], moment(9))
    asked = len(disk.calls)
    disk.fault = Fault(asked, errno.EIO)

    for _ in range(2):
        with pytest.raises(StorageFailure, match="Input/output error"):
            driven.store.settle()

    assert [call.kind for call in disk.calls[asked:]] == ["syncfs"]


def test_a_file_system_that_became_read_only_is_a_failure(
    driven: Driven, disk: FaultyDisk
) -> None:
    driven.do([mail("one")], moment(9))
    disk.frozen = True

    with pytest.raises(StorageFailure, match="has become read-only"):
        driven.store.settle()
    driven.is_open = False
    require_read_only(driven)


def test_a_write_that_takes_nothing_is_a_failure(tmp_path: Path) -> None:
    fd = os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)
    try:
        with pytest.raises(OSError, match="only 2 of 3 bytes"):
            write_all(Stuck(), fd, b"abc")
    finally:
        os.close(fd)


def test_what_is_filed_during_a_sync_is_left_to_the_next(tmp_path: Path) -> None:
    disk = Interrupted()
    driven = Driven(tmp_path / "var", disk)
    play(driven, NEW_TO_THREE)
    driven.do([mail("one")], moment(9))
    disk.meanwhile = lambda: driven.do([mail("two")], moment(10))
    disk.calls.clear()

    driven.store.settle()
    first = synced(disk)
    disk.calls.clear()
    driven.store.settle()
    second = synced(disk)
    driven.store.close()

    one, two = (
        driven.store.layout.message(id_of(driven.store, BOB, key))
        for key in ("one", "two")
    )
    assert one in first - second
    assert two in second - first


def test_without_syncfs_all_is_synced_up_to_the_root_before_it_is_forgotten(
    tmp_path: Path,
) -> None:
    disk = FaultyDisk(has_syncfs=False)
    driven = Driven(tmp_path / "var", disk)
    play(driven, NEW_TO_THREE)
    disk.calls.clear()
    driven.do([mail("one"), opening(driven, BOB), CreateAccount("eve", "h")], moment(1))
    layout = driven.store.layout
    path = layout.message(id_of(driven.store, BOB, "one"))

    driven.store.settle()

    days, users = layout.ledger_day("2026-11-21"), layout.user(5)
    folders = [f for p in (path, days, users) for f in p.parents]
    assert synced(disk) == {
        *(path, days, users),
        *(folder for folder in folders if folder.is_relative_to(layout.root)),
    }
    journal = "SELECT count(*) FROM journal"
    with closing(connect_reader(layout.index)) as reader:
        assert reader.execute(journal).fetchone()[0] == 3
        driven.do([], moment(2))
        assert reader.execute(journal).fetchone()[0] == 0
    driven.store.close()


def test_a_message_is_seen_whole_while_it_is_filed(tmp_path: Path) -> None:
    disk = Watched()
    driven = Driven(tmp_path / "var", disk)
    play(driven, NEW_TO_THREE)
    batch = driven.store.commit([mail("one")], moment(9))
    id_ = id_of(driven.store, BOB, "one")
    disk.look = lambda: driven.store.letter(ANN, id_).body

    driven.store.file(batch)

    disk.look = str
    assert disk.seen[-5:] == ["text"] * 5
    driven.store.close()


# -- SQLite fails


def about_to_break(root: Path, disk: FaultyDisk, codes: tuple[int, ...]) -> BrokenStore:
    """A store with mail, whose next commits fail by these codes."""
    driven = Driven(root, disk)
    play(driven, NEW_TO_THREE)
    driven.store.close()
    store = BrokenStore(root, disk=disk, min_free_bytes=1)
    store.broken.verb, store.broken.codes = "COMMIT", codes
    return store


@pytest.mark.parametrize("done", [False, True], ids=["undone", "done"])
@pytest.mark.parametrize(
    "codes",
    [
        (sqlite3.SQLITE_IOERR_FSYNC,),
        (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE),
    ],
    ids=["fsync", "full and write"],
)
def test_s1_18_a_commit_in_doubt_is_no_answer_and_is_retried_once(
    tmp_path: Path, codes: tuple[int, ...], done: bool
) -> None:
    root, disk = tmp_path / "var", FaultyDisk()
    disk.free = PLENTY
    store = about_to_break(root, disk, codes)
    store.broken.done = done and len(codes) == 1

    with pytest.raises(StorageFailure, match=r"the disk failed: .*/index\.db"):
        store.commit([mail("one")], moment(1))
    with pytest.raises(StorageFailure):
        store.settle()
    store.close()

    driven = Driven(root, disk)
    (outcome,) = driven.do([mail("one")], moment(2))
    assert isinstance(outcome, Outcome)
    assert isinstance(outcome.value, SentMail)
    assert outcome.value.duplicate is store.broken.done
    assert driven.store.counts(BOB).new == 2
    driven.store.close()


def test_a_commit_that_the_kernel_refuses_to_write_is_a_failure(
    driven: Driven,
) -> None:
    log = driven.store.layout.index.with_name("index.db-wal")
    driven.do([mail("one")], moment(9))

    much = [mail(f"more{number}") for number in range(100)]

    with (
        files_no_longer_than(log.stat().st_size),
        pytest.raises(StorageFailure, match="the disk failed: disk I/O error"),
    ):
        driven.store.commit(much, moment(9))
    driven.is_open = False
    require_read_only(driven)

    again = Driven(driven.store.layout.root, FaultyDisk())
    assert id_of(again.store, BOB, "one")
    again.store.close()


def test_an_index_that_cannot_be_written_back_is_a_failure(driven: Driven) -> None:
    driven.do([mail("one")], moment(9))

    with (
        files_no_longer_than(8192),
        pytest.raises(StorageFailure, match="disk I/O error"),
    ):
        driven.store.settle()

    driven.is_open = False
    require_read_only(driven)


def test_a_stop_that_cannot_write_the_index_back_is_a_failure_and_lets_go(
    driven: Driven,
) -> None:
    driven.do([mail("one")], moment(9))
    driven.store.settle()
    driven.do([], moment(9))
    driven.is_open = False

    with (
        files_no_longer_than(8192),
        pytest.raises(StorageFailure, match="the disk failed: disk I/O error"),
    ):
        driven.store.close()

    again = Driven(driven.store.layout.root, FaultyDisk())
    assert id_of(again.store, BOB, "one")
    again.store.close()


def test_an_index_that_is_damaged_in_use_says_how_to_make_it_anew(
    tmp_path: Path,
) -> None:
    root, disk = tmp_path / "var", FaultyDisk()
    disk.free = PLENTY
    store = about_to_break(root, disk, (sqlite3.SQLITE_CORRUPT,))

    words = rf"^{root}/index.db is damaged .*; .* check --rebuild --var {root}$"
    with pytest.raises(StorageFailure, match=words):
        store.commit([mail("one")], moment(1))
    store.close()


def test_a_file_that_cannot_be_written_is_named(
    driven: Driven, disk: FaultyDisk
) -> None:
    batch = driven.store.commit([mail("one")], moment(9))
    path = driven.store.layout.message(id_of(driven.store, BOB, "one"))
    disk.fault = Fault(len(disk.calls) + 1, errno.EIO, sticky=True)

    with pytest.raises(StorageFailure, match=rf"Input/output error \({path}.*\); see"):
        driven.store.file(batch)
    driven.is_open = False
    driven.store.close()


def test_a_disk_that_cannot_tell_its_space_ends_a_commit(
    driven: Driven, disk: FaultyDisk
) -> None:
    disk.fault = Fault(len(disk.calls), errno.EIO)

    with pytest.raises(StorageFailure, match="the disk failed: Input/output error"):
        driven.store.commit([mail("one")], moment(9))
    driven.is_open = False
    driven.store.close()


# -- the real disk


def test_a_real_write_that_is_cut_off_is_gone_on_with_until_it_fails(
    tmp_path: Path,
) -> None:
    path = tmp_path / "file"
    fd = os.open(path, os.O_CREAT | os.O_WRONLY)

    with files_no_longer_than(500), pytest.raises(OSError, match="too large"):
        write_all(RealDisk(), fd, bytes(1000))

    os.close(fd)
    assert path.stat().st_size == 500


def test_the_real_disk_reports_what_syncfs_reports(tmp_path: Path) -> None:
    disk = RealDisk()
    fd = os.open(tmp_path, os.O_RDONLY)
    disk.fsync(tmp_path)

    assert disk.syncfs(fd)
    assert not disk.read_only(fd)
    assert disk.free_bytes(tmp_path) > 0
    os.close(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        disk.syncfs(fd)


def test_where_there_is_no_syncfs_the_real_disk_says_so(tmp_path: Path) -> None:
    disk = RealDisk()
    disk._syncfs = None
    fd = os.open(tmp_path, os.O_RDONLY)

    assert not disk.syncfs(fd)
    os.close(fd)
