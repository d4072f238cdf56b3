"""Blocks on every path, broadcast, and the moment from which a block holds."""

import asyncio
from pathlib import Path

import pytest

from nimsg.protocol.constants import limit
from nimsg.protocol.envelope import Answer
from nimsg.protocol.results import Done, Refused
from nimsg.protocol.results_people import Broadcasted, BroadcastText, Presence
from nimsg.protocol.results_rooms import RoomMessage
from tests.support.guests import bodies, guest, guests, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import told


async def comes_to(call: asyncio.Future[Answer]) -> str:
    refusal = (await call).refusal
    return refusal.kind if refusal else "done"


# -- the list ------------------------------------------------------------------


async def test_c17_c18_blocks_are_made_listed_and_taken_back(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
        people(server, "off"),
    ):
        for user in ("off", "eve"):
            await ann.block(user)
        listed = await ann.blocks()
        for kind, user in (
            ("already_blocked", "eve"),
            ("unknown_user", "nobody"),
            ("self_target", "ann"),
        ):
            with refused(kind):
                await ann.block(user)
        await ann.unblock("eve")
        left = await ann.blocks()
        for kind, user in (
            ("not_blocked", "eve"),
            ("unknown_user", "nobody"),
            ("self_target", "ann"),
        ):
            with refused(kind):
                await ann.unblock(user)
        others, silence = await eve.blocks(), await eve.told()

    assert (listed, left, others) == (["eve", "off"], ["off"], [])
    assert silence == [], "who is blocked is not told"


async def test_s2_15_blocks_stand_behind_a_restart(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "eve") as (ann, _),
    ):
        await ann.block("eve")
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        with refused("all_refused"):
            await eve.send("ann")
        online, listed = await eve.online(), await ann.blocks()

    assert (online, listed) == ([], ["eve"])


@pytest.mark.no_cover
async def test_sec_11_an_account_blocks_1000_others(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth="open") as server,
        guests(server, "ann", "eve") as (ann, _),
    ):
        everybody = [f"user{n}" for n in range(limit("blocks"))]
        for start in range(0, len(everybody), limit("recipients")):
            await ann.send(*everybody[start : start + limit("recipients")])
        for user in everybody:
            await ann.block(user)
        with refused("too_many"):
            await ann.block("eve")
        await ann.unblock("user0")
        await ann.block("eve")


async def test_a_removed_account_blocks_nobody_and_is_on_no_list(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        await ann.block("eve")
        await eve.block("ann")
        await told(server.config.var, "users.remove", {"user": "ann"})
        await ann.goodbye()
        reached = await eve.broadcast()
        with refused("unknown_user"):
            await eve.seen("ann")

    assert not reached.unreached


# -- every path ----------------------------------------------------------------


async def test_c12_c17_x8_mail_is_refused_by_name_and_the_others_get_it(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
    ):
        before = await eve.send("ann")
        await ann.block("eve")
        with refused("all_refused"):
            await eve.send("ann")
        sent = await eve.send("ann", "bob", "nobody")
        back = await ann.send("eve", reply_to=before.id)
        inboxes = [(await one.inbox()).inbox for one in (ann, bob, eve)]
        await ann.unblock("eve")
        after = await eve.send("ann")

    assert sent.to == ["bob"]
    assert sorted(sent.refused, key=lambda row: row.user) == [
        Refused("ann", "blocked_by_recipient"),
        Refused("nobody", "unknown_user"),
    ]
    assert [[row.id for row in inbox] for inbox in inboxes] == [
        [before.id],
        [sent.id],
        [back.id],
    ]
    assert after.to == ["ann"]


async def test_c14_a_broadcast_reaches_who_is_online_and_is_kept_nowhere(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
        people(server, "off", "ann") as (off, _),
    ):
        time.advance(2)
        all_ = await ann.broadcast("dinner\nis ready \U0001f600")
        heard = [await one.told() for one in (ann, bob, eve)]
        await bob.block("ann")
        some = await ann.broadcast("again")
        later = [await one.told() for one in (bob, eve)]
        events = [event.method for event in off.client.events]
        await eve.block("ann")
        none = await ann.broadcast("nobody hears")
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "off") as (off_again,),
    ):
        page, mail = await off_again.history(), await off_again.inbox()

    text = BroadcastText("ann", "dinner\nis ready \U0001f600", START_MS + 2000)
    assert (all_, some, none) == (
        Broadcasted(2, unreached=False),
        Broadcasted(1, unreached=True),
        Broadcasted(0, unreached=True),
    )
    assert heard == [[], [text], [text]]
    assert later == [[], [BroadcastText("ann", "again", START_MS + 2000)]]
    assert events == ["hello"]
    assert bodies(page.messages) == []
    assert mail.total == 0


