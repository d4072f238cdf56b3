"""T3, T8: a disk that fails at any one call costs an answer, nothing answered."""

import errno
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from nimsg.core.commands import (
    Act,
    Command,
    CreateAccount,
    MailAct,
    Outcome,
    SendMail,
    SentMail,
    SetRole,
)
from nimsg.errors import ConfigError, Refusal, StorageFailure
from nimsg.protocol.constants import Device
from nimsg.store.base import Batch
from nimsg.store.check import check_store
from nimsg.store.disk import RealDisk, write_all
from nimsg.store.reserve import RESERVE_BYTES
from nimsg.store.schema import connect_reader
from tests.support.brokensql import BrokenStore, connect_broken, files_no_longer_than
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    DEE,
    NAMES,
    Driven,
    Step,
    act,
    create,
    id_of,
    moment,
    play,
    reopen,
    require_whole,
    send,
    settle,
    view,
    views_of,
)
from tests.support.faultydisk import HARMLESS, ROOM, Call, Fault, FaultyDisk
from tests.support.folders import quick_folder


PLENTY = 4 * RESERVE_BYTES
SETUP = (create(*NAMES), send("old", "bob", "cyd", "dee"), settle)
SCENARIOS: dict[str, tuple[Sequence[Step], Sequence[Step]]] = {
    "new store": ((), ()),
    "create": (SETUP, (create("eve"), create("fay", "gus"))),
    "send to one": (SETUP, (send("one", "bob"), send("two", "bob"))),
    "send to three": (SETUP, (send("three", "bob", "cyd", "dee"), settle)),
    "acts": (
        (*SETUP, send("new", "bob"), send("gone", "bob")),
        (
            act(Act.FETCHED, BOB, "old"),
            act(Act.OPENED, BOB, "old"),
            act(Act.ACKED, CYD, "old"),
            act(Act.RECALLED, ANN, "new"),
            act(Act.DELETED, DEE, "old"),
            act(Act.DELETED, ANN, "gone"),
        ),
    ),
    "settle": (
        (*SETUP, send("one", "bob")),
        (act(Act.OPENED, BOB, "one"), settle, send("two", "bob"), settle),
    ),
    "reopen": (
        (*SETUP, send("one", "bob")),
        (act(Act.OPENED, BOB, "old"), reopen, act(Act.ACKED, BOB, "old"), reopen),
    ),
}
ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EMFILE)


def descriptors() -> list[str]:
    return sorted(path.name for path in Path("/dev/fd").iterdir())


class Rehearsal:
    """A scenario without a fault: what is there before, and seen after each step."""

    def __init__(self, folder: Path, scenario: str) -> None:
        setup, self.steps = SCENARIOS[scenario]
        self.base = folder / "base"
        if setup:
            driven = Driven(self.base, FaultyDisk())
            play(driven, setup)
            driven.store.close()
        root = self.begin(folder / "rehearsal")
        disk = FaultyDisk()
        driven = Driven(root, disk)
        self.views = views_of(driven, self.steps)
        driven.store.close()
        self.calls = disk.calls

    def begin(self, root: Path) -> Path:
        """A folder as the scenario finds it."""
        shutil.rmtree(root, ignore_errors=True)
        if self.base.exists():
            shutil.copytree(self.base, root)
        return root

    def run(self, root: Path, disk: FaultyDisk) -> int | None:
        """How many steps were done when the disk failed; None where it never did."""
        done = 0
        driven: Driven | None = None
        try:
            driven = Driven(self.begin(root), disk)
            for step in self.steps:
                step(driven, moment(done))
                done += 1
            driven.is_open = False
            driven.store.close()
        except (StorageFailure, ConfigError):
            if driven is not None and driven.is_open:
                require_read_only(driven)
            return done
        return None


def require_read_only(driven: Driven) -> None:
    """The store promises nothing more, still answers questions, and can be closed."""
    store = driven.store
    for change in (
        lambda: store.commit([], 0),
        lambda: store.file(Batch([], [])),
        store.settle,
    ):
        with pytest.raises(StorageFailure):
            change()
    store.counts(ANN)
    store.close()


def synced(disk: FaultyDisk) -> set[Path]:
    return {call.path for call in disk.calls if call.kind == "fsync"}


class Slowing(FaultyDisk):
    """Each write takes one byte less than the one before."""

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


