"""The windows of one session and what becomes of them, with a real server."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.client import peopletables
from nimsg.errors import NimsgError, Refusal, Unavailable
from nimsg.protocol.constants import LOBBY, CloseReason
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.tui.composeview import ComposeView
from nimsg.tui.ground import passes
from nimsg.tui.windows import Kind
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


SIZE = (80, 20)
EVERY = list(Kind)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


def titles(seat: Seat) -> list[str]:
    return [one.title for one in seat.desktop.windows.all]


# -- windows


async def test_each_window_draws_itself_at_every_size(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        names = {Kind.ROOM: LOBBY, Kind.PRIVATE: "bob"}
        for kind in EVERY:
            ann.desktop.open(kind, names.get(kind, ""))
            for size in ((1, 1), (40, 7), SIZE, (200, 47)):
                ann.desktop.view.sizes = None
                canvas = ann.desktop.view.render(size, focus=True)
                assert (canvas.cols(), canvas.rows()) == size
            ann.desktop.view.act("close")
            ann.desktop.refresh()


async def test_news_behind_other_windows_are_counted(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.desktop.open_room(LOBBY)
        await ann.desktop.rooms.post(LOBBY, "hello")
        await bob.until(lambda: "hello" in str(bob.desktop.rooms.logs[LOBBY].entries()))
        room = bob.desktop.windows.find(Kind.ROOM, LOBBY)
        assert room is not None
        assert room.unread == 0
        bob.desktop.open(Kind.PEOPLE)
        await ann.desktop.rooms.post(LOBBY, "and more")
        await bob.until(lambda: room.unread)
        assert ("#lobby", room.unread, False) in bob.desktop.titles()


async def test_a_window_that_is_closed_is_opened_again_as_it_was(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.open_room(LOBBY)
        for key in "half":
            ann.desktop.view.keypress(SIZE, key)
        ann.desktop.close(ann.desktop.current)
        assert ann.desktop.current.kind is Kind.MAIL
        ann.desktop.open_room(LOBBY)
        rows = ann.desktop.view.render(SIZE, focus=True).text
        assert any(b"half" in row for row in rows)


# -- writing


async def test_an_unknown_name_is_said_when_it_is_known_to_be_none(
    tmp_path: Path,
) -> None:
    async with (
        serving(quick_config(tmp_path / "var", auth="open")) as server,
        seated(server.port, "bob"),
        seated(server.port, "ann") as ann,
    ):
        ann.home.refused["presence.seen"].append(Refusal("unknown_user"))
        ann.desktop.write_to("nobody")
        view = ann.desktop.view.guest
        assert isinstance(view, ComposeView)
        ann.desktop.view.render(SIZE, focus=True)
        await ann.settles()
        rows = ann.desktop.view.render(SIZE, focus=True).text
        assert any(b"nobody: no such user" in row for row in rows)
        assert ann.home.count("presence.seen") == 1


async def test_who_cannot_be_asked_about_is_not_asked_by_every_frame(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["presence.seen"] += [Refusal("busy")] * 100
        ann.desktop.write_to("nobody")
        for _ in range(20):
            ann.desktop.refresh()
            await ann.settles()
        assert ann.home.count("presence.seen") == 1


async def test_of_many_drafts_each_has_its_window(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        for name in ("bob", "carol"):
            ann.desktop.write_to(name)
        first, second = ann.desktop.post.drafts
        ann.types(first, body="one")
        ann.types(second, body="two")
        ann.desktop.close_draft(first)
        assert ann.desktop.current.name == second.client_id
        ann.desktop.open_draft(first)
        assert titles(ann).count("writing") == 2
        assert (first.body, second.body) == ("one", "two")


# -- the end


async def test_who_quits_is_told_what_is_queued_and_what_is_not_saved(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        assert ann.desktop.undone == ""
        ann.home.refused["mail.send"] += [Refusal("busy")] * 1000
        for name in ("bob", "carol"):
            ann.desktop.composing.send(ann.writes(name, "keys"))
        assert ann.desktop.undone == "2 messages queued"
        ann.home.cut()
        ann.writes("bob", "more")
        assert ann.desktop.undone.startswith("2 messages queued and ")
        assert ann.desktop.undone.endswith(" not saved")
        ann.home.refused.clear()
        await ann.until(lambda: not ann.desktop.undone)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (CloseReason.TIMEOUT, Unavailable),
        (CloseReason.KICKED, Refusal),
        (CloseReason.REVOKED, Refusal),
    ],
)
async def test_an_ended_session_leaves_windows_and_drafts(
    server: Server, reason: CloseReason, error: type[NimsgError]
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.write_to("bob")
        [draft] = ann.desktop.post.drafts
        ann.types(draft, body="half a")
        before = titles(ann)
        for session in tuple(server.services.people):
            session.end(reason)
        async with asyncio.timeout(10):
            ended = await ann.ended
        assert isinstance(ended, error)
        assert titles(ann) == before
        assert ann.desktop.unsent == [draft]
        assert ann.desktop.undone == "1 draft not saved"


async def test_an_event_that_makes_no_sense_is_passed_over(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        for method in ("presence", "broadcast", "room.message", "shutdown", "weather"):
            ann.desktop.heard(ServerEvent(method, {"from": 7}))
        assert ann.said == []


async def test_the_end_of_the_server_rings_once_and_can_be_canceled(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        at = ann.clock()
        for left_s in (60, 59):
            event: JsonObject = {"left_s": left_s, "at": at}
            ann.desktop.heard(ServerEvent("shutdown", event))
        assert ann.bells == 1
        assert ann.ground.status.ends_at
        ann.desktop.heard(ServerEvent("shutdown", {"left_s": None, "at": at}))
        assert ann.ground.status.ends_at is None


async def test_nothing_is_begun_when_all_is_over(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        pass
    ann.ground.start(ann.desktop.people.enter())
    assert ann.ground.busy == 0


# -- the ground


async def test_what_goes_wrong_is_said_and_done_again(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        tries = []

        async def work() -> None:
            tries.append(1)
            if len(tries) < 3:
                raise Refusal("busy", data={"user": "bob"})

        await ann.ground.persist(work)
        assert len(tries) == 3
        assert "bob: too much is waiting; try again" in ann.said


@pytest.mark.parametrize(
    ("kind", "later"),
    [
        *((kind, True) for kind in ("storage_failed", "disk_full", "busy")),
        *((kind, True) for kind in ("too_many_requests", "shutting_down")),
        *((kind, False) for kind in ("unknown_user", "all_refused", "not_found")),
        *((kind, False) for kind in ("client_id_conflict", "no_such_kind")),
    ],
)
def test_what_passes_is_told_from_what_does_not(kind: str, later: bool) -> None:
    assert passes(Refusal(kind)) is later


async def test_people_are_blocked_and_let_back(server: Server) -> None:
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        ann.desktop.people.block("bob")
        await ann.hears(peopletables.BLOCKED.format("bob"))
        ann.desktop.people.unblock("bob")
        await ann.hears(peopletables.UNBLOCKED.format("bob"))
