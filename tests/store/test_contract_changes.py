"""The Store contract, `changes`: nothing new and nothing changed is ever skipped."""

import msgspec
import pytest

from nimsg.core.commands import Act
from nimsg.protocol.constants import CopyState, limit
from nimsg.protocol.results import InboxRow
from tests.support.post import Post, refused, rows


def test_changes_from_the_start_are_everything(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first, second = post.send(ann, "bob").id, post.send(bob, "ann").id
    post.act(Act.DELETED, bob, first)

    page = post.store.changes(bob, None, 100)

    assert [row.id for row in page.inbox] == [first]
    assert page.inbox[0].receipt.state is CopyState.DELETED
    assert [row.id for row in page.outbox] == [second]
    assert not page.more


def test_nothing_happened_is_nothing_changed(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    empty = post.store.changes(bob, None, 1)
    assert (rows(empty), empty.more) == ([], False)
    post.send(ann, "bob")
    seen = post.store.changes(bob, empty.cursor, 1)
    assert len(rows(seen)) == 1

    again = post.store.changes(bob, seen.cursor, 1)

    assert (rows(again), again.more) == ([], False)
    assert again.cursor == seen.cursor


def test_a_receipt_is_a_change_for_the_sender_and_the_reader(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    id_ = post.send(ann, "bob", "cyd").id
    seen = {uid: post.store.changes(uid, None, 9).cursor for uid in (ann, bob, cyd)}

    post.act(Act.OPENED, bob, id_)

    sender = post.store.changes(ann, seen[ann], 9)
    reader = post.store.changes(bob, seen[bob], 9)
    assert [r.state for r in sender.outbox[0].receipts] == ["opened", "stored"]
    assert reader.inbox[0].receipt.state is CopyState.OPENED
    assert rows(post.store.changes(cyd, seen[cyd], 9)) == []


@pytest.mark.parametrize("most", [1, 2, 3, 7])
def test_new_mail_comes_before_changes_and_pages_end(post: Post, most: int) -> None:
    ann, bob = post.people("ann", "bob")
    old = [post.send(ann, "bob").id for _ in range(3)]
    cursor = post.changes(bob, None, most)[-1].cursor
    for id_ in old:
        post.act(Act.OPENED, bob, id_)
    new = [post.send(ann, "bob").id for _ in range(3)]
    post.act(Act.ACKED, bob, old[0])

    first = post.store.changes(bob, cursor, most)
    pages = post.changes(bob, cursor, most)

    assert first.more == (most < 6)
    assert [row.id for row in first.inbox][:3] == new[: min(most, 3)]
    assert sum(len(rows(page)) for page in pages) == 6
    assert all(len(rows(page)) <= most for page in pages)


def test_a_row_that_changes_between_two_pages_comes_again(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob").id for _ in range(3)]
    page = post.store.changes(bob, None, 2)
    post.act(Act.OPENED, bob, ids[0])

    last = post.store.changes(bob, page.cursor, 9)

    assert [row.id for row in last.inbox] == [ids[2], ids[0]]
    assert last.inbox[1].receipt.state is CopyState.OPENED


def test_changes_of_both_boxes_come_in_the_order_they_happened(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    received = [post.send(ann, "bob").id for _ in range(3)]
    sent = [post.send(bob, "ann").id for _ in range(3)]
    cursor = post.changes(bob, None, 9)[-1].cursor
    for mine, other in zip(received, sent, strict=True):
        post.act(Act.OPENED, bob, mine)
        post.act(Act.OPENED, ann, other)

    pages = post.changes(bob, cursor, 1)

    assert [row.id for page in pages for row in rows(page)] == [
        received[0],
        sent[0],
        received[1],
        sent[1],
        received[2],
        sent[2],
    ]


def test_a_page_of_changes_stays_below_its_bytes(post: Post) -> None:
    names = [f"{number:02}" + "n" * 30 for number in range(64)]
    ann, *_ = post.people("ann", *names)
    post.do(*(post.letter(ann, names, subject="\u0001" * 200) for _ in range(40)))

    pages = post.changes(ann, None, 500)

    assert len(pages) > 1
    assert all(rows(page) for page in pages)
    assert all(len(msgspec.json.encode(p)) <= limit("page_bytes") for p in pages)
    assert sum(len(rows(page)) for page in pages) == 40


def test_the_cursor_of_a_page_goes_on_behind_it(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(ann, "bob")
    post.inbox(bob)
    cursor = post.store.changes(bob, None, 9).cursor
    post.reopen()
    id_ = post.send(ann, "bob").id

    (row,) = rows(post.store.changes(bob, cursor, 9))

    assert isinstance(row, InboxRow)
    assert row.id == id_


@pytest.mark.parametrize(
    "wrong", ["", "x", "{}-1-1", "{}-1-1-1-1", "{}-a-1-1", "{}--1-1-1", "{}-¹-1-1"]
)
def test_what_is_no_cursor_is_refused(post: Post, wrong: str) -> None:
    (ann,) = post.people("ann")
    epoch = post.store.changes(ann, None, 1).cursor.split("-")[0]

    with refused("cursor_invalid"):
        post.store.changes(ann, wrong.format(epoch), 1)
    with refused("cursor_invalid"):
        post.store.changes(ann, f"{epoch}0-0-0-0", 1)
