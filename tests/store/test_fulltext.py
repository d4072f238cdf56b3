"""S2-16: the full text is a help: damaged, lost or late, it never costs a message."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from errno import EIO
from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.errors import Refusal, StorageFailure
from nimsg.store.failure import is_of_the_disk
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from tests.support.faultydisk import Fault, FaultyDisk
from tests.support.post import BACKENDS, Post, refused


WORD = "xylophonequux"


@pytest.fixture
def post(tmp_path: Path, opened: list[Post]) -> Post:
    """A store on a local disk with three messages of Ann to Bob, taken in."""
    post = Post(BACKENDS["local"], tmp_path / "var")
    opened.append(post)
    post.people("ann", "bob")
    for n in range(3):
        post.send(1, "bob", body=f"needle {n}")
    post.index()
    return post


def search_files(post: Post) -> list[Path]:
    return sorted(post.root.glob("search.db*"))


def sql(post: Post, statement: str) -> None:
    with closing(sqlite3.connect(post.root / "search.db")) as db, db:
        db.execute(statement)


def overwrite(data: bytes) -> Callable[[Post], None]:
    def spoil(post: Post) -> None:
        (post.root / "search.db").write_bytes(data)

    return spoil


def cut(post: Post) -> None:
    path = post.root / "search.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble(post: Post) -> None:
    path = post.root / "search.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)


SPOILS: dict[str, Callable[[Post], None]] = {
    "empty": overwrite(b""),
    "garbage": overwrite(b"\xa5" * 20_000),
    "short garbage": overwrite(b"x"),
    "cut": cut,
    "scrambled": scramble,
    "another index": lambda post: sql(post, "UPDATE progress SET epoch = 'ffffffff'"),
    "another format": lambda post: sql(post, "UPDATE progress SET format = '0'"),
    "no progress": lambda post: sql(post, "DELETE FROM progress"),
    "no table": lambda post: sql(post, "DROP TABLE progress"),
    "other tables": lambda post: sql(post, "DROP TABLE words"),
    "gone": lambda post: (post.root / "search.db").unlink(),
}


def recovered(post: Post) -> None:
    """Rounds until all is found, each answer before that being busy or whole."""
    for _ in range(4):
        post.index()
        try:
            if len(post.find(2, "needle")) == 3:
                return
        except Refusal as refusal:
            if refusal.kind != "busy":
                raise
    raise AssertionError("it is not made anew")


@pytest.mark.parametrize("spoil", SPOILS)
def test_s2_16_a_damaged_full_text_is_made_anew_at_a_start(
    post: Post, spoil: str
) -> None:
    post.store.close()
    SPOILS[spoil](post)
    post.start()

    recovered(post)
    post.send(1, "bob", body="needle")
    post.index()
    assert len(post.find(2, "needle")) == 4


@pytest.mark.parametrize("statement", ["DELETE FROM words_data", "DROP TABLE words"])
def test_s2_16_damage_that_a_search_meets_is_busy(post: Post, statement: str) -> None:
    assert len(post.find(2, "needle")) == 3
    sql(post, statement)

    assert busy_or(post, 3)
    post.reopen()
    recovered(post)


@pytest.mark.parametrize("spoil", ["scrambled", "garbage"])
def test_s2_16_a_full_text_that_is_damaged_in_use_is_made_anew(
    post: Post, spoil: str
) -> None:
    post.store.close()
    post.start()
    assert not post.store.index_text(9)
    SPOILS[spoil](post)

    recovered(post)


def wound_index(post: Post, table: str) -> None:
    """Garbage in place of the first page of a table, under an open store."""
    path = post.root / "index.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size: int = db.execute("PRAGMA page_size").fetchone()[0]
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
        page: int = (db.execute(query, (table,)).fetchone() or [1])[0]
    data = bytearray(path.read_bytes())
    data[(page - 1) * size : page * size] = b"\xa5" * size
    path.write_bytes(data)


@pytest.fixture
def wounded(tmp_path: Path) -> Iterator[Post]:
    """A store whose index will be damaged, with a message that is taken in."""
    post = Post(BACKENDS["local"], tmp_path / "var")
    post.people("ann", "bob")
    post.send(1, "bob", body="needle")
    post.index()
    yield post
    with suppress(StorageFailure):
        post.store.close()


@pytest.mark.parametrize("table", ["member", "message", "meta", "sqlite_master"])
def test_s2_16_damage_of_the_index_that_a_search_meets_is_no_fault_of_the_full_text(
    wounded: Post, table: str
) -> None:
    wound_index(wounded, table)

    with pytest.raises(sqlite3.DatabaseError) as caught:
        wounded.find(2, "needle")
    assert is_of_the_disk(caught.value)


@pytest.mark.parametrize("table", ["message", "meta"])
def test_s2_16_damage_of_the_index_that_the_indexer_meets_ends_the_server(
    wounded: Post, table: str
) -> None:
    if table == "meta":
        wounded.reopen()
    wound_index(wounded, table)

    for _ in range(2):
        with pytest.raises(StorageFailure, match=r"index\.db is damaged"):
            wounded.store.index_text(9)
    assert (wounded.root / "search.db").stat().st_size > 0


def test_s2_16_an_index_that_lacks_a_row_is_not_asked_for_ever(wounded: Post) -> None:
    wounded.reopen()
    with closing(sqlite3.connect(wounded.root / "index.db")) as db, db:
        db.execute("DELETE FROM meta WHERE key = 'epoch'")

    assert [wounded.store.index_text(9) for _ in range(3)] == [True, True, False]


def test_s2_16_how_far_a_damaged_full_text_is_behind_is_told(post: Post) -> None:
    assert post.store.sizes().unindexed == 0
    sql(post, "DROP TABLE progress")

    assert post.store.sizes().unindexed == 3


def test_s2_16_a_full_text_of_a_lost_index_is_made_anew(post: Post) -> None:
    post.store.close()
    (post.root / "index.db").unlink()
    post.start()
    with refused("busy"):
        post.find(2, "needle")

    recovered(post)


def busy_or(post: Post, count: int) -> bool:
    try:
        return len(post.find(2, "needle")) == count
    except Refusal as refusal:
        return refusal.kind == "busy"


@pytest.mark.parametrize("end", ["", "-wal"])
def test_s2_16_a_full_text_that_cannot_be_written_stays_behind(
    post: Post, end: str
) -> None:
    post.store.close()
    for path in search_files(post):
        path.unlink()
    blocked = post.root / f"search.db{end}"
    blocked.mkdir()
    (blocked / "full").touch()
    post.start()

    for _ in range(5):
        assert not post.store.index_text(9)
        assert busy_or(post, 0)
    assert len(post.inbox(2)) == 3
    (blocked / "full").unlink()
    blocked.rmdir()
    recovered(post)


def test_s2_16_damage_that_comes_back_is_not_tried_for_ever(post: Post) -> None:
    def rounds() -> Iterator[bool]:
        for _ in range(10):
            (post.root / "search.db").write_bytes(b"\xa5" * 9999)
            post.store.close()
            post.start()
            yield post.store.index_text(9)

    assert not all(rounds())
    recovered(post)


def test_s2_16_a_damaged_message_is_found_by_its_people(post: Post) -> None:
    sent = post.send(1, "bob", body="needle")
    path = Layout(post.root).message(sent.id)
    whole = path.read_bytes()
    path.write_bytes(b"{}")
    post.settle()
    post.index()
    try:
        assert len(post.find(2, "needle")) == 3
        assert post.find(2, sender="ann")[0] == sent.id
        post.act(Act.OPENED, 2, sent.id)
        assert post.search(2, sender="ann").hits[0].snippet is None
    finally:
        path.write_bytes(whole)
    for uid in (1, 2):
        post.act(Act.DELETED, uid, sent.id)
    post.purge()
    post.index()
    assert len(post.find(2, "needle")) == 3


def test_s0_14_the_words_of_a_removed_text_are_gone_from_the_disk(post: Post) -> None:
    sent = post.send(1, "bob", subject=f"Re {WORD}s", body=f"a {WORD} b")
    post.index()
    assert post.find(1, WORD) == [sent.id]
    for uid in (1, 2):
        post.act(Act.DELETED, uid, sent.id)
    post.purge()
    post.index()

    held = [
        path for path in search_files(post) if WORD[1:].encode() in path.read_bytes()
    ]
    assert held == []
    assert len(post.find(2, "needle")) == 3


def test_s2_16_two_search_while_one_takes_in(post: Post) -> None:
    post.do(*(post.letter(1, ["bob"], body=f"hay {n}") for n in range(300)))
    stop = threading.Event()
    failures: list[BaseException] = []

    def search() -> None:
        last = 0
        while not stop.is_set():
            try:
                hits = post.search(2, "hay", limit=100)
                assert hits.unindexed <= 300
                assert len(hits.hits) >= last
                last = len(hits.hits)
            except BaseException as failure:  # noqa: BLE001 - told below
                failures.append(failure)
                return

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    while post.store.index_text(5):
        pass
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert post.search(2, "hay").unindexed == 0


def test_s2_16_the_last_space_is_left_to_what_has_no_other_place(
    tmp_path: Path,
) -> None:
    with closing(LocalStore(tmp_path / "var", min_free_bytes=2**62)) as store:
        assert store.index_text(10) is False
    assert not (tmp_path / "var" / "search.db").exists()


def test_s2_16_a_disk_that_does_not_say_its_space_ends_no_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FaultyDisk()
    with closing(LocalStore(tmp_path / "var", disk=disk, min_free_bytes=1)) as store:
        disk.fault = Fault(len(disk.calls), EIO)

        assert store.index_text(10) is False
        assert "the full text stays behind" in caplog.text
