"""Peers that are slow, stuck or just there, in a process of their own.

with Crowd(port, mute=200, silent=200, dribble=200, idle=200) as crowd:
    ...
    crowd.pinged()
    crowd.ends()
"""

import json
import resource
import select
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, NamedTuple

from nimsg.protocol.constants import HEADER_BYTES
from nimsg.protocol.framing import encode_frame
from tests.support.process import HANG_S, TOP
from tests.support.requests_table import request


HOST = "127.0.0.1"
AT_ONCE = 200
# A receiver so small that what a mute one does not read soon waits at the server.
SMALL = 4096
# A frame that is begun: so many bytes are to come, one by one.
LONG = 4000
READ = 65_536
CLOSING = b'"method":"closing","params":{"reason":"'
EVERY_S = 0.25
LEAST_S = 0.005
MUTE, SILENT, DRIBBLE, IDLE = "mute", "silent", "dribble", "idle"


class Kind(NamedTuple):
    """How a peer begins: with which device it logs in, if at all, and what it sends.

    `receives` is the size of its buffer, and `end_s` how long its end is waited for.
    """

    device: str = ""
    begins: bytes = b""
    receives: int = 0
    end_s: float = 3.0


KINDS: Final = {
    # in the room, and never reads
    MUTE: Kind("line", receives=SMALL, end_s=10.0),
    # connected, and never says anything
    SILENT: Kind(),
    # always in the midst of a frame
    DRIBBLE: Kind(begins=LONG.to_bytes(HEADER_BYTES, "big")),
    # logged in, and wants nothing
    IDLE: Kind("headless", end_s=0.001),
}


class Crowd:
    """The process, from here. In its block all of them are connected."""

    def __init__(self, port: int, every_s: float = EVERY_S, **counts: int) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.support.crowd"),
                *(str(port), str(every_s), json.dumps(counts)),
            ],
            cwd=TOP,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=HANG_S)

    def ready(self) -> None:
        """Wait until everybody is there."""
        assert self._said() == "ready"

    def stays(self, seconds: float) -> None:
        """Wait, as long as the process lives; `TimeoutExpired` is what is expected."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def pinged(self) -> int:
        """How many of the idle ones are answered when they ask."""
        self._say("ping")
        return int(self._said())

    def ends(self) -> dict[str, dict[str, int]]:
        """By kind, how the server ended its connections; `open` is not at all."""
        self._say("look")
        found: dict[str, dict[str, int]] = json.loads(self._said())
        return found

    def _say(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def _said(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Peer:
    """One connection, in the crowd's process."""

    def __init__(self, port: int, kind: Kind, user: str) -> None:
        self._kind = kind
        self._socket = socket.socket()
        if kind.receives:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kind.receives)
        self._socket.settimeout(HANG_S)
        self._socket.connect((HOST, port))
        if kind.device:
            login = {"user": user, "device": kind.device}
            self._socket.sendall(encode_frame(request("auth.login", login)))

    def begin(self) -> None:
        """Be there: greeted, and logged in where that is its kind."""
        if self._kind.device:
            while b'"result"' not in self._frame():
                pass
        self._socket.sendall(self._kind.begins)

    def dribble(self) -> None:
        """Send the next byte, if anybody takes it."""
        with suppress(OSError):
            self._socket.send(b" ")

    def ping(self) -> bool:
        """Whether a request is answered."""
        self._socket.sendall(encode_frame(request("session.ping", {}, 7)))
        try:
            return b'"id":7' in self._frame()
        except OSError:
            return False

    def end(self, patience_s: float) -> str:
        """How the server ended it, if it did; all that it sent is read first."""
        heard = b""
        self._socket.settimeout(patience_s)
        try:
            while data := self._socket.recv(READ):
                heard = (heard + data)[-READ:]
        except TimeoutError:
            return "open"
        except OSError:
            return "cut"
        _, closing, why = heard.rpartition(CLOSING)
        return why.split(b'"')[0].decode() if closing else "cut"

    def _frame(self) -> bytes:
        header = self._exactly(HEADER_BYTES)
        return self._exactly(int.from_bytes(header, "big"))

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            data = self._socket.recv(count - len(found))
            if not data:
                raise ConnectionResetError
            found += data
        return found


Peers = dict[str, list[Peer]]


def gather(port: int, counts: dict[str, int]) -> Iterator[tuple[str, Peer]]:
    """Connect all of them, some at once."""
    names = [
        (kind, f"{kind}{n}") for kind, count in counts.items() for n in range(count)
    ]
    for at in range(0, len(names), AT_ONCE):
        some = names[at : at + AT_ONCE]
        fresh = [(kind, Peer(port, KINDS[kind], name)) for kind, name in some]
        for _, peer in fresh:
            peer.begin()
        yield from fresh


def ends_of(kind: str, peers: Iterable[Peer]) -> Counter[str]:
    """How often each end was. Where one is open nobody waits long for the others."""
    ends: Counter[str] = Counter()
    for peer in peers:
        ends[peer.end(LEAST_S if ends["open"] else KINDS[kind].end_s)] += 1
    return +ends


def commands(every_s: float, dribblers: Iterable[Peer]) -> Iterator[str]:
    """The lines of the standard input; in between, bytes are dribbled."""
    while True:
        if select.select([sys.stdin], [], [], every_s)[0]:
            line = sys.stdin.readline()
            if not line:
                return
            yield line.strip()
        for peer in dribblers:
            peer.dribble()


def main() -> None:
    """Be a crowd until the standard input ends."""
    port, every_s, counts = (
        int(sys.argv[1]),
        float(sys.argv[2]),
        json.loads(sys.argv[3]),
    )
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    peers: Peers = {kind: [] for kind in KINDS}
    for kind, peer in gather(port, counts):
        peers[kind].append(peer)
    print("ready", flush=True)
    for command in commands(every_s, peers[DRIBBLE]):
        if command == "ping":
            print(sum(peer.ping() for peer in peers[IDLE]), flush=True)
        else:
            ends = {kind: ends_of(kind, some) for kind, some in peers.items()}
            print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    main()
