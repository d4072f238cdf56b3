"""X16: mail of other systems, kept as messages; whole mailboxes, read for a copy."""

import msgspec
import pytest
from msgspec.structs import replace

from nimsg.core.commands import Act, SendMail
from nimsg.protocol.constants import Box, CopyState, limit
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.results import InboxRow, Origin, OutboxRow, Refused
from nimsg.store.base import Counts, ReadQuery
from nimsg.store.layout import Layout
from tests.support.post import DAY, ORIGIN, Post, refused, rows


S = CopyState
BARE = Origin("", [], None, None, None)


def test_x16_an_import_is_in_the_inbox_and_nobody_waits_for_it(post: Post) -> None:
    [ann] = post.people("ann")

    sent = post.import_(ann, "ann", subject="Hi", body="wörter")

    [row] = post.inbox(ann)
    assert row == InboxRow(
        position=1,
        id=sent.id,
        sender="ann",
        to=["ann"],
        subject="Hi",
        size=7,
        sent_at=post.now,
        receipt=post.store.status(ann, sent.id).receipts[0],
        reply_to=None,
        origin=ORIGIN,
    )
    assert row.receipt.state is CopyState.IMPORTED
    assert post.outbox(ann) == post.outbox(ann, all_=False) == []
    assert post.inbox(ann, all_=False) == []
    assert post.store.counts(ann) == Counts(0, 0)
    assert sent.digest == message_digest(
        id=sent.id,
        sender="ann",
        to=["ann"],
        sent_at=sent.sent_at,
        subject="Hi",
        body="wörter",
        reply_to=None,
        origin=ORIGIN,
    )
    assert post.store.find_hash(ann, body_hash("wörter")) == sent.id


@pytest.mark.parametrize("origin", [ORIGIN, BARE, replace(BARE, date=-DAY, zone=-720)])
def test_x16_an_origin_is_told_wherever_the_message_is(
    post: Post, origin: Origin
) -> None:
    ann, bob = post.people("ann", "bob")

    sent = post.import_(ann, "bob", origin=origin)
    post.reopen()

    assert post.inbox(bob)[0].origin == post.outbox(ann)[0].origin == origin
    for asker in (ann, bob):
        assert post.store.letter(asker, sent.id).origin == origin
        assert post.store.status(asker, sent.id).origin == origin
    assert [row.origin for row in rows(post.changes(bob, None, 9)[0])] == [origin]


