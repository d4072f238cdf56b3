"""What a start makes of a folder that a crash, a failed disk or a hand has left."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.core.commands import Act, CreateAccount
from nimsg.errors import ConfigError, Refusal, StorageFailure, Unavailable
from nimsg.protocol.times import MS_PER_DAY
from nimsg.store.check import check_store
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from nimsg.store.lock import StoreLock
from nimsg.store.schema import connect, create as create_tables
from tests.support.brokensql import files_no_longer_than
from tests.support.driven import (
    ANN,
    BOB,
    CYD,
    NAMES,
    Driven,
    View,
    act,
    create,
    id_of,
    moment,
    open_store,
    play,
    send,
    settle,
    view,
)
from tests.support.faultydisk import FaultyDisk


SETUP = (create(*NAMES), send("old", "bob", "cyd"), act(Act.OPENED, BOB, "old"), settle)
UNSETTLED = (
    send("new", "bob"),
    act(Act.OPENED, CYD, "old"),
    act(Act.ACKED, BOB, "old"),
)


class Crashed:
    """A copy of a running store: what a process leaves that is killed."""

    def __init__(self, folder: Path, *, settled: bool = False) -> None:
        driven = Driven(folder / "running", FaultyDisk())
        play(driven, (*SETUP, *UNSETTLED))
        if settled:
            settle(driven, moment(9))
        self.root = folder / "var"
        self.layout = Layout(self.root)
        self.expected = view(driven.store)
        shutil.copytree(folder / "running", self.root)
        driven.store.close()

    @property
    def last_day(self) -> Path:
        """The ledger's newest file."""
        return max(self.layout.ledger.iterdir())

    def start(self) -> View:
        """What a start makes of it; sound then, and sound after the stop."""
        store = open_store(self.root, FaultyDisk())
        seen = view(store)
        assert check_store(self.root).problems == []
        store.close()
        assert check_store(self.root).problems == []
        return seen

    def refuses(self, why: str) -> None:
        """No start, and the ledger as it was."""
        before = self.ledger()
        with pytest.raises(StorageFailure, match=why):
            open_store(self.root, FaultyDisk())
        assert self.ledger() == before

    def ledger(self) -> dict[Path, bytes]:
        """The ledger's files."""
        return {path: path.read_bytes() for path in self.layout.ledger.iterdir()}

    def settled_size(self) -> int:
        """How long the newest day is without the lines that are not settled."""
        lines = self.last_day.read_bytes().splitlines(keepends=True)
        return sum(map(len, lines[:-2]))


@pytest.fixture
def crashed(tmp_path: Path) -> Crashed:
    return Crashed(tmp_path)


@pytest.fixture
def settled(tmp_path: Path) -> Crashed:
    return Crashed(tmp_path, settled=True)


def test_s1_18_a_killed_server_is_recovered_with_all_it_had_answered(
    crashed: Crashed,
) -> None:
    first = crashed.start()

    assert first == crashed.expected == crashed.start()


def test_the_operator_is_told_what_was_filed_again(crashed: Crashed) -> None:
    store = open_store(crashed.root, FaultyDisk())
    again = store.notices
    store.close()

    assert again == ["filed 3 journal rows of an earlier run"]


def test_a_start_empties_the_log_before_it_writes_behind_it(crashed: Crashed) -> None:
    log = crashed.layout.index.with_name("index.db-wal")
    before = log.stat().st_size
    seen: list[int] = []

    class Looking(FaultyDisk):
        def open(self, path: Path, flags: int) -> int:
            seen.append(log.stat().st_size)
            return super().open(path, flags)

    open_store(crashed.root, Looking()).close()

    assert before > 0
    assert set(seen) == {0}


@pytest.mark.parametrize(
    "left",
    [
        b"",
        b"\n",
        b'{"dev',
        bytes(300),
        bytes(300) + b"\n",
        b'{"n": 1}\n' * 2,
        bytes(90) + b'e","user":"bob"}\n' + bytes(8) + b"\n{",
        b"\xff\xfe\n",
    ],
    ids=repr,
)
def test_whatever_a_cut_leaves_behind_the_settled_lines_is_written_anew(
    crashed: Crashed, left: bytes
) -> None:
    kept = crashed.last_day.read_bytes()[: crashed.settled_size()]
    crashed.last_day.write_bytes(kept + left)

    assert crashed.start() == crashed.expected


