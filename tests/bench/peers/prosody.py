"""Prosody: without TLS, internal storage; offline messages, archive, rooms."""

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.bench import checks, proc
from tests.bench.peers import xmpp
from tests.bench.peers.base import PASSWORD, Peer
from tests.bench.wire import Wire


CONF = """\
run_as_root = true
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
log = {{ warn = "{folder}/prosody.log" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "insecure"
insecure_open_authentication = "Yes please, I know what I'm doing!"
storage = "internal"
storage_archive_item_limit = 50000
max_archive_query_results = 20000
modules_enabled = {{ {modules} }}
modules_disabled = {{ "s2s", "tls" }}
VirtualHost "localhost"
Component "rooms.localhost" "muc"
  muc_room_locking = false
  muc_room_default_public = true
"""
MODULES = ("roster", "saslauth", "disco", "ping", "smacks")
MOST = 20_000


class Prosody(Peer):
    """See `Peer`."""

    can = frozenset({"deliver", "inbox", "headless", "idle", "room"})
    note = (
        "offline messages in internal storage, acknowledged by XEP-0198; its inbox is "
        "the archive of XEP-0313, which gives bodies too"
    )
    program = "prosody"

    def version(self) -> str:
        """See `Peer`."""
        return proc.output("dpkg-query", "-W", "-f", "${Version}", "prosody")

    def configure(self, purpose: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        (self.folder / "data").mkdir()
        names = [*MODULES, "mam" if purpose == "inbox" else "offline"]
        modules = ", ".join(f'"{name}"' for name in names)
        conf = self.folder / "prosody.cfg.lua"
        conf.write_text(
            CONF.format(folder=self.folder, port=self.port, modules=modules)
        )
        return [self.found(), "--config", str(conf), "-F"]

    # -- deliver

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        return await xmpp.login(self.port, f"sender{number}", PASSWORD, manage=True)

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        wire.sent += 1
        wire.write(
            b"<message to='%b@localhost' type='chat' id='m%d'><body>%b</body></message>"
            b"<r xmlns='urn:xmpp:sm:3'/>" % (to.encode(), wire.sent, body)
        )
        before = await wire.until(b"<a ")
        answer = await wire.until(b"/>")
        if b"<message" in before or b"h='%d'" % wire.sent not in answer:
            raise RuntimeError(f"not acknowledged: {before[-300:]!r} {answer!r}")

    def stored(self) -> int:
        """See `Peer`."""
        lists = (self.folder / "data" / "localhost").glob("*/*.list")
        return sum(path.read_bytes().count(b"item({") for path in lists)

    # -- inbox

    async def fill(self, user: str, count: int) -> None:
        """See `Peer`."""
        wire = await self.connect(0)
        for _ in range(count):
            await self.deliver(wire, user, b"x" * 1024)
        wire.close()

    async def open(self, user: str) -> Wire:
        """See `Peer`."""
        return await xmpp.login(self.port, user, PASSWORD)

    async def list_newest(self, wire: Wire, count: int) -> int:
        """See `Peer`."""
        wire.write(
            b"<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'>"
            b"<set xmlns='http://jabber.org/protocol/rsm'><max>%d</max><before/></set>"
            b"</query></iq>" % count
        )
        return (await wire.until(b"</fin>")).count(b"</forwarded>")

    async def list_all(self, wire: Wire) -> int:
        """See `Peer`."""
        return await self.list_newest(wire, MOST)

    # -- headless

    def checks(self, user: str) -> dict[str, Sequence[str]]:
        """See `Peer`. No usual client has a check of its own."""
        script = Path(checks.__file__).parent / "xmpp_check.py"
        command = (sys.executable, str(script), str(self.port), user, PASSWORD)
        return {"python, raw XMPP": command}

    # -- idle, room

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        wire = await xmpp.login(self.port, f"idle{number}", PASSWORD)
        wire.write(
            b"<presence/><iq type='get' id='p' to='localhost'>"
            b"<ping xmlns='urn:xmpp:ping'/></iq>"
        )
        while b"id='p'" not in await wire.until(b">"):
            pass
        return wire

    async def join(self, nick: str) -> Wire:
        """See `Peer`."""
        wire = await xmpp.login(self.port, nick, PASSWORD)
        wire.write(
            b"<presence to='room@rooms.localhost/%b'>"
            b"<x xmlns='http://jabber.org/protocol/muc'>"
            b"<history maxstanzas='0'/></x></presence>" % nick.encode()
        )
        await wire.until(b"<subject")
        return wire

    async def say(self, wire: Wire, text: bytes) -> None:
        """See `Peer`."""
        wire.write(
            b"<message to='room@rooms.localhost' type='groupchat'>"
            b"<body>%b</body></message>" % text
        )
