"""A backup holds what was answered before it began, and is a store by itself."""

import errno
import os
import shutil
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from nimsg.core.commands import (
    Act,
    CreateInvitation,
    MailAct,
    NoteRefused,
    PostToRoom,
    PurgeMail,
    SendMail,
    SentMail,
    SetRole,
    SetTopic,
)
from nimsg.errors import ConfigError, StorageFailure
from nimsg.progress import Silent
from nimsg.protocol.constants import LOBBY, Device
from nimsg.server.owncert import Pair
from nimsg.store import backup, moment
from nimsg.store.check import check_store
from nimsg.store.disk import RealDisk
from nimsg.store.layout import Layout
from nimsg.store.local import LocalStore
from nimsg.store.moment import take_moment
from nimsg.store.places import BEGUN
from nimsg.store.quarantine import LIST, lost_messages
from nimsg.store.salvage import salvage_store
from tests.support.backups import (
    Rows,
    index_rows,
    listing,
    restored,
    start_on,
    take,
)
from tests.support.company import keep_company
from tests.support.faultydisk import HARMLESS, Fault, FaultyDisk
from tests.support.folders import quick_folder
from tests.support.post import BACKENDS, DAY, START, Post, keep_busy
from tests.support.ruin import Ruin


class Meanwhile(Silent):
    """Does something when a step begins."""

    def __init__(self, what: str, act: Callable[[], object]) -> None:
        self._what = what
        self._act = act

    def begin(self, what: str, total: int, unit: str) -> None:  # noqa: ARG002
        if what == self._what:
            self._act()


def purge(post: Post) -> None:
    """Remove all texts that nobody has in view."""
    post.ask(PurgeMail(post.now + DAY, 100))


def bury(post: Post) -> str:
    """A message that all have deleted; its id."""
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.act(Act.OPENED, bob, id_)
    post.act(Act.DELETED, bob, id_)
    post.act(Act.DELETED, ann, id_)
    return id_


# -- what is copied


def test_a_backup_of_a_closed_store_restores_its_index(
    ruin: Ruin, tmp_path: Path
) -> None:
    target = tmp_path / "a" / "b"

    report = take(ruin.root, target)

    assert restored(target, tmp_path / "back") == index_rows(ruin.root)
    assert (report.accounts, report.messages, report.lines) == (4, 3, 7)
    assert (report.copied, report.kept, report.removed) == (3, 0, 0)
    assert report.problems == []
    assert {path.name for path in target.iterdir()} == {
        *("format", "messages", "ledger", "users", "invitations", "rooms", "drafts")
    }
    for path in (target, *target.rglob("*")):
        mode = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == mode, path


def test_sec_6_the_own_certificate_is_restored_with_its_key(
    ruin: Ruin, tmp_path: Path
) -> None:
    tls, target = Pair(Layout(ruin.root).tls), tmp_path / "copy"
    take(ruin.root, target)
    assert not Layout(target).tls.exists()

    tls.ensure("127.0.0.1", START)
    take(ruin.root, target)
    assert take(ruin.root, target).bytes == 0
    restored(target, tmp_path / "back")

    back = Pair(Layout(tmp_path / "back").tls)
    assert not back.ensure("127.0.0.1", START)
    assert back.cert.read_bytes() == tls.cert.read_bytes()
    assert back.key.read_bytes() == tls.key.read_bytes()
    for path, mode in ((back.folder, 0o700), (back.key, 0o600), (back.cert, 0o600)):
        assert stat.S_IMODE(path.stat().st_mode) == mode


def test_every_stage_of_the_pipeline_is_in_a_backup(post: Post, tmp_path: Path) -> None:
    keep_busy(post)
    keep_company(post)
    post.do(CreateInvitation("0" * 26, "0" * 64, "for eve", None))
    ann, bob = 1, 2
    id_ = post.send(ann, "bob").id
    expected: Rows = {}
    batch = post.store.commit(
        [
            post.letter(bob, ["ann"]),
            MailAct(Act.OPENED, bob, [id_], Device.TUI),
            SetRole(ann, "admin"),
            CreateInvitation("1" * 26, "1" * 64, "for gus", None),
            PostToRoom(bob, "den", "new", "new"),
            SetTopic(ann, LOBBY, "", any_room=True),
            NoteRefused(bob, "192.0.2.1"),
        ],
        post.now,
    )
    steps: list[Callable[[], object]] = [
        lambda: None,  # committed
        lambda: post.store.file(batch),
        post.store.settle,
        post.do,  # forgotten
    ]
    for step in steps:
        step()
        take(post.root, tmp_path / "copy")
        expected = index_rows(post.root)
        assert restored(tmp_path / "copy", tmp_path / "back") == expected
        assert check_store(tmp_path / "copy").problems == []
    assert len(expected["message"]) == 14


