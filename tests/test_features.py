"""Features, each test named after the ids it proves (docs/features.md).

Other modules prove the parts; here a whole server is asked, or the source is read.
"""

import ast
import asyncio
import json
import socket
import ssl
import stat
import struct
import threading
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from itertools import count, pairwise
from pathlib import Path

import pytest

from nimsg.cli.serveroptions import config_of
from nimsg.cli.verbs import VERBS, parser_of
from nimsg.client.address import Address, Security
from nimsg.client.blocking import connect
from nimsg.core.accounts import Account
from nimsg.errors import Exit, Refusal
from nimsg.protocol.methods import METHODS
from nimsg.protocol.requests import Params
from nimsg.protocol.results import Result
from nimsg.protocol.results_people import BroadcastText
from nimsg.protocol.results_rooms import RoomMessage
from nimsg.protocol.strict import JsonObject
from nimsg.server.app import Server
from nimsg.server.services import wall_clock_ms
from nimsg.store.layout import Layout
from tests.support import pages
from tests.support.aioclient import PASSWORD, AioClient, connected
from tests.support.guests import bodies, guest, guests, timed_office
from tests.support.house import dotted
from tests.support.process import ServerProcess, environment, nimsg
from tests.support.serving import quick_config, serving
from tests.support.virtualtime import START_MS, VirtualTime


TOP = Path(__file__).parent.parent
NOON = 1_795_305_600_000
OLDEST = {"hash", "from", "to", "time", "message"}
MANY = 500
POOLS = {"writer", "filer", "syncer", "indexer", "reader", "passwords"}
LONGEST_MODULE = 400


NUMBERS = count(1)


@asynccontextmanager
async def two_people(
    folder: Path, clock: Callable[[], int] = wall_clock_ms
) -> AsyncIterator[tuple[AioClient, AioClient]]:
    """Ann and Bob, logged in to a server of their own; Bob sits at a screen."""
    config = quick_config(folder / "var", auth="open")
    async with (
        serving(config, clock=clock) as server,
        connected(server.port) as ann,
        connected(server.port) as bob,
    ):
        await ann.call("auth.login", user="ann")
        await bob.call("auth.login", user="bob", device="tui")
        yield ann, bob


async def send(client: AioClient, *to: str, body: str = "text") -> str:
    """The id of a new message."""
    sent = await client.call(
        "mail.send", to=list(to), client_id=f"c{next(NUMBERS)}", body=body
    )
    return str(sent["id"])


async def inbox(client: AioClient, **query: object) -> list[JsonObject]:
    page = await client.call("mail.list", **query)
    rows = page["inbox"]
    assert isinstance(rows, list)
    return rows


async def receipt(client: AioClient, id_: str) -> JsonObject:
    """The receipt of the one recipient."""
    status = await client.call("mail.status", id=id_)
    receipts = status["receipts"]
    assert isinstance(receipts, list)
    return dict(receipts[0])


@cache
def modules() -> dict[Path, ast.Module]:
    return {
        path: ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted((TOP / "nimsg").rglob("*.py"))
    }


# -- the post office


async def test_s0_4_s0_20_s0_22_a_message_is_a_file_when_its_sender_is_answered(
    tmp_path: Path,
) -> None:
    async with two_people(tmp_path, lambda: NOON) as (ann, _):
        path = Layout(tmp_path / "var").message(await send(ann, "bob", body="Grüße\n"))
        text = path.read_text(encoding="utf-8")
        file = json.loads(text)

    assert file.keys() >= OLDEST
    assert (file["from"], file["to"]) == ("ann", ["bob"])
    assert (file["message"], file["time"]) == ("Grüße\n", "2026-11-22T00:00:00.000Z")
    assert list(file) == sorted(file)
    assert "Grüße" in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_s0_5_s0_12_x6_nothing_comes_that_was_not_asked_for(
    tmp_path: Path,
) -> None:
    async with two_people(tmp_path) as (ann, bob):
        id_ = await send(ann, "bob")
        await bob.call("session.ping")
        unasked = [event.method for event in bob.events]
        rows = await inbox(bob)

    assert unasked == ["hello"]
    assert [row["id"] for row in rows] == [id_]


