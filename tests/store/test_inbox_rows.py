"""Rows of an inbox: what SQLite writes is what the values say."""

import itertools
import json
import sqlite3
from collections.abc import Iterator

import msgspec
import pytest

from nimsg.core.commands import Act
from nimsg.core.ladder import Copy, receipt
from nimsg.protocol.constants import Box, CopyState, Device, limit
from nimsg.protocol.packed import PackedPage
from nimsg.protocol.results import InboxRow, Origin, Page
from nimsg.store import inboxrows
from nimsg.store.base import ListQuery
from nimsg.store.schema import create
from tests.support.post import ORIGIN, Post, page_of


OWNER, SENDER = 1, 2
ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
BEFORE = "01ARZ3NDEKTSV4RRFFQ69G5FAW"
ODD = 'quo"te\\ \x00\x01\x1f\x7f\n</script> äß€\U0001f600\u2028'


@pytest.fixture
def index() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.row_factory = sqlite3.Row
    create(connection, "epoch")
    for uid, name in ((OWNER, "bob"), (SENDER, "ann")):
        connection.execute(
            "INSERT INTO account VALUES (?, ?, ?, 'user', NULL, 0, NULL)",
            (uid, name, name),
        )
    yield connection
    connection.close()


def add_message(index: sqlite3.Connection, subject: str, origin: Origin | None) -> None:
    told = None if origin is None else msgspec.json.encode(origin).decode()
    index.execute(
        "INSERT INTO message (m, id, sender, position, client_id, fingerprint,"
        " recipients, subject, size, sent_at, reply_to, hash, digest, origin, dated_at,"
        " pending, removed) VALUES (1, ?, ?, 1, 'c', '', ?, ?, 7, 8, ?, '', '', ?, 0,"
        " 0, 0)",
        (ID, SENDER, json.dumps(["bob", "çé"]), subject, BEFORE, told),
    )


def put_copy(index: sqlite3.Connection, copy: Copy) -> None:
    index.execute("DELETE FROM copy")
    index.execute(
        "INSERT INTO copy VALUES (?, 5, 1, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (OWNER, copy.is_new, *msgspec.structs.astuple(copy)),
    )


def said(copy: Copy, subject: str, origin: Origin | None) -> InboxRow:
    """The row of such a copy."""
    gone = copy.deleted_at is not None
    withdrawn = gone or copy.state is CopyState.RECALLED
    return InboxRow(
        position=5,
        id=ID,
        sender="ann",
        to=["bob", "çé"],
        subject="" if withdrawn else subject,
        size=0 if withdrawn else 7,
        sent_at=8,
        receipt=receipt("bob", copy),
        reply_to=None if gone else BEFORE,
        origin=None if gone else origin,
    )


def every_copy() -> Iterator[Copy]:
    """Every set of rungs, whether the ladder has a way to it or not."""
    rungs = ((None, None), (0, Device.TUI)), ((None, None), (2**53, Device.HEADLESS))
    ends = (None, 9)
    for fetched, opened, acked in itertools.product(rungs[0], rungs[1], rungs[1]):
        for recalled, deleted, imported in itertools.product(ends, ends, (False, True)):
            yield Copy(*fetched, *opened, *acked, recalled, deleted, imported)


@pytest.mark.parametrize("origin", [None, ORIGIN], ids=["sent here", "imported"])
def test_a_row_is_what_the_ladder_says_of_each_copy(
    index: sqlite3.Connection, origin: Origin | None
) -> None:
    add_message(index, ODD, origin)
    for copy in every_copy():
        put_copy(index, copy)

        row = index.execute(inboxrows.INBOX, {"owner": OWNER}).fetchone()

        assert inboxrows.decode_row(row["row"]) == said(copy, ODD, origin)
        assert json.loads(row["row"])["subject"] in {ODD, ""}
        assert row["stored"] == (ID if copy.state is CopyState.STORED else None)


def test_a_packed_page_has_the_members_of_a_page() -> None:
    assert PackedPage.__struct_fields__ == Page.__struct_fields__


def test_a_page_of_rows_is_in_order_and_goes_on(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob", subject=ODD).id for _ in range(7)]

    first = page_of(post.store, ListQuery(bob, Box.INBOX, limit=3))
    second = page_of(post.store, ListQuery(bob, Box.INBOX, before=first.next, limit=4))

    assert [row.id for row in (*first.inbox, *second.inbox)] == ids[::-1]
    assert (first.next, second.next) == (5, None)


def test_pages_that_would_be_too_long_have_fewer_rows(post: Post) -> None:
    names = [f"{number:02}" + "n" * 30 for number in range(64)]
    ann, bob, *_ = post.people("ann", *names)
    letters = [post.letter(ann, names, subject="\x01" * 200) for _ in range(300)]
    post.do(*letters)

    pages = post.pages(bob, Box.INBOX, 500)

    assert sum(len(page.inbox) for page in pages) == 300
    assert len(pages) > 1
    assert all(len(msgspec.json.encode(p)) <= limit("page_bytes") for p in pages)


def test_what_was_never_listed_is_named(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first, second = (post.send(ann, "bob").id for _ in range(2))
    query = ListQuery(bob, Box.INBOX)
    assert post.store.page(query).stored == [second, first]

    post.act(Act.FETCHED, bob, second)

    assert post.store.page(query).stored == [first]
    assert post.store.page(ListQuery(ann, Box.INBOX)).stored == []
    assert post.store.page(ListQuery(ann, Box.OUTBOX)).stored == []
