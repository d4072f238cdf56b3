"""The store on a local disk: its folder, its files, and who may have it."""

import errno
import json
import os
import re
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nimsg.core.commands import Act, CreateAccount
from nimsg.errors import ConfigError, Exit, Refusal, StorageFailure, Unavailable
from nimsg.protocol.digest import body_hash
from nimsg.protocol.rules import is_id
from nimsg.store.check import check_store
from nimsg.store.disk import RealDisk
from nimsg.store.failure import disk_failure
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from nimsg.store.messagefile import decode_message
from nimsg.store.schema import connect_reader
from tests.support.post import BACKENDS, Backend, Post, keep_busy, refused
from tests.support.ruin import Ruin
from tests.support.spoils import NOBODY, SHARED
from tests.support.unpowered import locked


ROOMY = Backend(lambda root, _: LocalStore(root), check_store)


@contextmanager
def store(root: Path, holder: str = "") -> Iterator[LocalStore]:
    """A store, closed again."""
    opened = LocalStore(root, holder=holder)
    try:
        yield opened
    finally:
        opened.close()


# -- who may have it


def test_two_servers_never_share_a_store(tmp_path: Path) -> None:
    with store(tmp_path, "nimsg server on port 6969"):
        with pytest.raises(Unavailable, match="in use by nimsg server on port 6969;"):
            LocalStore(tmp_path)
        assert Unavailable.exit is Exit.TRY_LATER
    with store(tmp_path), pytest.raises(Unavailable, match=f"process {os.getpid()};"):
        LocalStore(tmp_path)


def test_a_holder_that_left_no_name_is_another_process(tmp_path: Path) -> None:
    with store(tmp_path):
        (tmp_path / "lock").write_bytes(b"")
        with pytest.raises(Unavailable, match="in use by another process;"):
            LocalStore(tmp_path)


def test_what_cannot_be_opened_is_let_go(tmp_path: Path) -> None:
    (tmp_path / "format").write_text("2\n")
    for _ in range(2):
        with pytest.raises(ConfigError):
            LocalStore(tmp_path)
    (tmp_path / "format").unlink()
    with store(tmp_path):
        pass


@pytest.mark.parametrize("found", ["2", "1.1"])
def test_another_format_is_refused(tmp_path: Path, found: str) -> None:
    (tmp_path / "format").write_text(found)

    with pytest.raises(ConfigError, match=f"has store format {found}, .* format 1;"):
        LocalStore(tmp_path)


def test_a_format_that_is_no_number_is_refused(tmp_path: Path) -> None:
    (tmp_path / "format").write_bytes(b"\xff")

    with pytest.raises(ConfigError, match="format holds no number, "):
        LocalStore(tmp_path)


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()

    why = "cannot be used as a store" if below else "file is a file; name the folder"
    with pytest.raises(ConfigError, match=why) as info:
        LocalStore(tmp_path / "file" / below)
    assert info.value.exit is Exit.CONFIG


def test_a_file_in_place_of_a_folder_within_is_named(tmp_path: Path) -> None:
    (tmp_path / "messages").touch()

    why = "messages cannot be used: Not a directory; it has to be a folder"
    with pytest.raises(StorageFailure, match=why) as info:
        LocalStore(tmp_path)
    assert "Errno" not in str(info.value)


@pytest.mark.parametrize("name", ["format", "index.db", "reserve"])
def test_a_folder_in_place_of_a_file_within_is_named(tmp_path: Path, name: str) -> None:
    LocalStore(tmp_path).close()
    (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / name).mkdir()

    why = f"{name} cannot be used: Is a directory; it has to be a file of the store's"
    with pytest.raises(StorageFailure, match=why):
        LocalStore(tmp_path)


def test_a_file_in_place_of_the_quarantine_is_named(tmp_path: Path) -> None:
    LocalStore(tmp_path).close()
    (tmp_path / "quarantine").touch()

    why = "/quarantine cannot be used: Not a directory; it has to be a folder"
    with pytest.raises(StorageFailure, match=why):
        LocalStore(tmp_path)
    below = NotADirectoryError(errno.ENOTDIR, "Not a directory", "")
    assert re.search(why, str(disk_failure(below, tmp_path / "quarantine" / "index-1")))


