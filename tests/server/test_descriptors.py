"""SEC-15: how many connections leave enough descriptors for files."""

import asyncio
import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from nimsg.errors import ConfigError, Exit, Unavailable
from nimsg.server import descriptors, listener
from nimsg.server.descriptors import RESERVED, connections_most, open_files
from nimsg.server.listener import Listener, Terms


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


def test_sec_15_open_ones_are_counted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = open_files()
    with socket.socket():
        assert open_files() == before + 1
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
    terms = Terms(lambda: None, 1.0, 2, turned_away.append, bool, bool, bool)
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
    terms = Terms(lambda: None, 1.0, 9, bool, bool, bool, bool)
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


def test_x4_a_port_of_the_systems_is_a_setting() -> None:
    """Asked of the function: who runs the tests may be allowed all ports."""
    refused = listener.nowhere("::1", 25, PermissionError(errno.EACCES, "no"))

    assert refused.exit is Exit.CONFIG
    assert str(refused).startswith("cannot listen on ::1 port 25: Permission denied; ")
    assert "1024 or more" in str(refused)
