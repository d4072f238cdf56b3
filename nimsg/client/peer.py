"""Private links between two clients: one listens, one reaches it, both prove it.

The server has given both sides the address, the fingerprint of the listener's
certificate and a pair of tokens, each good for one link. Who reaches shows its token
first, over TLS with that certificate; the listener answers with its own.
"""

import asyncio
import datetime
import errno
import hashlib
import hmac
import os
import socket
import ssl
from typing import NamedTuple

from nimsg.client.address import PORTS, Address
from nimsg.client.ephemeral import Identity, new_identity
from nimsg.client.peerlink import END_S, Frames, Note, PeerLink, frames_over
from nimsg.errors import Unavailable, Unreachable, Untrusted


PROOF_S = 10.0
GUESTS = 32
BACKLOG = 128


class Tokens(NamedTuple):
    """What this side shows, and what it must be shown; each is good for one link."""

    mine: str
    theirs: str

    def __repr__(self) -> str:
        return "<Tokens>"


class _Expected(NamedTuple):
    """Who is to come, what proves it, and how long a connection has for that."""

    peer: str
    tokens: Tokens
    proof_s: float


class Listener:
    """A port that is open for one link, known by its certificate's `fingerprint`."""

    def __init__(self, sock: socket.socket, identity: Identity) -> None:
        self.port: int = sock.getsockname()[1]
        self.fingerprint = identity.fingerprint
        self._sock = sock
        self._context = identity.context
        self._over = asyncio.Event()
        self._link: PeerLink | None = None
        self._unmet: set[socket.socket] = set()
        self._guests: dict[asyncio.Task[None], None] = {}

    def __repr__(self) -> str:
        return f"<Listener on port {self.port}>"

    async def accept(
        self,
        tokens: Tokens,
        deadline_s: float,
        *,
        peer: str,
        proof_s: float = PROOF_S,
    ) -> PeerLink:
        """The link to `peer`: the first connection that shows the token.

        Any other is dropped, after `proof_s` at the latest; the oldest goes when
        there are too many. Then, or after `deadline_s`, the listener closes. Raises
        `Unreachable` where nobody has shown the token.
        """
        try:
            async with asyncio.timeout(deadline_s):
                await self._meet(_Expected(peer, tokens, proof_s))
        except TimeoutError:
            pass
        except asyncio.CancelledError:
            if self._link is not None:
                self._link.cut_off()
            raise
        if self._link is None:
            raise Unreachable(
                f"{peer}'s client did not come to port {self.port} while it was open; "
                "a firewall may keep it out"
            )
        return self._link

    async def close(self) -> None:
        """Listen no more; who waits in `accept` waits no more. It can be repeated."""
        self._shut()

    def _shut(self) -> None:
        self._over.set()
        if self._sock.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._sock)
            self._sock.close()

    async def _meet(self, expected: _Expected) -> None:
        """Take connections until one has proven itself or the listener is closed."""
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    self._watch(tasks, expected)
                    await self._over.wait()
                finally:
                    self._shut()
                for task in self._guests:
                    task.cancel()
        finally:
            for sock in self._unmet:
                sock.close()

    def _watch(self, tasks: asyncio.TaskGroup, expected: _Expected) -> None:
        if not self._over.is_set():
            loop = asyncio.get_running_loop()
            loop.add_reader(self._sock, self._admit, tasks, expected)

    def _admit(self, tasks: asyncio.TaskGroup, expected: _Expected) -> None:
        """Take one connection, which may be anybody's."""
        try:
            sock, address = self._sock.accept()
        except OSError:
            return  # it went away again
        # A task that is cancelled before it has begun closes nothing.
        self._unmet.add(sock)
        task = tasks.create_task(self._prove(sock, Address(*address[:2]), expected))
        self._guests[task] = None
        task.add_done_callback(self._guests.pop)
        if len(self._guests) > GUESTS:
            next(iter(self._guests)).cancel()

    async def _prove(
        self, sock: socket.socket, address: Address, expected: _Expected
    ) -> None:
        """Keep a connection if it shows the token and is the first that does."""
        self._unmet.discard(sock)
        try:
            async with asyncio.timeout(expected.proof_s):
                frames = await self._secured(sock)
                shown = await _token_of(frames)
        except OSError:
            return  # no TLS, or not in time
        if self._over.is_set() or not _same(shown or "", expected.tokens.theirs):
            frames.abort()
            return
        frames.write(Note("hello", expected.tokens.mine))
        self._link = PeerLink(frames, expected.peer, address)
        self._over.set()

    async def _secured(self, sock: socket.socket) -> Frames:
        loop = asyncio.get_running_loop()
        return await frames_over(
            lambda protocol: loop.connect_accepted_socket(
                protocol, sock, ssl=self._context, ssl_shutdown_timeout=END_S
            )
        )


