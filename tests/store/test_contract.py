"""The Store contract, mail: what any backend must do. It knows no backend."""

import msgspec
import pytest

from nimsg.core.commands import Act, MailAct, RemoveAccount, SendMail
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box, CopyState, Device, limit
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.results import Receipt, Refused
from nimsg.store.base import Counts, ListQuery
from tests.support.post import DAY, Post, page_of, refused, rows


# -- sending


def test_s0_6_a_send_says_what_was_stored(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    command = post.letter(ann, ["cyd", "bob"], subject="Hi", body="wörter\n")

    sent = post.sent(command)

    assert sent.sent_at == post.now
    assert sent.to == ["cyd", "bob"]
    assert sent.refused == []
    assert sent.position == 1
    assert not sent.duplicate
    assert sent.hash == body_hash("wörter\n")
    assert sent.digest == message_digest(
        id=sent.id,
        sender="ann",
        to=["cyd", "bob"],
        sent_at=post.now,
        subject="Hi",
        body="wörter\n",
        reply_to=None,
    )
    assert post.ask(post.letter(ann, ["bob"])).wakes == {ann, bob}
    assert post.ask(post.letter(bob, ["cyd", "ann"])).wakes == {ann, bob, cyd}


def test_a_retry_gives_the_same_message_and_wakes_nobody(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    command = post.letter(ann, ["bob", "eve"])
    first = post.sent(command)

    again = post.ask(command)
    other_order = SendMail(
        ann, ["eve", "bob"], command.client_id, command.subject, command.body, None
    )

    assert again.value == post.sent(other_order)
    assert again.wakes == frozenset()
    assert post.sent(command).duplicate
    assert post.sent(command).id == first.id
    assert post.sent(command).sent_at == first.sent_at
    assert post.sent(command).refused == [Refused("eve", "unknown_user")]
    assert len(post.inbox(bob)) == len(post.outbox(ann)) == 1


def test_a_retry_in_the_same_batch_is_the_same_message(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    command = post.letter(ann, ["bob"])

    first, second = post.do(command, command)

    assert not isinstance(first, Refusal)
    assert not isinstance(second, Refusal)
    assert first.value != second.value
    assert len(post.inbox(bob)) == 1


@pytest.mark.parametrize(
    "change",
    [{"body": "other"}, {"subject": "other"}, {"to": ["bob", "cyd"]}],
    ids=["body", "subject", "to"],
)
def test_another_message_under_a_client_id_is_a_conflict(
    post: Post, change: dict[str, str]
) -> None:
    ann, *_ = post.people("ann", "bob", "cyd")
    first = post.letter(ann, ["bob"])
    post.sent(first)
    fields = {"to": ["bob"], "subject": first.subject, "body": first.body} | change
    to, subject, body = fields["to"], fields["subject"], fields["body"]
    assert isinstance(to, list)
    assert isinstance(subject, str)
    assert isinstance(body, str)

    with refused("client_id_conflict"):
        post.ask(SendMail(ann, to, first.client_id, subject, body, None))
    assert len(post.outbox(ann)) == 1


def test_a_client_id_belongs_to_its_sender(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.send(ann, "bob", client_id="same")

    assert not post.send(bob, "ann", client_id="same").duplicate


def test_a_client_id_stands_when_the_message_is_gone(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    command = post.letter(ann, ["bob"])
    id_ = post.sent(command).id
    post.act(Act.DELETED, ann, id_)
    post.act(Act.DELETED, bob, id_)

    assert post.sent(command).id == id_


def test_all_refused_stores_nothing(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    post.ask(RemoveAccount(bob))

    with refused("all_refused"):
        post.send(ann, "bob", "eve", "Ann")
    assert post.outbox(ann) == []
    assert post.send(ann, "ann").position == 1


def test_partly_refused_stores_for_the_others_and_tells_only_the_sender(
    post: Post,
) -> None:
    ann, bob = post.people("ann", "bob")

    sent = post.send(ann, "eve", "bob")

    assert sent.to == ["bob"]
    assert sent.refused == [Refused("eve", "unknown_user")]
    assert post.outbox(ann)[0].refused == sent.refused
    assert post.store.status(ann, sent.id).refused == sent.refused
    assert post.store.status(bob, sent.id).refused == []
    assert post.inbox(bob)[0].to == ["bob"]


def test_a_reply_is_to_mail_in_the_senders_view(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    id_ = post.send(ann, "bob").id

    reply = post.send(bob, "ann", reply_to=id_)

    assert post.inbox(ann)[0].reply_to == id_
    assert post.store.letter(ann, reply.id).reply_to == id_
    assert post.store.status(ann, reply.id).reply_to == id_
    assert post.outbox(bob)[0].reply_to == id_
    assert post.send(ann, "bob", reply_to=id_).to == ["bob"]
    for sender, wrong in ((cyd, id_), (ann, "01ARZ3NDEKTSV4RRFFQ69G5FAV")):
        with refused("not_found"):
            post.send(sender, "ann", reply_to=wrong)
    post.act(Act.DELETED, ann, id_)
    with refused("not_found"):
        post.send(ann, "bob", reply_to=id_)


def test_positions_have_no_gap_whatever_is_refused(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    for to in (["bob"], ["eve"], ["bob", "cyd"], ["cyd"], ["bob", "eve"]):
        post.do(post.letter(ann, to))
    post.do(post.letter(cyd, ["bob"]))

    assert [row.position for row in post.inbox(bob)] == [4, 3, 2, 1]
    assert [row.position for row in post.inbox(cyd)] == [2, 1]
    assert [row.position for row in post.outbox(ann)] == [4, 3, 2, 1]
    assert [row.position for row in post.outbox(cyd)] == [1]


# -- the ladder


def test_n1_a_copy_climbs_rung_by_rung(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    times = {}
    for act in (Act.FETCHED, Act.OPENED, Act.ACKED):
        post.act(act, bob, id_)
        times[act] = post.now

    expected = Receipt(
        "bob",
        CopyState.ACKED,
        times[Act.FETCHED],
        Device.TUI,
        times[Act.OPENED],
        Device.TUI,
        times[Act.ACKED],
        Device.TUI,
    )
    assert post.store.status(ann, id_).receipts == [expected]
    assert post.inbox(bob)[0].receipt == expected
    assert post.store.letter(bob, id_).receipt == expected


def test_n1_a_rung_is_set_once_and_never_before_the_one_below(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.now -= DAY
    post.act(Act.ACKED, bob, id_)
    first = post.store.status(ann, id_)
    post.now += DAY
    repeated = post.ask(MailAct(Act.ACKED, bob, [id_], Device.LINE))

    receipt = first.receipts[0]
    assert receipt.fetched_at == receipt.opened_at == receipt.acked_at == first.sent_at
    assert post.store.status(ann, id_) == first
    assert repeated.wakes == frozenset()


def test_a_listing_fetches_many_and_what_was_no_copy_stays(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    ids = [post.send(ann, "bob").id, post.send(ann, "cyd").id, post.send(ann, "bob").id]

    outcome = post.ask(MailAct(Act.FETCHED, bob, ids, Device.LINE))

    assert outcome.wakes == {ann, bob}
    more = [post.send(ann, "bob").id, post.send(cyd, "bob").id]
    outcome = post.ask(MailAct(Act.FETCHED, bob, more + more, Device.LINE))
    assert outcome.wakes == {ann, bob, cyd}
    states = [post.states(ann, id_) for id_ in ids]
    assert states == [
        {"bob": CopyState.FETCHED},
        {"cyd": CopyState.STORED},
        {"bob": CopyState.FETCHED},
    ]
    assert post.store.counts(cyd) == Counts(1, 1)


def test_a_refused_act_changes_nothing(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id

    with refused("not_found"):
        post.act(Act.FETCHED, bob, id_, "01ARZ3NDEKTSV4RRFFQ69G5FAV")
    assert post.states(ann, id_) == {"bob": CopyState.STORED}


def test_acts_are_refused_to_whom_they_do_not_belong(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    id_ = post.send(ann, "bob").id
    cases = [
        (Act.OPENED, cyd, "not_found"),
        (Act.ACKED, cyd, "not_found"),
        (Act.ACKED, ann, "not_recipient"),
        (Act.RECALLED, bob, "not_sender"),
        (Act.RECALLED, cyd, "not_found"),
        (Act.DELETED, cyd, "not_found"),
    ]
    for act, actor, kind in cases:
        with refused(kind):
            post.act(act, actor, id_)
    assert post.act(Act.OPENED, ann, id_)["bob"].state is CopyState.STORED
    assert post.act(Act.FETCHED, cyd, id_)["bob"].state is CopyState.STORED


def test_n7_a_recall_withdraws_from_all_who_have_not_opened(post: Post) -> None:
    ann, bob, cyd, _ = post.people("ann", "bob", "cyd", "dee")
    id_ = post.send(ann, "bob", "cyd", "dee", subject="secret").id
    post.act(Act.OPENED, bob, id_)
    post.act(Act.FETCHED, cyd, id_)

    post.act(Act.RECALLED, ann, id_)

    assert post.states(ann, id_) == {
        "bob": CopyState.OPENED,
        "cyd": CopyState.RECALLED,
        "dee": CopyState.RECALLED,
    }
    assert post.store.counts(ann) == Counts(0, 0)
    assert post.store.letter(bob, id_).subject == "secret"
    assert post.store.letter(ann, id_).subject == "secret"
    for act in (Act.OPENED, Act.ACKED):
        with refused("recalled"):
            post.act(act, cyd, id_)
    with refused("recalled"):
        post.store.letter(cyd, id_)
    before = post.store.status(ann, id_)
    post.act(Act.RECALLED, ann, id_)
    assert post.store.status(ann, id_) == before


def test_n7_a_tombstone_has_neither_subject_nor_size(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob", subject="secret", body="words").id
    post.act(Act.RECALLED, ann, id_)

    (row,), status = post.inbox(bob), post.store.status(bob, id_)

    assert (row.subject, row.size, row.receipt.state) == ("", 0, CopyState.RECALLED)
    assert (status.subject, status.size) == ("", 0)
    assert not status.pending
    assert post.store.status(ann, id_).subject == "secret"
    with refused("not_found"):
        post.store.find_hash(bob, body_hash("words"))
    post.act(Act.DELETED, bob, id_)
    assert post.inbox(bob) == []
    assert post.states(ann, id_) == {"bob": CopyState.RECALLED}


def test_deleting_ends_a_view_and_only_that(post: Post) -> None:
    ann, bob, cyd = post.people("ann", "bob", "cyd")
    id_ = post.send(ann, "bob", "cyd").id
    post.act(Act.DELETED, bob, id_)

    assert post.inbox(bob) == []
    assert len(post.inbox(cyd)) == len(post.outbox(ann)) == 1
    assert post.states(ann, id_)["bob"] is CopyState.DELETED
    post.act(Act.DELETED, ann, id_)
    assert post.outbox(ann) == []
    assert post.store.counts(ann) == Counts(0, 0)
    assert post.store.counts(cyd) == Counts(1, 0)
    assert post.store.letter(cyd, id_).body == "body 1"
    for asker in (ann, bob):
        with refused("not_found"):
            post.store.letter(asker, id_)
        with refused("not_found"):
            post.store.status(asker, id_)
        with refused("not_found"):
            post.act(Act.DELETED, asker, id_)


def test_what_a_reader_deletes_after_opening_is_private(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    id_ = post.send(ann, "bob").id
    post.act(Act.OPENED, bob, id_)
    before = post.store.status(ann, id_)

    post.act(Act.DELETED, bob, id_)

    assert post.store.status(ann, id_) == before


def test_counts_follow_every_act(post: Post) -> None:
    ann, bob, _ = post.people("ann", "bob", "cyd")
    first, second = post.send(ann, "bob").id, post.send(ann, "bob", "cyd").id
    assert post.store.counts(bob) == Counts(2, 0)
    assert post.store.counts(ann) == Counts(0, 2)
    post.act(Act.FETCHED, bob, first, second)
    assert post.store.counts(bob) == Counts(2, 0)
    post.act(Act.OPENED, bob, first)
    assert post.store.counts(ann) == Counts(0, 1)
    post.act(Act.ACKED, bob, second)
    assert post.store.counts(bob) == Counts(0, 0)
    assert post.store.counts(ann) == Counts(0, 1)
    post.act(Act.RECALLED, ann, second)
    assert post.store.counts(ann) == Counts(0, 0)
    assert post.store.counts(99) == Counts(0, 0)


# -- pages


def test_a_page_is_newest_first_and_goes_on_at_its_next(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    ids = [post.send(ann, "bob").id for _ in range(5)]
    for owner, box in ((bob, Box.INBOX), (ann, Box.OUTBOX)):
        pages = post.pages(owner, box, 2)
        assert [row.id for page in pages for row in rows(page)] == ids[::-1]
        assert [len(rows(page)) for page in pages] == [2, 2, 1]
        assert [page.total for page in pages] == [5, 5, 5]
    assert page_of(post.store, ListQuery(bob, Box.INBOX, limit=5)).next is None


def test_a_page_is_of_what_waits_unless_all_is_asked_for(post: Post) -> None:
    ann, bob = post.people("ann", "bob")
    first, second, third = (post.send(ann, "bob").id for _ in range(3))
    post.act(Act.OPENED, bob, first)
    post.act(Act.DELETED, bob, second)

    page = page_of(post.store, ListQuery(bob, Box.INBOX))

    assert (page.new, page.pending, page.total) == (1, 0, 2)
    assert [row.id for row in page.inbox] == [third]
    assert [row.id for row in post.inbox(bob)] == [third, first]
    assert [row.id for row in post.outbox(ann, all_=False)] == [third]
    assert [row.id for row in post.outbox(ann)] == [third, second, first]
    assert page.outbox == []


def test_an_empty_box_has_an_empty_page(post: Post) -> None:
    (ann,) = post.people("ann")

    page = page_of(post.store, ListQuery(ann, Box.OUTBOX, all=True))

    assert (page.new, page.pending, page.total, page.next) == (0, 0, 0, None)
    assert rows(page) == []


def test_a_page_stays_below_its_bytes(post: Post) -> None:
    names = [f"{number:02}" + "n" * 30 for number in range(64)]
    ann, bob, *_ = post.people("ann", *names)
    letters = [post.letter(ann, names, subject="\U0001f600" * 200) for _ in range(60)]
    post.do(*letters)
    for owner, box in ((ann, Box.OUTBOX), (bob, Box.INBOX)):
        pages = post.pages(owner, box, 500)
        assert all(rows(page) for page in pages)
        assert all(len(msgspec.json.encode(p)) <= limit("page_bytes") for p in pages)
        assert sum(len(rows(page)) for page in pages) == 60
    assert len(post.pages(ann, Box.OUTBOX, 500)) > 1
