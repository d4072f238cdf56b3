"""The event loop's thread touches no file while the server is at work."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nimsg.errors import Data
from nimsg.protocol.methods import METHODS
from nimsg.protocol.results import Invited
from nimsg.protocol.results_people import PrivateInvited
from nimsg.server.app import Server
from tests.support.aioclient import PASSWORD
from tests.support.guests import caller, guest
from tests.support.office import office, people
from tests.support.requests_table import ORIGIN
from tests.support.wire import Wire, at_the_machine, greeted, said


OTHER = "a wholly other password"


class Watch:
    """What one thread does to files, heard from the interpreter (PEP 578).

    An audit hook is there for good: this one is deaf but for the time of a watch.
    """

    def __init__(self) -> None:
        self.thread = 0
        self.heard: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: Sequence[object]) -> None:
        if self.thread != threading.get_ident():
            return
        if event == "open" or event.startswith(("os.", "sqlite3.")):
            self.heard.append(f"{event} {args[:1]}")

    @contextmanager
    def of_this_thread(self) -> Iterator[list[str]]:
        self.heard, self.thread = [], threading.get_ident()
        try:
            yield self.heard
        finally:
            self.thread = 0


WATCH = Watch()


def script(message: str, unread: str) -> list[tuple[str, Data]]:
    """Every method for bob, once; he has been sent two messages."""
    mine: Data = {"to": ["alice"], "client_id": "1", "body": "mine", "since": None}
    return [
        ("auth.begin", {"user": "bob"}),
        ("auth.login", {"user": "bob", "password": PASSWORD, "device": "line"}),
        ("auth.logins", {}),
        ("session.touch", {}),
        ("session.ping", {}),
        ("mail.send", mine),
        ("mail.list", {}),
        ("mail.changes", {"wait_ms": 10}),
        ("mail.open", {"id": message}),
        ("mail.ack", {"id": message}),
        ("mail.status", {"id": message}),
        ("mail.thread", {"id": message}),
        ("mail.import", {"client_id": "2", "origin": ORIGIN, "body": "old"}),
        ("mail.search", {"words": "mine"}),
        ("mail.delete", {"id": unread}),
        ("draft.save", {"client_id": "d", "to": "alice", "body": "not yet"}),
        ("draft.list", {}),
        ("draft.delete", {"client_id": "d"}),
        ("presence.list", {}),
        ("presence.since", {"seconds": 60}),
        ("presence.seen", {"user": "alice"}),
        ("block.add", {"user": "alice"}),
        ("block.list", {}),
        ("block.remove", {"user": "alice"}),
        ("broadcast.send", {"body": "hello all"}),
        ("room.create", {"room": "garden"}),
        ("room.leave", {"room": "garden"}),
        ("room.join", {"room": "garden"}),
        ("room.list", {}),
        ("room.members", {"room": "garden"}),
        ("room.topic", {"room": "garden", "topic": "roses"}),
        ("room.post", {"room": "garden", "client_id": "3", "body": "red"}),
        ("room.history", {"room": "garden"}),
        ("room.mark", {"room": "garden", "position": 1}),
        ("token.create", {"label": "cron"}),
        ("token.list", {}),
        ("auth.passwd", {"old": PASSWORD, "new": OTHER}),
        ("auth.logout", {}),
    ]


OF_THE_MACHINE: list[tuple[str, Data]] = [
    ("server.stats", {}),
    ("users.add", {"user": "eve", "password": PASSWORD}),
    ("users.list", {}),
    ("users.passwd", {"user": "eve", "password": OTHER}),
    (
        "users.import",
        {
            "user": "eve",
            "to": ["eve"],
            "client_id": "1",
            "origin": ORIGIN,
            "body": "old",
        },
    ),
    ("users.mail", {"user": "eve"}),
    ("users.role", {"user": "eve", "role": "admin"}),
    ("users.unlock", {"user": "eve"}),
    ("users.sessions", {}),
    ("users.kick", {"user": "eve"}),
    ("users.remove", {"user": "eve"}),
    ("server.shutdown", {}),
    ("server.cancel", {}),
    ("users.invite", {}),
    ("users.invitations", {}),
]


async def perform(wire: Wire, calls: Sequence[tuple[str, Data]]) -> set[str]:
    """Which methods were called; each must succeed. Events are passed over."""
    for method, params in calls:
        frame = await wire.call(method, params)
        while "id" not in frame:
            frame = await wire.frame()
        assert said(frame) == "1 done", method
    return {method for method, _ in calls}


async def come_together(server: Server) -> set[str]:
    """Which methods two people need for a private link, one of them on the way back."""
    async with (
        guest(server, "dora") as dora,
        guest(server, "erik") as erik,
        caller(server, "erik") as again,
    ):
        asking = dora.client.start("private.invite", {"user": "erik"})
        invited = await erik.hears(PrivateInvited)
        await erik.accept(invited.invitation)
        assert (await asking).refusal is None
        await again.resume(erik.welcome.resume)
        await dora.stop("erik")
    return {"private.invite", "private.answer", "auth.resume", "private.stop"}


async def test_no_method_touches_a_file_on_the_loops_thread(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        office(tmp_path / "nicks", auth="nick") as nicks,
        greeted(nicks.port) as nick,
        people(server, "alice", "bob") as (a, _),
        greeted(server.port) as bob,
        greeted(server.port) as carol,
        greeted(server.port) as token,
        at_the_machine(server.config.var) as local,
    ):
        sent, unread = await a.send("bob"), await a.send("bob")
        made = await a.make_token()
        frame = await local.call("users.invite", {})
        end = {"id": msgspec.convert(frame["result"], Invited).id}
        with WATCH.of_this_thread() as heard:
            used = await perform(bob, script(sent.id, unread.id))
            used |= await perform(local, [*OF_THE_MACHINE, ("users.uninvite", end)])
            register = {"user": "carol", "password": PASSWORD}
            used |= await perform(carol, [("auth.register", register)])
            used |= await perform(nick, [("auth.nick", {"nick": "carol"})])
            used |= await come_together(server)
            tokens: list[tuple[str, Data]] = [
                ("auth.token", {"token": made.token}),
                ("mail.recall", {"id": sent.id}),
                ("token.revoke", {"id": made.id}),
            ]
            used |= await perform(token, tokens)

    assert used == set(METHODS)
    assert heard == []


def test_the_watch_hears_what_it_is_for(tmp_path: Path) -> None:
    with WATCH.of_this_thread() as heard:
        tmp_path.joinpath("file").write_bytes(b"")
        tmp_path.joinpath("file").unlink()
        elsewhere = threading.Thread(target=tmp_path.joinpath("other").touch)
        elsewhere.start()
        elsewhere.join()

    assert [line.split()[0] for line in heard] == ["open", "os.remove"]