async def test_x6_a_plain_poll_is_enough_and_a_parked_one_is_woken(
    tmp_path: Path,
) -> None:
    async with two_people(tmp_path) as (ann, bob):
        first = await bob.call("mail.changes")
        parked = bob.start(
            "mail.changes", {"since": first["cursor"], "wait_ms": 60_000}
        )
        id_ = await send(ann, "bob")
        woken = (await parked).result
        polled = await bob.call("mail.changes", since=first["cursor"])

    assert first["inbox"] == []
    for answer in (woken, polled):
        rows = answer["inbox"]
        assert isinstance(rows, list)
        assert [row["id"] for row in rows] == [id_]


async def test_s0_6_s0_7_x11_n1_times_of_sending_listing_and_opening(
    tmp_path: Path,
) -> None:
    """The server's clock gives every time; listing and opening are two things."""
    now = NOON

    async with two_people(tmp_path, lambda: now) as (ann, bob):
        id_ = await send(ann, "bob")
        now += 1000
        (row,) = await inbox(bob)
        listed = await eventually(ann, id_, "fetched_at")
        now += 1000
        letter = await bob.call("mail.open", id=id_)
        opened = await receipt(ann, id_)

    assert row["sent_at"] == letter["sent_at"] == NOON
    assert "body" not in row
    assert listed["state"] == "fetched"
    assert "opened_at" not in listed
    assert (opened["fetched_at"], opened["opened_at"]) == (NOON + 1000, NOON + 2000)
    assert (opened["state"], opened["opened_by"]) == ("opened", "tui")


async def eventually(client: AioClient, id_: str, member: str) -> JsonObject:
    """The receipt once it has a member that nobody waits for."""
    for _ in range(1000):
        found = await receipt(client, id_)
        if member in found:
            return found
    raise AssertionError(f"no {member}")


async def test_s0_13_a_list_reads_no_message_file_and_is_paged(tmp_path: Path) -> None:
    async with two_people(tmp_path) as (ann, bob):
        ids = [await send(ann, "bob") for _ in range(3)]
        Layout(tmp_path / "var").message(ids[0]).unlink()
        page = await bob.call("mail.list", limit=2)
        rest = await inbox(bob, limit=2, before=page["next"])
        refusal = await refusal_of(bob, ids[0])

    rows = page["inbox"]
    assert isinstance(rows, list)
    assert [row["id"] for row in [*rows, *rest]] == ids[::-1]
    assert refusal == "damaged"


async def refusal_of(client: AioClient, id_: str) -> str:
    """Why a message cannot be opened, once the journal has forgotten it."""
    for _ in range(1000):
        try:
            await client.call("mail.open", id=id_)
        except Refusal as refusal:
            return refusal.kind
    raise AssertionError("it can be opened")


async def test_s0_14_bodies_are_not_held(tmp_path: Path) -> None:
    """Memory does not grow by what was served: 6 MB pass, not one stays."""
    body = "x" * 60_000
    async with two_people(tmp_path) as (ann, bob):
        await pass_through(ann, bob, body, 20)
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        await pass_through(ann, bob, body, 100)
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert after - before < 1_000_000


async def pass_through(ann: AioClient, bob: AioClient, body: str, times: int) -> None:
    for _ in range(times):
        id_ = await send(ann, "bob", body=body)
        letter = await bob.call("mail.open", id=id_)
        assert letter["body"] == body


def test_s0_23_s1_9_x3_messages_are_frozen_values_and_json() -> None:
    types = [
        *(row.params for row in METHODS.values()),
        *(row.result for row in METHODS.values()),
    ]

    assert all(issubclass(kind, Params | Result) for kind in types)
    assert all(kind.__struct_config__.frozen for kind in types)


async def test_s1_9_every_frame_is_json_both_ways(tmp_path: Path) -> None:
    heard: list[object] = []
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for number, (method, params) in enumerate(STORY):
            heard.append(await frame(reader))
            payload = json.dumps(
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
            ).encode()
            writer.write(struct.pack(">I", len(payload)) + payload)
        heard += [await frame(reader), await frame(reader)]
        writer.close()
        await writer.wait_closed()

    assert all(isinstance(message, dict) for message in heard)
    assert [m.get("id", m.get("method")) for m in heard if isinstance(m, dict)] == [
        *("hello", 0, 1, 2),
        *(3, "closing"),
    ]


