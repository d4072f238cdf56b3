"""Rooms: what is said reaches every member once, in one order, and nobody else."""

import asyncio
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.protocol.constants import LOBBY, Notice, limit
from nimsg.protocol.digest import body_hash
from nimsg.protocol.results import Done
from nimsg.protocol.results_rooms import (
    Joined,
    Members,
    Posted,
    RoomInfo,
    RoomMessage,
    RoomPage,
    Rooms,
)
from nimsg.server.app import Server
from nimsg.server.session import Session
from tests.support.aioclient import connected_locally
from tests.support.guests import (
    Guest,
    bodies,
    caller,
    guest,
    guests,
    notices,
    timed_office,
)
from tests.support.office import people
from tests.support.post import refused
from tests.support.virtualtime import START_MS, VirtualTime
from tests.support.watchedstore import Gate, WatchedStore
from tests.support.wire import Wire, greeted, told


GARDEN = "garden"


def positions(messages: list[RoomMessage]) -> list[int]:
    return [one.position for one in messages]


async def room_info(one: Guest, room: str) -> RoomInfo:
    """A room as somebody sees it."""
    rooms = (await one.ask(Rooms, "room.list", limit=500)).rooms
    return next(row for row in rooms if row.room == room)


async def members(one: Guest, room: str) -> list[str]:
    return (await one.ask(Members, "room.members", room=room)).members


# -- everybody gets everything -------------------------------------------------


async def test_s3_1_k4_s4_12_every_member_gets_every_message_in_one_order(
    tmp_path: Path,
) -> None:
    names = ["ann", "bob", "cyd", "dee"]
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, *names) as everybody,
    ):
        posts = [one.post(f"{one.name} {n}") for n in range(25) for one in everybody]
        sent = await asyncio.gather(*posts)
        heard = [await one.told_of(RoomMessage) for one in everybody]
        page = (await everybody[0].history(after=0, limit=100)).messages

    assert sorted(one.position for one in sent) == list(range(1, 101))
    assert positions(page) == list(range(1, 101))
    for name, messages in zip(names, heard, strict=True):
        assert messages == [one for one in page if one.sender != name]


async def test_s4_14_the_author_has_the_answer_and_no_echo_but_at_another_client(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
        people(server, "ann") as (script,),
    ):
        mine = await ann.post("from my screen")
        echo = await ann.told()
        theirs = await script.ask(
            Posted, "room.post", room=LOBBY, client_id="1", body="from my script"
        )
        elsewhere = await ann.told()
        heard = await bob.told()

    assert echo == []
    assert [type(one) for one in elsewhere] == [RoomMessage]
    assert [one.id for one in elsewhere if isinstance(one, RoomMessage)] == [theirs.id]
    assert [one.id for one in heard if isinstance(one, RoomMessage)] == [
        mine.id,
        theirs.id,
    ]


async def test_k3_s4_7_a_message_says_where_when_who_and_what(tmp_path: Path) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        time.advance(3)
        sent = await ann.post("h\u00e9llo\nworld \U0001f600")
        heard = await bob.hears(RoomMessage)
        [kept] = (await bob.history()).messages

    assert heard == kept
    assert (heard.room, heard.position, heard.sender) == (LOBBY, 1, "ann")
    assert (heard.body, heard.sent_at) == ("h\u00e9llo\nworld \U0001f600", sent.sent_at)
    assert sent.sent_at == START_MS + 3000
    assert (heard.id, heard.digest) == (sent.id, sent.digest)
    assert sent.hash == body_hash(heard.body)
    assert (heard.notice, heard.about) == (None, None)


async def test_sec_12_all_members_get_one_and_the_same_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames: list[bytes] = []
    push = Session.push

    def noting(session: Session, frame: bytes) -> None:
        frames.append(frame)
        push(session, frame)

    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "cyd", "dee") as everybody,
    ):
        monkeypatch.setattr(Session, "push", noting)
        await everybody[0].post()
        await server.services.committer.drained()
        pushed = [frame for frame in frames if b"room.message" in frame]

    assert len(pushed) == 3
    assert len({id(frame) for frame in pushed}) == 1, "it was encoded once"


async def test_two_frames_of_one_message_are_equal_bytes(tmp_path: Path) -> None:
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with people(server, "bob", "cyd"):
            pass
        async with (
            guests(server, "ann") as (ann,),
            greeted(server.port) as bob,
            greeted(server.port) as cyd,
        ):
            for wire, user in ((bob, "bob"), (cyd, "cyd")):
                await wire.call(
                    "auth.login",
                    {"user": user, "password": "correct horse", "device": "tui"},
                )
            await ann.post()
            frames = [await message_bytes(wire) for wire in (bob, cyd)]

    assert frames[0] == frames[1]


