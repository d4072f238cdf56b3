"""Without space mail is refused, all else goes on, and nothing needs a restart."""

import errno
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from nimsg.core.commands import (
    Command,
    CreateAccount,
    CreateRoom,
    DeleteDraft,
    MarkRoom,
    NoteLogin,
    PostNotice,
    PostToRoom,
    SaveDraft,
    SetRole,
    SetTopic,
)
from nimsg.errors import StorageFailure
from nimsg.protocol.constants import LOBBY, Device, Notice
from nimsg.store.reserve import RESERVE_BYTES
from tests.support.brokensql import BrokenStore, connect_broken
from tests.support.driven import (
    BOB,
    Driven,
    kinds,
    mail,
    moment,
    opening,
    require_read_only,
)
from tests.support.faultydisk import ROOM, Fault, FaultyDisk


PLENTY = 4 * RESERVE_BYTES


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


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of mail that is refused or taken."""
    lines = [(one.levelname, one.getMessage()) for one in caplog.records]
    return [f"{level} {text}".split(":")[0] for level, text in lines]


def test_n8_that_mail_is_refused_and_taken_again_is_logged_once_each(
    driven: Driven, disk: FaultyDisk, caplog: pytest.LogCaptureFixture
) -> None:
    driven.store._min_free_bytes = ROOM
    disk.free = ROOM - 1
    for number in range(3):
        driven.do([mail(f"refused{number}")], moment(9 + number))
    during = told(caplog)
    disk.free = ROOM
    driven.store.commit((), 0)
    for number in range(3):
        driven.do([mail(f"taken{number}")], moment(12 + number))

    assert during == ["WARNING mail is refused as disk_full"]
    assert told(caplog) == [*during, "WARNING mail is taken again"]


def test_below_min_free_nothing_is_said_in_rooms_until_space_returns(
    driven: Driven, disk: FaultyDisk
) -> None:
    driven.do([PostToRoom(BOB, LOBBY, "old", "old")], moment(8))
    driven.store._min_free_bytes = ROOM
    disk.free = ROOM - 1
    said: list[Command] = [
        PostToRoom(BOB, LOBBY, "new", "new"),
        SetTopic(BOB, LOBBY, "new", any_room=True),
        PostNotice(Notice.LEFT, "left", BOB),
    ]
    others: list[Command] = [
        PostToRoom(BOB, LOBBY, "old", "old"),
        CreateRoom("0" * 25 + "1", BOB, "den", ""),
        MarkRoom(BOB, LOBBY, 1),
        NoteLogin(BOB, Device.TUI, "192.0.2.1"),
    ]

    refused = driven.do([*said, *others], moment(9))
    disk.free = ROOM
    taken = driven.do(said, moment(10))

    assert kinds(refused) == ["disk_full"] * 3 + ["done"] * 4
    assert kinds(taken) == ["done"] * 3
    assert driven.store.room(BOB, LOBBY).topic == "new"
    assert driven.store.room(BOB, LOBBY).last == 4


def test_x10_below_min_free_drafts_are_deleted_and_none_is_changed(
    driven: Driven, disk: FaultyDisk
) -> None:
    old, new = (
        SaveDraft("0" * 25 + number, BOB, number, "", "", "text", None)
        for number in "12"
    )
    driven.do([old], moment(8))
    driven.store._min_free_bytes = ROOM
    disk.free = ROOM - 1
    later = SaveDraft(old.id, BOB, "1", "", "", "more text", None)

    refused = driven.do([new, later, old, DeleteDraft(BOB, "1")], moment(9))
    left = driven.store.drafts(BOB, None, 10).drafts
    disk.free = ROOM
    taken = driven.do([new], moment(10))

    assert kinds(refused) == ["disk_full", "disk_full", "done", "done"]
    assert left == []
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


@pytest.mark.parametrize("step", ["open", "write"])
def test_space_that_goes_while_the_reserve_is_taken_is_no_failure(
    driven: Driven, disk: FaultyDisk, step: str
) -> None:
    reserve = driven.store.layout.reserve
    begun = reserve.with_name("reserve.tmp")
    disk.free = PLENTY
    driven.do([mail("one")], moment(9))
    ahead = ["syncfs", "read_only", "free_bytes", "open", "write"]
    disk.fault = Fault(len(disk.calls) + ahead.index(step), errno.ENOSPC)

    driven.store.settle()
    left = begun.stat().st_size if begun.exists() else 0
    driven.do([mail("two")], moment(9))
    driven.store.settle()

    assert left == 0
    assert reserve.stat().st_size == RESERVE_BYTES


def test_a_reserve_that_cannot_be_written_is_a_failure(
    driven: Driven, disk: FaultyDisk
) -> None:
    disk.free = PLENTY
    driven.do([mail("one")], moment(9))
    disk.fault = Fault(len(disk.calls) + 4, errno.EIO)

    with pytest.raises(StorageFailure, match="Input/output error"):
        driven.store.settle()
    driven.is_open = False
    require_read_only(driven)


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