async def listen(host: str, port: int) -> Listener:
    """Open a port for one link; 0 lets the system choose one.

    `host` is an IPv4 or IPv6 address of this machine. Raises `Unavailable` where it
    cannot be listened on, `ConfigError` where no certificate can be made.
    """
    identity = new_identity(datetime.datetime.now(datetime.UTC))
    return Listener(_bound(host, port), identity)


async def reach(
    address: Address,
    fingerprint: str,
    tokens: Tokens,
    timeout_s: float,
    *,
    peer: str,
) -> PeerLink:
    """A link to the client of `peer`, who listens at the address.

    Raises `Unreachable` where nobody answers there in time, `Untrusted` where who
    answers has another certificate or another token, or does not take this side's.
    """
    who = f"{peer}'s client at {address}"
    try:
        async with asyncio.timeout(timeout_s):
            frames = await _connect(address, who)
            _check_certificate(frames, fingerprint, who)
            frames.write(Note("hello", tokens.mine))
            shown = await _token_of(frames)
    except TimeoutError:
        raise Unreachable(f"cannot reach {who}: no answer in time") from None
    if shown is None:
        raise _hung_up(frames, who)
    if not _same(shown, tokens.theirs):
        frames.abort()
        raise Untrusted(f"{who} is not the one that was meant: its token is wrong")
    return PeerLink(frames, peer, address)


async def _connect(address: Address, who: str) -> Frames:
    """A connection to whoever has the address."""
    if not address.host or address.port not in PORTS:
        raise Unreachable(f"cannot reach {who}: this is no address")
    loop = asyncio.get_running_loop()
    try:
        return await frames_over(
            lambda protocol: loop.create_connection(
                protocol,
                *address,
                ssl=_client_context(),
                server_hostname="",
                ssl_shutdown_timeout=END_S,
            )
        )
    except ssl.SSLError as error:
        why = (error.reason or "").replace("_", " ").lower()
        raise Untrusted(f"{who} does not speak TLS ({why})") from None
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"cannot reach {who}: {_why_not(error)}") from None


def _why_not(error: OSError | UnicodeError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there any more; agree on a new link"
    if isinstance(error, OSError):
        return _reason(error)
    return "this is no address"


def _client_context() -> ssl.SSLContext:
    """Any certificate will do here: its fingerprint is compared before a word."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _check_certificate(frames: Frames, wanted: str, who: str) -> None:
    found = hashlib.sha256(frames.certificate).hexdigest()
    if not _same(found, wanted):
        frames.abort()
        raise Untrusted(
            f"{who} is not the one that was meant: its certificate has the "
            f"fingerprint {found}"
        )


async def _token_of(frames: Frames) -> str | None:
    """What is shown, as in `Frames.read_token`; given up, it hangs up."""
    try:
        return await frames.read_token()
    except BaseException:
        frames.abort()
        raise


def _hung_up(frames: Frames, who: str) -> Untrusted:
    frames.abort()
    return Untrusted(
        f"{who} hung up before it proved who it is: it did not take this side's "
        "token, or its time was over; agree on a new link"
    )


def _same(shown: str, wanted: str) -> bool:
    """Whether these are equal, in a time that tells nothing of how far."""
    return bool(wanted) and hmac.compare_digest(shown.encode(), wanted.encode())


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises `Unavailable`."""
    if port not in range(65_536):
        raise Unavailable(f"cannot listen on port {port}: a port is 0 to 65535")
    try:
        # A number is parsed and no name looked up; it may name its interface.
        found = socket.getaddrinfo(
            host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
        family, _, _, _, address = found[0]
        whole = (address[0], port, *address[2:])
        sock = socket.create_server(whole, family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        raise Unavailable(
            f"cannot listen on {Address(host, port)}: {_why_no_port(error)}"
        ) from None
    sock.settimeout(0)
    return sock


def _why_no_port(error: OSError | UnicodeError) -> str:
    if isinstance(error, socket.gaierror | UnicodeError):
        return "this is no IPv4 or IPv6 address"
    if error.errno == errno.EADDRNOTAVAIL:
        return "this machine has no such address; give one of its own"
    return f"{_reason(error)}; choose another port, or 0 to let the system choose"


def _reason(error: OSError) -> str:
    """Why, in the system's words; asyncio has put its own before them."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "the host is unknown"
    return os.strerror(error.errno) if error.errno else "it hung up"
