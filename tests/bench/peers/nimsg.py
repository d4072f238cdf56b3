"""nimsg as people run it: accounts, receipts, index and full text; logins by token."""

import asyncio
import compileall
import hashlib
import itertools
import json
import os
import re
import ssl
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

from nimsg.core.commands import CreateAccount, CreateToken
from nimsg.protocol.strict import JsonObject
from nimsg.store.local import LocalStore
from tests.bench import proc
from tests.bench.peers.base import BOXES, PASSWORD, RECIPIENTS, Peer
from tests.bench.wire import Wire, dial, many
from tests.support.process import TOP, environment
from tests.support.wire import at_the_machine


SENDERS = [f"sender{number}" for number in range(64)]
ACCOUNTS = [*RECIPIENTS, *SENDERS, *BOXES]
MADE_AT = 1_790_000_000_000
PAGE = 500
CLIENTS = 16_000
WINDOW = 30  # requests of one connection at once; the server takes some more
WAIT_MS = 60_000
ROW = b'"receipt":'  # once in each row of a list
NEXT = re.compile(rb'"next":(\d+)')
FAULT = b'"error":'
FAULT_WITHIN = 64
RESULT = b'"result":'
FILLERS = 32
ONCE = "nimsg client --once"
LEAST_CODE = "import socket, json, argparse"
LEAST = f"python -c '{LEAST_CODE}'"


def request(number: int, method: str, params: Mapping[str, object]) -> bytes:
    """One frame."""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return frame(json.dumps(message).encode())


def frame(payload: bytes) -> bytes:
    """With its length before it."""
    return len(payload).to_bytes(4, "big") + payload


def token(user: str) -> str:
    """The script token of an account that was seeded."""
    return f"nimsg_bench-token-of-{user}"


def seed(var: Path, names: Iterable[str]) -> None:
    """Make a store with accounts that have tokens."""
    store = LocalStore(var)
    try:
        accounts = [CreateAccount(name, None) for name in names]
        store.file(store.commit(accounts, MADE_AT))
        made = {account.name: store.account(account.name) for account in accounts}
        tokens = [
            CreateToken(one.uid, f"t-{name}", digest(token(name)), "bench", None)
            for name, one in made.items()
            if one is not None
        ]
        store.file(store.commit(tokens, MADE_AT))
    finally:
        store.close()


def digest(secret: str) -> str:
    """What a store knows a token by."""
    return hashlib.sha256(secret.encode()).hexdigest()


async def answer(wire: Wire) -> bytes:
    """The next frame, which is no error."""
    length = int.from_bytes(await wire.exactly(4), "big")
    payload = await wire.exactly(length)
    if FAULT in payload[:FAULT_WITHIN]:
        raise RuntimeError(payload.decode(errors="replace"))
    return payload


async def ask(wire: Wire, method: str, **params: object) -> bytes:
    """What one request is answered."""
    wire.sent += 1
    wire.write(request(wire.sent, method, params))
    return await answer(wire)


async def ask_object(wire: Wire, method: str, **params: object) -> JsonObject:
    """The result of one request."""
    result: JsonObject = json.loads(await ask(wire, method, **params))["result"]
    return result


