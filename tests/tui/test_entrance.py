"""The way in, with a real server: what is refused is said on the form."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from urwid.testing import press, render_text

from nimsg.client.acts_session import Steady, Way
from nimsg.client.address import Address, Security
from nimsg.client.login import Dialog
from nimsg.errors import NimsgError, Refusal
from nimsg.protocol.constants import CloseReason, Device
from nimsg.server.app import Server
from nimsg.tui.entrance import Entrance
from nimsg.tui.loginview import LoginView
from nimsg.tui.options import Login, Options
from tests.support.aioclient import PASSWORD, connected
from tests.support.serving import quick_config, serving


SIZE = (80, 20)
WRONG = "wrong horse"


class Door:
    """Somebody at the form."""

    def __init__(self, server: Server, user: str | None = None) -> None:
        self.way = Way(Address("127.0.0.1", server.port), Security(), 10, 0.0)
        self.view = LoginView(str(self.way.address), user or "")
        self.entrance = Entrance(Options(self.way, user, begin), self.view, self._make)

    def _make(self, way: Way) -> Steady:
        return Steady(way, Device.TUI, lambda _: None)

    @property
    def shown(self) -> str:
        """All that the form says."""
        return "\n".join(render_text(self.view, SIZE, focus=True))

    def types(self, text: str) -> None:
        """Type into the field with the focus, and submit."""
        press(self.view, SIZE, *text)
        self.view.act("submit")

    async def shows(self, text: str) -> None:
        """Wait until the form says something."""
        async with asyncio.timeout(10):
            while text not in self.shown:  # noqa: ASYNC110 - drawn, never told
                await asyncio.sleep(0)


def begin(auth: str, user: str | None, _: bool) -> Login:
    """A login that knows nothing but a name."""
    dialog = Dialog(auth, Device.TUI.value, user=user)
    return Login(dialog, lambda refusal: refusal, lambda _: None)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var")) as server:
        for name in ("ann", "bob"):
            async with connected(server.port) as client:
                await client.register(name)
        yield server


async def test_a_wrong_password_says_how_many_tries_are_left(server: Server) -> None:
    there = Door(server, "ann")
    entering = asyncio.create_task(there.entrance.enter())
    await there.shows("Password of ann")
    there.types(WRONG)
    await there.shows("tries left")
    there.types(PASSWORD)
    async with asyncio.timeout(10):
        home = await entering
    assert home.welcome.user == "ann"
    await home.log_out()


async def test_a_name_that_is_locked_ends_it(server: Server) -> None:
    there = Door(server, "ann")
    entering = asyncio.create_task(there.entrance.enter())
    await there.shows("Password of ann")
    for left in ("2 tries left", "1 try left"):
        there.types(WRONG)
        await there.shows(left)
    there.types(WRONG)
    async with asyncio.timeout(10):
        while not entering.done():
            # The third one in a row ends a dialog, and another one begins.
            there.view.act("submit")
            await asyncio.sleep(0)
        with pytest.raises(Refusal, match="locked"):
            await entering


async def test_a_server_that_is_not_there_is_said_and_tried_again(
    tmp_path: Path,
) -> None:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        config = quick_config(tmp_path / "var", auth="open", port=server.port)
        there = Door(server, "ann")
    entering = asyncio.create_task(there.entrance.enter())
    await there.shows("no server listens at")
    async with serving(config):
        there.view.act("submit")
        async with asyncio.timeout(10):
            home = await entering
        await home.log_out()


# -- coming back


async def thrown_out(server: Server) -> tuple[Steady, Door]:
    """Somebody whose session was ended for doing nothing, before the form."""
    there = Door(server, "ann")
    home = Steady(there.way, Device.TUI, lambda _: None)
    await home.reach(5)
    dialog = Dialog(home.auth, Device.TUI.value, user="ann", secret=PASSWORD)
    await home.log_in(dialog, there.view.ask)
    for session in tuple(server.services.people):
        session.end(CloseReason.TIMEOUT)
    with pytest.raises(NimsgError, match="nothing was done here"):
        await home.run(lambda _: None, lambda: None)
    there.view.failed("you were logged out")
    return home, there


async def test_who_was_logged_out_logs_in_again(server: Server) -> None:
    home, there = await thrown_out(server)
    again = asyncio.create_task(there.entrance.enter_again(home, "ann"))
    await asyncio.sleep(0)
    there.view.act("submit")
    await there.shows("Password of ann")
    there.types(PASSWORD)
    async with asyncio.timeout(10):
        await again
        await home.call("session.ping", {})
    await home.log_out()


async def test_another_one_is_refused_before_anything_is_asked_for_them(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, there = await thrown_out(server)
    asked: list[str] = []
    call = home.call

    async def watched(*words: object) -> object:
        asked.append(home.welcome.user)
        return await call(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(home, "call", watched)
    waiting = asyncio.create_task(home.insist("session.ping", {}))
    monkeypatch.setattr(there.entrance, "_options", Options(there.way, None, as_bob))
    again = asyncio.create_task(there.entrance.enter_again(home, "ann"))
    await asyncio.sleep(0)
    there.view.act("submit")
    await there.shows("the windows here are those of ann")
    assert not home.is_up
    assert home.welcome.user == "ann"

    monkeypatch.setattr(there.entrance, "_options", Options(there.way, None, begin))
    there.view.act("submit")
    await there.shows("Password of ann")
    there.types(PASSWORD)
    async with asyncio.timeout(10):
        await again
        await waiting
    assert set(asked) == {"ann"}
    await home.log_out()


def as_bob(auth: str, _: str | None, __: bool) -> Login:
    """A login that is bob's, whoever is meant."""
    dialog = Dialog(auth, Device.TUI.value, user="bob", secret=PASSWORD)
    return Login(dialog, lambda refusal: refusal, lambda _: None)


async def test_a_locked_name_keeps_the_windows_of_who_was_logged_out(
    server: Server,
) -> None:
    home, there = await thrown_out(server)
    again = asyncio.create_task(there.entrance.enter_again(home, "ann"))
    await asyncio.sleep(0)
    there.view.act("submit")
    await there.shows("Password of ann")
    for left in ("2 tries left", "1 try left"):
        there.types(WRONG)
        await there.shows(left)
    there.types(WRONG)
    async with asyncio.timeout(10):
        while "locked" not in there.shown:
            there.view.act("submit")
            await asyncio.sleep(0)
    assert not again.done()
    again.cancel()