STORY: tuple[tuple[str, JsonObject], ...] = (
    ("auth.login", {"user": "ann"}),
    ("mail.send", {"to": ["bob"], "client_id": "c", "body": "Grüße"}),
    ("mail.nothing", {}),
    ("auth.logout", {}),
)


async def frame(reader: asyncio.StreamReader) -> object:
    (length,) = struct.unpack(">I", await reader.readexactly(4))
    return json.loads(await reader.readexactly(length))


async def test_s4_6_a_send_brings_what_changed_meanwhile(tmp_path: Path) -> None:
    async with two_people(tmp_path) as (ann, bob):
        cursor = (await ann.call("mail.changes"))["cursor"]
        from_bob = await send(bob, "ann")
        sent = await ann.call(
            "mail.send", to=["bob"], client_id="mine", body="b", since=cursor
        )

    changes = sent["changes"]
    assert isinstance(changes, dict)
    assert [row["id"] for row in changes["inbox"]] == [from_bob]
    assert [row["id"] for row in changes["outbox"]] == [sent["id"]]


# -- people and their names


async def test_s0_10_x1_knowing_a_name_is_enough_where_it_shall_be(
    tmp_path: Path,
) -> None:
    async with two_people(tmp_path) as (ann, bob):
        letter = await bob.call("mail.open", id=await send(ann, "bob"))
    closed = quick_config(tmp_path / "closed")
    async with serving(closed) as server, connected(server.port) as eve:
        with pytest.raises(Refusal) as refused:
            await eve.call("auth.login", user="ann")

    assert letter["body"] == "text"
    assert refused.value.kind == "bad_credentials"


async def test_c4_c5_a_known_name_is_asked_its_password_and_a_new_one_made(
    tmp_path: Path,
) -> None:
    async with serving(quick_config(tmp_path / "var")) as server:
        async with connected(server.port) as ann:
            new = await ann.call("auth.begin", user="ann")
            welcome = await ann.register("ann")
        async with connected(server.port) as ann:
            known = await ann.call("auth.begin", user="ann")
            with pytest.raises(Refusal) as refused:
                await ann.call("auth.login", user="ann", password="wrong horse")
            again = await ann.login("ann")

    assert (new, known) == ({"next": "register"}, {"next": "password"})
    assert refused.value.kind == "bad_credentials"
    assert (welcome["user"], again["user"]) == ("ann", "ann")


async def test_c5_with_closed_registration_an_unknown_name_looks_known(
    tmp_path: Path,
) -> None:
    config = quick_config(tmp_path / "var", registration="closed")
    async with serving(config) as server, connected(server.port) as eve:
        asked = await eve.call("auth.begin", user="nobody")
        with pytest.raises(Refusal) as login:
            await eve.login("nobody")
        with pytest.raises(Refusal) as register:
            await eve.register("nobody")

    assert asked == {"next": "password"}
    assert login.value.kind == "bad_credentials"
    assert register.value.kind == "registration_closed"


async def test_c13_s1_13_mail_waits_for_who_is_not_there(tmp_path: Path) -> None:
    config = quick_config(tmp_path / "var")
    async with serving(config) as server, connected(server.port) as bob:
        await bob.register("bob")
    async with serving(config) as server, connected(server.port) as ann:
        await ann.register("ann")
        ids = [await send(ann, "bob") for _ in range(2)]
    async with serving(config) as server, connected(server.port) as bob:
        welcome = await bob.login("bob")
        rows = await inbox(bob)
        letters = [await bob.call("mail.open", id=id_) for id_ in ids]
        later = await inbox(bob)

    assert welcome["new"] == 2
    assert [row["id"] for row in rows] == ids[::-1]
    assert [letter["body"] for letter in letters] == ["text", "text"]
    assert later == []