def test_x16_a_message_that_was_sent_has_no_origin(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.send(ann, "bob")

    assert post.inbox(bob)[0].origin is post.outbox(ann)[0].origin is None
    assert post.store.letter(ann, sent.id).origin is None
    assert post.store.status(ann, sent.id).origin is None


def test_x16_an_import_wakes_nobody(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    letter = replace(post.letter(ann, ["ann", "bob"]), origin=ORIGIN)

    assert post.ask(letter).wakes == frozenset()
    assert len(rows(post.changes(bob, None, 9)[0])) == 1


def test_x16_between_accounts_it_is_in_both_boxes(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")

    sent = post.import_(ann, "ann", "cyd", "eve")

    assert [row.id for row in post.outbox(ann)] == [sent.id]
    assert post.outbox(ann, all_=False) == []
    assert [row.id for row in post.inbox(ann)] == [sent.id]
    assert [row.id for row in post.inbox(cyd)] == [sent.id]
    assert sent.refused == [Refused("eve", "unknown_user")]
    assert post.states(ann, sent.id) == dict.fromkeys(["ann", "cyd"], S.IMPORTED)
    assert not post.store.status(ann, sent.id).pending
    assert not post.store.status(cyd, sent.id).pending
    with refused("not_found"):
        post.store.letter(bob, sent.id)


def test_x16_a_listing_never_fetches_an_import(post: Post) -> None:
    [ann] = post.people("ann")
    sent = post.import_(ann, "ann")
    before = post.store.status(ann, sent.id)

    post.act(Act.FETCHED, ann, sent.id)

    assert post.store.status(ann, sent.id) == before


def test_x16_an_import_climbs_when_it_is_opened(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.import_(ann, "bob")

    opened = post.act(Act.OPENED, bob, sent.id)["bob"]
    acked = post.act(Act.ACKED, bob, sent.id)["bob"]

    assert opened.state is S.OPENED
    assert opened.fetched_at == opened.opened_at == post.now - 1000
    assert acked.state is S.ACKED
    assert post.states(ann, sent.id) == {"bob": S.ACKED}
    assert post.store.counts(ann) == post.store.counts(bob) == Counts(0, 0)


def test_x16_an_import_is_not_recalled(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.import_(ann, "bob")

    with refused("not_permitted"):
        post.act(Act.RECALLED, ann, sent.id)
    with refused("not_sender"):
        post.act(Act.RECALLED, bob, sent.id)
    assert post.states(ann, sent.id) == {"bob": S.IMPORTED}


def test_x16_n12_an_import_can_be_deleted(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    own, shared = post.import_(ann, "ann"), post.import_(ann, "ann", "bob")

    post.act(Act.DELETED, ann, own.id)
    post.act(Act.DELETED, ann, shared.id)

    assert post.inbox(ann) == []
    assert post.outbox(ann) == []
    assert [row.id for row in post.inbox(bob)] == [shared.id]
    with refused("not_found"):
        post.act(Act.DELETED, ann, own.id)
    assert post.check().copies == {state.value: 0 for state in CopyState} | {
        "deleted": 2,
        "imported": 1,
    }


# -- the same mail again


def test_x16_an_import_done_again_is_the_same_message(post: Post) -> None:
    ann, _ = post.people("ann", "bob")
    first = post.import_(ann, "ann", client_id="old", subject="s", body="b")

    again = post.import_(
        ann, "ann", client_id="old", subject="s", body="b", references=["later"]
    )

    assert (again.id, again.duplicate) == (first.id, True)
    assert len(post.inbox(ann)) == 1


def test_x16_what_it_answers_does_not_make_it_another(post: Post) -> None:
    [ann] = post.people("ann")
    letter = post.letter(ann, ["ann"])
    command = replace(letter, origin=ORIGIN, references=["a"])
    first = post.sent(command)
    later = post.import_(ann, "ann", client_id="a")

    again = post.sent(command)

    assert (again.id, again.duplicate) == (first.id, True)
    assert {row.id: row.reply_to for row in post.inbox(ann)}[first.id] == later.id


@pytest.mark.parametrize(
    "change",
    [
        {"origin": replace(ORIGIN, date=5)},
        {"origin": replace(ORIGIN, to=[])},
        {"origin": None},
        {"body": "other"},
    ],
    ids=["date", "to", "none", "body"],
)
def test_x16_another_mail_under_its_client_id_is_a_conflict(
    post: Post, change: dict[str, object]
) -> None:
    [ann] = post.people("ann")
    command = SendMail(ann, ["ann"], "old", "s", "b", None, origin=ORIGIN)
    post.sent(command)

    with refused("client_id_conflict"):
        post.ask(replace(command, **change))


def test_x16_it_answers_the_nearest_reference_that_is_there(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    old = post.import_(ann, "ann", client_id="old")
    near = post.import_(ann, "ann", client_id="near")
    post.import_(bob, "bob", client_id="theirs")

    reply = post.import_(ann, "ann", references=["theirs", "gone", "near", "old"])
    post.act(Act.DELETED, ann, near.id)
    second = post.import_(ann, "ann", references=["near", "old"])
    third = post.import_(ann, "ann", references=["near"])

    found = {row.id: row.reply_to for row in post.inbox(ann)}
    assert found[reply.id] == near.id
    assert found[second.id] == near.id
    assert found[third.id] == near.id
    assert old.id not in found.values()


def test_x16_what_it_answers_may_come_later(post: Post) -> None:
    [ann] = post.people("ann")
    reply = post.import_(ann, "ann", client_id="c", references=["near", "far", "c"])
    far = post.import_(ann, "ann", client_id="far")

    def answered() -> str | None:
        return {row.id: row.reply_to for row in post.inbox(ann)}[reply.id]

    assert answered() == far.id
    assert post.store.letter(ann, reply.id).answers == far.id
    near = post.import_(ann, "ann", client_id="near", references=["far"])
    assert answered() == near.id
    thread = post.store.thread(ann, far.id)
    assert [row.id for row in thread.inbox] == [reply.id, far.id, near.id]
    assert post.check().problems == []


def test_x16_an_import_to_nobody_stores_nothing(post: Post) -> None:
    [ann] = post.people("ann")

    with refused("all_refused"):
        post.import_(ann, "eve")
    assert post.inbox(ann) == []


# -- whole mailboxes


def read(post: Post, owner: int, box: Box, most: int) -> tuple[list[str], list[str]]:
    """The bodies of a box to the end, and what is damaged."""
    bodies: list[str] = []
    damaged: list[str] = []
    after: int | None = 0
    while after is not None:
        letters = post.store.read(ReadQuery(owner, box, after, most))
        bodies += [letter.body for letter in letters.letters]
        damaged += letters.damaged
        assert letters.next is None or letters.next > after
        after = letters.next
    return bodies, damaged


@pytest.mark.parametrize("most", [1, 2, 3, 100])
def test_x16_a_mailbox_is_read_whole_and_sets_no_receipt(post: Post, most: int) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob", body=f"b{n}").id for n in range(6)]
    post.import_(bob, "bob", body="old")
    post.act(Act.RECALLED, ann, ids[1])
    post.act(Act.DELETED, bob, ids[2])
    post.act(Act.DELETED, ann, ids[3])

    inbox, outbox = read(post, bob, Box.INBOX, most), read(post, ann, Box.OUTBOX, most)

    assert inbox == (["b0", "b3", "b4", "b5", "old"], [])
    assert outbox == (["b0", "b1", "b2", "b4", "b5"], [])
    assert post.states(ann, ids[0]) == {"bob": S.STORED}


def test_x16_the_last_page_of_a_mailbox_may_be_full(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(ann, "bob")
    post.send(ann, "bob")

    first = post.store.read(ReadQuery(bob, Box.INBOX, 0, 2))
    assert first.next == 2
    last = post.store.read(ReadQuery(bob, Box.INBOX, 2, 2))

    assert (last.letters, last.damaged, last.next) == ([], [], None)


def test_x16_a_page_of_a_mailbox_fits_into_a_frame(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    for _ in range(4):
        post.send(ann, "bob", body="\1" * limit("body_bytes"))

    bodies, _ = read(post, bob, Box.INBOX, 100)
    first = post.store.read(ReadQuery(bob, Box.INBOX, 0, 100))

    assert len(bodies) == 4
    assert len(first.letters) == 1
    assert len(msgspec.json.encode(first)) < limit("frame_bytes")


def test_x16_what_is_damaged_is_named_and_the_rest_read(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob", body=f"b{n}").id for n in range(3)]
    post.settle()
    path = Layout(post.root).message(ids[1])
    whole = path.read_bytes()
    path.write_bytes(b"{}")

    found = [read(post, bob, Box.INBOX, most) for most in (1, 2, 9)]
    path.write_bytes(whole)

    assert found == [(["b0", "b2"], [ids[1]])] * 3


def test_x16_an_outbox_row_tells_all(post: Post) -> None:
    ann, _ = post.people("ann", "bob")
    sent = post.import_(ann, "bob", subject="s", body="b")

    assert post.outbox(ann) == [
        OutboxRow(
            position=1,
            id=sent.id,
            to=["bob"],
            subject="s",
            size=1,
            sent_at=sent.sent_at,
            receipts=post.store.status(ann, sent.id).receipts,
            pending=False,
            origin=ORIGIN,
        )
    ]