class Nimsg(Peer):
    """See `Peer`."""

    can = frozenset(
        {"deliver", "inbox", "headless", "idle", "room", "receipts", "growth", "crowd"}
    )
    note = "accounts, receipts, index and full text on; logins by token"
    idle_most = 10_000
    sustained = True
    earlier_name_is_enough = True  # the synced journal has all of it
    _options: tuple[str, ...] = ()
    _body = (b"", b"")
    # A store that is kept knows what earlier runs have sent.
    _numbers = itertools.count(time.time_ns() // 1_000_000)

    def version(self) -> str:
        """See `Peer`."""
        said = proc.output(sys.executable, "-m", "nimsg", "--version")
        return said.split()[1]

    def environment(self) -> Mapping[str, str]:
        """See `Peer`."""
        return environment(self.folder)

    def configure(self, purpose: str) -> Sequence[str]:
        """See `Peer`. In a room people log in by their names."""
        seed(self.var, ACCOUNTS)
        return self.command("--auth", "open" if purpose == "room" else "password")

    def command(self, *options: str) -> Sequence[str]:
        """The server on a free port, over the store in its folder."""
        self.port = proc.free_port()
        quotas = ("--quota", "0", "--quota-messages", "0")
        return [
            *(sys.executable, "-m", "nimsg", "server", "--var", str(self.var)),
            *("--port", str(self.port), "--max-clients", str(CLIENTS)),
            *(*quotas, *self._options, *options),
        ]

    def start_over(self, folder: Path, auth: str = "password") -> None:
        """Start over a store that is there, in `var` of a folder."""
        proc.sync_disk(folder)
        self.folder = folder
        self.begin(self.command("--auth", auth))

    @property
    def var(self) -> Path:
        """Where its store lies."""
        return self.folder / "var"

    async def open(self, user: str) -> Wire:
        """See `Peer`."""
        wire = await self._greeted()
        await ask(wire, "auth.token", token=token(user))
        return wire

    async def _greeted(self) -> Wire:
        wire = await dial(self.port, self._context())
        await answer(wire)
        return wire

    def _context(self) -> ssl.SSLContext | None:
        return None

    # -- deliver

    async def connect(self, number: int) -> Wire:
        """See `Peer`."""
        wire = await self.open(SENDERS[number % len(SENDERS)])
        wire.number = number
        return wire

    async def deliver(self, wire: Wire, to: str, body: bytes) -> None:
        """See `Peer`."""
        if self._body[0] is not body:
            self._body = body, json.dumps(body.decode()).encode()
        number = next(self._numbers)
        payload = (
            b'{"jsonrpc":"2.0","id":%d,"method":"mail.send","params":{"to":["%b"],'
            b'"client_id":"%d","subject":"message %d","body":%b}}'
            % (number, to.encode(), number, number, self._body[1])
        )
        wire.write(frame(payload))
        await answer(wire)

    def stored(self) -> int:
        """See `Peer`: the files."""
        found = os.walk(self.var / "messages")
        return sum(name.endswith(".json") for _, _, names in found for name in names)

    async def at_rest(self) -> Mapping[str, bool]:
        """See `Peer`: the journal is empty, and the full text has everything."""
        async with at_the_machine(self.var) as wire:
            answered = await wire.call("server.stats", {})
        match answered:
            case {
                "result": {"queues": {"commit": 0, "journal": 0, "indexer": indexer}}
            }:
                return {"journal": True, "text": indexer == 0}
            case {"result": {"queues": {"indexer": indexer}}}:
                return {"journal": False, "text": indexer == 0}
            case _:
                raise RuntimeError(answered)

    # -- inbox

    async def fill(self, user: str, count: int) -> None:
        """See `Peer`."""
        wires = await many(FILLERS, self.connect)
        numbers = iter(range(count))

        async def work(wire: Wire) -> None:
            for _ in numbers:
                await self.deliver(wire, user, b"x" * 1024)
            wire.close()

        await asyncio.gather(*(work(wire) for wire in wires))

    async def list_newest(self, wire: Wire, count: int) -> int:
        """See `Peer`."""
        return (await ask(wire, "mail.list", limit=count)).count(ROW)

    async def list_all(self, wire: Wire) -> int:
        """See `Peer`."""
        found, before = 0, None
        while True:
            page = await ask(wire, "mail.list", all=True, limit=PAGE, before=before)
            found += page.count(ROW)
            match = NEXT.search(page)
            if match is None:
                return found
            before = int(match[1])

    # -- headless

    def checks(self, user: str) -> dict[str, Sequence[str]]:
        """See `Peer`. With it comes what it is measured by."""
        compileall.compile_dir(TOP / "nimsg", quiet=1)
        secret = self.folder / "secret"
        secret.touch(0o600)
        secret.write_text(token(user) + "\n")
        script = Path(sys.executable).with_name("nimsg")
        known = (str(script),) if script.exists() else (sys.executable, "-m", "nimsg")
        who = ("--user", user, "--password-file", str(secret))
        where = ("--server", f"{proc.HOST}:{self.port}")
        return {
            ONCE: [*known, "client", "--once", *who, *where],
            LEAST: [sys.executable, "-c", LEAST_CODE],
        }

    # -- idle, room

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        return await self.open(RECIPIENTS[number % len(RECIPIENTS)])

    async def join(self, nick: str) -> Wire:
        """See `Peer`."""
        wire = await self._greeted()
        await ask(wire, "auth.login", user=nick, device="line", password=PASSWORD)
        return wire

    async def say(self, wire: Wire, text: bytes) -> None:
        """See `Peer`."""
        if wire.sent > WINDOW:
            while RESULT not in await answer(wire):
                pass
        wire.sent += 1
        post = {"room": "lobby", "client_id": f"{wire.sent}", "body": text.decode()}
        wire.write(request(wire.sent, "room.post", post))


class NimsgPolling(Nimsg):
    """Each connection has a poll that the server holds."""

    can = frozenset({"idle"})
    note = "each connection has a poll parked at the server"
    idle_most = 1000

    async def idle(self, number: int) -> Wire:
        """See `Peer`."""
        wire = await super().idle(number)
        page = await ask_object(wire, "mail.changes")
        parked = {"since": page["cursor"], "wait_ms": WAIT_MS}
        wire.write(request(1, "mail.changes", parked))
        return wire


class NimsgTls(Nimsg):
    """Its own certificate, on every connection."""

    can = frozenset({"idle"})
    note = "TLS with a certificate that the server has made"
    _options: tuple[str, ...] = ("--tls",)

    def _context(self) -> ssl.SSLContext:
        return trusting()


@cache
def trusting() -> ssl.SSLContext:
    """Takes any certificate. One for all connections: each would cost much memory."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
