"""A message is opened by being looked at for a while, and only while it is seen."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nimsg.protocol.constants import LOBBY, Box
from nimsg.server.app import Server
from nimsg.tui.layout import sizes
from nimsg.tui.mailview import Spot
from nimsg.tui.windows import Kind
from tests.support.desks import Seat, seated
from tests.support.serving import quick_config, serving


DWELL_S = 0.05


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        yield server


async def looks(bob: Seat, times: int = 10) -> None:
    """Draw for longer than it takes to open a message."""
    ends_at = bob.clock() + times * DWELL_S * 1000
    bob.acts.look()
    await bob.until(lambda: bob.clock() > ends_at)
    await bob.settles()


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (200, 50)])
async def test_nothing_opens_behind_another_window(
    server: Server, size: tuple[int, int]
) -> None:
    async with (
        seated(server.port, "ann") as ann,
        seated(server.port, "bob", dwell_s=DWELL_S) as bob,
    ):
        await ann.sends("bob", "keys")
        row = await bob.has_mail("keys")
        bob.desktop.view.go(Box.INBOX)
        bob.draws()
        bob.desktop.view.sizes = sizes(*size)
        bob.desktop.open(Kind.ROOM, LOBBY)
        await looks(bob)
        assert bob.desktop.view.spot is Spot.VIEW
        assert bob.desktop.mail.open.get(row.id) is None
        assert bob.desktop.mail.inbox.new == 1

        bob.desktop.show(bob.desktop.windows.all[0])
        bob.desktop.view.sizes = sizes(140, 40)
        bob.desktop.view.next_spot(-1)
        bob.acts.look()
        await bob.until(lambda: bob.desktop.mail.open.get(row.id))
