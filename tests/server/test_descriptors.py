"""SEC-15: how many connections leave enough descriptors for files."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from nimsg.errors import ConfigError, Exit, Unavailable
from nimsg.protocol.results_stats import Stats
from nimsg.server import descriptors, listener
from nimsg.server.app import Server
from nimsg.server.descriptors import (
    FILES_LEAST,
    RESERVED,
    TURNED_AWAY,
    connections_most,
    files_for,
    open_files,
    require_files,
    served_most,
)
from nimsg.server.listener import Listener, Terms
from tests.support.aioclient import connected_locally
from tests.support.office import office
from tests.support.wire import wired


@pytest.mark.parametrize(
    ("most", "already", "connections"),
    [(256, 30, 162), (1024, 30, 891), (20_000, 40, 17_960), (64, 30, 1), (16, 30, 1)],
)
def test_sec_15_some_are_left_for_files(
    most: int, already: int, connections: int
) -> None:
    assert connections_most(most, already) == connections
    if connections > 1:
        assert connections + already <= min(most * 0.9, most - RESERVED)


@pytest.mark.parametrize("served", [1, 100, 546, 547, 4096, 16_000])
@pytest.mark.parametrize("already", [12, 30, 60])
def test_sec_15_the_limit_that_is_advised_is_the_least_that_does(
    served: int, already: int
) -> None:
    files = files_for(served, already)

    assert served_most(files, already) >= served
    assert served_most(files - 1, already) < max(served, 2)
    assert connections_most(files, already) >= served + TURNED_AWAY


def test_sec_15_too_few_for_any_server_are_refused() -> None:
    require_files(FILES_LEAST)
    with pytest.raises(ConfigError) as caught:
        require_files(FILES_LEAST - 1)

    assert "the limit of open files is 127, and a server needs 128" in str(caught.value)
    assert "LimitNOFILE" in str(caught.value)
    assert "ulimit -n" in str(caught.value)


async def test_sec_15_what_the_files_are_too_few_for_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """More are asked for than any limit of this machine has files."""
    wanted = 2**40
    async with office(tmp_path, max_clients=wanted) as server:
        async with wired(server.port) as wire:
            hello = await wire.frame()
        found = await told(server)

    params = hello["params"]
    assert isinstance(params, dict)
    limits = params["limits"]
    assert isinstance(limits, dict)
    assert limits["clients"] == found.connections_most < wanted
    [line] = caplog.messages
    assert (
        f": {found.connections_most} connections are taken at most, not {wanted}"
        in line
    )
    assert f"the limit of open files is {found.open_files_most}" in line
    assert "LimitNOFILE" in line


async def told(server: Server) -> Stats:
    async with connected_locally(server.config.var) as local:
        return msgspec.convert(await local.call("server.stats"), Stats)


def test_sec_15_open_ones_are_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = open_files()
    with socket.socket():
        assert open_files() == before + 1
    # A folder of /proc that does not say how many are in it, as before Linux 6.2.
    tasks = Path("/proc/self/task")
    monkeypatch.setattr(descriptors, "OPEN", tasks)
    assert open_files() == len(list(tasks.iterdir()))
    monkeypatch.setattr(descriptors, "OPEN", tmp_path / "missing")
    assert open_files() == descriptors.OPEN_USUALLY


async def until(seen: Callable[[], bool]) -> None:
    """Wait for the listener, which tells nobody."""
    while not seen():  # noqa: ASYNC110
        await asyncio.sleep(0)


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_sec_15_connections_that_are_over_make_room() -> None:
    places = Listener("127.0.0.1", 0)
    turned_away: list[str] = []
    terms = Terms(lambda: None, 1.0, 2, turned_away.append, bool, bool, bool, max)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(places.run(terms, hold))
        for _ in range(3):
            opened = [await reached(places.port) for _ in range(4)]
            ends = [await reader.read(4096) for reader, _ in opened[2:]]
            assert all(b"too_many_clients" in end for end in ends)
            assert places.taken == 2
            for reader, writer in opened:
                writer.close()
                with suppress(ConnectionError):
                    await reader.read()
            await until(lambda: places.taken == 0)
        places.close()
        await running

    assert len(turned_away) == 6


async def reached(
    port: int,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", port)


async def test_sec_15_nothing_left_to_open_is_waited_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The system says so for real: the process is given no descriptor more."""
    monkeypatch.setattr(listener, "PAUSE_S", 0.01)
    places = Listener("127.0.0.1", 0)
    terms = Terms(lambda: None, 1.0, 9, bool, bool, bool, bool, max)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(places.run(terms, hold))
        real = asyncio.get_running_loop().sock_accept
        failures = [
            OSError(errno.EMFILE, "Too many open files"),
            OSError(errno.EPROTO, ""),
        ]

        async def accept(sock: socket.socket) -> object:
            if failures:
                raise failures.pop(0)
            return await real(sock)

        monkeypatch.setattr(asyncio.get_running_loop(), "sock_accept", accept)
        _, writer = await reached(places.port)
        await until(lambda: places.taken == 1)
        writer.close()
        await until(lambda: places.taken == 0)
        places.close()
        await running

    assert caplog.messages == ["no connection is taken: Too many open files"]


def test_x4_a_port_in_use_and_a_host_that_is_none_are_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(
            Unavailable, match=f"127.0.0.1 port {port}: Address already in use; stop"
        ):
            Listener("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("192.0.2.1", "this machine has no such address; "),
        ("no.such.host.invalid", "the name cannot be resolved ("),
        ("no..host", "this is no name of a host; "),
        ("h" * 70, "this is no name of a host; "),
    ],
)
def test_x4_a_host_that_is_not_this_machine_is_a_setting(host: str, why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Listener(host, 0)

    words = str(caught.value)
    assert words.startswith(f"cannot listen on {host} port 0: {why}")
    assert "give --host an address of this machine" in words
    assert "stop who has it" not in words


@pytest.mark.parametrize("host", ["127.0.0.1:7000", "[::1]", "http://here"])
def test_x4_a_host_has_no_port_and_no_brackets(host: str) -> None:
    with pytest.raises(ConfigError, match=r"host alone, .* the port to --port"):
        Listener(host, 0)


def test_x4_an_address_that_needs_its_interface_is_told_so() -> None:
    """Asked of the function: not every machine speaks IPv6."""
    refused = listener.nowhere("fe80::1", 0, OSError(errno.EINVAL, "no"))

    assert refused.exit is Exit.CONFIG
    assert "needs its interface, as in fe80::1%eth0; or give --host" in str(refused)


def test_x4_a_port_of_the_systems_is_a_setting() -> None:
    """Asked of the function: who runs the tests may be allowed all ports."""
    refused = listener.nowhere("::1", 25, PermissionError(errno.EACCES, "no"))

    assert refused.exit is Exit.CONFIG
    assert str(refused).startswith("cannot listen on ::1 port 25: Permission denied; ")
    assert "1024 or more" in str(refused)