async def test_s1_8_an_account_is_durable_and_a_session_is_not(tmp_path: Path) -> None:
    """Two sessions of one account are two; the account outlives both."""
    config = quick_config(tmp_path / "var")
    async with (
        serving(config) as server,
        connected(server.port) as tui,
        connected(server.port) as cron,
    ):
        await tui.register("ann")
        await cron.login("ann")
        live = [session.uid for session in server.services.registry]
        account = server.services.store.account("ann")
    async with serving(config) as server:
        gone = len(server.services.registry)
        still = server.services.store.account("ann")

    assert isinstance(account, Account)
    assert live == [account.uid, account.uid]
    assert gone == 0
    assert still == account


async def test_s2_17_passwords_are_hashed_and_nowhere_else(tmp_path: Path) -> None:
    config = quick_config(tmp_path / "var")
    async with serving(config) as server, connected(server.port) as ann:
        await ann.register("ann")
    files = [path for path in config.var.rglob("*") if path.is_file()]
    account = json.loads(Layout(config.var).user(1).read_text(encoding="utf-8"))

    assert account["password_hash"].startswith("$argon2id$")
    assert not any(PASSWORD.encode() in path.read_bytes() for path in files)


def test_s2_17_off_the_loopback_tls_is_always_spoken() -> None:
    assert Security().wanted(Address("post.example.org", 6969))
    assert Security().wanted(Address("127.evil.example", 6969))
    assert not Security().wanted(Address("127.0.0.1", 6969))
    assert ssl.HAS_TLSv1_2


async def test_s2_18_everything_stored_is_its_owners_alone(tmp_path: Path) -> None:
    config = quick_config(tmp_path / "var")
    async with serving(config) as server, connected(server.port) as ann:
        await ann.register("ann")
        await ann.call("token.create", label="cron")
        modes = {
            path: stat.S_IMODE(path.stat().st_mode)
            for path in [config.var, *config.var.rglob("*")]
        }

    assert {path.name for path in modes} >= {"var", "users", "index.db", "admin.sock"}
    assert {
        path: mode
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    } == {}


# -- the server as a process


@pytest.fixture
def open_server(tmp_path: Path) -> Iterator[ServerProcess]:
    home = tmp_path / "server"
    home.mkdir()
    env = environment(home)
    with ServerProcess(tmp_path / "var", "--auth", "open", env=env) as server:
        yield server


def client_env(home: Path, server: ServerProcess, user: str) -> dict[str, str]:
    home.mkdir(exist_ok=True)
    return environment(
        home, NIMSG_SERVER=server.address, NIMSG_USER=user, TMPDIR=str(home)
    )