@pytest.mark.parametrize(
    ("body", "kind"),
    [("", "body_empty"), ("x" * 65_537, "body_too_large")],
)
async def test_c14_a_broadcast_is_a_text(tmp_path: Path, body: str, kind: str) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        with refused(kind):
            await ann.broadcast(body)
        silence = await bob.told()

    assert silence == []


async def test_c17_x8_a_member_who_blocks_hears_nothing_and_the_author_is_not_told(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
    ):
        await ann.block("eve")
        posted = await eve.post("can you hear me?")
        heard = [bodies(await one.told_of(RoomMessage)) for one in (ann, bob)]
        pages = [(await one.history()) for one in (ann, bob, eve)]
        await ann.unblock("eve")
        again = await ann.history()

    assert posted.position == 1
    assert heard == [[], ["can you hear me?"]]
    assert [bodies(page.messages) for page in pages] == [
        [],
        ["can you hear me?"],
        ["can you hear me?"],
    ]
    assert [page.last for page in pages] == [1, 1, 1], "positions are everybody's"
    assert bodies(again.messages) == ["can you hear me?"]


async def test_c11_c17_c18_presence_is_hidden_and_comes_back(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "eve") as (eve,),
        guest(server, "ann") as ann,
    ):
        await ann.block("eve")
        await eve.told()
        hidden = await eve.online(), await eve.since(60)
        await ann.unblock("eve")
        shown = await eve.online(), await eve.since(60)
        silence = await eve.told()
        time.advance(5)
        await ann.logout()
        left = await eve.hears(Presence)

    assert hidden == ([], [])
    assert shown == (["ann"], ["ann"])
    assert silence == []
    assert (left.user, left.online) == ("ann", False)


# -- the moment ----------------------------------------------------------------


async def test_c17_once_a_block_is_answered_no_later_message_passes(
    tmp_path: Path,
) -> None:
    rounds, burst = 12, 15
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        for number in range(rounds):
            sends = [
                eve.client.start(
                    "mail.send",
                    {"to": ["ann"], "client_id": f"{number}-{n}", "body": "x"},
                )
                for n in range(burst)
            ]
            blocking = ann.client.start("block.add", {"user": "eve"})
            posts = [
                eve.client.start(
                    "room.post",
                    {"room": "lobby", "client_id": f"p{number}-{n}", "body": "x"},
                )
                for n in range(burst)
            ]
            assert (await blocking).refusal is None
            total = (await ann.inbox()).total
            # Whatever was to be heard was sent before the answer.
            await ann.ping()
            heard = len(ann.client.events)
            kinds = [await comes_to(send) for send in sends]
            late = await comes_to(
                eve.client.start(
                    "mail.send",
                    {"to": ["ann"], "client_id": f"{number}-late", "body": "x"},
                )
            )
            await asyncio.gather(*posts)
            await ann.told()
            assert kinds == sorted(kinds, reverse=True), "done first, then refused"
            assert {*kinds} <= {"done", "all_refused"}
            assert late == "all_refused"
            assert (await ann.inbox()).total == total
            assert len(ann.client.events) == heard
            await ann.unblock("eve")


@pytest.mark.parametrize("method", ["block.add", "block.remove"])
async def test_c17_a_block_holds_everywhere_though_its_asker_was_cut_off(
    tmp_path: Path, method: str
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        if method == "block.remove":
            await ann.block("eve")
        async with people(server, "ann") as (script,):
            store.before = gate = Gate("file")
            script.client.begin(method, {"user": "eve"})
            await gate.reached.wait()
            script.client.writer.transport.abort()
            while len(server.services.registry) > 2:
                await ann.ping()
        gate.open()
        await ann.told()
        reached = await eve.broadcast()
        heard = await ann.told_of(BroadcastText)

    blocked = method == "block.add"
    assert reached.unreached is blocked
    assert len(heard) == (0 if blocked else 1)


async def test_a_refused_block_changes_nothing_that_lives(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        first, second = (
            ann.client.start(method, {"user": "eve"})
            for method in ("block.remove", "block.remove")
        )
        kinds = [await comes_to(first), await comes_to(second)]
        await ann.ask(Done, "session.touch")
        reached = await eve.broadcast()

    assert kinds == ["not_blocked"] * 2
    assert reached == Broadcasted(1, unreached=False)
