"""What commands do, in one process with a real server: X7, K2, C21, S4-5."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.client import acts_rooms
from nimsg.client.acts import Acts
from nimsg.client.acts_news import News
from nimsg.client.acts_person import Person
from nimsg.client.acts_private import Privates
from nimsg.client.acts_rooms import Rooms
from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import Address, Security
from nimsg.client.events import parse
from nimsg.client.login import Dialog, Question
from nimsg.errors import NimsgError, Unavailable, Unreachable
from nimsg.protocol.constants import CloseReason, Device
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.server.services import wall_clock_ms
from tests.support.serving import quick_config, serving
from tests.support.virtualtime import VirtualTime


DEADLINE_S = 20


class Screen:
    """What somebody was shown, and a way to wait for it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.questions: list[str] = []
        self.key = "n"
        self._news = asyncio.Event()

    def put(self, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def ask(self, question: str, _: str) -> str:
        self.questions.append(question)
        return self.key

    async def has(self, text: str) -> int:
        """Wait for a line that holds a text; which it is."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                for at, line in enumerate(self.lines):
                    if text in line:
                        return at
                self._news.clear()
                await self._news.wait()

    async def shows(self, text: str) -> str:
        """Wait for a line that holds a text; it and all before it are dropped."""
        at = await self.has(text)
        line = self.lines[at]
        del self.lines[: at + 1]
        return line


class Someone(NamedTuple):
    """A person in line mode, without a terminal."""

    screen: Screen
    acts: Acts
    home: Steady
    rooms: Rooms
    ended: asyncio.Future[NimsgError]

    async def types(self, line: str) -> None:
        assert await self.acts.perform(line)

    async def ends(self) -> NimsgError:
        """What ended the session from outside."""
        async with asyncio.timeout(DEADLINE_S):
            return await self.ended

    async def sees(self, text: str) -> str:
        return await self.screen.shows(text)


async def _nobody(question: Question, _: str) -> str:
    raise AssertionError(question)


@asynccontextmanager
async def somebody(server: Server, name: str) -> AsyncIterator[Someone]:
    """Somebody who is logged in inside the block."""
    screen = Screen()
    way = Way(Address("127.0.0.1", server.port), Security(), 10, DEADLINE_S)
    home = Steady(way, Device.LINE, screen.put)
    me = Person(home, screen.put, screen.ask, lambda: None, wall_clock_ms)
    rooms, news = Rooms(me), News(me)
    async with asyncio.TaskGroup() as tasks:
        privates = Privates(me, tasks, 0)
        acts = Acts(me, rooms, privates)
        await home.reach(5)
        await home.log_in(Dialog(home.auth, "line", user=name), _nobody)
        await acts.greet(news)

        def handle(event: ServerEvent) -> None:
            if (known := parse(event)) is not None:
                acts.happened(known)

        def returned() -> None:
            rooms.returned()
            privates.returned()

        ended: asyncio.Future[NimsgError] = asyncio.Future()

        async def hear() -> None:
            try:
                await home.run(handle, returned)
            except NimsgError as error:
                ended.set_result(error)

        others = [
            tasks.create_task(hear()),
            tasks.create_task(rooms.keep_up()),
            tasks.create_task(rooms.keep_marks()),
            tasks.create_task(news.watch()),
        ]
        try:
            yield Someone(screen, acts, home, rooms, ended)
        finally:
            for task in others:
                task.cancel()
            await privates.close()
            await home.log_out()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


# -- what shows that a person is there


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("rooms", True),
        ("inbox", True),
        ("blocks", True),
        ("help", True),
        ("whoelse", True),
        ("nonsense", False),
        ("message", False),
        ("", False),
    ],
)
async def test_x7_a_command_counts_as_activity_and_nonsense_does_not(
    tmp_path: Path, line: str, counts: bool
) -> None:
    time = VirtualTime()
    config = quick_config(tmp_path / "var", auth="open", idle_timeout_s=60)
    async with (
        serving(config, timers=time) as server,
        somebody(server, "ann") as ann,
    ):
        time.advance(50)
        await ann.types(line)
        await ann.acts.privates.touches.settle()
        time.advance(50)
        if counts:
            await ann.home.call("session.ping", {})
        else:
            assert isinstance(await ann.ends(), Unavailable)


async def test_x7_what_others_say_is_no_activity(tmp_path: Path) -> None:
    time = VirtualTime()
    config = quick_config(tmp_path / "var", auth="open", idle_timeout_s=60)
    async with (
        serving(config, timers=time) as server,
        somebody(server, "ann") as ann,
        somebody(server, "bob") as bob,
    ):
        for _ in range(3):
            time.advance(25)
            await bob.types("say lobby hello")
            await bob.types("message ann hello")
        await bob.sees("ann was logged out")
        assert "nothing was done here" in str(await ann.ends())


async def test_a_stalled_touch_holds_no_command_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with somebody(server, "ann") as ann:
        call, stalled = ann.acts.me.call, asyncio.Event()

        async def stalling(method: str, params: JsonObject) -> JsonObject:
            if method == "session.touch":
                stalled.set()
                await asyncio.Event().wait()
            return await call(method, params)

        monkeypatch.setattr(ann.acts.me, "call", stalling)
        async with asyncio.timeout(DEADLINE_S):
            await ann.types("rooms")
            await stalled.wait()
            for _ in range(3):
                await ann.types("rooms")
                await ann.sees("#lobby")


# -- rooms


async def test_k2_a_message_is_shown_once_and_in_order(server: Server) -> None:
    async def talk(one: Someone) -> None:
        for number in range(20):
            await one.types(f"say lobby {number}")

    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await asyncio.gather(talk(ann), talk(bob))
        await ann.types("say lobby end")
        shown: list[list[str]] = []
        for one in (ann, bob):
            await one.screen.has("<ann> end")
            shown.append([line for line in one.screen.lines if "#lobby <" in line])
    assert shown[0] == shown[1]
    assert len(shown[0]) == len(set(shown[0])) == 41


async def test_what_falls_between_is_fetched_before_it_is_passed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        monkeypatch.setattr(ann.rooms, "heard", lambda _: None)
        for number in range(3):
            await bob.types(f"say lobby missed {number}")
        await bob.types("message ann done")
        await ann.sees("new message i1 from bob")
        monkeypatch.undo()
        await bob.types("say lobby last")
        for text in ("missed 0", "missed 1", "missed 2", "last"):
            assert f"#lobby <bob> {text}" in await ann.sees("#lobby")


async def test_what_was_shown_is_marked_as_read(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts_rooms, "MARK_S", 0.01)
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("say lobby one")
        await ann.sees("<bob> one")
        await ann.types("rooms")
        assert "unread" not in await ann.sees("#lobby")
    async with somebody(server, "ann") as ann:
        assert not any("one" in line for line in ann.screen.lines)


async def test_what_was_not_shown_is_not_marked_as_read(server: Server) -> None:
    async with somebody(server, "bob") as bob:
        await bob.types("create lab")
        async with somebody(server, "ann") as ann:
            await ann.types("join lab")
        for number in range(3):
            await bob.types(f"say lab {number}")
        for _ in range(2):
            async with somebody(server, "ann") as ann:
                await ann.sees("unread in #lab: 3 (history lab)")
                await bob.types("say lobby now")
                await ann.sees("<bob> now")
                await ann.rooms.tell_marks()
        async with somebody(server, "ann") as ann:
            await ann.types("history lab")
            await ann.rooms.tell_marks()
        async with somebody(server, "ann") as ann:
            assert not any("unread in #lab" in line for line in ann.screen.lines)


async def test_the_end_of_much_is_not_all_of_it(server: Server) -> None:
    async with somebody(server, "bob") as bob:
        async with somebody(server, "ann"):
            pass
        for number in range(acts_rooms.FIRST_LINES + 2):
            await bob.types(f"say lobby {number}")
        for _ in range(2):
            async with somebody(server, "ann") as ann:
                await ann.sees("unread in #lobby, the end of it (history lobby):")
                await ann.rooms.tell_marks()


async def test_a_mark_that_could_not_be_told_is_told_after_the_return(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("create lab")
        await ann.types("join lab")
        await ann.rooms.tell_marks()
        ann.home._up.clear()
        await bob.types("say lab one")
        await ann.sees("<bob> one")
        await ann.rooms.tell_marks()
        monkeypatch.setattr(acts_rooms, "MARK_S", 0.01)
        marked, call = asyncio.Event(), ann.acts.me.call

        async def watching(method: str, params: JsonObject) -> JsonObject:
            result = await call(method, params)
            if method == "room.mark" and params["room"] == "lab":
                marked.set()
            return result

        monkeypatch.setattr(ann.acts.me, "call", watching)
        ann.home._client.abort()
        async with asyncio.timeout(DEADLINE_S):
            await marked.wait()
        unread = {one.room: one.unread for one in await acts_rooms.joined(ann.acts.me)}
    assert unread["lab"] == 0


async def test_a_mark_of_a_room_that_was_left_is_not_told(server: Server) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("create lab")
        await ann.types("join lab")
        ann.home._up.clear()
        ann.rooms.seen("lab", 1, 2)
        await ann.rooms.tell_marks()
        assert "lab" in ann.rooms._marks
        ann.rooms.left("lab")
        assert "lab" not in ann.rooms._marks


async def test_of_much_that_was_missed_the_end_is_shown(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts_rooms, "CAUGHT_UP_MOST", 3)
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        monkeypatch.setattr(ann.rooms, "heard", lambda _: None)
        for number in range(5):
            await bob.types(f"say lobby {number}")
        await bob.types("message ann done")
        await ann.sees("new message i1 from bob")
        monkeypatch.undo()
        monkeypatch.setattr(acts_rooms, "CAUGHT_UP_MOST", 3)
        await bob.types("say lobby last")
        await ann.sees("-- much was said in #lobby (history lobby); the end of it:")
        for text in ("3", "4", "last"):
            assert f"#lobby <bob> {text}" in await ann.sees("#lobby")


async def test_who_joins_a_room_sees_the_end_of_what_was_said(server: Server) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("create lab")
        for number in range(acts_rooms.FIRST_LINES + 2):
            await bob.types(f"say lab {number}")
        await ann.types("join lab")
        await ann.types("blocks")
        await ann.sees("you are in #lab")
        at = await ann.screen.has("you block nobody")
        shown = [line for line in ann.screen.lines[:at] if "#lab" in line]
    assert len(shown) == acts_rooms.FIRST_LINES
    assert shown[-1].endswith(f"<bob> {acts_rooms.FIRST_LINES + 1}")


async def test_history_shows_what_was_said_since_ones_own(server: Server) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("say lobby long ago")
        await ann.types("say lobby mine")
        await ann.types("history lobby mine")
        await ann.sees("nothing was said in #lobby since you last wrote")
        for number in range(3):
            await bob.types(f"say lobby {number}")
        await ann.screen.has("<bob> 2")
        ann.screen.lines.clear()
        await ann.types("history lobby mine")
        await ann.sees("#lobby, messages ")
        shown = [line.rpartition("> ")[2] for line in ann.screen.lines]
    assert shown == ["0", "1", "2"]


async def test_history_since_ones_own_says_how_it_goes_on(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acts_rooms, "HISTORY_ROWS", 2)
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await ann.types("say lobby mine")
        for number in range(5):
            await bob.types(f"say lobby {number}")
        await ann.screen.has("<bob> 4")
        ann.screen.lines.clear()
        await ann.types("history lobby mine")
        await ann.sees("<bob> 1")
        onward = await ann.sees("shows what came next")
        await ann.types(onward.removeprefix("-- ").partition(" shows")[0])
        await ann.sees("<bob> 2")
        await ann.sees("<bob> 3")


async def test_a_topic_can_be_taken_away(server: Server) -> None:
    async with somebody(server, "ann") as ann:
        await ann.types("create lab plans")
        await ann.types("topic lab ''")
        await ann.types("topic lab")
        await ann.sees("#lab has no topic")


async def test_who_is_not_in_a_room_cannot_leave_it(server: Server) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("create lab")
        await ann.types("leave lab")
        await ann.sees("you are not in #lab")


async def test_a_list_of_names_in_one_word_is_taken_for_what_it_is(
    server: Server,
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await ann.types("message bob,eve hi")
        await ann.sees(": bob,eve; nothing was stored; message writes to one person, ")
        await bob.types("block ann")
        await ann.types("message bob hi")
        assert (await ann.sees(": bob; nothing was")).endswith("stored")


# -- coming back


async def test_a_lost_connection_is_come_back_to_and_nothing_is_missed(
    server: Server,
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await ann.types("message bob before")
        await bob.sees("new message i1 from ann")
        ann.home._client.abort()
        await ann.sees("the connection was lost; trying to come back")
        await bob.types("say lobby while you were away")
        await bob.types("message ann and by mail")
        await ann.sees("connected again")
        seen = {await ann.sees("bob"), await ann.sees("bob")}
        assert any("while you were away" in line for line in seen)
        assert any("new message i1 from bob" in line for line in seen)
        await ann.types("whoelse")
        await ann.sees("online now: 1")


async def test_a_message_is_sent_once_however_often_the_connection_is_lost(
    server: Server,
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        sending = [asyncio.create_task(ann.types(f"message bob {n}")) for n in range(5)]
        await asyncio.sleep(0)
        ann.home._client.abort()
        await asyncio.gather(*sending)
        await bob.sees("new message i5 from ann")
        page: JsonObject = await bob.home.call("mail.list", {"all": True})
    assert page["total"] == 5


async def test_who_was_kicked_does_not_come_back(server: Server) -> None:
    async with somebody(server, "ann") as ann:
        for session in tuple(server.services.people):
            session.end(CloseReason.KICKED)
        assert str(await ann.ends()) == "an admin has ended your session"


# -- private links


@pytest.mark.parametrize("line", ["startprivate ann", "private ann hi"])
async def test_a_private_link_needs_somebody_else(server: Server, line: str) -> None:
    async with somebody(server, "ann") as ann:
        await ann.types(line)
        await ann.sees("a private link needs somebody else")


async def test_c22_why_a_private_text_goes_nowhere_is_said(server: Server) -> None:
    async with somebody(server, "ann") as ann:
        await ann.types("private nobody hi")
        await ann.sees("nobody: there is no such user")
        async with somebody(server, "bob"):
            await ann.types("private bob hi")
            await ann.sees(
                "no active private session with bob; start one with: startprivate bob"
            )
        await ann.types("private bob hi")
        await ann.sees("bob: the user is not online")


async def test_c22_who_blocks_is_offline_to_a_private_text(server: Server) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        await bob.types("block ann")
        await ann.types("private bob hi")
        await ann.sees("bob: the user is not online")


async def test_c9_the_last_touch_of_a_window_counts(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with somebody(server, "ann") as ann:
        called: list[str] = []

        async def call(method: str, _: JsonObject) -> JsonObject:
            called.append(method)
            raise Unreachable("gone")

        monkeypatch.setattr(ann.acts.me, "call", call)
        touches = ann.acts.privates.touches
        for _ in range(3):
            touches.soon(0.2)
            await asyncio.sleep(0.01)
        assert called == ["session.touch"]
        await asyncio.sleep(0.4)
        assert called == ["session.touch"] * 2


async def test_c21_a_link_outlives_a_block_but_not_the_session(server: Server) -> None:
    async with somebody(server, "ann") as ann:
        async with somebody(server, "bob") as bob:
            bob.screen.key = "y"
            await ann.types("startprivate bob")
            await ann.sees("private link to bob at 127.0.0.1:")
            assert bob.screen.questions == [
                "ann asks for a private link. Accept? [y/n] "
            ]
            await bob.types("private ann hello")
            await ann.sees("private <bob> hello")
            await bob.types("block ann")
            await ann.types("private bob still here")
            await bob.sees("private <ann> still here")
        await ann.sees("bob ended the private link")
        await ann.types("private bob gone?")
        await ann.sees("bob: the user is not online")


async def test_a_second_invitation_is_refused_and_one_can_be_taken_back(
    server: Server,
) -> None:
    async with somebody(server, "ann") as ann, somebody(server, "bob") as bob:
        waiting = asyncio.Event()

        async def hesitate(question: str, _: str) -> str:
            bob.screen.put(question)
            await waiting.wait()
            return ""

        bob.acts.me.ask = hesitate
        await ann.types("startprivate bob")
        await bob.sees("Accept?")
        await ann.types("startprivate bob")
        await ann.sees("there is a private link or invitation already")
        await ann.types("stopprivate bob")
        await ann.sees("the invitation to bob is ended")
        await bob.sees("ann took the invitation back")
