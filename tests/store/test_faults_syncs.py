"""T2: each sync stands before what relies on it; crash states prove those of a start.

What a rebuild and a backup sync is read from the calls of their disk.
"""

import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from nimsg.progress import Silent
from nimsg.store.atomic import move_aside, move_durably, put_file
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from nimsg.store.places import BEGUN, WHOLE
from nimsg.store.salvage import Salvaged, salvage_store
from tests.store.test_check_rooms import DEN
from tests.support.backups import take
from tests.support.crashed import Crashed
from tests.support.driven import open_store
from tests.support.faultydisk import Call, FaultyDisk
from tests.support.post import BACKENDS, START, Post, with_a_removal
from tests.support.ruin import Ruin
from tests.support.spoils import SHARED


def salvage(root: Path, disk: FaultyDisk) -> Salvaged:
    return salvage_store(
        disk,
        Layout(root),
        entropy=Random(3).randbytes,  # noqa: S311
        now=START,
        progress=Silent(),
    )


def place(calls: Sequence[Call], kind: str, path: Path) -> int:
    """Where a call stands that is the last of its kind about a path, or to it."""
    return max(
        at
        for at, call in enumerate(calls)
        if call.kind == kind and path in (call.path, call.target)
    )


def require_put_durably(calls: Sequence[Call], path: Path) -> None:
    """The content was synced before the rename, and the folder after it."""
    at = place(calls, "rename", path)
    synced = [(call.kind, call.path) for call in (calls[at - 1], calls[at + 1])]
    assert synced == [("fsync", calls[at].path), ("fsync", path.parent)]


def told(calls: Sequence[Call]) -> list[tuple[str, str]]:
    return [(call.kind, call.path.name) for call in calls]


# -- what syncs


def test_both_connections_that_write_sync_each_commit_and_copy_nothing_by_themselves(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path / "var")

    for connection in (store._connection, store._checkpointer):
        for name, value in (("synchronous", 2), ("wal_autocheckpoint", 0)):
            assert connection.execute(f"PRAGMA {name}").fetchone()[0] == value
    store.close()


def test_the_real_disk_reports_what_fsync_reports() -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        RealDisk().fsync(Path(os.devnull))


def test_a_file_that_is_put_durably_is_synced_before_it_has_its_name(
    tmp_path: Path,
) -> None:
    disk = FaultyDisk()

    put_file(disk, tmp_path / "file", b"data", durable=True)

    assert told(disk.changes) == [
        *(("open", "file.tmp"), ("write", "file.tmp"), ("fsync", "file.tmp")),
        *(("rename", "file.tmp"), ("fsync", tmp_path.name)),
    ]


def test_a_file_that_is_moved_durably_is_synced_first_and_its_folder_last(
    tmp_path: Path,
) -> None:
    disk = FaultyDisk()
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    move_durably(disk, tmp_path / "file", tmp_path / "folder" / "file")

    assert told(disk.changes) == [
        *(("fsync", "file"), ("rename", "file"), ("fsync", "folder"))
    ]


def test_what_is_moved_aside_is_gone_here_and_there_on_the_disk(tmp_path: Path) -> None:
    disk = FaultyDisk()
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()

    move_aside(disk, tmp_path / "file", tmp_path / "folder" / "file")

    assert told(disk.changes) == [
        *(("rename", "file"), ("fsync", "folder"), ("fsync", tmp_path.name))
    ]


