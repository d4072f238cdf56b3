"""What a start makes of an index and a folder, and a question of a ruined file."""

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.core.commands import CreateAccount
from nimsg.errors import ConfigError, Refusal, StorageFailure, Unavailable
from nimsg.progress import Silent
from nimsg.store.check import check_store
from nimsg.store.local import LocalStore
from nimsg.store.lock import StoreLock
from nimsg.store.places import require_store
from nimsg.store.salvage import salvage_store
from nimsg.store.schema import connect, create as create_tables
from tests.support.brokensql import files_no_longer_than
from tests.support.crashed import Crashed
from tests.support.driven import (
    ANN,
    BOB,
    id_of,
    open_store,
)
from tests.support.faultydisk import Fault, FaultyDisk


PROJECT = Path(__file__).parents[2]


# -- the index


def test_a_new_index_has_all_its_tables_or_none(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    writer, reader = connect(path), connect(path)
    seen: set[tuple[int, ...]] = set()

    def look(_: str) -> None:
        tables = reader.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        rows = reader.execute("SELECT count(*) FROM meta") if tables else None
        seen.add((tables, rows.fetchone()[0] if rows else 0))

    writer.set_trace_callback(look)
    create_tables(writer, "epoch")
    look("")
    writer.close()
    reader.close()

    assert len(seen) == 2
    assert (0, 0) in seen


def test_a_damaged_index_is_named_and_kept(settled: Crashed) -> None:
    data = bytearray(settled.layout.index.read_bytes())
    data[:16] = b"not a database.."
    settled.layout.index.write_bytes(data)

    settled.refuses("index.db is damaged .*; make it anew with nimsg check --rebuild")
    assert settled.layout.index.read_bytes() == data


def test_an_index_of_somebody_else_is_named(settled: Crashed) -> None:
    settled.layout.index.unlink()
    settled.layout.index.with_name("index.db-wal").unlink()
    with sqlite3.connect(settled.layout.index) as other:
        other.execute("CREATE TABLE letters (id)")
    other.close()

    settled.refuses("index.db is damaged .*no such table")


@pytest.mark.parametrize("key", ["head", "n"])
def test_an_index_that_has_lost_its_numbers_is_named(
    settled: Crashed, key: str
) -> None:
    connection = connect(settled.layout.index)
    connection.execute("DELETE FROM meta WHERE key = ?", (key,))
    connection.close()

    settled.refuses("index.db is damaged")


@pytest.mark.parametrize(
    "name", ["message", "copy", "message_client", "message_room", "login_open"]
)
def test_an_index_whose_roots_are_overwritten_is_named(
    settled: Crashed, name: str
) -> None:
    overwrite_root(settled.layout.index, name)

    settled.refuses("index.db is damaged .*; make it anew with nimsg check --rebuild")


def overwrite_root(index: Path, name: str) -> None:
    connection = connect(index)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
    (page,) = connection.execute(query, (name,)).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with index.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xaa" * size)


def test_an_index_that_cannot_be_written_is_not_called_damaged(
    crashed: Crashed,
) -> None:
    with files_no_longer_than(8192):
        crashed.refuses(
            r"^the disk failed: disk I/O error \(.*/index\.db\); "
            r'see "When the disk fails" in docs/operating\.md$'
        )

    assert crashed.start() == crashed.expected


@pytest.mark.parametrize("cut", [False, True], ids=["missing", "empty"])
def test_a_log_without_its_index_is_set_aside_and_never_poured_into_the_next(
    crashed: Crashed, cut: bool
) -> None:
    log = crashed.layout.index.with_name("index.db-wal")
    data = log.read_bytes()
    crashed.layout.index.unlink()
    if cut:
        crashed.layout.index.touch()

    store = open_store(crashed.root, FaultyDisk())
    notices = store.notices
    store.close()

    aside = log.with_name("index.db-wal.aside")
    assert data
    assert aside.read_bytes() == data
    assert any(str(aside) in notice for notice in notices)
    assert not any("filed" in notice for notice in notices)


def test_an_index_made_anew_is_synced_before_it_has_its_name(
    settled: Crashed,
) -> None:
    index, new = settled.layout.index, settled.root / "index.db.new"
    index.unlink()
    new.write_bytes(b"of an earlier try")
    disk = FaultyDisk()

    open_store(settled.root, disk).close()

    about = [call for call in disk.changes if new in (call.path, call.target)]
    assert [call.kind for call in about] == ["fsync", "rename"]
    assert about[1].target == index
    following = disk.changes[disk.changes.index(about[1]) + 1]
    assert (following.kind, following.path) == ("fsync", settled.root)


# -- the folder


def test_a_new_folder_is_synced_into_those_above_it(tmp_path: Path) -> None:
    disk = FaultyDisk()
    root = tmp_path / "a" / "b" / "var"

    open_store(root, disk).close()

    synced = {call.path for call in disk.calls if call.kind == "fsync"}
    assert {tmp_path, tmp_path / "a", tmp_path / "a" / "b", root} <= synced


def test_a_file_is_no_folder_for_a_store(tmp_path: Path) -> None:
    (tmp_path / "var").touch()

    with pytest.raises(ConfigError, match="var is a file; name the folder of a store"):
        LocalStore(tmp_path / "var")


@pytest.mark.parametrize("name", ["notes.txt", "rooms of others", "messages"])
def test_a_folder_of_somebody_else_is_refused_and_left_as_it_was(
    tmp_path: Path, name: str
) -> None:
    root = tmp_path / "home"
    root.mkdir(0o755)
    (root / name).mkdir()
    (root / "photos").mkdir()

    with pytest.raises(ConfigError, match=r"home is no store and has '.*' in it; give"):
        LocalStore(root)
    assert root.stat().st_mode & 0o777 == 0o755
    assert {path.name for path in root.iterdir()} == {name, "photos"}


def test_the_folder_of_this_project_becomes_a_store(tmp_path: Path) -> None:
    """`nimsg server` in a fresh copy keeps its mail there."""
    root = tmp_path / "var"
    root.mkdir()
    for name in (".gitignore", "README.md"):
        (root / name).write_bytes((PROJECT / "var" / name).read_bytes())
    (root / "credentials.txt").write_bytes(b"ann secret\n")

    LocalStore(root).close()
    assert (root / "format").exists()


@pytest.mark.parametrize(
    "left",
    [
        (),
        ("lost+found",),
        ("lock",),
        ("lock", "messages", "ledger"),
        ("lock", "messages", "users", "format.tmp"),
        ("messages", "users", "README"),
    ],
)
def test_what_an_interrupted_start_or_a_copy_left_becomes_a_store(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    root = tmp_path / "var"
    root.mkdir()
    for name in left:
        if name in ("lock", "format.tmp", "README"):
            (root / name).write_bytes(b"")
        else:
            (root / name).mkdir()

    LocalStore(root).close()
    assert (root / "format").read_bytes() == b"1\n"


@pytest.mark.parametrize("found", [b"2\n", b"v1\n"])
def test_a_format_that_is_not_ours_is_refused(settled: Crashed, found: bytes) -> None:
    settled.layout.format.write_bytes(found)

    with pytest.raises(ConfigError, match="has store format"):
        open_store(settled.root, FaultyDisk())


@pytest.mark.parametrize("found", [b"", b"\n", b"\0\0", b"\xff\xff"])
def test_a_format_without_a_number_is_named_and_written_again_by_a_rebuild(
    settled: Crashed, found: bytes
) -> None:
    settled.layout.format.write_bytes(found)

    with pytest.raises(ConfigError, match=r"holds no number, .*--rebuild --var \S+ wr"):
        open_store(settled.root, FaultyDisk())
    with pytest.raises(ConfigError, match="format holds no number"):
        require_store(settled.layout)
    (problem,) = check_store(settled.root).problems
    assert problem.what.startswith("holds no number, and has to hold that of")

    salvage_store(
        FaultyDisk(), settled.layout, entropy=os.urandom, now=0, progress=Silent()
    )
    assert settled.start() == settled.expected


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            errno.ENOSPC,
            r"^the disk failed: No space left on device \(.*\); make ",
        ),
        (
            errno.EIO,
            r"^the disk failed: Input/output error \(.*\); see ",
        ),
        (errno.EACCES, "cannot be used: Permission denied; all that is in the store "),
    ],
)
def test_a_start_that_the_disk_ends_names_the_file_and_what_to_do(
    settled: Crashed, number: int, words: str
) -> None:
    with pytest.raises(StorageFailure, match=words) as caught:
        open_store(settled.root, FaultyDisk(Fault(3, number, sticky=True)))

    assert str(settled.root) in str(caught.value)
    assert "Errno" not in str(caught.value)


