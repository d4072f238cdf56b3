"""Sending, opening, acknowledging and deleting, over the wire."""

import hashlib
import json
from itertools import count, pairwise
from pathlib import Path

import pytest

from nimsg.protocol.constants import CopyState, Device, limit
from nimsg.protocol.digest import message_digest
from nimsg.protocol.results import Opened, Receipt, Refused
from nimsg.store.layout import Layout
from tests.support.odd import LINES, NAMES, TEXTS
from tests.support.office import Person, office, people
from tests.support.post import refused
from tests.support.wire import logged_in, said


NOW = 1_795_192_385_123
UNKNOWN_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


async def receipt(sender: Person, id_: str) -> Receipt:
    """The one receipt of a message, as its sender sees it."""
    [only] = (await sender.status(id_)).receipts
    return only


async def test_s4_12_what_one_client_sends_another_one_reads(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", subject="lunch", body="at noon?")
        opened = await b.open(sent.id)

    assert (opened.sender, opened.to) == ("alice", ["bob"])
    assert (opened.subject, opened.body) == ("lunch", "at noon?")
    assert opened.digest == message_digest(
        id=sent.id,
        sender="alice",
        to=["bob"],
        sent_at=sent.sent_at,
        subject="lunch",
        body="at noon?",
        reply_to=None,
    )


async def test_s0_6_every_time_is_the_servers(tmp_path: Path) -> None:
    async with (
        office(tmp_path, clock=lambda: NOW) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        sent = await a.send("bob")
        opened = await b.open(sent.id)

    assert (sent.sent_at, opened.sent_at) == (NOW, NOW)
    assert opened.receipt == Receipt(
        "bob", CopyState.OPENED, NOW, Device.HEADLESS, NOW, Device.HEADLESS
    )


async def test_s0_4_s0_22_with_the_answer_there_is_the_file(tmp_path: Path) -> None:
    async with (
        office(tmp_path, clock=lambda: NOW) as server,
        people(server, "alice", "bob") as (a, _),
    ):
        sent = await a.send("bob", body="caf\u00e9")
        file = json.loads(Layout(tmp_path / "var").message(sent.id).read_bytes())

    md5 = hashlib.md5("caf\u00e9".encode(), usedforsecurity=False).hexdigest()
    assert sent.hash == md5
    assert {name: file[name] for name in ("hash", "from", "to", "time", "message")} == {
        "hash": md5,
        "from": "alice",
        "to": ["bob"],
        "time": "2026-11-20T16:33:05.123Z",
        "message": "caf\u00e9",
    }


# -- what is refused -----------------------------------------------------------


async def test_c12_where_nobody_can_be_reached_nothing_is_stored(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice") as (a,):
        with refused("all_refused") as caught:
            await a.send("nobody", "no-one")
        kept = await a.outbox(all=True)

    assert caught.value.data["refused"] == [
        {"user": "nobody", "kind": "unknown_user"},
        {"user": "no-one", "kind": "unknown_user"},
    ]
    assert kept.outbox == []


async def test_c12_who_cannot_be_reached_is_told_to_the_sender_only(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("nobody", "bob")
        mine, theirs = await a.status(sent.id), await b.status(sent.id)
        opened = await b.open(sent.id)

    assert (sent.to, sent.refused) == (["bob"], [Refused("nobody", "unknown_user")])
    assert (mine.refused, theirs.refused) == (sent.refused, [])
    assert opened.to == ["bob"]


async def test_c12_nobody_writes_to_oneself(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        with refused("self_recipient"):
            await a.send("bob", "alice")


async def test_c3_a_name_is_compared_exactly(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        with refused("all_refused"):
            await a.send("Bob")


# Parameters of a send that the server refuses, and how.
REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "nobody": ({"to": []}, "invalid_params"),
    "a recipient twice": ({"to": ["bob", "bob"]}, "invalid_params"),
    "65 recipients": ({"to": [f"u{n}" for n in range(65)]}, "invalid_params"),
    "a name with a space": ({"to": ["b b"]}, "name_invalid"),
    "a name beyond ASCII": ({"to": ["b\u00f6b"]}, "name_invalid"),
    "no text at all": ({"subject": "", "body": ""}, "body_empty"),
    "65,537 bytes": ({"body": "x" * 65_537}, "body_too_large"),
    "65,537 bytes, fewer characters": (
        {"body": "\u20ac" * 21_845 + "xx"},
        "body_too_large",
    ),
    "a subject of 201": ({"subject": "x" * 201}, "subject_invalid"),
    "a subject of two lines": ({"subject": "a\nb"}, "subject_invalid"),
    "a client_id with a space": ({"client_id": "a b"}, "invalid_params"),
    "a reply to nothing": ({"reply_to": UNKNOWN_ID}, "not_found"),
    "a reply to no id": ({"reply_to": "../x"}, "invalid_params"),
    "a cursor of another epoch": ({"since": "zz-0-0-0"}, "cursor_invalid"),
    "a cursor that is none": ({"since": ""}, "cursor_invalid"),
    "an unknown parameter": ({"bcc": ["bob"]}, "invalid_params"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_s0_18_what_cannot_be_sent_is_refused_and_not_stored(
    tmp_path: Path, case: str
) -> None:
    change, kind = REFUSED[case]
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        with refused(kind):
            await a.client.call(
                "mail.send",
                **{"to": ["bob"], "client_id": "1", "body": "hello"} | change,
            )
        kept, got = await a.outbox(all=True), await b.inbox(all=True)

    assert (kept.outbox, got.inbox) == ([], [])


async def test_a_lone_surrogate_is_no_text(tmp_path: Path) -> None:
    broken = (
        rb'{"jsonrpc":"2.0","id":7,"method":"mail.send",'
        rb'"params":{"to":["bob"],"client_id":"1","body":"\ud800"}}'
    )
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        async with logged_in(server.port, "alice") as wire:
            wire.send_payload(broken)
            answer = said(await wire.frame())
        kept = await a.outbox(all=True)

    assert answer == "None parse_error"
    assert kept.outbox == []


async def test_a_message_goes_to_64_people(tmp_path: Path) -> None:
    names = [f"u{n}" for n in range(limit("recipients"))]
    async with (
        office(tmp_path, auth="open") as server,
        people(server, "alice", "u63") as (a, last),
    ):
        sent = await a.send(*names)
        got = await last.open(sent.id)
        told = await a.status(sent.id)

    assert (sent.to, got.to) == (names, names)
    assert [r.user for r in told.receipts] == names
    assert [r.state for r in told.receipts] == [CopyState.STORED] * 63 + ["opened"]


@pytest.mark.parametrize("body", ["x" * 65_536, "\u20ac" * 21_845 + "x"])
async def test_a_body_has_65536_bytes_of_utf_8(tmp_path: Path, body: str) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", body=body)
        [row] = (await b.inbox()).inbox
        opened = await b.open(sent.id)

    assert row.size == 65_536
    assert opened.body == body


# -- text and names ------------------------------------------------------------


async def test_t13_text_is_kept_exactly_as_sent(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = {text: await a.send("bob", body=text) for text in (*TEXTS, *LINES)}
        bodies = [(await b.open(one.id)).body for one in sent.values()]

    assert bodies == list(sent)


async def test_t13_subjects_are_kept_exactly_as_sent(tmp_path: Path) -> None:
    texts = [text for text in TEXTS if len(text) <= limit("subject_chars")]
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        for text in texts:
            await a.send("bob", subject=text, body="")
        page = await b.inbox(limit=500)

    assert [row.subject for row in reversed(page.inbox)] == texts


async def test_c3_x14_names_of_any_punctuation_write_to_each_other(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, *NAMES) as everybody:
        pairs = list(pairwise(everybody))
        for sender, recipient in pairs:
            await sender.send(recipient.name, body=f"to {recipient.name}")
        inboxes = [await recipient.inbox() for _, recipient in pairs]
        bodies = [
            (await recipient.open(inbox.inbox[0].id)).body
            for (_, recipient), inbox in zip(pairs, inboxes, strict=True)
        ]
        users = {path.name for path in (tmp_path / "var" / "users").iterdir()}

    assert [inbox.inbox[0].sender for inbox in inboxes] == list(NAMES[:-1])
    assert bodies == [f"to {name}" for name in NAMES[1:]]
    assert users == {f"{uid:08d}.json" for uid in range(1, len(NAMES) + 1)}


# -- the ladder ----------------------------------------------------------------


async def test_n1_fetched_is_set_by_a_listing_and_by_nothing_before(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        await b.outbox()
        await b.status(sent.id)
        before = await receipt(a, sent.id)
        [listed] = (await b.inbox()).inbox
        after = await a.until(sent.id, CopyState.FETCHED)

    assert before == listed.receipt == Receipt("bob", CopyState.STORED)
    assert after.fetched_at is not None


async def test_n1_s0_5_a_poll_is_a_listing(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        await b.changes()
        after = await a.until(sent.id, CopyState.FETCHED)

    assert after.fetched_by is Device.HEADLESS


async def test_n1_only_opening_sets_opened(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        for _ in range(3):
            await b.inbox(all=True)
            await b.changes()
            await b.status(sent.id)
        listed = await a.until(sent.id, CopyState.FETCHED)
        opened = (await b.open(sent.id)).receipt
        told = await receipt(a, sent.id)

    assert listed.opened_at is None
    assert opened == told
    assert told.state is CopyState.OPENED


@pytest.mark.parametrize("device", Device)
async def test_n1_each_rung_names_the_kind_of_device(
    tmp_path: Path, device: Device
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        sent = await a.send("bob")
        async with people(server, "bob", device=device) as (b,):
            await b.inbox()
            await a.until(sent.id, CopyState.FETCHED)
            await b.open(sent.id)
            await b.ack(sent.id)
        last = await receipt(a, sent.id)

    assert (last.fetched_by, last.opened_by, last.acked_by) == (device,) * 3


async def test_n1_a_higher_rung_fills_those_below(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        acked = (await b.ack(sent.id)).receipt

    assert acked.fetched_at == acked.opened_at == acked.acked_at
    assert acked.state is CopyState.ACKED


async def test_n1_a_rung_is_set_once(tmp_path: Path) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        sent = await a.send("bob")
        first = [(await b.open(sent.id)).receipt, (await b.ack(sent.id)).receipt]
        now += 1000
        again = [(await b.open(sent.id)).receipt, (await b.ack(sent.id)).receipt]

    assert again == [first[1], first[1]]


async def test_n1_a_clock_that_jumps_back_makes_no_rung_earlier(
    tmp_path: Path,
) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob") as (a, b),
    ):
        sent = await a.send("bob")
        now -= 3_600_000
        opened = (await b.open(sent.id)).receipt

    assert opened is not None
    assert opened.opened_at == NOW


async def test_n1_a_sender_who_opens_the_own_message_sets_nothing(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        sent = await a.send("bob", body="mine")
        own = await a.open(sent.id)
        told = await receipt(a, sent.id)

    assert (own.body, own.receipt) == ("mine", None)
    assert told == Receipt("bob", CopyState.STORED)


async def test_s0_7_the_sender_learns_when_each_recipient_read(tmp_path: Path) -> None:
    now = NOW
    async with (
        office(tmp_path, clock=lambda: now) as server,
        people(server, "alice", "bob", "carol") as (a, b, _),
    ):
        sent = await a.send("bob", "carol")
        now += 5
        await b.open(sent.id)
        [row] = (await a.outbox()).outbox
        status = await a.status(sent.id)
        bobs = await b.status(sent.id)

    assert [r.opened_at for r in row.receipts] == [NOW + 5, None]
    assert (row.pending, status.pending) == (True, True)
    assert status.receipts == row.receipts
    assert bobs.receipts == row.receipts[:1], "a recipient sees the own receipt only"


async def test_bit_rot_is_never_served_and_sets_nothing(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", body="hello")
        path = Layout(tmp_path / "var").message(sent.id)
        path.write_bytes(path.read_bytes().replace(b"hello", b"hullo"))
        with refused("damaged"):
            await b.open(sent.id)
        told = await receipt(a, sent.id)

    assert told.state is CopyState.STORED


# -- no text before opening ----------------------------------------------------


async def test_s0_5_n1_no_listing_holds_a_body(tmp_path: Path) -> None:
    canary = "canary-in-the-body"
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        sent = await a.send("bob", subject="visible", body=canary)
        async with logged_in(server.port, "bob") as wire:
            for box in ("inbox", "outbox"):
                await wire.call("mail.list", {"box": box, "all": True})
            await wire.call("mail.changes", {})
            await wire.call("mail.status", {"id": sent.id})
            await wire.call(
                "mail.send",
                {"to": ["alice"], "client_id": "1", "body": "re", "since": None},
            )
            unopened = b"".join(wire.heard)
            await wire.call("mail.open", {"id": sent.id})
            opened = wire.heard[-1]

    assert canary.encode() not in unopened
    assert b"visible" in unopened
    assert canary.encode() in opened


async def test_s4_14_the_sender_gets_no_echo(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        poll = await a.park(await a.cursor())
        sent = await a.send("bob")
        answer = (await poll).result
        inbox = await a.inbox(all=True)

    assert answer["inbox"] == []
    assert inbox.inbox == []
    assert [r["id"] for r in rows_of(answer["outbox"])] == [sent.id]


def rows_of(value: object) -> list[dict[str, object]]:
    assert isinstance(value, list)
    return value


# -- views ---------------------------------------------------------------------


async def test_s0_21_a_message_is_found_by_the_md5_of_its_body(tmp_path: Path) -> None:
    async with (
        office(tmp_path, clock=count(NOW).__next__) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        await a.send("bob", body="twice")
        sent = await a.send("bob", body="twice")
        found = await b.ask(Opened, "mail.open", hash=sent.hash)
        own = await a.ask(Opened, "mail.open", hash=sent.hash)
        with refused("not_found"):
            await c.ask(Opened, "mail.open", hash=sent.hash)
        for both in ({}, {"id": sent.id, "hash": sent.hash}):
            with refused("invalid_params"):
                await b.client.call("mail.open", **both)

    assert (found.id, own.id) == (sent.id, sent.id), "the newest"
    assert found.receipt is not None
    assert found.receipt.state is CopyState.OPENED


async def test_s0_19_a_reply_is_to_what_one_can_see(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob", "carol") as (a, b, c),
    ):
        first = await a.send("bob")
        with refused("not_found"):
            await c.send("bob", reply_to=first.id)
        reply = await b.send("alice", reply_to=first.id)
        [row] = (await a.inbox()).inbox

    assert (row.id, row.reply_to) == (reply.id, first.id)


async def test_n12_deleting_unread_mail_ends_the_copy_and_is_told(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        await b.delete(sent.id)
        told = await a.status(sent.id)
        left = await b.inbox(all=True)
        for again in (b.open, b.ack, b.status, b.delete):
            with refused("not_found"):
                await again(sent.id)

    assert told.receipts[0].state is CopyState.DELETED
    assert not told.pending
    assert (left.inbox, left.new) == ([], 0)


async def test_what_a_reader_does_after_opening_is_private(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob")
        opened = (await b.open(sent.id)).receipt
        await b.delete(sent.id)
        told = await receipt(a, sent.id)
        recalled = (await a.recall(sent.id)).receipts

    assert told == opened
    assert recalled == [told]


async def test_a_sender_who_deletes_takes_nothing_from_the_recipient(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        sent = await a.send("bob", body="still here")
        await a.delete(sent.id)
        kept = await a.outbox(all=True)
        for again in (a.open, a.status, a.delete):
            with refused("not_found"):
                await again(sent.id)
        opened = await b.open(sent.id)

    assert (kept.outbox, kept.pending) == ([], 0)
    assert opened.body == "still here"


# -- what changed, with the answer ---------------------------------------------


async def test_s4_6_a_send_may_return_what_changed_since(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        since = await a.cursor()
        theirs = await b.send("alice")
        sent = await a.send("bob", since=since)
        assert sent.changes is not None
        told = await b.until(theirs.id, CopyState.FETCHED)
        after = await a.changes(sent.changes.cursor)

    assert [row.id for row in sent.changes.inbox] == [theirs.id]
    assert [row.id for row in sent.changes.outbox] == [sent.id]
    assert [row.receipt for row in after.inbox] == [told], "the rung is what is new"


async def test_s4_6_a_send_without_since_returns_no_changes(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        sent = await a.send("bob")

    assert sent.changes is None
