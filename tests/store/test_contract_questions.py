"""The Store contract, questions: who sees what of a message, and its text."""

import threading

from nimsg.core.commands import Act
from nimsg.protocol.constants import CopyState
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.results import InboxRow, OutboxRow, Receipt, Status
from tests.support.post import Post, refused


NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def test_s0_19_the_sender_sees_all_receipts_and_a_reader_the_own(post: Post) -> None:
    ann, bob, _, dee = post.people("ann", "bob", "cyd", "dee")
    sent = post.send(ann, "cyd", "bob", "eve", subject="Hi", body="four")
    post.act(Act.OPENED, bob, sent.id)

    mine = post.store.status(ann, sent.id)
    theirs = post.store.status(bob, sent.id)

    assert [receipt.user for receipt in mine.receipts] == ["cyd", "bob"]
    assert theirs == Status(
        id=sent.id,
        sender="ann",
        to=["cyd", "bob"],
        subject="Hi",
        size=4,
        sent_at=sent.sent_at,
        reply_to=None,
        receipts=[mine.receipts[1]],
        refused=[],
        pending=False,
        origin=None,
    )
    assert mine.pending
    for asker, id_ in ((dee, sent.id), (ann, NOBODY)):
        with refused("not_found"):
            post.store.status(asker, id_)


def test_s0_19_a_letter_is_for_its_sender_and_its_readers(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    id_ = post.send(ann, "bob", subject="Hi", body="äöü\n\u2028\x00").id
    post.act(Act.OPENED, bob, id_)

    letter, own = post.store.letter(bob, id_), post.store.letter(ann, id_)

    assert letter.body == "äöü\n\u2028\x00"
    assert letter.hash == body_hash(letter.body)
    assert letter.digest == message_digest(
        id=id_,
        sender="ann",
        to=["bob"],
        sent_at=letter.sent_at,
        subject="Hi",
        body=letter.body,
        reply_to=None,
    )
    assert letter.receipt == post.store.status(bob, id_).receipts[0]
    assert own.receipt is None
    for asker, wrong in ((cyd, id_), (ann, NOBODY)):
        with refused("not_found"):
            post.store.letter(asker, wrong)


def test_a_list_never_holds_a_text(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    sent = post.send(ann, "bob", subject="Hi", body="text")

    assert post.inbox(bob) == [
        InboxRow(
            1, sent.id, "ann", ["bob"], "Hi", 4, sent.sent_at,
            Receipt("bob", CopyState.STORED),
        )
    ]  # fmt: skip
    assert post.outbox(ann) == [
        OutboxRow(
            1, sent.id, ["bob"], "Hi", 4, sent.sent_at,
            [Receipt("bob", CopyState.STORED)], pending=True,
        )
    ]  # fmt: skip


def test_s0_21_the_newest_body_with_an_md5_is_found(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    md5 = body_hash("same")
    first = post.send(ann, "bob", body="same").id
    second = post.send(bob, "ann", body="same").id

    assert post.store.find_hash(ann, md5) == second
    assert post.store.find_hash(bob, md5) == second
    post.act(Act.DELETED, ann, second)
    assert post.store.find_hash(ann, md5) == first
    post.act(Act.DELETED, ann, first)
    for asker in (ann, cyd):
        with refused("not_found"):
            post.store.find_hash(asker, md5)
    assert post.store.find_hash(bob, md5) == second


def test_questions_may_come_from_any_thread(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(post.inbox(bob)[0].id))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [id_] * 3
