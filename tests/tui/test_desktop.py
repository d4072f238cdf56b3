"""The windows of one session and what becomes of them, with a real server."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from urwid.testing import render_text

from nimsg.client import peopletables
from nimsg.errors import NimsgError, ProtocolFault, Refusal, Unavailable, Unreachable
from nimsg.protocol.constants import LOBBY, CloseReason
from nimsg.protocol.envelope import ServerEvent
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.tui.composeview import ComposeView
from nimsg.tui.composing import ASK_AGAIN_MS
from nimsg.tui.drafts import RETRY_MS
from nimsg.tui.ground import passes
from nimsg.tui.layout import CHROME_ROWS, sizes
from nimsg.tui.letterdraft import DraftState
from nimsg.tui.windows import Kind
from tests.support.aioclient import connected
from tests.support.desks import Line, Seat, seated
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


@pytest.mark.parametrize("kind", [Kind.ROOM, Kind.PEOPLE, Kind.DRAFTS])
async def test_tab_leads_to_nothing_that_is_not_on_the_screen(
    server: Server, kind: Kind
) -> None:
    async with seated(server.port, "bob") as bob:
        mail = bob.desktop.view
        bob.desktop.open(kind, "lobby" if kind is Kind.ROOM else "")
        for size in ((80, 24), (160, 45), (60, 15), (200, 50), (160, 45)):
            mail.sizes = sizes(*size)
            mail.render((size[0], size[1] - CHROME_ROWS), focus=True)
            guests = mail.context
            mail.next_spot(1)
            hidden = size != (200, 50)
            assert (mail.context is guests) == hidden


async def test_an_empty_box_with_the_focus_says_so_without_colours(
    server: Server,
) -> None:
    def signed(seat: Seat) -> list[str]:
        seat.desktop.refresh()
        text = "\n".join(render_text(seat.desktop.view, (80, 17), focus=True))
        return re.findall(r">(?:INBOX|OUTBOX)", text)

    async with seated(server.port, "ann") as ann, seated(server.port, "bob") as bob:
        bob.desktop.view.sizes = sizes(*SIZE)
        assert signed(bob) == [">INBOX"]
        bob.desktop.view.next_spot(1)
        assert signed(bob) == [">OUTBOX"]
        await ann.sends("bob", "keys")
        await bob.has_mail("keys")
        bob.desktop.view.next_spot(-1)
        assert signed(bob) == []


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


async def test_what_came_after_a_room_was_closed_is_marked_as_new(
    server: Server,
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.desktop.rooms.post(LOBBY, "before")
        log = bob.desktop.rooms.logs[LOBBY]
        await bob.until(lambda: "before" in str(log.entries()))
        bob.desktop.open_room(LOBBY)
        bob.desktop.view.render(SIZE, focus=True)
        bob.desktop.close(bob.desktop.current)
        await ann.desktop.rooms.post(LOBBY, "after")
        await bob.until(lambda: "after" in str(log.entries()))
        bob.desktop.open_room(LOBBY)
        rows = bob.desktop.view.render(SIZE, focus=True).text
        text = b"\n".join(rows).decode()
        assert "before" in text.partition("new since")[0]
        assert "after" in text.partition("new since")[2]


async def test_a_command_in_a_room_needs_not_name_it(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.command("room create lab boilers")
        await ann.until(lambda: ann.desktop.rooms.knows("lab"))
        await ann.settles()
        ann.desktop.open_room("lab")
        ann.desktop.command("/topic")
        await ann.hears("the topic of #lab: boilers")
        ann.desktop.command("/leave")
        await ann.until(lambda: not ann.desktop.rooms.knows("lab"))
        ann.desktop.command("/members")
        assert "give ROOM" in ann.said[-1]


async def test_news_of_one_window_are_not_said_in_the_next(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.command("no such command")
        assert ann.ground.status.bad
        ann.desktop.show(ann.desktop.current)
        assert ann.ground.status.note
        ann.desktop.open(Kind.PEOPLE)
        assert (ann.ground.status.note, ann.ground.status.bad) == ("", False)
        ann.ground.say("an old story")
        ann.desktop.close(ann.desktop.current)
        assert ann.ground.status.note == ""


# -- writing


@pytest.fixture
def _with_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have people believe, once they are in, that names are proven by passwords."""
    monkeypatch.setattr(Line, "auth", "password")