def test_after_a_clean_stop_nothing_waits_in_journal_or_log(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    ann, _ = post.people("ann", "bob")
    index = post.root / "index.db"
    # Who still looks keeps SQLite from doing the work of a stop by itself.
    with closing(sqlite3.connect(index)) as looking:
        looking.execute("SELECT count(*) FROM journal").fetchone()
        post.send(ann, "bob")
        post.store.close()

        assert index.with_name("index.db-wal").stat().st_size == 0
        left = looking.execute("SELECT count(*) FROM journal").fetchone()[0]
    assert left == 0


def test_what_is_settled_stands_in_the_index_without_its_log(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    post.people("ann", "bob")
    alone = tmp_path / "index.db"
    post.store.settle()

    shutil.copyfile(post.root / "index.db", alone)

    with closing(sqlite3.connect(alone)) as index:
        assert index.execute("SELECT count(*) FROM account").fetchone()[0] == 2
    post.store.close()


def test_what_a_start_has_filed_again_the_next_one_need_not(
    crashed: Crashed, tmp_path: Path
) -> None:
    store = open_store(crashed.root, FaultyDisk())
    shutil.copytree(crashed.root, tmp_path / "killed")
    store.close()

    again = open_store(tmp_path / "killed", FaultyDisk())
    again.close()

    assert again.notices == []


# -- making the index anew


def test_a_rebuild_makes_the_format_durable_before_all_else(ruin: Ruin) -> None:
    disk = FaultyDisk()

    salvage(ruin.root, disk)

    made = [call for call in disk.changes if call.kind != "mkdir"]
    require_put_durably(made, ruin.layout.format)
    assert place(made, "rename", ruin.layout.format) == 3


def test_a_rebuild_syncs_what_it_files_before_it_gives_the_journal_up(
    crashed: Crashed,
) -> None:
    disk = FaultyDisk()

    assert salvage(crashed.root, disk).filed > 0

    aside = min(
        at
        for at, call in enumerate(disk.calls)
        if (call.kind, call.path) == ("rename", crashed.layout.index)
    )
    synced = [at for at, call in enumerate(disk.calls) if call.kind == "syncfs"]
    filed = [
        at
        for at, call in enumerate(disk.calls)
        if call.kind == "write" and crashed.layout.messages in call.path.parents
    ]
    assert max(filed) < min(synced) < aside


def test_a_loss_is_written_down_durably_before_the_file_is_moved(ruin: Ruin) -> None:
    path = ruin.message(SHARED)
    path.write_bytes(b"{}")
    disk = FaultyDisk()

    salvage(ruin.root, disk)

    noted = ruin.layout.quarantine / "lost.jsonl"
    moved = min(
        at
        for at, call in enumerate(disk.calls)
        if (call.kind, call.path) == ("rename", path)
    )
    about = [call.kind for call in disk.calls[:moved] if call.path == noted]
    assert about == ["open", "write", "close", "fsync"]


@pytest.mark.parametrize(
    "path", [f"rooms/{DEN}.json", "users/00000003.json"], ids=["room", "account"]
)
def test_a_file_that_a_rebuild_takes_from_the_index_is_durable(
    club: Ruin, path: str
) -> None:
    (club.root / path).unlink()
    disk = FaultyDisk()

    salvage(club.root, disk)

    require_put_durably(disk.changes, club.root / path)


def test_a_list_of_removals_that_a_rebuild_writes_again_is_durable(
    tmp_path: Path,
) -> None:
    layout, id_ = with_a_removal(tmp_path / "var")
    path = layout.removals(id_)
    path.write_bytes(b"garbage\n" + path.read_bytes())
    disk = FaultyDisk()

    salvage(layout.root, disk)

    require_put_durably(disk.changes, path)


def test_the_end_of_a_ledger_day_is_kept_durably_before_it_is_cut(ruin: Ruin) -> None:
    day = ruin.days[-1]
    day.write_bytes(day.read_bytes() + b"garbage\n")
    disk = FaultyDisk()

    salvage(ruin.root, disk)

    kept = ruin.layout.quarantine / "ledger" / f"{day.name}.end"
    require_put_durably(disk.changes, kept)
    kept_at = place(disk.changes, "rename", kept)
    assert kept_at < place(disk.changes, "truncate", day)


def test_receipts_that_a_rebuild_writes_into_the_ledger_are_durable(
    ruin: Ruin,
) -> None:
    for day in ruin.days:
        day.unlink()
    disk = FaultyDisk()

    salvage(ruin.root, disk)

    synced = [at for at, call in enumerate(disk.calls) if call.kind == "syncfs"]
    assert all(place(disk.calls, "write", day) < synced[-1] for day in ruin.days)


# -- a backup


def test_a_backup_is_marked_before_and_whole_after_all_else(
    ruin: Ruin, tmp_path: Path
) -> None:
    disk, copy = FaultyDisk(), tmp_path / "above" / "copy"

    take(ruin.root, copy, disk=disk)

    made = [call for call in disk.changes if call.kind != "mkdir"]
    marks = [at for at, call in enumerate(made) if call.target == copy / "format"]
    for at, data in zip(marks, (BEGUN, WHOLE), strict=True):
        assert made[at - 2].data == data
        require_put_durably(made[: at + 2], copy / "format")
    assert [call.path for call in made[:2]] == [copy.parent, tmp_path]
    assert made[marks[0] - 3 :][0].kind == "open"
    assert marks[0] == 5
    assert marks[1] == len(made) - 2
    filed = place(made, "rename", Layout(copy).message(SHARED))
    synced = [at for at, call in enumerate(made) if call.kind == "syncfs"]
    assert filed < max(synced) < marks[1]


def test_a_backup_of_the_ledger_is_durable_day_by_day(
    ruin: Ruin, tmp_path: Path
) -> None:
    disk, copy = FaultyDisk(), tmp_path / "copy"

    take(ruin.root, copy, disk=disk)

    for day in ruin.days:
        require_put_durably(disk.changes, copy / "ledger" / day.name)


def test_a_log_that_is_set_aside_has_its_name_on_the_disk(crashed: Crashed) -> None:
    crashed.layout.index.unlink()
    disk = FaultyDisk()

    open_store(crashed.root, disk).close()

    log = crashed.root / "index.db-wal"
    at = place(disk.changes, "rename", log)
    around = [(one.kind, one.path) for one in disk.changes[at - 1 : at + 2]]
    assert around == [("fsync", log), ("rename", log), ("fsync", crashed.root)]