@pytest.mark.parametrize(
    "name",
    ["users", "rooms", "drafts", "invitations", "ledger", "messages", "index.db"],
)
def test_what_may_not_be_used_is_named_at_the_start(tmp_path: Path, name: str) -> None:
    LocalStore(tmp_path).close()
    why = f"/{name} cannot be used: Permission denied; all that is in the store has"
    with locked(tmp_path / name), pytest.raises(StorageFailure, match=why):
        LocalStore(tmp_path)


def test_a_lock_that_may_not_be_used_is_named(tmp_path: Path) -> None:
    LocalStore(tmp_path).close()
    why = "/lock cannot be used: Permission denied; all that is in the store has to"
    with locked(tmp_path / "lock"), pytest.raises(ConfigError, match=why):
        LocalStore(tmp_path)


def test_a_damaged_index_is_named_and_left_alone(ruin: Ruin) -> None:
    ruin.layout.index.write_bytes(b"x" * 9999)

    with pytest.raises(StorageFailure, match=r"index\.db is damaged \(file is not"):
        LocalStore(ruin.root)
    assert ruin.layout.index.read_bytes() == b"x" * 9999


@pytest.mark.parametrize("statement", [
    "DELETE FROM meta WHERE key = 'head'",
    "UPDATE meta SET value = 'x' WHERE key = 'n'",
    "UPDATE meta SET value = CAST(x'ff' AS TEXT) WHERE key = 'head'",
])  # fmt: skip
def test_an_index_that_has_lost_its_numbers_is_damaged(
    ruin: Ruin, statement: str
) -> None:
    ruin.sql(statement)

    with pytest.raises(StorageFailure, match=r"index\.db is damaged"):
        LocalStore(ruin.root)


# -- what lies there


