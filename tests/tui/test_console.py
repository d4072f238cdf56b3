"""Commands that are typed on the screen, with a real server."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.client.registry import COMMANDS
from nimsg.errors import Refusal
from nimsg.server.app import Server
from nimsg.tui.talklog import Kind as Said
from nimsg.tui.windows import Kind
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


def kept(seat: Seat) -> list[str]:
    """What the console keeps."""
    return [one.body for one in seat.desktop.console.log.entries()]


async def test_one_line_is_said_and_more_are_shown_on_top(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        assert ann.desktop.command("blocks")
        await ann.hears("you block nobody")
        assert ann.aside.texts == []

        assert ann.desktop.command("  help ")
        await ann.until(lambda: ann.aside.texts)
        [(title, lines)] = ann.aside.texts
        assert title == "help"
        assert len(lines) > 10
        assert kept(ann)[-len(lines) :] == lines


async def test_nothing_lies_on_a_room_that_a_command_has_opened(
    server: Server,
) -> None:
    topic = "what breaks, and who mends it, " * 4
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        ann.desktop.command(f"create lab {topic}")
        await ann.hears("#lab is made, and you are in it")
        bob.desktop.command("join lab")
        await bob.hears(f"you are in #lab: {topic.strip()} (2 members)")
        assert bob.desktop.current.name == "lab"
        assert ann.aside.texts == bob.aside.texts == []


@pytest.mark.parametrize(
    ("line", "said"),
    [("no-such", "no-such"), ("message", "message"), ("open a b", "open")],
)
async def test_what_cannot_be_understood_is_said_and_not_taken(
    server: Server, line: str, said: str
) -> None:
    async with seated(server.port, "ann") as ann:
        assert not ann.desktop.command(line)
        assert said in ann.said[-1]
        assert ann.ground.status.bad


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("drafts", "D"),
        (" :People ", "w"),
        ("/forward i1", "f"),
        (":send bob hello", "m"),
        ("compose", "m"),
    ],
)
async def test_what_a_key_does_and_no_command_names_the_key(
    server: Server, line: str, key: str
) -> None:
    async with seated(server.port, "ann") as ann:
        assert not ann.desktop.command(line)
        assert f"is no command: {key} does it in the mail" in ann.said[-1]
        # A command that is written wrongly is told how it is written.
        assert not ann.desktop.command("message")
        assert "usage: message" in ann.said[-1]


async def test_what_begins_a_message_is_told_how_to_send_one_here(
    server: Server,
) -> None:
    async with seated(server.port, "ann") as ann:
        assert not ann.desktop.command(":send")
        assert ann.said[-1] == (
            "send is no command: m does it in the mail, message USER TEXT here"
        )


async def test_nothing_typed_is_nothing_done(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.asked.clear()
        assert ann.desktop.command("  ")
        await ann.settles()
        assert not {method for method, _ in ann.home.asked} - {
            *("session.ping", "mail.changes")
        }


async def test_a_refusal_is_said_with_whom_it_is_about(server: Server) -> None:
    async with seated(server.port, "ann") as ann:
        ann.home.refused["block.add"].append(
            Refusal("unknown_user", data={"user": "bob"})
        )
        ann.desktop.command("block bob")
        await ann.hears("bob: there is no such user")


async def test_no_command_ends_the_screen(server: Server) -> None:
    arguments = {"name": "bob", "room": "lab", "message": "i1", "number": "1"}
    async with seated(server.port, "bob"), seated(server.port, "ann") as ann:
        for command in COMMANDS.values():
            words = [arguments.get(one.kind, one.name) for one in command.arguments]
            ann.desktop.command(" ".join([command.name, *words]))
            await ann.settles()
        await ann.until(lambda: ann.home.is_up)
        assert ann.said


async def test_what_the_server_tells_all_is_kept_and_rings(server: Server) -> None:
    async with seated(server.port, "bob") as bob, seated(server.port, "ann") as ann:
        await ann.home.call("broadcast.send", {"body": "lunch\x1b[31m!"})
        await bob.hears("lunch")
        assert bob.bells == 1
        assert any("lunch!" in line for line in kept(bob))
        bob.desktop.open(Kind.CONSOLE)
        entries = bob.desktop.console.log.entries()
        assert {one.kind for one in entries} == {Said.SYSTEM}