def require_kept(rehearsal: Rehearsal, root: Path, done: int) -> None:
    """All that was answered is there; the rest can be done again, and once only."""
    disk = FaultyDisk()
    driven = Driven(root, disk)
    whole = rehearsal.views[done : done + 2]
    assert view(driven.store) in whole
    play(driven, rehearsal.steps, done)
    final = view(driven.store)
    driven.store.close()

    assert final == rehearsal.views[-1]
    require_whole(root)
    assert check_store(root).problems == []


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as quick:
        yield quick


@pytest.mark.slow
@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_s1_18_nothing_answered_is_lost_to_a_disk_that_fails(
    folder: Path, scenario: str, number: int
) -> None:
    rehearsal = Rehearsal(folder, scenario)
    root = folder / "var"
    before = descriptors()
    for at in range(len(rehearsal.calls)):
        for sticky in (False, True):
            disk = FaultyDisk(Fault(at, number, sticky))

            done = rehearsal.run(root, disk)

            assert done is not None, f"call {at} failed, and nobody was told"
            later = [c for c in disk.calls[at + 1 :] if c.kind not in HARMLESS]
            assert later == [], f"written on after call {at}, {disk.calls[at]}"
            assert descriptors() == before
            require_kept(rehearsal, root, done)


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_write_that_takes_one_byte_is_gone_on_with(
    folder: Path, scenario: str, sticky: bool
) -> None:
    rehearsal = Rehearsal(folder, scenario)
    root = folder / "var"
    for at, call in enumerate(rehearsal.calls):
        if call.kind == "write":
            disk = FaultyDisk(Fault(at, None, sticky))

            assert rehearsal.run(root, disk) is None
            require_kept(rehearsal, root, len(rehearsal.steps))


# -- what a failure means


@pytest.fixture
def disk() -> FaultyDisk:
    return FaultyDisk()


@pytest.fixture
def driven(tmp_path: Path, disk: FaultyDisk) -> Iterator[Driven]:
    """A store with four people and a message that is new to three of them."""
    driven = Driven(tmp_path / "var", disk)
    play(driven, SETUP)
    yield driven
    if driven.is_open:
        driven.store.close()


def mail(key: str) -> SendMail:
    return SendMail(ANN, ["bob"], key, key, "text", None)


def opening(driven: Driven, actor: int) -> MailAct:
    id_ = id_of(driven.store, actor, "old")
    return MailAct(Act.OPENED, actor, [id_], Device.LINE)


def kinds(outcomes: Sequence[Outcome | Refusal]) -> list[str]:
    return [o.kind if isinstance(o, Refusal) else "done" for o in outcomes]


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
            write_all(Slowing(), fd, b"abc")
    finally:
        os.close(fd)


def test_what_is_filed_during_a_sync_is_left_to_the_next(tmp_path: Path) -> None:
    disk = Interrupted()
    driven = Driven(tmp_path / "var", disk)
    play(driven, SETUP)
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
    play(driven, SETUP)
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
    play(driven, SETUP)
    batch = driven.store.commit([mail("one")], moment(9))
    id_ = id_of(driven.store, BOB, "one")
    disk.look = lambda: driven.store.letter(ANN, id_).body

    driven.store.file(batch)

    disk.look = str
    assert disk.seen[-5:] == ["text"] * 5
    driven.store.close()


# -- no space


def test_below_min_free_only_mail_is_refused_until_space_returns(
    driven: Driven, disk: FaultyDisk
) -> None:
    driven.store._min_free_bytes = ROOM
    disk.free = ROOM - 1
    batch: list[Command] = [mail("one"), CreateAccount("eve", "h")]
    batch.append(opening(driven, BOB))

    refused = driven.do(batch, moment(9))
    driven.store.settle()
    disk.free = ROOM
    taken = driven.do(batch[:1], moment(10))

    assert kinds(refused) == ["disk_full", "done", "done"]
    assert kinds(taken) == ["done"]


def test_the_reserve_is_given_away_when_the_disk_is_full_and_taken_back(
    driven: Driven, disk: FaultyDisk
) -> None:
    reserve = driven.store.layout.reserve
    sizes: list[int] = []
    for free in (PLENTY, RESERVE_BYTES - 1, 2 * RESERVE_BYTES, PLENTY):
        disk.free = free
        driven.do([SetRole(BOB, f"role{len(sizes)}")], moment(9))
        driven.store.settle()
        sizes.append(reserve.stat().st_size)

    assert sizes == [RESERVE_BYTES, 0, 0, RESERVE_BYTES]