def test_what_is_answered_before_a_backup_is_in_it_while_others_write(
    tmp_path: Path,
) -> None:
    with quick_folder(tmp_path) as folder:
        post = Post(BACKENDS["local"], folder / "var")
        ann, bob = post.people("ann", "bob")
        answered: list[str] = []
        over, ready = threading.Event(), threading.Event()

        def write() -> None:
            for number in count():
                batch = post.store.commit(
                    [SendMail(ann, ["bob"], f"{number}", "", "text", None)], START
                )
                post.store.file(batch)
                sent = batch.outcomes[0]
                assert not isinstance(sent, Exception)
                assert isinstance(sent.value, SentMail)
                act = MailAct(Act.OPENED, bob, [sent.value.id], Device.TUI)
                post.store.file(post.store.commit([act], START))
                answered.append(sent.value.id)
                if number % 7 == 0:
                    post.store.settle()
                if number > 20:
                    ready.set()
                if over.is_set():
                    return

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(4):
                assert ready.wait(60)
                ready.clear()
                promised = list(answered)
                report = take(post.root, folder / "copy")
                assert report.problems == []
                rows = restored(folder / "copy", folder / "back")
                opened = {row[0] for row in rows["copy"] if row[7] is not None}
                assert set(promised) <= opened, number
        finally:
            over.set()
            writer.join()
        take(post.root, folder / "copy")
        assert restored(folder / "copy", folder / "back") == index_rows(post.root)
        post.store.close()


def test_a_second_backup_copies_what_is_new(post: Post, tmp_path: Path) -> None:
    keep_busy(post)
    post.settle()
    copy = tmp_path / "copy"
    take(post.root, copy)
    before = listing(copy)
    id_ = post.send(1, "bob").id

    report = take(post.root, copy)

    after = listing(copy)
    new = Layout(copy).message(id_).relative_to(copy)
    assert (report.copied, report.kept) == (1, 3)
    assert {path for path in after if after[path] != before.get(path)} == {
        *(new, Path("format"))
    }
    assert restored(copy, tmp_path / "back") == index_rows(post.root)


def test_more_is_synced_than_once(
    ruin: Ruin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "SYNC_EVERY", 2)
    disk = FaultyDisk()
    take(ruin.root, tmp_path / "copy", disk=disk)
    assert [call.kind for call in disk.calls].count("syncfs") > 2


def test_events_of_a_day_that_has_no_settled_line_move_with_the_ledger(
    post: Post, tmp_path: Path
) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.act(Act.FETCHED, bob, id_)
    post.settle()
    post.now += DAY
    post.act(Act.OPENED, bob, id_)
    copy = tmp_path / "copy"
    for _ in range(2):
        take(post.root, copy)
        assert restored(copy, tmp_path / "back") == index_rows(post.root)
    assert len(list((copy / "ledger").iterdir())) == 2


# -- what was removed


def test_a_text_that_was_removed_leaves_the_backup_too(
    post: Post, tmp_path: Path
) -> None:
    id_ = bury(post)
    copy = tmp_path / "copy"
    take(post.root, copy)
    assert Layout(copy).message(id_).exists()
    batch = post.store.commit([PurgeMail(post.now + DAY, 100)], post.now)

    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: post.store.file(batch),
        post.settle,
    ]
    for step in steps:
        step()
        report = take(post.root, copy)
        assert report.removed == 1
        assert not Layout(copy).message(id_).exists()
        assert restored(copy, tmp_path / "back") == index_rows(post.root)


def test_a_text_that_is_removed_during_a_backup_is_noted(
    post: Post, tmp_path: Path
) -> None:
    id_ = bury(post)
    post.settle()
    copy = tmp_path / "copy"

    report = take(post.root, copy, progress=Meanwhile("messages", lambda: purge(post)))

    assert (report.removed, report.copied, report.problems) == (1, 0, [])
    assert not Layout(copy).message(id_).exists()
    assert restored(copy, tmp_path / "back") == index_rows(post.root)


# -- what is damaged


