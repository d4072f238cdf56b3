"""Rooms on the desk, with a real server: gaps are mended, nothing is shown twice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from urwid.testing import render_text

from nimsg.client.answers import rows
from nimsg.client.people_answers import room_info
from nimsg.errors import Refusal
from nimsg.protocol.constants import LOBBY
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.tui import roomdesk
from nimsg.tui.talkview import TalkView
from nimsg.tui.windows import Kind
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


SIZE = (80, 20)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roomdesk, "MARK_S", 0.01)


def bodies(seat: Seat, room: str = LOBBY) -> list[str]:
    """What people have said in a room, as it is shown."""
    return [
        one.body
        for one in seat.desktop.rooms.logs[room].entries()
        if one.kind in {"said", "own"}
    ]


def view(seat: Seat, room: str = LOBBY) -> TalkView:
    seat.desktop.open_room(room)
    found = seat.desktop._views[(Kind.ROOM, room)]
    assert isinstance(found, TalkView)
    return found


async def say(seat: Seat, *texts: str, room: str = LOBBY) -> None:
    for text in texts:
        await seat.desktop.rooms.post(room, text)


async def unread(seat: Seat, room: str = LOBBY) -> object:
    """How much the server thinks is unread."""
    result = await seat.home.insist("room.list", {"joined": True})
    rows: list[JsonObject] = result["rooms"]  # type: ignore[assignment]
    return next(row["unread"] for row in rows if row["room"] == room)


# -- what is said


async def test_everybody_sees_each_message_once_and_in_order(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        texts = [f"m{number}" for number in range(10)]
        await say(ann, *texts)
        await bob.until(lambda: bodies(bob) == texts)
        assert bodies(ann) == texts
        assert bob.desktop.windows.find(Kind.ROOM, LOBBY).unread >= 10  # type: ignore[union-attr]


async def test_what_was_missed_is_fetched_when_the_link_is_back(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await say(ann, "before")
        await bob.until(lambda: bodies(bob) == ["before"])
        bob.home.cut()
        texts = [f"m{number}" for number in range(roomdesk.PAGE_ROWS + 20)]
        await say(ann, *texts)
        await bob.until(lambda: bodies(bob) == ["before", *texts])
        assert bob.desktop.rooms.logs[LOBBY].missing() is None


async def test_a_return_that_is_refused_is_tried_again(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.home.refused["room.list"] += [Refusal("busy")] * 3
        bob.home.refused["room.history"].append(Refusal("storage_failed"))
        bob.home.cut()
        await say(ann, "meanwhile")
        await bob.until(lambda: bodies(bob) == ["meanwhile"])


async def test_of_very_much_the_end_is_shown_and_the_rest_on_asking(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roomdesk, "PAGE_ROWS", 5)
    monkeypatch.setattr(roomdesk, "WIDE_GAP", 10)
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await say(ann, "before")
        await bob.until(lambda: bodies(bob) == ["before"])
        bob.home.cut()
        texts = [f"m{number}" for number in range(30)]
        await say(ann, *texts)
        await bob.until(lambda: bodies(bob)[-1:] == ["m29"])
        await bob.settles()
        log = bob.desktop.rooms.logs[LOBBY]
        assert log.missing() is None
        while not log.complete:
            bob.desktop.rooms.older(LOBBY)
            await bob.settles()
        assert bodies(bob) == ["before", *texts]


async def test_an_own_message_whose_answer_was_lost_is_said_once(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.home.unheard.append("room.post")
        await say(ann, "once")
        await say(bob, "twice", "twice")
        await ann.until(lambda: bodies(ann) == ["once", "twice", "twice"])
        await bob.until(lambda: bodies(bob) == ["once", "twice", "twice"])


async def test_a_text_that_was_refused_goes_back_to_the_line(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        talk = view(ann)
        ann.home.refused["room.post"].append(Refusal("storage_failed"))
        for key in "hello":
            talk.keypress(SIZE, key)
        talk.act("send")
        assert talk.line is not None
        assert talk.line.text == ""
        await ann.until(lambda: talk.line is not None and talk.line.text == "hello")
        assert bodies(ann) == []
        talk.act("send")
        await ann.until(lambda: bodies(ann) == ["hello"])


async def test_two_slashes_say_one_and_one_is_a_command(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        talk = view(ann)
        for text in ("//shrug", "/whoelse", "/no-such"):
            for key in text:
                talk.keypress(SIZE, key)
            talk.act("send")
        await ann.until(lambda: bodies(ann) == ["/shrug"])
        await ann.settles()
        assert any("no-such" in line for line in ann.said)
        # What could not be done stays, to be mended.
        assert talk.line is not None
        assert talk.line.text == "/no-such"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (":say  out loud", "out loud"),
        (":Say this", "this"),
        ("::say this", ":say this"),
        (":say", ""),
        (":) well", ":) well"),
        (":/ well", ":/ well"),
        (":q", ":q"),
        (":no-such command", ":no-such command"),
        ("::", "::"),
        ("/say /me too", "/me too"),
        ("///x", "//x"),
    ],
)
async def test_a_colon_and_the_name_of_a_command_are_one_in_a_room_too(
    server: Server, text: str, said: str
) -> None:
    async with seated(server.port, "ann") as ann:
        talk = view(ann)
        for key in text:
            talk.keypress(SIZE, key)
        talk.act("send")
        if said:
            await ann.until(lambda: bodies(ann))
        await ann.settles()
        assert bodies(ann) == [said] * bool(said)


async def test_commands_in_a_room_need_not_name_it(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.command("create lab")
        await ann.until(lambda: ann.desktop.current.name == "lab")
        for text in ("/say hello all", "/say lobby is ready"):
            for key in text:
                view(ann, "lab").keypress(SIZE, key)
            view(ann, "lab").act("send")
        await ann.until(lambda: bodies(ann) == ["is ready"])
        assert bodies(ann, "lab") == ["hello all"]


async def test_outside_a_room_a_command_says_that_it_needs_one(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.command("history")
        ann.desktop.command("say hello")
        ann.desktop.command("say hello there")
        await ann.hears("history: give ROOM (usage: history ROOM [N|mine])")
        await ann.hears("say: give TEXT (usage: say ROOM TEXT)")
        await ann.hears("#hello: there is no such room")


# -- how much is new


async def test_what_was_read_elsewhere_is_not_counted_as_new(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await say(ann, *"abcdef")
        rooms = bob.desktop.rooms
        await bob.until(lambda: rooms.unseen(LOBBY) == 6)
        await bob.home.insist("room.mark", {"room": LOBBY, "position": 1})
        result = await bob.home.insist("room.list", {"joined": True})
        rooms.learned(rows(result, "rooms", room_info))
        assert rooms.unseen(LOBBY) == await unread(bob) == 5
        window = bob.desktop.windows.find(Kind.ROOM, LOBBY)
        assert window is not None
        assert window.unread == 5


async def test_what_is_new_is_counted_also_beyond_the_page_that_is_here(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        await say(ann, *map(str, range(60)))
        async with seated(server.port, "bob") as bob:
            rooms = bob.desktop.rooms
            await bob.until(lambda: LOBBY in rooms.logs and len(rooms.logs[LOBBY]) > 1)
            assert rooms.unseen(LOBBY) == 60
            view(bob).render(SIZE, focus=True)
            await bob.until(lambda: rooms.unseen(LOBBY) == 0)


# -- who is there


def there(seat: Seat, room: str = LOBBY) -> tuple[list[str], set[str]]:
    """Who is in a room, and who of them is online."""
    found = seat.desktop.rooms.roster(room, seat.desktop.people.people)
    if found is None or found.online is None:
        return [], set()
    return list(found.names), set(found.online)


async def test_members_are_asked_for_once_and_kept_by_what_is_told(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        assert ann.home.count("room.members") == 0
        view(ann)
        await ann.until(lambda: there(ann) == (["ann"], {"ann"}))
        async with seated(server.port, "bob") as bob:
            await ann.until(lambda: there(ann) == (["ann", "bob"], {"ann", "bob"}))
            asked = ann.home.count("room.members")
            assert asked == 2, "bob is new"
            await say(bob, "one", "two", "three")
            text = "".join(render_text(ann.desktop.view, (160, 12)))
            assert "2 members, 2 online" in text
        await ann.until(lambda: there(ann) == (["ann", "bob"], {"ann"}))
        assert ann.home.count("room.members") == asked


async def test_who_speaks_is_a_member(server: Server) -> None:
    async with seated(server.port, "ann") as ann, seated(server.port, "bob") as bob:
        ann.desktop.command("create lab")
        await ann.until(lambda: there(ann, "lab")[0] == ["ann"])
        await bob.home.call("room.join", {"room": "lab"})
        await say(bob, "hello", room="lab")
        await ann.until(lambda: there(ann, "lab")[0] == ["ann", "bob"])
        assert ann.home.count("room.members") == 1


async def test_who_joins_or_leaves_is_found_with_what_happens_later(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann, seated(server.port, "bob") as bob:
        ann.desktop.command("create lab")
        await ann.until(lambda: there(ann, "lab")[0] == ["ann"])
        await ann.settles()
        await bob.home.call("room.join", {"room": "lab"})
        asked = ann.home.count("room.members")
        await say(bob, "in the lobby")
        await ann.until(lambda: bodies(ann) == ["in the lobby"])
        assert ann.home.count("room.members") == asked, "not long ago"

        ann.late_ms += roomdesk.AGAIN_MS
        await say(bob, "again")
        await ann.until(lambda: there(ann, "lab")[0] == ["ann", "bob"])
        await bob.home.call("room.leave", {"room": "lab"})
        ann.late_ms += roomdesk.AGAIN_MS
        await say(bob, "left")
        await ann.until(lambda: there(ann, "lab")[0] == ["ann"])
        assert ann.home.count("room.members") == asked + 2


async def test_members_that_could_not_be_asked_for_are_known_after_the_return(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.unheard.append("room.members")
        view(ann)
        assert "asking…" in "".join(render_text(ann.desktop.view, (160, 12)))
        await ann.until(lambda: there(ann)[0] == ["ann"])
        await ann.settles()
        ann.desktop.rooms.members.clear()
        ann.home.refused["room.members"].append(Refusal("busy"))
        view(ann)
        await ann.until(lambda: not ann.home.refused["room.members"])
        await ann.settles()
        assert there(ann)[0] == []
        ann.home.cut()
        await ann.until(lambda: there(ann)[0] == ["ann"])


# -- marks


async def test_what_was_seen_is_marked_and_told_again_after_a_loss(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await say(ann, "one", "two")
        await bob.until(lambda: bodies(bob) == ["one", "two"])
        assert await unread(bob) != 0
        bob.home.refused["room.mark"].append(Refusal("busy"))
        view(bob).render(SIZE, focus=True)
        await bob.until(lambda: bob.home.count("room.mark") >= 2)
        await bob.until(lambda: not bob.desktop.rooms._marks)
        assert await unread(bob) == 0

        bob.home.unheard.append("room.mark")
        await say(ann, "three")
        await bob.until(lambda: bodies(bob)[-1] == "three")
        view(bob).render(SIZE, focus=True)
        await bob.home.lost.wait()
        await bob.until(lambda: not bob.desktop.rooms._marks)
        assert await unread(bob) == 0


async def test_what_was_not_looked_at_is_not_marked(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await say(ann, "one")
        await bob.until(lambda: bodies(bob) == ["one"])
        await bob.settles()
        assert bob.home.count("room.mark") == 0


async def test_who_leaves_has_told_what_was_seen(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        async with seated(server.port, "bob") as bob:
            await say(ann, "one")
            await bob.until(lambda: bodies(bob) == ["one"])
            bob.home.refused["draft.save"].append(Refusal("storage_failed"))
            bob.writes("ann", "x")
            bob.desktop.rooms.seen_to(LOBBY, bob.desktop.rooms.logs[LOBBY].newest)
        async with seated(server.port, "bob") as bob:
            # Their own coming and going is told to all, and nothing else is new.
            texts = bob.desktop.rooms.logs[LOBBY]
            new = [one for one in texts.entries() if one.kind == "said"]
            assert [one.body for one in new] == ["one"]
            assert (bob.desktop.rooms.infos[LOBBY].mark or 0) >= (new[0].position or 0)


# -- coming and going


async def test_who_joins_sees_what_was_said_and_who_leaves_nothing_more(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.desktop.command("create lab")
        await ann.until(lambda: ann.desktop.rooms.knows("lab"))
        await say(ann, "welcome", room="lab")
        bob.desktop.command("join lab")
        await bob.until(lambda: bob.desktop.current.name == "lab")
        assert bodies(bob, "lab") == ["welcome"]
        await bob.until(lambda: bob.desktop.rooms.members.get("lab"))
        view(bob, "lab").render(SIZE, focus=True)

        bob.desktop.command("leave lab")
        await bob.until(lambda: not bob.desktop.rooms.knows("lab"))
        assert bob.desktop.windows.find(Kind.ROOM, "lab") is None
        await say(ann, "they are gone", room="lab")
        await say(ann, "still here")
        await bob.until(lambda: bodies(bob) == ["still here"])
        assert not bob.desktop.rooms.knows("lab")


async def test_the_lobby_stays_among_the_windows_until_it_is_left(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        desktop = ann.desktop
        desktop.command("create lab")
        await ann.until(lambda: desktop.current.name == "lab")
        view(ann)
        desktop.close(desktop.current)
        assert desktop.current.name == "lab"
        desktop.close(desktop.current)
        assert desktop.current.kind is Kind.MAIL
        assert [title for title, _, _ in desktop.titles()] == ["#lobby"]
        view(ann)
        desktop.command("leave lobby")
        await ann.until(lambda: desktop.titles() == [])
        assert desktop.current.kind is Kind.MAIL


async def test_a_room_that_was_left_elsewhere_is_closed_after_the_return(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.command("create lab")
        await ann.until(lambda: ann.desktop.rooms.knows("lab"))
        view(ann, "lab")
        await ann.home.call("room.leave", {"room": "lab"})
        ann.home.cut()
        await ann.until(lambda: not ann.desktop.rooms.knows("lab"))
        assert ann.desktop.current.kind is Kind.MAIL