@pytest.mark.usefixtures("_with_passwords")
async def test_an_unknown_name_is_said_when_it_is_known_to_be_none(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.write_to("nobody")
        view = ann.desktop.view.guest
        assert isinstance(view, ComposeView)
        ann.desktop.view.render(SIZE, focus=True)
        await ann.settles()
        rows = ann.desktop.view.render(SIZE, focus=True).text
        assert any(b"nobody: no such user" in row for row in rows)
        assert ann.home.count("presence.seen") == 1


async def test_where_knowing_a_name_is_enough_anybody_can_be_written_to(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        for _ in range(2):
            assert ann.desktop.composing.known("carol") is None
            await ann.settles()
        for no_new_name in ("no name", "carol,bob"):
            assert ann.desktop.composing.known(no_new_name) is None
            await ann.settles()
            assert ann.desktop.composing.known(no_new_name) is False
        ann.desktop.write_to("carol")
        [draft] = ann.desktop.post.drafts
        ann.types(draft, body="hello")
        assert ann.desktop.view.act("send")
        await ann.hears("sent to carol as o1")


@pytest.mark.usefixtures("_with_passwords")
async def test_nobody_gets_a_message_before_all_in_to_were_looked_up(
    server: Server,
) -> None:
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        draft = ann.writes("bob, nobody, nemo", "keys", "here")
        ann.desktop.open_draft(draft)
        assert ann.desktop.view.act("send")
        await ann.hears("not sent: nobody: no such user; nemo: no such user")
        assert ann.home.count("mail.send") == 0
        assert draft.state is DraftState.FAILED

        async with seated(server.port, "nobody"), seated(server.port, "nemo"):
            assert ann.desktop.post.retry(draft.client_id)
            await ann.hears("sent to bob, nobody, nemo as o1")


@pytest.mark.usefixtures("_with_passwords")
async def test_a_look_up_that_fails_holds_no_message_back(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["presence.seen"] += [Unreachable("no link"), Refusal("busy")]
        draft = ann.writes("carol", "keys", "here")
        ann.desktop.composing.send(draft)
        await ann.hears("sent to carol as o1")
        asked = [method for method, _ in ann.home.asked]
        assert asked.count("presence.seen") == 2
        assert asked.count("mail.send") == 1


@pytest.mark.usefixtures("_with_passwords")
async def test_who_has_come_in_the_meantime_is_known(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        known = ann.desktop.composing.known
        assert known("carol") is None
        await ann.settles()
        assert known("carol") is False

        async with connected(server.port) as carol:
            await carol.call("auth.login", user="carol", device="headless")
        ann.desktop.touched()
        assert known("carol") is False
        ann.late_ms = ASK_AGAIN_MS
        ann.desktop.touched()
        known("carol")
        await ann.settles()
        assert known("carol")

        async with seated(server.port, "dan"):
            known("dan")
            await ann.until(lambda: known("dan"))


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
        kinds = [one.kind for one in ann.desktop.windows.all]
        assert kinds.count(Kind.COMPOSE) == 2
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


async def test_a_draft_that_was_refused_and_cannot_be_saved_is_asked_about(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["draft.save"] += [Refusal("disk_full")] * 1000
        draft = ann.writes("ann", "to myself", "only here")
        assert ann.desktop.undone == ""  # it is saved on the way out, as far as known
        ann.desktop.composing.send(draft)
        await ann.hears("not sent: ")
        ann.desktop.composing.keep(draft)
        await ann.until(lambda: ann.desktop.undone)
        assert draft.state is DraftState.FAILED
        assert ann.desktop.undone == "1 draft not saved"
        ann.home.refused.clear()
        await ann.desktop.post.save_all()
        assert ann.desktop.undone == ""


async def test_a_line_that_waits_for_the_link_is_asked_about(tmp_path: Path) -> None:
    stop = asyncio.Event()
    config = quick_config(tmp_path / "var", auth="open")
    async with serving(config, stop=stop) as server, seated(server.port, "ann") as ann:
        ann.desktop.open_room(LOBBY)
        stop.set()
        await ann.until(lambda: not ann.home.is_up)
        for key in "wait":
            ann.desktop.view.keypress(SIZE, key)
        assert ann.desktop.undone == ""
        assert ann.desktop.view.act("send")
        await ann.hears("it is said when the connection is back")
        assert ann.desktop.undone == "1 line not said"


async def test_a_line_that_was_said_is_not_asked_about(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.desktop.open_room(LOBBY)
        for key in "hello":
            ann.desktop.view.keypress(SIZE, key)
        ann.desktop.view.act("send")
        await ann.until(ann.desktop.rooms.logs[LOBBY].entries)
        await ann.settles()
        assert ann.desktop.undone == ""


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


# -- what goes wrong

ASKED = ("mail.changes", "session.ping", "room.mark", "draft.save", "room.list")


@pytest.mark.parametrize(
    "error",
    [
        Refusal("internal_error"),
        Refusal("no_such_kind", "a refusal nobody knows"),
        ProtocolFault("invalid_request", "not as agreed", fatal=True),
    ],
    ids=lambda one: one.kind,
)
async def test_x2_no_refusal_ends_the_session_and_each_is_said(
    server: Server, error: Refusal
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        for method in ASKED:
            ann.home.refused[method] += [error, error]
        ann.home.cut()
        await bob.desktop.rooms.post(LOBBY, "hello")
        await ann.until(lambda: ann.desktop.rooms.unseen(LOBBY))
        ann.desktop.rooms.seen_to(LOBBY, 1)
        draft = ann.writes("bob", "keys", "here")
        ann.desktop.composing.keep(draft)
        await ann.until(lambda: draft.state is DraftState.UNSAVED)
        await ann.hears(str(error))
        ann.late_ms = RETRY_MS
        ann.desktop.composing.edited(draft)
        await ann.until(lambda: ann.home.count("draft.save") == 2)
        ann.late_ms += RETRY_MS
        ann.desktop.composing.edited(draft)
        await ann.until(lambda: draft.state is DraftState.SAVED)
        await bob.sends("ann", "more")
        await ann.has_mail("more")


async def test_x2_no_answer_without_sense_ends_the_session(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        for method in (*ASKED, "room.history", "presence.list", "mail.list"):
            ann.home.changed[method] = lambda _: {"rooms": 7, "users": [5], "inbox": {}}
        ann.home.cut()
        await bob.sends("ann", "keys")
        await ann.hears("the server")
        await ann.until(lambda: ann.home.count("mail.changes") > 3)
        ann.home.changed.clear()
        await ann.has_mail("keys")


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
