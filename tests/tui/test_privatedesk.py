"""Private links on the desk, with a real server and real links between two people."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.server.app import Server
from nimsg.tui.talklog import Kind as Said
from nimsg.tui.talkview import TalkView
from nimsg.tui.windows import Kind
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


SIZE = (80, 20)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


def texts(seat: Seat, other: str) -> list[tuple[Said, str]]:
    """What was said on a link, by whom."""
    entries = seat.desktop.privates.log(other).entries()
    return [(one.kind, one.body) for one in entries if one.kind is not Said.SYSTEM]


async def link(ann: Seat, bob: Seat) -> None:
    """Have ann ask bob for a link, who accepts."""
    ann.desktop.command("startprivate bob")
    await ann.until(lambda: ann.desktop.privates.has("bob"))
    await bob.until(lambda: bob.desktop.privates.has("ann"))


def view(seat: Seat, other: str) -> TalkView:
    seat.desktop.open(Kind.PRIVATE, other)
    found = seat.desktop._views[(Kind.PRIVATE, other)]
    assert isinstance(found, TalkView)
    return found


def says(talk: TalkView, text: str) -> None:
    for key in text:
        talk.keypress(SIZE, key)
    talk.act("send")


async def test_a_link_tells_how_one_speaks_on_the_screen(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await link(ann, bob)
        for seat, other in ((ann, "bob"), (bob, "ann")):
            said = [one.body for one in seat.desktop.privates.log(other).entries()]
            assert said[0].startswith(f"private link to {other} at ")
            assert said[0].endswith(": type in its window")


async def test_asking_again_ends_nothing(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await link(ann, bob)
        ann.desktop.privates.start("bob")
        assert ann.ground.status.note == (
            "bob: there is a private link or invitation already"
        )
        assert ann.desktop.privates.has("bob")


async def test_what_is_said_between_two_is_shown_to_both(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await link(ann, bob)
        assert bob.aside.questions == ["ann asks for a private link. Accept? [y/n] "]
        says(view(ann, "bob"), "hello")
        await bob.until(lambda: texts(bob, "ann"))
        says(view(bob, "ann"), "hi")
        await ann.until(lambda: len(texts(ann, "bob")) > 1)
        assert texts(ann, "bob") == [(Said.OWN, "hello"), (Said.SAID, "hi")]
        assert texts(bob, "ann") == [(Said.SAID, "hello"), (Said.OWN, "hi")]


async def test_nobody_is_linked_who_declines(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        bob.aside.key = "n"
        ann.desktop.command("startprivate bob")
        await ann.hears("declined")
        assert not ann.desktop.privates.has("bob")
        await bob.hears("the private link of ann is declined")


async def test_without_a_link_nothing_is_taken_and_the_text_stays(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        talk = view(ann, "bob")
        says(talk, "hello")
        assert ann.said[-1].startswith("there is no private link to bob now")
        assert talk.line is not None
        assert talk.line.text == "hello"
        assert texts(ann, "bob") == []


async def test_a_text_that_cannot_be_said_goes_back_to_the_line(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await link(ann, bob)
        talk = view(ann, "bob")

        monkeypatch.setattr(ann.desktop.privates, "has", lambda _: True)
        broken = ann.desktop.privates._links.pop("bob")
        says(talk, "hello")
        await ann.until(lambda: talk.line is not None and talk.line.text == "hello")
        log = ann.desktop.privates.log("bob").entries()
        assert any(one.body.startswith("not said: ") for one in log)
        assert texts(ann, "bob") == []

        monkeypatch.undo()
        ann.desktop.privates._links["bob"] = broken
        talk.act("send")
        await bob.until(lambda: texts(bob, "ann") == [(Said.SAID, "hello")])


async def test_a_link_ends_with_the_session_of_either(server: Server) -> None:
    async with seated(server.port, "bob") as bob:
        async with seated(server.port, "ann") as ann:
            await link(ann, bob)
        await bob.until(lambda: not bob.desktop.privates.has("ann"))
        window = bob.desktop.windows.find(Kind.PRIVATE, "ann")
        assert window is not None
        assert window.unread


async def test_after_a_loss_a_link_is_to_be_begun_anew(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await link(ann, bob)
        says(view(ann, "bob"), "hello")
        await bob.until(lambda: texts(bob, "ann"))
        ann.home.cut()
        await ann.until(lambda: not ann.desktop.privates.has("bob"))
        await bob.until(lambda: not bob.desktop.privates.has("ann"))
        assert texts(ann, "bob") == [(Said.OWN, "hello")]
        await ann.until(lambda: ann.home.is_up)
        await ann.settles()
        await link(ann, bob)
