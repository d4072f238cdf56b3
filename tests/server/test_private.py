"""Private links: who asks, who answers, how each ends, and that nothing is kept."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from nimsg.errors import Refusal
from nimsg.protocol.constants import LinkEnd, limit
from nimsg.protocol.envelope import Answer
from nimsg.protocol.results import Done
from nimsg.protocol.results_people import (
    Presence,
    PrivateEnded,
    PrivateInvited,
    PrivateOffer,
    PrivateTaken,
)
from tests.support.guests import LISTENS, Guest, guest, guests, timed_office
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime


ANSWER_S = limit("private_answer_ms") / 1000


def asking(one: Guest, user: str) -> asyncio.Future[Answer]:
    """Ask somebody; they have yet to answer."""
    return one.client.start("private.invite", {"user": user})


async def comes_to(question: asyncio.Future[Answer]) -> str:
    """What a question came to: `done` or the kind of the refusal."""
    refusal = (await question).refusal
    return refusal.kind if refusal else "done"


async def linked(one: Guest, other: Guest) -> PrivateOffer:
    """Open a link."""
    question = asking(one, other.name)
    await other.accept((await other.hears(PrivateInvited)).invitation)
    return msgspec.convert((await question).result, PrivateOffer)


# -- yes -----------------------------------------------------------------------


async def test_c21_x9_s1_15_who_accepts_is_reached_and_each_shows_a_token(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob", "cyd") as (ann, bob, cyd),
    ):
        question = asking(ann, "bob")
        invited = await bob.hears(PrivateInvited)
        waits = not question.done()
        taken = await bob.accept(invited.invitation)
        offer = msgspec.convert((await question).result, PrivateOffer)
        silence = [await one.told() for one in (ann, bob, cyd)]

    assert waits
    assert invited == PrivateInvited(
        invited.invitation, "ann", START_MS + limit("private_answer_ms")
    )
    assert (offer.invitation, offer.user) == (invited.invitation, "bob")
    assert (offer.host, offer.port) == ("127.0.0.1", LISTENS["port"])
    assert offer.fingerprint == LISTENS["fingerprint"]
    assert taken == PrivateTaken("ann", mine=offer.theirs, theirs=offer.mine)
    assert offer.mine != offer.theirs
    assert len(offer.mine) == len(offer.theirs) == 64, "256 bits in hex"
    assert silence == [[], [], []]


async def test_x9_tokens_are_fresh_for_each_link(tmp_path: Path) -> None:
    offers = []
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        for _ in range(3):
            offers.append(await linked(ann, bob))
            await ann.stop("bob")

    tokens = {token for offer in offers for token in (offer.mine, offer.theirs)}
    assert len(tokens) == 6
    assert len({offer.invitation for offer in offers}) == 3


async def test_x9_who_accepts_says_where_they_listen(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        question = asking(ann, "bob")
        invited = await bob.hears(PrivateInvited)
        for missing in ("port", "fingerprint"):
            with refused("invalid_params"):
                await bob.accept(invited.invitation, **{missing: None})
        await bob.accept(invited.invitation)
        end = await comes_to(question)

    assert end == "done"


async def test_one_may_have_links_with_several(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "cyd") as (ann, bob, cyd),
    ):
        for one, other in ((ann, bob), (ann, cyd), (cyd, bob)):
            await linked(one, other)
        await ann.stop("cyd")
        ended = await cyd.hears(PrivateEnded)
        await ann.stop("bob")
        await bob.stop("cyd")

    assert ended == PrivateEnded("ann", LinkEnd.STOPPED)


# -- no ------------------------------------------------------------------------


async def test_c21_x8_whom_nobody_may_ask_is_not_asked(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
        people(server, "off", "ann") as (_, script),
    ):
        await ann.block("eve")
        kinds = {
            user: await comes_to(asking(eve, user))
            for user in ("ann", "eve", "off", "nobody")
        }
        with refused("interactive_only"):
            await script.client.call("private.invite", user="eve")
        silence = await ann.told()

    assert kinds == {
        "ann": "blocked_by_recipient",
        "eve": "self_target",
        "off": "user_offline",
        "nobody": "unknown_user",
    }
    assert silence == []


async def test_c21_a_block_tells_the_same_whether_the_blocker_is_there_or_not(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "eve") as (eve,),
    ):
        async with guest(server, "ann") as ann:
            await ann.block("eve")
            there = await asking(eve, "ann")
            await ann.logout()
        gone = await asking(eve, "ann")

    assert there.refusal is not None
    assert gone.refusal is not None
    assert there.refusal.kind == gone.refusal.kind == "blocked_by_recipient"


Ending = Callable[[Guest, Guest, str], Awaitable[None]]


async def decline(_: Guest, bob: Guest, invitation: str) -> None:
    assert await bob.decline(invitation) == PrivateTaken("ann")


async def decline_by_stop(_: Guest, bob: Guest, invitation: str) -> None:
    del invitation
    await bob.stop("ann")


async def wait(_: Guest, bob: Guest, invitation: str) -> None:
    del invitation
    time = bob.server.services.timers
    assert isinstance(time, VirtualTime)
    time.advance(ANSWER_S)


async def withdraw(ann: Guest, _: Guest, invitation: str) -> None:
    del invitation
    await ann.stop("bob")


async def invitee_leaves(_: Guest, bob: Guest, invitation: str) -> None:
    del invitation
    await bob.logout()


async def invitee_is_lost(_: Guest, bob: Guest, invitation: str) -> None:
    del invitation
    bob.client.writer.transport.abort()


# How a question ends, what who asked is answered, and what who was asked is told.
ENDINGS: dict[Ending, tuple[str, LinkEnd | None]] = {
    decline: ("private_declined", None),
    decline_by_stop: ("private_declined", None),
    wait: ("private_no_answer", LinkEnd.NO_ANSWER),
    withdraw: ("no_private", LinkEnd.WITHDRAWN),
    invitee_leaves: ("user_offline", None),
    invitee_is_lost: ("user_offline", None),
}


@pytest.mark.parametrize("ending", ENDINGS)
async def test_c21_a_question_has_one_end_and_each_side_is_told_once(
    tmp_path: Path, ending: Ending
) -> None:
    kind, reason = ENDINGS[ending]
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        question = asking(ann, "bob")
        invitation = (await bob.hears(PrivateInvited)).invitation
        await ending(ann, bob, invitation)
        end = await comes_to(question)
        told = await ann.told_of(PrivateEnded)
        heard = []
        if ending not in (invitee_leaves, invitee_is_lost):
            heard = await bob.told_of(PrivateEnded)
            with refused("no_private"):
                await bob.accept(invitation)
        with refused("no_private"):
            await ann.stop("bob")
        left = list(server.services.privates._links)

    assert end == kind
    assert told == []
    assert heard == ([PrivateEnded("ann", reason)] if reason else [])
    assert left == []


async def test_c21_a_question_is_answered_up_to_its_last_moment(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        question = asking(ann, "bob")
        invitation = (await bob.hears(PrivateInvited)).invitation
        time.advance(ANSWER_S - 0.001)
        await bob.accept(invitation)
        time.advance(ANSWER_S)
        end = await comes_to(question)
        quiet = [await one.told_of(PrivateEnded) for one in (ann, bob)]

    assert end == "done"
    assert quiet == [[], []]


@pytest.mark.parametrize("how", ["logout", "lost"])
async def test_c21_who_asked_goes_and_who_was_asked_is_told(
    tmp_path: Path, how: str
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        ann.client.begin("private.invite", {"user": "bob"})
        invitation = (await bob.hears(PrivateInvited)).invitation
        if how == "logout":
            await ann.logout()
        else:
            ann.client.writer.transport.abort()
        ended = await bob.hears(PrivateEnded)
        with refused("no_private"):
            await bob.accept(invitation)

    assert ended == PrivateEnded("ann", LinkEnd.OFFLINE)


async def test_c21_there_is_one_link_or_question_between_two(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        question = asking(ann, "bob")
        invitation = (await bob.hears(PrivateInvited)).invitation
        again = [await comes_to(asking(ann, "bob")), await comes_to(asking(bob, "ann"))]
        await bob.accept(invitation)
        await question
        again += [
            await comes_to(asking(ann, "bob")),
            await comes_to(asking(bob, "ann")),
        ]
        with refused("no_private"):
            await bob.accept(invitation)

    assert again == ["private_open"] * 4


async def test_x9_nobody_else_answers_a_question(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
    ):
        question = asking(ann, "bob")
        invitation = (await bob.hears(PrivateInvited)).invitation
        for one in (eve, ann):
            with refused("no_private"):
                await one.accept(invitation)
            with refused("no_private"):
                await one.decline(invitation)
        with refused("no_private"):
            await eve.stop("bob")
        await bob.decline(invitation)
        end = await comes_to(question)

    assert end == "private_declined"


# -- the end of a link ---------------------------------------------------------


@pytest.mark.parametrize("stops", [0, 1])
async def test_c23_either_side_ends_a_link_and_the_other_is_told(
    tmp_path: Path, stops: int
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as both,
    ):
        await linked(*both)
        who, other = both[stops], both[1 - stops]
        await who.stop(other.name)
        ended, silence = await other.told_of(PrivateEnded), await who.told()
        for one, another in ((who, other), (other, who)):
            with refused("no_private"):
                await one.stop(another.name)

    assert ended == [PrivateEnded(who.name, LinkEnd.STOPPED)]
    assert silence == []


@pytest.mark.parametrize("leaves", [0, 1])
async def test_c23_a_link_ends_with_either_session(tmp_path: Path, leaves: int) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as both,
    ):
        await linked(*both)
        who, other = both[leaves], both[1 - leaves]
        await who.logout()
        ended = await other.hears(PrivateEnded)
        with refused("no_private"):
            await other.stop(who.name)

    assert ended == PrivateEnded(who.name, LinkEnd.OFFLINE)


async def test_c22_a_block_that_comes_later_stops_no_link(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        await linked(eve, ann)
        await ann.block("eve")
        quiet = [await one.told_of(PrivateEnded) for one in (ann, eve)]
        with refused("all_refused"):
            await eve.send("ann")
        await eve.stop("ann")
        ended = await ann.hears(PrivateEnded)
        again = await comes_to(asking(eve, "ann"))

    assert quiet == [[], []]
    assert ended == PrivateEnded("eve", LinkEnd.STOPPED)
    assert again == "blocked_by_recipient"


async def test_c23_what_there_is_not_cannot_be_stopped(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, _),
    ):
        kinds = []
        for user in ("bob", "ann", "nobody"):
            try:
                await ann.stop(user)
            except Refusal as refusal:
                kinds.append(refusal.kind)

    assert kinds == ["no_private", "self_target", "unknown_user"]


async def test_sec_16_x9_nothing_of_a_link_is_kept_or_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        offer = await linked(ann, bob)
        await bob.ask(Done, "session.touch")
        kept = [path for path in (tmp_path / "var").rglob("*") if path.is_file()]
        content = b"".join(path.read_bytes() for path in kept)
        await ann.stop("bob")
    content += b"".join(path.read_bytes() for path in kept if path.exists())

    secrets = (offer.mine, offer.theirs, offer.fingerprint, offer.invitation)
    assert not [secret for secret in secrets if secret.encode() in content]
    assert not [secret for secret in secrets if secret in caplog.text]


async def test_c22_server_messages_still_work_beside_a_link(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await linked(ann, bob)
        sent = await ann.send("bob")
        opened = await bob.open(sent.id)
        async with guest(server, "cyd"):
            came = await bob.hears(Presence)

    assert opened.body == "hello"
    assert came.user == "cyd"