def test_a_start_on_a_full_disk_gives_the_reserve_away(
    driven: Driven, disk: FaultyDisk
) -> None:
    disk.free = PLENTY
    driven.reopen()
    held = driven.store.layout.reserve.stat().st_size
    disk.free = 0

    driven.reopen()

    assert held == RESERVE_BYTES
    assert driven.store.layout.reserve.stat().st_size == 0


def test_an_index_without_room_refuses_mail_and_takes_the_reserve_for_the_rest(
    driven: Driven, disk: FaultyDisk
) -> None:
    disk.free = PLENTY
    driven.reopen()
    reserve = driven.store.layout.reserve
    store = driven.store
    fill_index(driven)

    refused = driven.do([mail("one"), opening(driven, BOB)], moment(9))
    changed = driven.do([SetRole(BOB, "admin")], moment(9))
    store._connection.execute("PRAGMA max_page_count = 1000000")
    taken = driven.do([mail("one")], moment(10))
    given = reserve.stat().st_size
    store.settle()

    assert kinds(refused) == ["disk_full", "done"]
    assert kinds(changed) == kinds(taken) == ["done"]
    assert (given, reserve.stat().st_size) == (0, RESERVE_BYTES)
    assert store.account_by_uid(BOB).role == "admin"


def test_where_the_reserve_does_not_help_everything_is_refused_and_can_be_retried(
    driven: Driven, disk: FaultyDisk
) -> None:
    disk.free = PLENTY
    driven.reopen()
    large = CreateAccount("eve", "h" * 100_000)
    fill_index(driven)

    first = driven.do([large, mail("one")], moment(9))
    second = driven.do([large, mail("one")], moment(9))
    driven.store._connection.execute("PRAGMA max_page_count = 1000000")
    third = driven.do([large, mail("one")], moment(9))

    assert kinds(first) == kinds(second) == ["disk_full", "disk_full"]
    assert kinds(third) == ["done", "done"]


def fill_index(driven: Driven) -> None:
    """Mail until no page is left that the index may take."""
    driven.store._connection.execute("PRAGMA max_page_count = 1")
    full = False
    for number in range(1000):
        refusals = driven.do([mail(f"fill{number}")], moment(8))
        full = kinds(refusals) == ["disk_full"]
        if full:
            break
    assert full
    driven.store.settle()


def test_a_full_disk_lets_the_log_wait_and_stops_nothing(tmp_path: Path) -> None:
    store = BrokenStore(tmp_path / "var", disk=FaultyDisk(), min_free_bytes=1)
    store._checkpointer.close()
    store._checkpointer = lazy = connect_broken(store.layout.index)
    for connection in (store.broken, lazy):
        connection.verb = "PRAGMA wal_checkpoint"
        connection.codes = (sqlite3.SQLITE_FULL,)
    store._wal_full = True

    store.file(store.commit([CreateAccount("ann", "h")], 0))

    assert store.settle()
    assert store.broken.codes == lazy.codes == ()
    lazy.close()
    store.close()


# -- SQLite fails


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
    root = tmp_path / "var"
    disk = FaultyDisk()
    disk.free = PLENTY
    driven = Driven(root, disk)
    play(driven, SETUP)
    driven.store.close()
    store = BrokenStore(root, disk=disk, min_free_bytes=1)
    store.broken.verb, store.broken.codes = "COMMIT", codes
    store.broken.done = done and len(codes) == 1

    with pytest.raises(StorageFailure, match="a commit failed"):
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
        pytest.raises(StorageFailure, match="a commit failed"),
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
        pytest.raises(StorageFailure, match="could not be closed"),
    ):
        driven.store.close()

    again = Driven(driven.store.layout.root, FaultyDisk())
    assert id_of(again.store, BOB, "one")
    again.store.close()


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


@pytest.mark.slow
def test_a_really_full_disk_stops_mail_only(tmp_path: Path) -> None:
    mount = f"mount -t tmpfs -o size=24m tmpfs {tmp_path} || exit 9"
    run = f"{sys.executable} -m tests.support.fulldisk {tmp_path} || exit 8"
    unshare = shutil.which("unshare") or pytest.skip("unshare is missing")

    done = subprocess.run(
        [unshare, "-Urm", "sh", "-c", f"{mount}; {run}"],
        capture_output=True,
        text=True,
        check=False,
    )

    if done.returncode not in {0, 8}:
        pytest.skip(f"no private file system here: {done.stderr}")
    assert (done.returncode, done.stderr) == (0, "")
