"""No question about mail costs more because there is more that it does not ask for.

Each statement that a store runs is noted, and SQLite is asked how it finds the rows:
by an index, and in the order in which they are wanted.
"""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.protocol.constants import Box, Show
from nimsg.store.base import HistoryQuery, ListQuery, ReadQuery, SearchQuery, Store
from tests.support.company import keep_company
from tests.support.post import BACKENDS, DAY, Busy, Post, keep_busy


OF_MAIL = re.compile(r"(SELECT|WITH|UPDATE|DELETE)\b.*\b(message|copy)\b", re.DOTALL)
# Parts of a plan that read a whole table or index, or put rows in order afterwards;
# a list that a statement brings along is `asked`.
COSTLY = re.compile(
    r"SCAN (?!CONSTANT ROW|asked$|\(subquery|.* VIRTUAL TABLE)|TEMP B-TREE"
)
# How statements begin that look at more than they answer, and at how much.
KNOWN = {
    "WITH RECURSIVE up(id": "at most threads.MOST_LOOKED_AT",
    "SELECT count(*) FROM (SELECT m FROM (SELECT m FROM copy": "COUNTED_MOST",
    "SELECT m.m, m.id FROM copy c JOIN message m": "the asker's mailbox, for an md5",
}
ANN, BOB = 1, 2


class Noted:
    """Connections that keep what they were asked."""

    def __init__(self) -> None:
        self.asked: dict[str, sqlite3.Connection] = {}

    def watch(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Note all that a connection runs."""
        connection.set_trace_callback(
            lambda text: self.asked.setdefault(text, connection)
        )
        return connection

    def costly(self) -> dict[str, list[str]]:
        """By statement, the parts of its plan that cost what there is in all."""
        found: dict[str, list[str]] = {}
        for text, connection in list(self.asked.items()):
            if OF_MAIL.match(text) and not text.startswith(tuple(KNOWN)):
                parts = [part for part in plan(connection, text) if COSTLY.search(part)]
                if parts:
                    found[text] = parts
        return found


def plan(connection: sqlite3.Connection, text: str) -> list[str]:
    """The steps in which SQLite would run a statement."""
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}")]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Noted:
    noted, connect = Noted(), sqlite3.connect

    def watched(name: str, **more: bool) -> sqlite3.Connection:
        return noted.watch(connect(name, **more))  # type: ignore[call-overload]

    monkeypatch.setattr(sqlite3, "connect", watched)
    return noted


def ask_about_mail(store: Store, uid: int, busy: Busy) -> None:
    for box in Box:
        for all_ in (False, True):
            store.page(ListQuery(uid, box, all_, 9, 1))
        store.read(ReadQuery(uid, box))
    cursor = store.changes(uid, None, 1).cursor
    store.changes(uid, cursor, 500)
    store.counts(uid)
    store.status(ANN, busy.shared)
    store.letter(BOB, busy.shared)
    store.thread(BOB, busy.answered)
    store.find_hash(BOB, store.letter(BOB, busy.shared).hash)


def search_everywhere(store: Store, uid: int, _: Busy) -> None:
    for show in (None, *Show):
        for box in (None, *Box):
            store.search(SearchQuery(uid, "x", sender="ann", box=box, show=show))


def look_into_rooms(store: Store, uid: int, _: Busy) -> None:
    for place in store.account_by_uid(uid).rooms:
        for more in ({}, {"after": 1}, {"before": 9}, {"mine": True}):
            store.history(HistoryQuery(uid, place.room, **more))


@pytest.mark.parametrize("ask", [ask_about_mail, search_everywhere, look_into_rooms])
def test_every_question_finds_its_rows_by_an_index(
    noted: Noted, tmp_path: Path, ask: Callable[[Store, int, Busy], None]
) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    busy = keep_busy(post)
    keep_company(post)
    post.index()
    noted.asked.clear()
    for uid in (ANN, BOB):
        ask(post.store, uid, busy)

    assert noted.costly() == {}
    assert any(OF_MAIL.match(text) for text in noted.asked)
    post.store.close()


@pytest.mark.parametrize(
    ("owner", "box", "index"),
    [(BOB, Box.INBOX, "copy_new"), (ANN, Box.OUTBOX, "message_pending")],
)
def test_what_waits_is_not_looked_for_among_all_that_does_not(
    noted: Noted, tmp_path: Path, owner: int, box: Box, index: str
) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    post.people("ann", "bob")
    for _ in range(3):
        post.send(ANN, "bob")
    noted.asked.clear()

    post.store.page(ListQuery(owner, box, all=False, limit=1))

    plans = {
        text: " ".join(plan(connection, text))
        for text, connection in noted.asked.items()
        if OF_MAIL.match(text) and "position <" in text
    }
    assert plans
    assert all(f"USING INDEX {index}" in found for found in plans.values()), plans
    post.store.close()


def test_every_act_finds_its_rows_by_an_index(noted: Noted, tmp_path: Path) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    noted.asked.clear()
    busy = keep_busy(post)
    keep_company(post)
    for name in ("ann", "cyd", "bob"):
        account = post.store.account(name)
        assert account is not None
        post.act(Act.DELETED, account.uid, busy.shared)
    post.purge(post.now + DAY)
    post.import_(ANN, "bob")

    assert noted.costly() == {}
    post.store.close()


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM message WHERE subject = ''",
        "SELECT count(*) FROM copy",
        "SELECT m FROM message WHERE sender = 1 ORDER BY size",
    ],
)
def test_what_costs_more_is_noticed(noted: Noted, tmp_path: Path, text: str) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    noted.asked.clear()
    post.store.counts(ANN)
    (connection,) = set(noted.asked.values())
    connection.execute(text)

    assert text in noted.costly()
    post.store.close()