def test_s2_18_folders_and_files_are_their_owners_alone(tmp_path: Path) -> None:
    mask = os.umask(0o022)
    try:
        post = Post(ROOMY, tmp_path / "new" / "var")
        keep_busy(post)
        modes = {
            path.relative_to(post.root).as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in (post.root, *post.root.rglob("*"))
        }
        post.store.close()
    finally:
        os.umask(mask)

    folders = {name for name in modes if (post.root / name).is_dir()}
    assert {"messages/2026", "messages/2026/11", "messages/2026/11/18"} <= folders
    assert {modes.pop(name) for name in folders} == {0o700}
    assert {"index.db", "index.db-wal", "lock", "format", "reserve"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_s2_18_a_folder_that_was_open_to_others_is_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    with store(tmp_path):
        assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_s0_4_s0_22_a_message_is_a_file_when_it_is_answered(tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path)
    ann, *_ = post.people("ann", "bob")
    sent = post.send(ann, "bob", subject="Hi", body="wörter")

    path = Layout(tmp_path).message(sent.id)
    members = json.loads(path.read_bytes())
    post.store.close()

    assert path.parent.relative_to(tmp_path) == Path("messages/2026/11/18")
    assert members["from"] == "ann"
    assert members["to"] == ["bob"]
    assert members["message"] == "wörter"
    assert members["hash"] == body_hash("wörter") == sent.hash
    assert members["time"] == "2026-11-18T11:06:43.000Z"
    assert members["digest"] == sent.digest


def test_x14_names_never_become_paths(tmp_path: Path) -> None:
    names = ["../../x", "a/b", "..", "/etc/passwd", "x.json"]
    post = Post(BACKENDS["local"], tmp_path / "var")
    for uid in post.people(*names):
        post.send(uid, *names, subject="../../y", client_id="../../z")
    post.store.close()

    found = [path.relative_to(tmp_path) for path in tmp_path.rglob("*.json")]
    users = sorted(path.name for path in found if path.parent == Path("var/users"))
    assert users == [f"{uid:08d}.json" for uid in range(1, 6)]
    letters = [path.stem for path in found if path.parts[1] == "messages"]
    assert len(letters) == 5
    assert all(map(is_id, letters))
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_every_temporary_name_is_gone_after_a_clean_stop(post: Post) -> None:
    keep_busy(post)
    post.reopen()

    assert list(post.root.rglob("*.tmp")) == []


# -- letters that cannot be served


def test_s0_21_a_damaged_letter_is_refused(ruin: Ruin) -> None:
    path = ruin.message(SHARED)
    path.write_bytes(path.read_bytes().replace(b"rter", b"tter"))

    with store(ruin.root) as opened, refused("damaged"):
        opened.letter(1, SHARED)


@pytest.mark.parametrize("data", [b"{}", b"", b"\xff", b"[1"])
def test_s0_21_who_reads_is_told_of_damage_in_words_of_theirs(
    ruin: Ruin, data: bytes
) -> None:
    ruin.message(SHARED).write_bytes(data)

    with store(ruin.root) as opened, pytest.raises(Refusal) as caught:
        opened.letter(1, SHARED)
    assert str(caught.value) == (
        "this message is damaged on the server; whoever runs the server can find out "
        "more with nimsg check"
    )


def test_n8_a_damaged_letter_is_told_to_the_operator_once(
    ruin: Ruin, caplog: pytest.LogCaptureFixture
) -> None:
    path = ruin.message(SHARED)
    path.write_bytes(b"{}")

    with store(ruin.root) as opened:
        for _try in range(2):
            with refused("damaged"):
                opened.letter(1, SHARED)

    told = [(one.levelname, one.getMessage()) for one in caplog.records]
    assert told == [("ERROR", f"the message {SHARED} is damaged: {path}")]


def test_a_letter_that_cannot_be_read_is_told_as_that(
    ruin: Ruin, caplog: pytest.LogCaptureFixture
) -> None:
    path = ruin.message(SHARED)
    path.unlink()
    with store(ruin.root) as opened, refused("damaged"):
        opened.letter(1, SHARED)
    path.mkdir()
    with store(ruin.root) as opened, refused("damaged"):
        opened.letter(1, SHARED)

    assert [one.getMessage() for one in caplog.records] == [
        f"the message {SHARED} cannot be read: No such file or directory ({path})",
        f"the message {SHARED} cannot be read: Is a directory ({path}); it has to be a "
        "file of the store's; move it away",
    ]


def test_a_letter_under_the_name_of_another_is_refused(ruin: Ruin) -> None:
    ruin.message(SHARED).write_bytes(ruin.message(ruin.ids.answered).read_bytes())

    with store(ruin.root) as opened, refused("damaged"):
        opened.letter(1, SHARED)


def test_a_letter_whose_file_is_gone_is_damaged(ruin: Ruin) -> None:
    ruin.message(SHARED).unlink()

    with store(ruin.root) as opened:
        with refused("damaged"):
            opened.letter(1, SHARED)
        with refused("not_found"):
            opened.letter(1, NOBODY)


def test_a_letter_is_served_while_it_is_being_filed(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    batch = post.store.commit([post.letter(ann, ["bob"], body="text")], post.now)
    id_ = decode_message(batch.rows[0].data).id

    assert post.store.letter(bob, id_).body == "text"
    post.store.file(batch)
    assert post.store.letter(bob, id_).body == "text"


# -- stopping and starting


def test_what_was_not_filed_is_filed_at_the_stop(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    letter = post.letter(ann, ["bob"])
    post.store.commit([letter, CreateAccount("cyd", None)], post.now)
    post.store.close()
    (post.root / "index.db").unlink()
    post.start()

    assert len(post.inbox(bob)) == 2
    assert len(list(post.root.glob("messages/*/*/*/*.json"))) == 2
    assert (post.root / "users" / "00000003.json").exists()
    assert post.act(Act.OPENED, bob, id_)


def test_settling_says_whether_there_was_anything(post: Post) -> None:
    assert not post.store.settle()
    post.people("ann")
    assert post.store.settle()
    assert not post.store.settle()


def test_a_log_that_has_grown_long_is_begun_anew(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nimsg.store.local.WAL_PAGES", 0)
    ann, bob = post.people("ann", "bob")
    log = post.root / "index.db-wal"
    with closing(connect_reader(post.root / "index.db")) as slow:
        slow.execute("BEGIN")
        slow.execute("SELECT * FROM meta").fetchall()
        for _ in range(5):
            post.send(ann, "bob")
        post.store.settle()
    size = log.stat().st_size

    post.send(ann, "bob")

    assert log.stat().st_size == size
    assert len(post.inbox(bob)) == 6


def test_the_disk_says_whether_it_can_sync_all_at_once(tmp_path: Path) -> None:
    disk = RealDisk()
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        assert isinstance(disk.syncfs(fd), bool)
        assert not disk.read_only(fd)
    finally:
        os.close(fd)
    assert disk.free_bytes(tmp_path) > 0


def test_the_lock_is_a_kernels_and_not_a_files(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("somebody who died\n")

    with store(tmp_path):
        assert (tmp_path / "lock").read_text() == f"process {os.getpid()}\n"
    assert (tmp_path / "lock").read_text() == ""