async def message_bytes(wire: Wire) -> bytes:
    """The next message of a room as it came."""
    while (await wire.frame()).get("method") != "room.message":
        pass
    return wire.heard[-1]


async def test_s4_12_nobody_hears_a_room_they_are_not_in(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
        people(server, "eve") as (script,),
    ):
        await ann.create(GARDEN)
        await bob.join(GARDEN)
        await ann.post("between us", GARDEN)
        heard = [await one.told_of(RoomMessage) for one in (bob, eve)]
        for method in ("room.history", "room.members", "room.leave"):
            with refused("not_member"):
                await script.client.call(method, room=GARDEN)
        with refused("not_member"):
            await eve.post("me too", GARDEN)
        with refused("not_member"):
            await eve.history(GARDEN, after=0, wait_ms=60_000)
        listed = await room_info(eve, GARDEN)

    assert [bodies(messages) for messages in heard] == [["between us"], []]
    assert (listed.members, listed.last, listed.mark) == (2, 1, None)


async def test_s3_1_everybody_is_in_the_lobby_until_they_leave_it(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await bob.leave(LOBBY)
        await ann.post("without bob")
        silence = await bob.told_of(RoomMessage)
        with refused("not_member"):
            await bob.history()
        left = await members(ann, LOBBY)
        await bob.logout()
        async with guest(server, "bob") as back:
            await ann.post("still without bob")
            still = bodies(await back.told_of(RoomMessage))
            await back.join(LOBBY)
            await ann.post("with bob")
            heard = bodies(await back.told_of(RoomMessage))

    assert (silence, left) == ([], ["ann"])
    assert (still, heard) == ([], ["with bob"])


# -- join and leave ------------------------------------------------------------


async def test_s4_5_k2_who_joins_gets_the_newest_page_and_what_comes_after(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        made = await ann.create(GARDEN, "roses")
        for number in range(60):
            await ann.post(f"{number}", GARDEN)
        joined = await bob.join(GARDEN)
        await ann.post("welcome", GARDEN)
        heard = await bob.told_of(RoomMessage)

    assert made.history == RoomPage(GARDEN, [], 0, 0, more=False, damaged=[])
    assert made.room == RoomInfo(GARDEN, "roses", START_MS, "ann", 1, 0, 0, 0)
    assert bodies(joined.history.messages) == [f"{n}" for n in range(10, 60)]
    assert (joined.history.last, joined.history.more) == (60, True)
    assert (joined.room.members, joined.room.mark) == (2, 60), "what was is read"
    assert positions(heard) == [61]


async def test_what_is_said_while_somebody_joins_is_on_the_page_or_heard(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await ann.create(GARDEN)
        async with asyncio.TaskGroup() as tasks:
            for number in range(20):
                tasks.create_task(ann.post(f"{number}", GARDEN))
            joining = tasks.create_task(bob.join(GARDEN))
        joined = joining.result()
        heard = await bob.told_of(RoomMessage)

    got = {*positions(joined.history.messages), *positions(heard)}
    assert got == set(range(1, 21))
    assert positions(heard) == sorted(positions(heard))


async def test_who_joins_by_a_script_hears_it_at_their_client_and_so_a_leave(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
        people(server, "bob") as (script,),
    ):
        await ann.create(GARDEN)
        await script.ask(Joined, "room.join", room=GARDEN)
        await ann.post("in", GARDEN)
        heard = bodies(await bob.told_of(RoomMessage))
        await script.ask(Done, "room.leave", room=GARDEN)
        await ann.post("out", GARDEN)
        silence = bodies(await bob.told_of(RoomMessage))

    assert (heard, silence) == (["in"], [])


@pytest.mark.parametrize("method", ["room.join", "room.leave"])
async def test_s4_12_a_change_holds_though_its_asker_was_cut_off(
    tmp_path: Path, method: str
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await ann.create(GARDEN)
        if method == "room.leave":
            await bob.join(GARDEN)
        async with people(server, "bob") as (script,):
            store.before = gate = Gate("file")
            script.client.begin(method, {"room": GARDEN})
            await gate.reached.wait()
            script.client.writer.transport.abort()
            while len(server.services.registry) > 2:
                await ann.ping()
        gate.open()
        await bob.told()
        await ann.post("who hears?", GARDEN)
        heard = bodies(await bob.told_of(RoomMessage))

    assert heard == (["who hears?"] if method == "room.join" else [])


# What ann asks who made the garden, beside bob.
REFUSED: list[tuple[str, str, dict[str, object]]] = [
    ("room_exists", "room.create", {"room": GARDEN}),
    ("room_exists", "room.create", {"room": LOBBY}),
    ("topic_invalid", "room.create", {"room": "pond", "topic": "two\nlines"}),
    ("already_member", "room.join", {"room": GARDEN}),
    ("unknown_room", "room.join", {"room": "nowhere"}),
    ("unknown_room", "room.post", {"room": "nowhere", "client_id": "1", "body": "x"}),
    ("body_empty", "room.post", {"room": GARDEN, "client_id": "1", "body": ""}),
    (
        "body_too_large",
        "room.post",
        {"room": GARDEN, "client_id": "1", "body": "x" * 65_537},
    ),
    ("invalid_params", "room.history", {"room": GARDEN, "before": 2, "after": 1}),
    ("invalid_params", "room.history", {"room": GARDEN, "before": 2, "mine": True}),
    ("invalid_params", "room.history", {"room": GARDEN, "wait_ms": 1}),
]


async def test_refusals_of_rooms(tmp_path: Path) -> None:
    found = []
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann") as (ann,),
    ):
        await ann.create(GARDEN)
        for _, method, params in REFUSED:
            answer = await ann.client.start(method, params)
            assert answer.refusal is not None, (method, params)
            found.append(answer.refusal.kind)

    assert found == [kind for kind, _, _ in REFUSED]


async def test_one_account_is_in_100_rooms_at_most(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann") as (ann,),
    ):
        most = limit("rooms_joined")
        for number in range(most - 1):
            await ann.create(f"r{number}")
        with refused("too_many"):
            await ann.create("one-more")
        await ann.leave(LOBBY)
        await ann.create("in-its-place")
        rooms = await ann.ask(Rooms, "room.list", joined=True, limit=500)

    assert len(rooms.rooms) == most


# -- posts ---------------------------------------------------------------------


async def test_s4_6_a_post_answers_with_what_was_missed(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        first = await bob.post("first")
        await ann.post("one")
        await ann.post("two")
        sent = await bob.post("second", since=first.position)
        plain = await bob.post("third")

    assert sent.missed is not None
    assert bodies(sent.missed.messages) == ["one", "two", "second"]
    assert positions(sent.missed.messages) == [2, 3, 4]
    assert plain.missed is None


async def test_s1_18_a_retry_is_one_message_and_is_heard_once(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        first = await ann.post("hello", client_id="c1")
        again = await ann.post("hello", client_id="c1")
        with refused("client_id_conflict"):
            await ann.post("another", client_id="c1")
        with refused("client_id_conflict"):
            await ann.send("bob", client_id="c1")
        heard = await bob.told_of(RoomMessage)

    assert (first.duplicate, again.duplicate) == (False, True)
    assert (again.id, again.position, again.hash) == (
        first.id,
        first.position,
        first.hash,
    )
    assert [one.id for one in heard] == [first.id]


async def test_a_post_whose_author_was_cut_off_in_its_midst_is_delivered(
    tmp_path: Path,
) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        store.before = gate = Gate("file")
        posting = ann.client.start(
            "room.post", {"room": LOBBY, "client_id": "c1", "body": "my last words"}
        )
        await gate.reached.wait()
        ann.client.writer.transport.abort()
        while len(server.services.registry) > 1:
            await bob.ping()
        gate.open()
        heard = await bob.hears(RoomMessage)
        waiting = server.services.rooms._posting
        async with guest(server, "ann") as back:
            again = await back.post("my last words", client_id="c1")

    assert isinstance(posting.exception(), ConnectionError)
    assert (heard.body, heard.id) == ("my last words", again.id)
    assert again.duplicate
    assert waiting == {}


async def test_nobody_hears_of_a_message_before_it_stands(tmp_path: Path) -> None:
    store = WatchedStore(tmp_path / "var")
    async with (
        timed_office(tmp_path, VirtualTime(), store=store) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        store.before = gate = Gate("file")
        posting = asyncio.create_task(ann.post())
        await gate.reached.wait()
        await bob.ping()
        early = [one.method for one in bob.client.events if "room" in one.method]
        gate.open()
        sent = await posting
        heard = await bob.hears(RoomMessage)

    assert early == []
    assert heard.id == sent.id


# -- history -------------------------------------------------------------------


class Page(NamedTuple):
    """What is asked of ten messages, of which 1, 4 and 7 are one's own."""

    query: dict[str, int]
    found: list[int]
    more: bool = False


PAGES = {
    "the newest": Page({}, [*range(1, 11)]),
    "the newest three": Page({"limit": 3}, [8, 9, 10], more=True),
    "before": Page({"before": 8, "limit": 3}, [5, 6, 7], more=True),
    "the oldest": Page({"before": 4, "limit": 3}, [1, 2, 3]),
    "before the first": Page({"before": 1}, []),
    "after": Page({"after": 2, "limit": 3}, [3, 4, 5], more=True),
    "after all but one": Page({"after": 9}, [10]),
    "after the last": Page({"after": 10}, []),
    "after what is to come": Page({"after": 2**53}, []),
    "behind mine": Page({"mine": True}, [8, 9, 10]),
    "behind mine, and after": Page({"mine": True, "after": 8}, [9, 10]),
    "behind mine, not after": Page({"mine": True, "after": 3}, [8, 9, 10]),
}


async def test_s4_5_s4_6_pages_of_history(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        for number in range(1, 11):
            await (bob if number in (1, 4, 7) else ann).post(f"{number}")
        pages = {
            name: await bob.ask(RoomPage, "room.history", room=LOBBY, **page.query)
            for name, page in PAGES.items()
        }

    found = {name: (positions(p.messages), p.more) for name, p in pages.items()}
    assert found == {name: (page.found, page.more) for name, page in PAGES.items()}
    assert {page.last for page in pages.values()} == {10}


async def test_s4_6_history_waits_for_what_is_to_come(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann") as (ann,),
        people(server, "bob") as (script,),
    ):
        poll = script.client.start(
            "room.history", {"room": LOBBY, "after": 0, "wait_ms": 60_000}
        )
        await script.ping()
        waits = not poll.done()
        sent = await ann.post("at last")
        answer = await poll
        at_once = await script.ask(
            RoomPage, "room.history", room=LOBBY, after=0, wait_ms=60_000
        )
        empty = await script.ask(
            RoomPage, "room.history", room=LOBBY, after=1, wait_ms=20
        )
        left = len(server.services.parking._parked)

    assert waits
    assert answer.refusal is None
    assert [one.id for one in at_once.messages] == [sent.id]
    assert answer.result["last"] == 1
    assert (empty.messages, empty.last) == ([], 1)
    assert left == 0


async def test_what_is_hidden_from_the_asker_wakes_them_to_nothing(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "eve") as (ann, eve),
    ):
        await ann.block("eve")
        poll = ann.client.start(
            "room.history", {"room": LOBBY, "after": 0, "wait_ms": 60_000}
        )
        await ann.ping()
        await eve.post("hidden")
        await ann.told()
        parked = not poll.done()
        await ann.unblock("eve")
        await eve.post("heard")
        answer = await poll

    assert parked
    assert answer.refusal is None


async def test_s4_5_a_gap_behind_a_cut_connection_is_mended_by_history(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await ann.post("1")
        before = await bob.hears(RoomMessage)
        bob.client.writer.transport.abort()
        while "bob" in await ann.online():
            pass
        await ann.post("2")
        await ann.post("3")
        async with caller(server, "bob") as back:
            await back.resume(bob.welcome.resume)
            await ann.post("4")
            live = await back.hears(RoomMessage)
            page = await back.history(after=before.position)

    assert live.body == "4"
    assert bodies(page.messages) == ["2", "3", "4"]
    assert notices(page.messages) == [
        ("User bob unexpectedly disconnected", Notice.LOST)
    ]


async def test_history_of_a_room_ends_at_a_page_of_bytes(tmp_path: Path) -> None:
    body = "x" * limit("body_bytes")
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann") as (ann,),
    ):
        for _ in range(12):
            await ann.post(body)
        page = await ann.history(after=0, limit=100)
        rest = await ann.history(after=page.messages[-1].position, limit=100)

    assert page.more
    assert positions(page.messages + rest.messages) == list(range(1, 13))
    assert not rest.more


# -- marks ---------------------------------------------------------------------


async def test_a_mark_moves_on_and_never_back_nor_beyond_the_last(
    tmp_path: Path,
) -> None:
    marks = []
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        for _ in range(5):
            await ann.post()
        for position in (2, 1, 4, 2**53, 3):
            await bob.ask(Done, "room.mark", room=LOBBY, position=position)
            marks.append((await room_info(bob, LOBBY)).mark)
        others = (await room_info(ann, LOBBY)).mark
        page = await bob.history()

    assert marks == [2, 2, 4, 5, 5]
    assert others == 0
    assert page.mark == 5


# -- topics --------------------------------------------------------------------


async def test_a_topic_is_set_by_the_maker_and_told_to_the_room(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "eve") as (ann, bob, eve),
    ):
        await ann.create(GARDEN, "roses")
        await bob.join(GARDEN)
        await ann.topic(GARDEN, "roses")
        unchanged = await bob.told()
        await ann.topic(GARDEN, "tulips")
        await ann.topic(GARDEN, "")
        heard = [await one.told_of(RoomMessage) for one in (ann, bob, eve)]
        with refused("not_permitted"):
            await bob.topic(GARDEN, "weeds")
        with refused("not_member"):
            await eve.topic(GARDEN, "weeds")
        with refused("topic_invalid"):
            await ann.topic(GARDEN, "two\nlines")
        with refused("not_permitted"):
            await ann.topic(LOBBY, "weeds")
        topic = (await room_info(eve, GARDEN)).topic

    said = [
        ("ann set the topic: tulips", Notice.TOPIC),
        ("ann removed the topic", Notice.TOPIC),
    ]
    assert unchanged == []
    assert [notices(messages) for messages in heard] == [said, said, []]
    assert topic == ""


async def make_admin(server: Server, user: str) -> None:
    assert (
        await told(server.config.var, "users.role", {"user": user, "role": "admin"})
        == "done"
    )


async def test_s3_22_an_admin_sets_the_topic_of_any_room_they_are_in(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await make_admin(server, "bob")
        await ann.create(GARDEN)
        await bob.join(GARDEN)
        await bob.topic(GARDEN, "order")
        await bob.topic(LOBBY, "quiet, please")
        topics = [(await room_info(ann, room)).topic for room in (GARDEN, LOBBY)]

    assert topics == ["order", "quiet, please"]


@pytest.mark.parametrize("auth", ["nick", "open"])
async def test_s3_22_where_a_name_proves_nothing_an_admin_sets_no_topic(
    tmp_path: Path, auth: str
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime(), auth=auth) as server,
        guests(server, "ann") as (ann,),
    ):
        await make_admin(server, "ann")
        with refused("not_permitted"):
            await ann.topic(LOBBY, "mine now")


# -- lists ---------------------------------------------------------------------


async def test_rooms_and_members_are_listed_by_name_page_by_page(
    tmp_path: Path,
) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob", "cyd") as (ann, bob, _),
    ):
        for room in ("pond", "attic"):
            await ann.create(room)
        first = await bob.ask(Rooms, "room.list", limit=2)
        second = await bob.ask(Rooms, "room.list", after=first.next, limit=2)
        mine = await bob.ask(Rooms, "room.list", joined=True)
        some = await ann.ask(Members, "room.members", room=LOBBY, limit=2)
        rest = await ann.ask(
            Members, "room.members", room=LOBBY, after=some.next, limit=2
        )

    assert [row.room for row in first.rooms + second.rooms] == [
        "attic",
        "lobby",
        "pond",
    ]
    assert (first.next, second.next) == ("lobby", None)
    assert [row.room for row in mine.rooms] == ["lobby"]
    assert (some.members, rest.members) == (["ann", "bob"], ["cyd"])
    assert (some.next, rest.next) == ("bob", None)


async def test_rooms_stand_behind_a_restart_with_members_marks_and_topics(
    tmp_path: Path,
) -> None:
    time = VirtualTime()
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        await ann.create(GARDEN, "roses")
        await bob.join(GARDEN)
        await ann.post("hello", GARDEN)
        await bob.ask(Done, "room.mark", room=GARDEN, position=1)
        before = await room_info(bob, GARDEN)
    async with (
        timed_office(tmp_path, time) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        after = await room_info(bob, GARDEN)
        await ann.post("again", GARDEN)
        heard = await bob.hears(RoomMessage)

    assert after == before
    assert (heard.body, heard.position) == ("again", 2)


async def test_a_removed_account_is_in_no_room(tmp_path: Path) -> None:
    async with (
        timed_office(tmp_path, VirtualTime()) as server,
        guests(server, "ann", "bob") as (ann, bob),
    ):
        async with connected_locally(server.config.var) as local:
            await local.call("users.remove", user="bob")
        await bob.goodbye()
        await ann.told()
        left = await members(ann, LOBBY)

    assert left == ["ann"]
