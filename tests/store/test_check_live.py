"""The check beside a server that writes: what is under way is no disagreement."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.core.commands import (
    Act,
    AddBlock,
    Command,
    CreateAccount,
    CreateRoom,
    MailAct,
    MarkRoom,
    NoteLogin,
    NoteLogout,
    PostToRoom,
    RemoveBlock,
    SetRole,
    SetTopic,
)
from nimsg.progress import Silent
from nimsg.protocol.constants import LOBBY, Departure, Device
from nimsg.store.base import Batch
from nimsg.store.check_files import check_accounts, check_leftovers, check_messages
from nimsg.store.check_index import check_index
from nimsg.store.check_ledger import check_ledger
from nimsg.store.check_rooms import check_rooms
from nimsg.store.findings import Findings, Problem
from nimsg.store.layout import Layout
from nimsg.store.plan import RowKind
from nimsg.store.snapshot import take_snapshot
from nimsg.store.survey import survey
from tests.support.company import come, found, keep_company, say
from tests.support.post import Post, keep_busy
from tests.support.ruin import named


def check_between(
    root: Path, noted: Callable[[], object], copied: Callable[[], object]
) -> list[Problem]:
    """The check, with something happening after the survey and after the copy."""
    layout, findings = Layout(root), Findings(root)
    seen = survey(layout, findings)
    noted()
    with take_snapshot(layout.index, findings) as index:
        assert index is not None
        copied()
        check_accounts(layout, seen, index, findings)
        check_rooms(layout, seen, index, findings)
        check_messages(layout, seen, index, findings, Silent())
        check_leftovers(seen.leftovers, index, findings)
        check_index(index, findings)
        check_ledger(layout, seen, index, findings)
    return findings.problems


def commit(post: Post, *commands: Command) -> Batch:
    """Commands that are durable and not yet filed."""
    return post.store.commit(commands, post.now)


def temporary(path: Path) -> Path:
    """The name of a file that is being written."""
    return path.with_name(f"{path.name}.tmp")


def test_an_open_store_is_sound_before_and_after_it_settles(post: Post) -> None:
    keep_busy(post)
    keep_company(post)
    assert post.check().problems == []
    post.settle()
    assert post.check().problems == []


def test_what_waits_in_the_journal_needs_no_file_yet(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.settle()
    commands = (
        post.letter(bob, ["ann"]),
        MailAct(Act.OPENED, bob, [id_]),
        SetRole(ann, "admin"),
        CreateAccount("cyd", None),
        CreateRoom("0" * 25 + "1", ann, "den", "a topic"),
        PostToRoom(ann, "den", "c", "text"),
        NoteLogin(bob, Device.TUI, "192.0.2.1"),
        AddBlock(bob, ann),
    )
    batch = commit(post, *commands)

    report = post.check()

    assert report.problems == []
    assert (report.accounts, report.messages, report.lines) == (3, 3, 0)
    assert (report.rooms, report.posts) == (2, 1)
    assert report.copies["opened"] == 1
    post.store.file(batch)


def test_a_file_half_written_is_right_while_its_row_waits(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    batch = commit(post, post.letter(ann, ["bob"]), SetRole(bob, "admin"))
    layout = Layout(post.root)
    message, account = layout.message(batch.rows[0].name), layout.user(bob)
    message.parent.mkdir(parents=True)
    for path in (message, account):
        temporary(path).write_bytes(b"{")

    assert post.check().problems == []
    post.store.file(batch)
    assert not temporary(message).exists()


def test_a_torn_line_is_right_while_its_row_waits(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first, second = post.send(ann, "bob").id, post.send(ann, "bob").id
    post.act(Act.OPENED, bob, first)
    (day,) = Layout(post.root).ledger.iterdir()
    whole = day.read_bytes()
    batch = commit(post, MailAct(Act.OPENED, bob, [second]))

    day.write_bytes(whole + b'{"device":')

    assert post.check().problems == []
    day.write_bytes(whole)
    post.store.file(batch)


@pytest.mark.parametrize("settled", [False, True])
def test_what_happens_after_the_survey_is_no_disagreement(
    post: Post, settled: bool
) -> None:
    keep_busy(post)

    def go_on() -> None:
        eve, _ = post.people(f"eve{post.now}", f"fay{post.now}")
        id_ = post.send(1, "bob", f"eve{post.now - 2000}").id
        post.act(Act.OPENED, eve, id_)
        post.do(SetRole(eve, "admin"))
        found(post, eve, f"r{post.now}", "a topic")
        post.do(SetTopic(eve, f"r{post.now - 1000}", "new", any_room=True))
        say(post, eve, LOBBY, f"{post.now}")
        come(post, eve)
        post.do(AddBlock(eve, 1))
        if settled:
            post.settle()

    assert check_between(post.root, go_on, go_on) == []


def test_an_account_that_changes_during_the_check_is_left_to_the_next(
    post: Post,
) -> None:
    (ann,) = post.people("ann")
    post.settle()

    def change() -> None:
        post.do(SetRole(ann, "admin"))
        post.settle()

    assert check_between(post.root, lambda: None, change) == []
    post.settle()
    assert check_between(post.root, lambda: None, lambda: None) == []


def test_a_room_that_changes_during_the_check_is_left_to_the_next(post: Post) -> None:
    (ann,) = post.people("ann")
    found(post, ann, "den")
    post.settle()

    def change() -> None:
        post.do(SetTopic(ann, "den", f"{post.now}", any_room=False))
        post.settle()

    assert check_between(post.root, lambda: None, change) == []
    post.settle()
    assert check_between(post.root, lambda: None, lambda: None) == []


def test_a_line_half_written_after_the_survey_is_left_to_the_next(post: Post) -> None:
    keep_busy(post)
    post.settle()
    day = max(Layout(post.root).ledger.iterdir())
    whole = day.read_bytes()

    def tear() -> None:
        day.write_bytes(whole + b'{"device":')

    assert check_between(post.root, lambda: None, tear) == []
    named(post.check().problems, "ledger/2026-11-19.jsonl line 5: breaks off")
    day.write_bytes(whole)


def test_a_temporary_file_that_is_renamed_meanwhile_is_none(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.settle()
    leftover = temporary(Layout(post.root).user(ann))
    leftover.write_bytes(b"")

    assert check_between(post.root, leftover.unlink, lambda: None) == []
    leftover.write_bytes(b"")
    named(post.check().problems, "users/00000001.json.tmp: nobody")
    batch = commit(post, SetRole(ann, "admin"), SetRole(bob, "admin"))
    assert post.check().problems == []
    post.store.file(batch)


def test_the_second_look_sees_what_may_still_change(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.settle()
    batch = commit(post, SetRole(ann, "admin"))
    with take_snapshot(post.root / "index.db", Findings(post.root)) as index:
        assert index is not None
        post.store.file(batch)
        post.settle()
        assert index.unsettled(RowKind.ACCOUNT, str(ann), ann)
        assert not index.unsettled(RowKind.ACCOUNT, str(bob), bob)
        batch = commit(post, SetRole(bob, "admin"))
        assert index.unsettled(RowKind.ACCOUNT, str(bob))
        post.store.file(batch)
        post.settle()
        assert not index.unsettled(RowKind.ACCOUNT, str(bob))
        assert index.unsettled(RowKind.ACCOUNT, str(bob), bob)


def test_habit_11_checks_beside_a_busy_server_find_nothing(post: Post) -> None:
    post.people("ann", "bob", "cyd")
    done = threading.Event()

    def work() -> None:
        try:
            for step in range(150):
                sent = post.send(1 + step % 3, "ann", "bob", "cyd")
                post.act(Act.FETCHED, 1 + step % 2, sent.id)
                post.do(
                    MailAct(Act.OPENED, 2, [sent.id], Device.LINE),
                    SetRole(3, ("user", "admin")[step % 2]),
                    PostToRoom(1 + step % 3, LOBBY, f"say {step}", "text"),
                    MarkRoom(2, LOBBY, step),
                    SetTopic(1, LOBBY, ("", "topic")[step % 2], any_room=True),
                    (AddBlock, RemoveBlock)[step % 2](3, 1),
                    NoteLogin(1, Device.TUI, "192.0.2.1"),
                    NoteLogout(1, Departure.LOGOUT),
                )
                if step % 5 == 0:
                    post.settle()
        finally:
            done.set()

    worker = threading.Thread(target=work)
    worker.start()
    checks = 0
    while not done.is_set():
        assert post.check().problems == []
        checks += 1
    worker.join()

    assert checks > 1