def test_a_damaged_message_is_named_and_given_up_in_the_copy(
    ruin: Ruin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    path = ruin.message(ruin.ids.shared)
    good, bad = path.read_bytes(), path.read_bytes().replace(b"rter", b"ther")
    path.write_bytes(bad)

    for _ in range(2):  # it is named each time
        (problem,) = take(ruin.root, copy).problems
        assert problem.where == ruin.name(path)
        assert "digest" in problem.what
    assert (copy / "quarantine" / ruin.name(path)).read_bytes() == bad
    assert lost_messages(Layout(copy)) == {ruin.ids.shared}
    restored(copy, tmp_path / "back")

    path.write_bytes(good)
    assert take(ruin.root, copy).problems == []
    assert lost_messages(Layout(copy)) == set()
    assert restored(copy, tmp_path / "back") == index_rows(ruin.root)


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"{")])
def test_a_good_copy_is_not_given_up_for_a_bad_one(
    ruin: Ruin, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    copy = tmp_path / "copy"
    take(ruin.root, copy)
    path = ruin.message(ruin.ids.shared)
    spoil(path)

    report = take(ruin.root, copy)

    assert [problem.where for problem in report.problems] == [ruin.name(path)]
    assert report.kept == 3
    assert restored(copy, tmp_path / "back") == index_rows(ruin.root)


def test_a_message_that_is_gone_or_cannot_be_read_is_named(
    ruin: Ruin, tmp_path: Path
) -> None:
    gone, closed = ruin.message(ruin.ids.shared), ruin.message(ruin.ids.answered)
    gone.unlink()
    closed.unlink()
    closed.mkdir()

    report = take(ruin.root, tmp_path / "copy")

    found = {problem.where: problem.what for problem in report.problems}
    assert found == {
        ruin.name(gone): "is missing",
        ruin.name(closed): "cannot be read: Is a directory",
    }
    assert lost_messages(Layout(tmp_path / "copy")) == {
        *(ruin.ids.shared, ruin.ids.answered)
    }
    restored(tmp_path / "copy", tmp_path / "back")


def test_a_removal_that_cannot_be_read_is_named(post: Post, tmp_path: Path) -> None:
    id_ = bury(post)
    purge(post)
    post.reopen()
    notes = Layout(post.root).removals(id_)
    good = notes.read_bytes()
    notes.write_bytes(b"{}\n")

    report = take(post.root, tmp_path / "copy")

    assert [problem.where.rsplit("/", 1)[1] for problem in report.problems] == [
        *("removed.jsonl", f"{id_}.json")
    ]
    assert report.problems[0].what.endswith("removed.jsonl line 1 cannot be read")
    notes.write_bytes(good)


def test_losses_are_copied(ruin: Ruin, tmp_path: Path) -> None:
    ruin.message(ruin.ids.shared).write_bytes(b"{")
    salvage_store(
        RealDisk(), ruin.layout, entropy=os.urandom, now=START, progress=Silent()
    )
    with (ruin.root / "quarantine" / LIST).open("ab") as file:
        file.write(b'{"what"')  # a crash

    report = take(ruin.root, tmp_path / "copy")

    assert report.problems == []
    back = restored(tmp_path / "copy", tmp_path / "back")
    # Only an index knows of positions behind the last message that is left.
    wanted = index_rows(ruin.root)
    assert back.pop("mailbox") == wanted.pop("mailbox")[:2]
    assert back == wanted


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            lambda ruin: ruin.edit_line(2, b'"bob"', b'"bib"'),
            "does not follow the line before it",
        ),
        (lambda ruin: ruin.edit_line(2, b"{", b"["), "cannot be read"),
        (lambda ruin: ruin.cut_line(7), "has lost lines"),
    ],
)
def test_a_damaged_ledger_is_named_and_copied(
    ruin: Ruin, tmp_path: Path, spoil: Callable[[Ruin], object], words: str
) -> None:
    spoil(ruin)
    ledger = b"".join(day.read_bytes() for day in ruin.days)

    report = take(ruin.root, tmp_path / "copy")

    assert any(words in problem.what for problem in report.problems)
    copied = sorted((tmp_path / "copy" / "ledger").iterdir())
    assert b"".join(day.read_bytes() for day in copied) == ledger


# -- what is refused


