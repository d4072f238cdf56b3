"""What may not be used stops a start and a rebuild before anything is changed."""

import errno
import os
from pathlib import Path

import pytest

from nimsg.errors import StorageFailure
from nimsg.progress import Silent
from nimsg.store.check import check_store
from nimsg.store.disk import Disk, RealDisk
from nimsg.store.layout import Layout, StrPath
from nimsg.store.local import LocalStore
from nimsg.store.rights import json_files, own_faults
from nimsg.store.salvage import Salvaged, salvage_store
from tests.support.brokensql import files_no_longer_than
from tests.support.crashed import Crashed
from tests.support.faultydisk import FaultyDisk
from tests.support.post import START, with_a_removal
from tests.support.ruin import Ruin
from tests.support.spoils import SHARED
from tests.support.unpowered import locked


NOT_OURS = (
    "{} cannot be used: Permission denied; all that is in the store has to belong "
    "to the user who runs nimsg"
)
FOLDERS = ("messages", "ledger", "users", "invitations", "rooms", "drafts")


class NoNewAccounts(FaultyDisk):
    """Has no room for one more file of an account."""

    def open(self, path: StrPath, flags: int) -> int:
        if Path(path).parent.name == "users":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return super().open(path, flags)


def rebuild(root: Path, disk: Disk | None = None) -> Salvaged:
    return salvage_store(
        disk or RealDisk(),
        Layout(root),
        entropy=bytes,
        now=START,
        progress=Silent(),
    )


def content(root: Path) -> dict[Path, bytes | None]:
    """All that is in a folder; the text of a lock is for people."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
        if path.name not in ("lock", "reserve")
    }


def stops(root: Path, path: Path, *, start: bool = True) -> None:
    """Neither a start nor a rebuild goes on, and both leave all as it was."""
    before = content(root)
    words = NOT_OURS.format(path)
    again = f"the store cannot be made anew: {words}; then run this again"

    with locked(path):
        if start:
            with pytest.raises(StorageFailure) as caught:
                LocalStore(root)
            assert str(caught.value) == words
        with pytest.raises(StorageFailure) as caught:
            rebuild(root)
    assert str(caught.value) == again
    assert content(root) == before


@pytest.mark.parametrize("index", ["kept", "lost"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_may_not_be_read_stops_all(
    club: Ruin, name: str, index: str
) -> None:
    if index == "lost":
        club.layout.index.unlink()

    stops(club.root, club.root / name)


def test_a_folder_that_may_not_be_written_to_stops_all(ruin: Ruin) -> None:
    folder = ruin.message(SHARED).parent
    ruin.layout.index.unlink()
    folder.chmod(0o500)

    with locked(), pytest.raises(StorageFailure) as caught:
        LocalStore(ruin.root)

    assert str(caught.value) == NOT_OURS.format(folder)


@pytest.mark.parametrize("kind", ["message", "account", "day", "folder of a day"])
def test_a_file_that_may_not_be_read_is_no_damaged_one(ruin: Ruin, kind: str) -> None:
    path = {
        "message": ruin.message(SHARED),
        "account": ruin.layout.user(1),
        "day": ruin.days[0],
        "folder of a day": ruin.message(SHARED).parent,
    }[kind]
    stops(ruin.root, path, start=False)
    ruin.layout.index.unlink()

    stops(ruin.root, path)
    LocalStore(ruin.root).close()
    assert check_store(ruin.root).problems == []


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_an_index_that_may_not_be_read_is_no_damaged_one(
    crashed: Crashed, end: str
) -> None:
    path = crashed.root / f"index.db{end}"
    path.touch()

    stops(crashed.root, path)

    assert crashed.start() == crashed.expected


@pytest.mark.parametrize("name", ["format", "quarantine", "quarantine/lost.jsonl"])
def test_what_is_read_beside_the_files_stops_all(ruin: Ruin, name: str) -> None:
    ruin.layout.quarantine.mkdir()
    (ruin.layout.quarantine / "lost.jsonl").touch()

    stops(ruin.root, ruin.root / name)


def test_an_index_without_tables_makes_no_damaged_file_of_a_locked_one(
    ruin: Ruin,
) -> None:
    ruin.layout.index.write_bytes(b"")
    path = ruin.message(SHARED)

    with locked(path), pytest.raises(StorageFailure) as caught:
        LocalStore(ruin.root)

    assert str(caught.value) == NOT_OURS.format(path)
    assert not ruin.layout.new_index.exists()


def test_what_became_locked_after_the_look_goes_to_no_quarantine(
    tmp_path: Path,
) -> None:
    with pytest.raises(PermissionError), own_faults():
        raise PermissionError(errno.EACCES, "no")
    with pytest.raises(StorageFailure, match="cannot be read: a fault"), own_faults():
        raise OSError(errno.EIO, "a fault")
    with pytest.raises(FileNotFoundError):
        json_files(tmp_path / "none")


def test_a_removed_message_from_nobody_is_named_once(tmp_path: Path) -> None:
    layout, id_ = with_a_removal(tmp_path / "var")
    layout.user(2).unlink()
    layout.index.unlink()

    with pytest.raises(StorageFailure) as caught:
        LocalStore(layout.root)

    words = f"{layout.removals(id_)} is damaged: it names 'bob', and there is no such"
    assert str(caught.value).startswith(words)
    assert str(caught.value).count("--rebuild") == 1


# -- no room


@pytest.mark.parametrize("size", [0, 8192, 20480])
def test_a_rebuild_without_room_leaves_the_old_index_and_no_litter(
    ruin: Ruin, size: int
) -> None:
    before = content(ruin.root)

    with files_no_longer_than(size), pytest.raises(StorageFailure) as caught:
        rebuild(ruin.root)

    words = str(caught.value)
    assert words.startswith("the store cannot be made anew: the disk failed: ")
    assert str(ruin.root) in words
    assert words.endswith("; then run this again")
    left = content(ruin.root)
    assert {path: data for path, data in before.items() if path in left} == left
    assert before.keys() - left.keys() <= {ruin.layout.search}
    assert rebuild(ruin.root).aside == "quarantine/index-1"


def test_a_message_is_not_blamed_for_a_file_that_cannot_be_written(ruin: Ruin) -> None:
    ruin.layout.user(2).unlink()
    ruin.layout.index.unlink()
    before = content(ruin.root)

    with pytest.raises(StorageFailure, match=r"No space left on .*; make room; "):
        rebuild(ruin.root, NoNewAccounts())

    assert content(ruin.root) == before


def test_a_journal_that_there_is_no_room_to_read_is_not_given_up(
    crashed: Crashed,
) -> None:
    (crashed.root / "index.db-shm").unlink(missing_ok=True)

    with (
        files_no_longer_than(8192),
        pytest.raises(StorageFailure, match=r"disk I/O error \(.*/index\.db\); see"),
    ):
        rebuild(crashed.root)

    assert crashed.start() == crashed.expected