def test_r6_s0_2_every_method_is_reached_by_a_verb() -> None:
    called = {
        node.value
        for path, tree in modules().items()
        if path.parent.name in ("cli", "client")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    acts = {
        f"users.{act}" for act in ("add", "list", "passwd", "role", "remove", "unlock")
    }
    by_hand = {"session.ping"}  # for clients that keep a connection by themselves
    # A verb has its whole text at once; drafts are for who is still typing.
    typing = {method for method in METHODS if method.startswith("draft.")}

    assert set(METHODS) - called - acts - typing == by_hand


def test_s0_9_s2_6_one_program_is_server_and_client(
    tmp_path: Path, open_server: ServerProcess
) -> None:
    """`python -m nimsg server`, then `python -m nimsg client` (S1-1)."""
    ann = client_env(tmp_path / "ann", open_server, "ann")
    host, _, port = open_server.address.partition(":")

    assert nimsg("client", host, port, env=ann).returncode == Exit.DONE
    assert nimsg("client", port, "--once", env=ann).returncode == Exit.NOTHING_NEW
    assert {"server", "client"} <= VERBS.keys()


def test_s0_10_an_open_server_warns_and_a_name_is_enough(
    tmp_path: Path, open_server: ServerProcess
) -> None:
    ann = client_env(tmp_path / "ann", open_server, "ann")
    nimsg("send", "bob", "-m", "hello", env=ann)
    as_bob = nimsg("client", "--once", "--open", "--user", "bob", env=ann)
    assert b"hello" in as_bob.stdout
    assert any("WARNING" in line for line in open_server.lines)


async def test_s0_11_no_client_hurts_the_server(tmp_path: Path) -> None:
    """Garbage, half frames and hanging up at any time leave the others served."""
    wounds = (
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff" * 100,
        b"\x00\x00\x00\x08{}",
        b"\x00\x00\x00\x02{}" * 20,
        b"",
    )
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        for wound in wounds:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(wound)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
        async with connected(server.port) as ann:
            await ann.call("auth.login", user="ann")
            id_ = await send(ann, "bob")

    assert id_


async def test_s0_3_s1_7_five_hundred_connections_and_not_one_thread_more(
    tmp_path: Path,
) -> None:
    """Each sends a message; threads are a few pools, whoever is connected."""
    before = set(threading.enumerate())
    async with serving(quick_config(tmp_path / "var", auth="open")) as server:
        together = asyncio.Barrier(MANY)
        await asyncio.gather(
            *(one_of_many(server, number, together) for number in range(MANY))
        )
        threads = [thread.name for thread in set(threading.enumerate()) - before]
        async with connected(server.port) as bob:
            welcome = await bob.call("auth.login", user="bob")

    assert welcome["new"] == MANY
    assert {name.rpartition("_")[0] for name in threads} <= POOLS
    assert len(threads) <= len(POOLS) + 1


async def one_of_many(server: Server, number: int, together: asyncio.Barrier) -> None:
    """Send when everybody has come, and go when everybody has sent."""
    async with connected(server.port) as client:
        await client.call("auth.login", user=f"user{number}")
        await together.wait()
        await client.call("mail.send", to=["bob"], client_id="one", body="text")
        await together.wait()


async def test_x4_one_port_serves_everything(tmp_path: Path) -> None:
    async with serving(quick_config(tmp_path / "var")) as server:
        listening = [listener.sockets[0].family.name for listener in server._listeners]

    assert listening == ["AF_INET", "AF_UNIX"]


def test_s1_5_an_answer_is_waited_for_and_not_for_ever(tmp_path: Path) -> None:
    """A server that takes connections and says nothing is given up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host, port = silent.getsockname()
        env = environment(tmp_path, NIMSG_SERVER=f"{host}:{port}", NIMSG_USER="ann")
        done = nimsg("client", "--once", "--timeout", "0.2", env=env)

    assert done.returncode == Exit.UNREACHABLE


# -- the client


def test_s0_15_x10_a_client_writes_nothing_to_disk(
    tmp_path: Path, open_server: ServerProcess
) -> None:
    home = tmp_path / "ann"
    ann = {
        **client_env(home, open_server, "ann"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    for words in (
        ("send", "ann2", "-m", "text"),
        ("outbox",),
        ("status", "o1"),
        ("client",),
        ("client", "--once", "--open"),
        ("recall", "o1"),
        ("delete", "o1"),
        ("open", "o9"),
    ):
        nimsg(*words, env=ann, cwd=home)

    assert list(home.iterdir()) == []


def test_s0_17_an_inbox_is_the_users_own(
    tmp_path: Path, open_server: ServerProcess
) -> None:
    ann = client_env(tmp_path / "ann", open_server, "ann")
    nimsg("send", "bob", "-m", "text", env=ann)
    for_bob = nimsg("inbox", "--user", "bob", "--json", env=ann).stdout
    for_ann = nimsg("inbox", "--json", env=ann).stdout

    assert json.loads(for_bob)["from"] == "ann"
    assert for_ann == b""


def test_s2_4_s2_13_c3_x12_credentials_are_imported_and_hashed(tmp_path: Path) -> None:
    """Everybody in the file can be written to before having been there."""
    file = tmp_path / "credentials.txt"
    file.write_text("ann !secret/../ann\n/../~ pass#word\n", encoding="ascii")
    home = tmp_path / "home"
    home.mkdir()
    env = environment(home)
    var = tmp_path / "var"
    options = ("--credentials", str(file), "--shred-credentials")
    with ServerProcess(var, *options, env=env) as server:
        ann = {**client_env(home, server, "ann"), "NIMSG_PASSWORD": "!secret/../ann"}
        slashes = {**ann, "NIMSG_USER": "/../~", "NIMSG_PASSWORD": "pass#word"}
        sent = nimsg("send", "/../~", "-m", "text", env=ann)
        read = nimsg("client", "--once", "--open", env=slashes)
    stored = b"".join(path.read_bytes() for path in var.rglob("*.json"))

    assert (sent.returncode, read.returncode) == (Exit.DONE, Exit.DONE)
    assert not file.exists()
    assert b"!secret" not in stored
    assert b"pass#word" not in stored


def test_c3_a_bad_line_of_credentials_is_named_and_nothing_started(
    tmp_path: Path,
) -> None:
    file = tmp_path / "credentials.txt"
    file.write_text("ann secret\nbob two words\n", encoding="ascii")
    var = tmp_path / "var"
    done = nimsg(
        *("server", "--port", "0", "--var", str(var), "--credentials", str(file)),
        env=environment(tmp_path),
    )

    assert done.returncode == Exit.CONFIG
    assert b"line 2" in done.stderr
    assert not var.exists()


# -- the house


def test_s1_19_one_services_object_is_what_every_handler_is_given() -> None:
    """Live state hangs on one object that is made once, in one place."""
    makers = {
        path.relative_to(TOP).as_posix()
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "Services"
    }

    assert makers == {"nimsg/server/app.py"}


def test_s2_14_modules_are_small_and_hold_no_state() -> None:
    assert {
        path.name: len(path.read_text(encoding="utf-8").splitlines())
        for path in modules()
        if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST_MODULE
    } == {}
    assert [
        f"{path.name}:{fault}"
        for path, tree in modules().items()
        for fault in state(tree)
    ] == []


@pytest.mark.parametrize(
    "source",
    ["seen = []", "cache = {}", "def f():\n    global n\n    n = 1", "count = 0"],
)
def test_s2_14_the_state_checker_can_fail(source: str) -> None:
    assert list(state(ast.parse(source)))


def state(tree: ast.Module) -> Iterator[str]:
    """Names of a module that could change: constants are written in capitals."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield f"global {', '.join(node.names)}"
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        values = (ast.List, ast.Dict, ast.Set, ast.Constant)
        if targets and isinstance(getattr(node, "value", None), values):
            yield from (
                target.id
                for target in targets
                if isinstance(target, ast.Name)
                and target.id.strip("_").lower() == target.id.strip("_")
                and not target.id.startswith("__")
            )


def test_s4_2_one_framing_module_serves_every_program() -> None:
    """The header is packed and unpacked in nimsg/protocol/framing.py only."""
    packers = {
        path.name
        for path, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("to_bytes", "unpack")
    }

    assert packers == {"framing.py"}


def test_s4_8_the_ledger_stands_beside_the_messages(
    tmp_path: Path, open_server: ServerProcess
) -> None:
    ann = client_env(tmp_path / "ann", open_server, "ann")
    bob = client_env(tmp_path / "bob", open_server, "bob")
    id_ = nimsg("send", "bob", "-m", "text", env=ann).stdout.decode().strip()
    nimsg("open", "i1", env=bob)
    nimsg("ack", "i1", env=bob)
    open_server.stop()
    (day,) = Layout(open_server.var).ledger.glob("*.jsonl")
    lines = [json.loads(line) for line in day.read_bytes().splitlines()]

    told = [line["event"] for line in lines if id_ in line["ids"]]
    assert [event for event in told if event != "fetched"] == ["opened", "acked"]
    assert all(after["n"] > before["n"] for before, after in pairwise(lines))


def test_r3_a_receiver_asks_by_a_command_of_the_blocking_shell(
    open_server: ServerProcess,
) -> None:
    """R3 over a plain socket: ask, get; ask again, get again."""
    address = Address("127.0.0.1", open_server.port)
    with connect(address, Security(), timeout_s=10) as ann:
        ann.call("auth.login", {"user": "ann"})
        sent = ann.call("mail.send", {"to": ["bob"], "client_id": "c", "body": "b"})
    with connect(address, Security(), timeout_s=10) as bob:
        bob.call("auth.login", {"user": "bob"})
        first = bob.call("mail.open", {"id": sent["id"]})
        again = bob.call("mail.open", {"id": sent["id"]})

    assert first == again


# -- the people


async def test_k2_k3_k4_s3_1_s3_2_s4_5_s4_7_all_hear_all_and_newcomers_what_was_said(
    tmp_path: Path,
) -> None:
    """Everybody is in #lobby; what is said there is a JSON file like any message."""
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server:
        async with guests(server, "ann", "bob", "cyd") as people:
            for one in people:
                await one.post(f"of {one.name}")
            heard = [bodies(await one.told_of(RoomMessage)) for one in people]
        time.advance(60)
        async with guest(server, "new") as new:
            before = [one for one in (await new.history()).messages if not one.notice]

    said = ["of ann", "of bob", "of cyd"]
    assert heard == [said[1:], [said[0], said[2]], said[:2]]
    assert [(one.sender, one.sent_at) for one in before] == [
        (name, START_MS) for name in ("ann", "bob", "cyd")
    ]
    for post in before:
        file = json.loads(Layout(tmp_path / "var").message(post.id).read_bytes())
        assert (file["from"], file["message"]) == (post.sender, post.body)
        assert file["time"] == "2027-01-15T08:00:00.000Z"


async def test_x5_people_a_room_and_whoever_is_there(tmp_path: Path) -> None:
    """Three addresses: the first two wait for who is away, the third does not."""
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with guests(server, "ann", "bob", "cyd") as (ann, bob, cyd):
            await cyd.logout()
            await ann.send("bob", "cyd", body="to two")
            await ann.post("to the lobby")
            await ann.broadcast("to whoever is there")
            told = await bob.told_of(BroadcastText)
        async with guest(server, "cyd") as cyd:
            mail = await cyd.inbox()
            room = await cyd.history()
            nothing = await cyd.told_of(BroadcastText)

    assert [one.body for one in told] == ["to whoever is there"]
    assert nothing == []
    assert [row.sender for row in mail.inbox] == ["ann"]
    assert bodies(room.messages) == ["to the lobby"]


async def test_k8_s2_16_a_login_is_a_line_with_its_address(tmp_path: Path) -> None:
    time = VirtualTime()
    async with timed_office(tmp_path, time) as server:
        async with guest(server, "ann") as ann:
            time.advance(60)
            await ann.logout()
        await server.services.committer.drained()
        async with guest(server, "ann") as ann:
            last = ann.welcome.last_login

    assert last is not None
    assert (last.at, last.ended_at) == (START_MS, START_MS + 60_000)
    (day,) = Layout(tmp_path / "var").ledger.glob("*.jsonl")
    came, went, *_ = [json.loads(line) for line in day.read_bytes().splitlines()]
    assert (came["event"], came["user"]) == ("login", "ann")
    assert came["address"] == "127.0.0.1"
    assert (went["event"], went["reason"]) == ("logout", "logout")


def test_s3_7_the_port_is_6969_unless_another_is_given() -> None:
    parser, _ = parser_of("server")

    assert config_of(parser.parse_args([])).port == 6969
    assert config_of(parser.parse_args(["4000", "60", "120"])).port == 4000


async def test_s3_24_a_connection_then_sending_then_receiving_then_commands(
    tmp_path: Path,
) -> None:
    """The ladder on which the parts were built, each step on the one before."""
    async with timed_office(tmp_path, VirtualTime()) as server:
        async with connected(server.port) as nobody:
            assert nobody.session.hello["versions"] == [1]
        async with guests(server, "ann", "bob") as (ann, bob):
            sent = await ann.send("bob", body="first")
            assert (await bob.open(sent.id)).body == "first"
            assert await bob.online() == ["ann"]


# -- the pages


def test_c27_k9_s1_20_s1_21_s4_17_the_report_and_the_readme_say_what_is_asked() -> None:
    report = pages.sections((TOP / "docs" / "report.md").read_text(encoding="utf-8"))
    readme = (TOP / "README.md").read_text(encoding="utf-8")

    assert {
        *("Design", "Data structures", "Message format", "Trade-offs", "Decisions"),
        *("Assumptions", "Problems met", "Improvements", "Known failures", "Status"),
        "References",
    } <= report.keys()
    assert "Borrowed code: none." in "\n".join(report["References"])
    assert "Python 3.11 on Debian" in readme
    for name in ("report", "protocol", "features"):
        assert f"(docs/{name}.md)" in readme
