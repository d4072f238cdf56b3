"""A new index from the files alone is the index that was there."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from hypothesis import settings
from hypothesis.stateful import rule, run_state_machine_as_test
from msgspec.structs import replace

from nimsg.errors import StorageFailure
from nimsg.protocol.constants import Box
from nimsg.store.base import ListQuery, RoomsQuery
from nimsg.store.local import LocalStore
from nimsg.store.messagefile import Positions
from nimsg.store.schema import meta
from tests.support.backups import index_rows
from tests.support.company import history, keep_company
from tests.support.mailmodel import Machine
from tests.support.post import BACKENDS, Post, keep_busy, lose_index, page_of, refused
from tests.support.ruin import Ruin


def seen(post: Post) -> list[object]:
    """Everything that can be asked, without the cursors."""
    found: list[object] = [post.store.accounts()]
    for account in post.store.accounts():
        found.append(post.store.counts(account.uid))
        for box in Box:
            query = ListQuery(account.uid, box, all=True, limit=500)
            found.append(replace(page_of(post.store, query), cursor=""))
        changes = post.store.changes(account.uid, None, 500)
        found.append(replace(changes, cursor=""))
        found += [history(post, account.uid, one.room) for one in account.rooms]
        found.append(post.store.rooms(RoomsQuery(account.uid)))
        found.append(post.store.logins(account.uid, None, 100))
        found.append(post.store.last_login(account.uid))
    return found


def notices(post: Post) -> list[str]:
    """What the operator is told."""
    assert isinstance(post.store, LocalStore)
    return post.store.notices


def test_n12_a_rebuilt_index_equals_the_lost_one(post: Post) -> None:
    keep_busy(post)
    keep_company(post)
    post.reopen()
    rows, answers = index_rows(post.root), seen(post)

    lose_index(post)

    assert index_rows(post.root) == rows
    assert seen(post) == answers


def test_the_operator_is_told_of_a_rebuild(post: Post) -> None:
    keep_busy(post)
    lose_index(post)

    assert notices(post) == [
        "index.db was missing: made anew from 4 accounts, 3 messages and 7 ledger lines"
    ]
    post.reopen()
    assert notices(post) == []


def test_a_rebuild_begins_a_new_epoch(post: Post) -> None:
    keep_busy(post)
    cursor = post.store.changes(1, None, 9).cursor

    lose_index(post)

    with refused("cursor_invalid"):
        post.store.changes(1, cursor, 9)


def test_retries_are_known_after_a_rebuild(post: Post) -> None:
    post.people("ann", "bob")
    command = post.letter(1, ["eve", "bob"], reply_to=None)
    id_ = post.sent(command).id

    lose_index(post)

    again = post.sent(command)
    assert (again.id, again.duplicate) == (id_, True)
    with refused("client_id_conflict"):
        post.ask(replace(command, body="other"))


def test_numbers_go_on_behind_a_rebuild(post: Post) -> None:
    keep_busy(post)
    lose_index(post)
    with closing(sqlite3.connect(post.root / "index.db")) as index:
        assert meta(index, "n") == "16"
    ids = [row.id for row in post.inbox(2)]

    sent = post.send(1, "bob")

    assert sent.position == len(post.outbox(1)) + 1
    assert [row.id for row in post.inbox(2)] == [sent.id, *ids]
    lose_index(post)
    assert post.inbox(2)[0].id == sent.id


def test_an_index_cut_to_nothing_is_made_anew(post: Post) -> None:
    keep_busy(post)
    keep_company(post)
    answers = seen(post)
    post.store.close()
    (post.root / "index.db").write_bytes(b"")

    post.start()

    assert seen(post) == answers


def test_t18_a_rebuild_at_any_time_loses_nothing() -> None:
    class Losing(Machine):
        backend = BACKENDS["local"]

        @rule()
        def lose_index(self) -> None:
            lose_index(self.post)
            self.cursors = dict.fromkeys(self.cursors)

    some = settings(deadline=None, max_examples=15, stateful_step_count=30)
    run_state_machine_as_test(Losing, settings=some)


# -- files that cannot be read


def spoil_body(ruin: Ruin) -> None:
    path = ruin.message(ruin.ids.shared)
    path.write_bytes(path.read_bytes().replace(b"rter", b"tter"))


FAULTS: dict[str, tuple[Callable[[Ruin], object], str]] = {
    "damaged message": (spoil_body, "does not match its digest"),
    "message from nobody": (
        lambda ruin: ruin.change_message(ruin.ids.shared, sender="eve"),
        ".json is damaged: it names 'eve', and there is no such account. `nimsg check",
    ),
    "position taken": (
        lambda ruin: ruin.change_message(
            ruin.ids.shared, positions=Positions({"cyd": 1, "bob": 1}, 2)
        ),
        "is damaged: its position is another's",
    ),
    "account file": (
        lambda ruin: ruin.layout.user(1).write_text("{}"),
        "an account file cannot be read",
    ),
    "ledger line": (
        lambda ruin: ruin.edit_line(2, b"{", b"["),
        "2026-11-18.jsonl line 2: it cannot be read",
    ),
    "event": (
        lambda ruin: ruin.change_line(2, event="burnt"),
        "2026-11-18.jsonl line 2: there is no event 'burnt'",
    ),
    "user": (
        lambda ruin: ruin.change_line(5, user="eve"),
        "2026-11-19.jsonl line 2: there is no account 'eve'",
    ),
    "message of a line": (
        lambda ruin: ruin.message(ruin.ids.answered).unlink(),
        "2026-11-19.jsonl line 2: there is no message",
    ),
    "act": (
        lambda ruin: ruin.change_line(2, user="dee"),
        "cannot be opened: no message",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_rebuild_names_what_it_cannot_read(ruin: Ruin, fault: str) -> None:
    spoil, words = FAULTS[fault]
    spoil(ruin)
    ruin.layout.index.unlink()

    with pytest.raises(StorageFailure, match=re.escape(words)) as caught:
        LocalStore(ruin.root)
    assert str(caught.value).count("--rebuild") == 1
    assert not ruin.layout.index.exists()