def test_a_lock_that_cannot_be_made_is_no_fault_of_nimsg(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gone cannot be used as a store: No such"):
        StoreLock(tmp_path / "gone" / "lock", "somebody")
    (tmp_path / "lock").mkdir()
    with pytest.raises(ConfigError, match="/lock cannot be used: Is a directory; it"):
        StoreLock(tmp_path / "lock", "somebody")


def test_a_folder_in_use_names_its_holder_and_is_free_at_once_afterwards(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path / "var", holder="the first")

    with pytest.raises(Unavailable, match="in use by the first"):
        LocalStore(tmp_path / "var")
    store.close()

    LocalStore(tmp_path / "var").close()


def test_a_lock_that_cannot_name_its_holder_holds_all_the_same(
    tmp_path: Path,
) -> None:
    with files_no_longer_than(0):
        lock = StoreLock(tmp_path / "lock", "somebody")

    with pytest.raises(Unavailable, match=r"in use by another process; stop it$"):
        StoreLock(tmp_path / "lock", "another")
    lock.release()


def test_a_start_that_fails_lets_the_folder_go(settled: Crashed) -> None:
    settled.layout.format.write_text("9")
    for _ in range(2):
        with pytest.raises(ConfigError):
            open_store(settled.root, FaultyDisk())

    settled.layout.format.write_text("1\n")
    assert settled.start() == settled.expected


# -- a message that is not what was written


def gone(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def torn(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:100])


def another(path: Path) -> None:
    other = next(p for p in path.parents[2].rglob("*.json") if p != path)
    path.write_bytes(other.read_bytes())


@pytest.mark.parametrize("ruin", [gone, folder, torn, another])
def test_a_damaged_message_is_never_shown(
    settled: Crashed, ruin: Callable[[Path], None]
) -> None:
    store = open_store(settled.root, FaultyDisk())
    id_ = id_of(store, BOB, "old")
    ruin(settled.layout.message(id_))

    with pytest.raises(Refusal, match="is damaged on the server") as caught:
        store.letter(ANN, id_)

    assert caught.value.kind == "damaged"
    store.commit([CreateAccount("eve", "h")], 0)
    store.close()