def test_a_folder_without_a_usable_store_is_refused(ruin: Ruin, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    with pytest.raises(ConfigError, match="there is no store"):
        take(tmp_path / "nothing", copy)
    ruin.sql("UPDATE meta SET value = '1' WHERE key = 'format'")
    with pytest.raises(ConfigError, match=r"has format 1, .* make it anew with"):
        take(ruin.root, copy)
    ruin.layout.index.write_bytes(b"no index" * 999)
    remedy = f"make it anew with nimsg check --rebuild --var {ruin.root}"
    with pytest.raises(StorageFailure, match=remedy) as caught:
        take(ruin.root, copy)
    assert str(caught.value).startswith(f"{ruin.layout.index} is damaged")
    ruin.layout.index.write_bytes(b"")
    with pytest.raises(StorageFailure, match="no such table"):
        take(ruin.root, copy)
    ruin.layout.index.unlink()
    ruin.layout.index.mkdir()
    with pytest.raises(StorageFailure, match=r"index.db cannot be used: Is a dir"):
        take(ruin.root, copy)
    ruin.layout.index.rmdir()
    with pytest.raises(ConfigError, match="is missing; start the server once"):
        take(ruin.root, copy)
    ruin.layout.format.write_bytes(b"7\n")
    with pytest.raises(ConfigError, match="has store format 7,"):
        take(ruin.root, copy)
    assert not copy.exists()


def test_a_folder_that_is_no_backup_of_this_store_is_refused(
    ruin: Ruin, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    for target in (ruin.root, ruin.root / "copy", tmp_path):
        with pytest.raises(ConfigError, match="one within the other"):
            take(ruin.root, target)
    copy.write_bytes(b"")
    with pytest.raises(ConfigError, match="is not a folder"):
        take(ruin.root, copy)
    copy.unlink()
    copy.mkdir()
    (copy / "messages").mkdir()
    with pytest.raises(ConfigError, match="has 'messages' in it"):
        take(ruin.root, copy)
    (copy / "messages").rmdir()
    take(ruin.root, copy)
    for name, words in (("index.db", "a store of its own"), ("x", "has 'x' in it")):
        (copy / name).touch()
        with pytest.raises(ConfigError, match=words):
            take(ruin.root, copy)
        (copy / name).unlink()
    (copy / "format").write_bytes(b"7\n")
    with pytest.raises(ConfigError, match="has store format 7,"):
        take(ruin.root, copy)


def test_a_backup_of_another_store_is_refused(ruin: Ruin, tmp_path: Path) -> None:
    other = Post(BACKENDS["local"], tmp_path / "other")
    other.people("eve")
    copy = tmp_path / "copy"
    take(other.root, copy)
    before = listing(copy)
    with pytest.raises(ConfigError, match="has the account eve"):
        take(ruin.root, copy)
    ann, _ = other.people("ann", "bob")
    other.send(ann, "bob")
    take(other.root, copy)
    (copy / "users" / "00000002.json").write_bytes(b"{")
    before = listing(copy)
    with pytest.raises(ConfigError, match="has the message"):
        take(ruin.root, copy)
    assert listing(copy) == before
    take(other.root, copy)
    assert restored(copy, tmp_path / "back") == index_rows(other.root)
    other.store.close()


# -- what goes wrong


@pytest.mark.parametrize("earlier", [False, True])
def test_an_interrupted_backup_is_no_store_and_the_next_one_completes_it(
    template: tuple[Path, object], tmp_path: Path, *, earlier: bool
) -> None:
    with quick_folder(tmp_path) as folder:
        post = start_on(template[0], folder / "var")
        first = folder / "first"
        post.now += 9 * DAY
        if earlier:
            take(post.root, first)
            post.send(1, "bob", client_id="new")
            post.act(Act.ACKED, 1, post.send(2, "ann", client_id="new").id)
        rows, source = index_rows(post.root), listing(post.root)
        calls = FaultyDisk()
        take(post.root, copy_of(first, folder / "probe"), disk=calls)
        marked = [at for at, call in enumerate(calls.calls) if call.kind == "rename"]
        for at, call in enumerate(calls.calls):
            copy = copy_of(first, folder / f"copy{at}")
            disk = FaultyDisk(Fault(at, errno.ENOSPC))
            if call.kind in HARMLESS - {"close"}:
                continue
            with pytest.raises(StorageFailure, match="No space left") as caught:
                take(post.root, copy, disk=disk)
            assert str(copy) in str(caught.value)
            assert "; make room; " in str(caught.value)
            assert "Errno" not in str(caught.value)
            if marked[0] < at <= marked[-1]:
                assert (copy / "format").read_bytes() == BEGUN
                with pytest.raises(ConfigError, match="not finished"):
                    LocalStore(copy)
            assert listing(post.root) == source
            take(post.root, copy)
            assert restored(copy, folder / "back") == rows, call
        post.store.close()


def copy_of(first: Path, target: Path) -> Path:
    """What an earlier backup left, if there was one."""
    if first.exists():
        shutil.copytree(first, target)
    return target


def test_a_short_write_and_no_syncfs_are_no_trouble(ruin: Ruin, tmp_path: Path) -> None:
    calls = FaultyDisk()
    take(ruin.root, tmp_path / "probe", disk=calls)
    writes = [at for at, call in enumerate(calls.calls) if call.kind == "write"]
    for at in writes:
        copy = tmp_path / f"copy{at}"
        take(ruin.root, copy, disk=FaultyDisk(Fault(at, None), has_syncfs=False))
        assert restored(copy, tmp_path / "back") == index_rows(ruin.root)


def test_what_a_power_cut_left_is_not_relied_on(ruin: Ruin, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    take(ruin.root, copy)
    path = Layout(copy).message(ruin.ids.shared)
    path.write_bytes(bytes(path.stat().st_size))
    path.with_name("x.json.tmp").touch()
    (copy / "format").write_bytes(BEGUN)

    report = take(ruin.root, copy)

    assert (report.copied, report.kept) == (1, 2)
    assert restored(copy, tmp_path / "back") == index_rows(ruin.root)


def test_a_folder_that_may_not_be_written_to_is_refused(
    ruin: Ruin, tmp_path: Path
) -> None:
    disk = FaultyDisk(Fault(0, errno.EACCES))
    with pytest.raises(ConfigError, match=r"copy cannot be used: .* denied; give"):
        take(ruin.root, tmp_path / "copy", disk=disk)


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("/proc/x", "No such file or directory"),
        ("/dev/null/x", "Not a directory"),
        ("/" + "x" * 300, "File name too long"),
    ],
    ids=["proc", "null", "long"],
)
def test_a_folder_that_cannot_be_is_refused(ruin: Ruin, folder: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        take(ruin.root, Path(folder))
    assert str(caught.value) == f"{folder} cannot be used: {why}; {backup.CHOOSE}"


def test_an_unfinished_backup_is_worth_what_is_in_it(
    post: Post, tmp_path: Path
) -> None:
    """As docs/operating.md tells it, where the store itself is gone."""
    keep_busy(post)
    copy = tmp_path / "copy"
    take(post.root, copy)
    post.send(1, "bob")
    post.send(1, "bob")
    messages = len(index_rows(post.root)["message"])
    disk = FaultyDisk()
    take(post.root, copy_of(copy, tmp_path / "probe"), disk=disk)
    last = max(at for at, call in enumerate(disk.calls) if call.kind == "rename") - 1
    with pytest.raises(StorageFailure):
        take(post.root, copy, disk=FaultyDisk(Fault(last, errno.EIO)))

    (copy / "format").write_bytes(b"1\n")
    salvage_store(
        RealDisk(), Layout(copy), entropy=os.urandom, now=START, progress=Silent()
    )

    assert check_store(copy).problems == []
    assert len(index_rows(copy)["message"]) == messages


# -- the instant


def test_an_index_is_read_again_where_a_server_starts_meanwhile(
    ruin: Ruin, monkeypatch: pytest.MonkeyPatch
) -> None:
    stores: list[LocalStore] = []
    attempt = moment._attempt

    def interrupted(source: Layout) -> object:
        found = attempt(source)
        if not stores:
            stores.append(LocalStore(ruin.root, min_free_bytes=1))
            letter = SendMail(1, ["bob"], "new", "", "text", None)
            stores[0].file(stores[0].commit([letter], START))
        return found

    monkeypatch.setattr(moment, "_attempt", interrupted)
    assert len(take_moment(ruin.layout).messages) == 4
    stores[0].close()


def test_a_moment_holds_nobody_up(post: Post) -> None:
    keep_busy(post)
    take_moment(Layout(post.root))
    with closing(sqlite3.connect(post.root / "index.db")) as index:
        busy, *_ = index.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0


def test_a_folder_that_may_not_be_used_is_named(ruin: Ruin, tmp_path: Path) -> None:
    calls = FaultyDisk()
    backup.backup_store(calls, ruin.layout, Layout(tmp_path / "first"), Silent())
    at = next(at for at, call in enumerate(calls.calls) if call.kind == "open")
    disk = FaultyDisk(Fault(at, errno.EACCES))
    with pytest.raises(ConfigError, match="cannot be used: Permission denied"):
        backup.backup_store(disk, ruin.layout, Layout(tmp_path / "copy"), Silent())
