"""T14, TERM-4: every row of the clients' table, by both of them."""

import asyncio
import socket

import pytest

from nimsg.client import aio, blocking
from nimsg.client.address import Address, Security
from nimsg.errors import NimsgError
from tests.conformance.client_cases import (
    CLIENT_TABLE,
    DONE,
    ClientCase,
    Outcome,
    right,
)
from tests.support.fakeserver import (
    Behaviour,
    FakeServer,
    read_request,
)
from tests.support.process import HANG_S


SOON_S = 0.15
LONGEST = 1_000  # characters that a person may have to read
PLAIN = Security()
every_row = pytest.mark.parametrize(
    "row", CLIENT_TABLE, ids=lambda row: f"{row.number} {row.title}"
)


def behaving(row: ClientCase) -> Behaviour:
    """A server that does what the row says."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(row.greets)
        at_once = row.answers is right
        while not (row.hangs_up and at_once):
            connection.sendall(row.answers(read_request(connection)["id"]))
            at_once = True

    return behave


def call_blocking(address: Address, timeout_s: float) -> None:
    with blocking.connect(address, PLAIN, timeout_s=timeout_s) as client:
        client.call("session.ping", {})


async def call_aio(address: Address, timeout_s: float) -> None:
    client = await aio.connect(address, PLAIN, timeout_s)
    try:
        await client.call("session.ping", {})
    finally:
        await client.close()


def judge(found: NimsgError | None, wanted: Outcome) -> None:
    """Fails where an error is another than was wanted, or nothing for a person."""
    if found is None:
        assert wanted == DONE
        return
    said = str(found)
    assert (found.exit, wanted.words) == (wanted.exit, wanted.words), said
    assert wanted.words in said
    assert 0 < len(said) < LONGEST
    assert "Errno" not in said


def test_t14_the_table_of_the_clients_has_numbers_and_titles_of_its_own() -> None:
    assert len(CLIENT_TABLE) >= 200
    assert len({row.number for row in CLIENT_TABLE}) == len(CLIENT_TABLE)
    assert len({row.title for row in CLIENT_TABLE}) == len(CLIENT_TABLE)


@every_row
def test_t14_term_4_what_the_blocking_client_makes_of_it(row: ClientCase) -> None:
    found = None
    with FakeServer(behaving(row)) as server:
        address = Address("127.0.0.1", server.port)
        try:
            call_blocking(address, SOON_S if row.is_slow else HANG_S)
        except NimsgError as error:
            found = error
    judge(found, row.outcome)


@every_row
async def test_t14_term_4_what_the_asyncio_client_makes_of_it(row: ClientCase) -> None:
    found = None
    with FakeServer(behaving(row)) as server:
        address = Address("127.0.0.1", server.port)
        try:
            async with asyncio.timeout(HANG_S):
                await call_aio(address, SOON_S if row.is_slow else HANG_S)
        except NimsgError as error:
            found = error
    judge(found, row.aio or row.outcome)