def test_a_later_day_may_have_come_through_without_the_earlier(
    tmp_path: Path,
) -> None:
    driven = Driven(tmp_path / "running", FaultyDisk())
    play(driven, SETUP[:2])
    settle(driven, moment(2))
    before = list(driven.store.layout.ledger.iterdir())
    act(Act.OPENED, BOB, "old")(driven, moment(1))
    act(Act.ACKED, BOB, "old")(driven, moment(1) + MS_PER_DAY)
    act(Act.OPENED, CYD, "old")(driven, moment(1) + 2 * MS_PER_DAY)
    shutil.copytree(tmp_path / "running", tmp_path / "var")
    expected = view(driven.store)
    driven.store.close()
    first, second, third = sorted((tmp_path / "var" / "ledger").iterdir())
    first.unlink()
    second.write_bytes(b"")

    store = open_store(tmp_path / "var", FaultyDisk())

    assert before == []
    assert third.exists()
    assert view(store) == expected
    store.close()


def test_lines_of_which_the_cache_only_may_know_are_written_again(
    crashed: Crashed,
) -> None:
    disk = FaultyDisk()

    open_store(crashed.root, disk).close()

    day = crashed.last_day
    about = [call for call in disk.calls if call.path == day]
    assert [call.kind for call in about] == ["truncate", "open", "write", "close"]
    assert about[0].number == crashed.settled_size()
    assert day.read_bytes().endswith(about[2].data)


# -- what no crash leaves is named and left alone


def test_a_line_that_the_index_does_not_know_is_named(settled: Crashed) -> None:
    line = settled.last_day.read_bytes().splitlines(keepends=True)[-1]
    with settled.last_day.open("ab") as file:
        file.write(line.replace(b'"n":', b'"n":9'))

    settled.refuses("has a line 9[0-9]+ of its own")


def test_a_last_line_that_is_none_is_named(settled: Crashed) -> None:
    data = settled.last_day.read_bytes()
    settled.last_day.write_bytes(data[:-9] + b"#" + data[-8:])

    settled.refuses("holds a line that is none")


def test_a_settled_line_that_was_changed_is_named(crashed: Crashed) -> None:
    data = crashed.last_day.read_bytes()
    crashed.last_day.write_bytes(data.replace(b"opened", b"OPENED", 1))

    crashed.refuses("has a line [0-9]+ of its own|has lost lines")


def test_a_ledger_that_has_lost_its_end_is_named(settled: Crashed) -> None:
    lines = settled.last_day.read_bytes().splitlines(keepends=True)
    settled.last_day.write_bytes(b"".join(lines[:-1]))

    settled.refuses("has a line [0-9]+ of its own. .* do not belong together")


def test_a_ledger_that_is_gone_is_named(settled: Crashed) -> None:
    shutil.rmtree(settled.layout.ledger)
    settled.layout.ledger.mkdir()

    settled.refuses("has lost lines")


def test_what_is_named_is_mended_by_moving_the_index_aside(settled: Crashed) -> None:
    settled.layout.index.unlink()
    whole = settled.start()
    with settled.last_day.open("ab") as file:
        file.write(b'{"torn')
    settled.layout.index.unlink()

    assert whole == settled.expected == settled.start()


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

    settled.refuses("index.db is damaged .*; move it aside")
    assert settled.layout.index.read_bytes() == data


def test_an_index_of_somebody_else_is_named(settled: Crashed) -> None:
    settled.layout.index.unlink()
    settled.layout.index.with_name("index.db-wal").unlink()
    with sqlite3.connect(settled.layout.index) as other:
        other.execute("CREATE TABLE letters (id)")
    other.close()

    settled.refuses("index.db is damaged .*no such table")


def test_an_index_that_cannot_be_written_is_not_called_damaged(
    crashed: Crashed,
) -> None:
    with files_no_longer_than(8192):
        crashed.refuses("the index cannot be opened: disk I/O error")

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

    with pytest.raises(ConfigError, match="cannot be used as a store"):
        LocalStore(tmp_path / "var")


@pytest.mark.parametrize("found", [b"2\n", b"", b"\xff\xff"])
def test_a_format_that_is_not_ours_is_refused(settled: Crashed, found: bytes) -> None:
    settled.layout.format.write_bytes(found)

    with pytest.raises(ConfigError, match="has store format"):
        open_store(settled.root, FaultyDisk())


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

    with pytest.raises(Unavailable, match="in use by another process"):
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


@pytest.mark.parametrize(
    ("ruin", "why"),
    [
        (gone, "is gone"),
        (folder, "cannot be read: Is a directory"),
        (torn, "cannot be read"),
        (another, "another message"),
    ],
)
def test_a_damaged_message_is_never_shown(
    settled: Crashed, ruin: Callable[[Path], None], why: str
) -> None:
    store = open_store(settled.root, FaultyDisk())
    id_ = id_of(store, BOB, "old")
    ruin(settled.layout.message(id_))

    with pytest.raises(Refusal, match=why) as caught:
        store.letter(ANN, id_)

    assert caught.value.kind == "damaged"
    store.commit([CreateAccount("eve", "h")], 0)
    store.close()
