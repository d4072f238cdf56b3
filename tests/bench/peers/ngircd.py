"""ngIRCd: a pure relay; nothing is stored, nothing is acknowledged."""

from collections.abc import Sequence

from tests.bench import proc
from tests.bench.peers.base import Peer
from tests.bench.wire import Wire, dial


CONF = """\
[Global]
Name = irc.example.test
Info = bench
Listen = 127.0.0.1
Ports = {port}
MotdPhrase = hi
PidFile = {folder}/ngircd.pid
[Limits]
MaxConnections = 0
MaxConnectionsIP = 0
MaxJoins = 0
MaxPenaltyTime = 0
PingTimeout = 3600
[Options]
Ident = no
DNS = no
PAM = no
SyslogFacility = local1
[Operator]
Name = op
Password = pw
"""
WELCOMED = (b"376", b"422")


class Ngircd(Peer):
    """See `Peer`."""

    can = frozenset({"idle", "room"})
    note = "a relay that keeps nothing; its brakes on floods are off"
    program = "ngircd"

    def version(self) -> str:
        """See `Peer`."""
        return proc.output(self.found(), "--version").split()[1].split("-")[0]

    def configure(self, _: str) -> Sequence[str]:
        """See `Peer`."""
        self.port = proc.free_port()
        conf = self.folder / "ngircd.conf"
        conf.write_text(CONF.format(port=self.port, folder=self.folder))
        return [self.found(), "-n", "-f", str(conf)]

    async def _register(self, nick: str) -> Wire:
        wire = await dial(self.port)
        wire.write(f"NICK {nick}\r\nUSER {nick} 0 * :x\r\n".encode())
        while (word := (line := await wire.until(b"\r\n")).split()[1]) not in WELCOMED:
            if len(word) == 3 and word[:1] in b"45":
                raise RuntimeError(f"IRC: {line!r}")
        return wire

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        return await self._register(f"n{number}")

    async def join(self, nick: str) -> Wire:
        """See `Peer`."""
        wire = await self._register(nick)
        if nick == "sender":  # an operator with +F may flood
            wire.write(b"OPER op pw\r\nMODE sender +F\r\n")
            await wire.until(b" MODE sender ")
            await wire.until(b"\r\n")
        wire.write(b"JOIN #room\r\n")
        await wire.until(b" 366 ")
        await wire.until(b"\r\n")
        return wire

    async def say(self, wire: Wire, text: bytes) -> None:
        """See `Peer`."""
        wire.write(b"PRIVMSG #room :%b\r\n" % text)
