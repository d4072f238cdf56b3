"""A connection's life: hello, requests in flight, limits, and how it ends."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest

from nimsg.logs import LOGGER
from nimsg.protocol.constants import (
    ADDRESS_LIMITS,
    FEATURES,
    LIMITS,
    PROTOCOL_VERSION,
    limit,
)
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS, Needs
from nimsg.server.app import FULL_TOLD_S
from tests.support.aioclient import PASSWORD
from tests.support.office import office, page_of, people
from tests.support.post import refused
from tests.support.requests_table import MINIMAL, request
from tests.support.virtualtime import VirtualTime
from tests.support.watchedstore import WatchedStore
from tests.support.wire import greeted, logged_in, said, wired


NOW = 1_795_192_385_123
IN_FLIGHT = limit("requests_in_flight")


# -- hello ---------------------------------------------------------------------


async def test_s4_3_the_server_speaks_first_and_says_what_it_can(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path, registration="closed", clock=lambda: NOW) as server,
        wired(server.port) as wire,
    ):
        hello = await wire.frame()

    params = hello["params"]
    assert isinstance(params, dict)
    assert hello["method"] == "hello"
    assert params["versions"] == [PROTOCOL_VERSION]
    assert (params["auth"], params["registration"]) == ("password", "closed")
    assert params["features"] == list(FEATURES)
    usual = {name: row.value for name, row in LIMITS.items()}
    assert params["limits"] == usual | dict.fromkeys(ADDRESS_LIMITS, 0)
    assert params["time"] == NOW


async def test_s4_13_nobody_waits_for_somebody_elses_handshake(tmp_path: Path) -> None:
    payload = encode_frame(request("auth.begin", {"user": "bob"}))
    async with office(tmp_path) as server, wired(server.port) as silent:
        async with greeted(server.port) as dribbler:
            quick = []
            for byte in payload[:-1]:
                dribbler.writer.write(bytes([byte]))
                async with greeted(server.port) as other:
                    answer = await other.call("auth.begin", {"user": "bob"})
                    quick.append(said(answer))
            dribbler.writer.write(payload[-1:])
            slow = said(await dribbler.frame())
        late = said(await silent.frame())

    assert set(quick) == {"1 done"}
    assert (slow, late) == ("1 done", "hello")


async def test_c8_s3_5_five_clients_at_once_and_more(tmp_path: Path) -> None:
    names = [f"user{n}" for n in range(12)]
    async with office(tmp_path) as server, people(server, *names) as everybody:
        answers = await asyncio.gather(*(person.ping() for person in everybody))

    assert len(answers) == 12


async def test_s3_5_the_client_too_many_is_told_so(tmp_path: Path) -> None:
    async with office(tmp_path, max_clients=2) as server:
        async with greeted(server.port), greeted(server.port) as second:
            async with wired(server.port) as third:
                turned_away = await third.rest()
            second.writer.close()
            await second.reader.read()
        await server.services.registry.emptied()
        async with greeted(server.port) as later:
            served = said(await later.call("auth.begin", {"user": "bob"}))

    assert turned_away == ["None too_many_clients"]
    assert served == "1 done"


async def test_sec_11_a_full_server_is_logged_once_a_minute(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    time = VirtualTime()
    async with office(tmp_path, clock=time, timers=time, max_clients=1) as server:
        for wait_s in (FULL_TOLD_S - 1, 1, 0):
            async with greeted(server.port) as first:
                for _ in range(3):
                    async with wired(server.port) as other:
                        assert await other.rest() == ["None too_many_clients"]
                first.writer.close()
                await first.reader.read()
            await server.services.registry.emptied()
            time.advance(wait_s)

    assert (
        caplog.messages
        == ["connections are refused: the most is 1, by --max-clients"] * 2
    )


# -- requests ------------------------------------------------------------------


async def test_s1_5_answers_come_in_any_order_and_name_their_request(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "alice", "bob") as (a, _),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send("mail.changes", {"wait_ms": 60_000}, 70)
        wire.send("session.ping", {}, 5)
        first = said(await wire.frame())
        await a.send("bob")
        second = said(await wire.frame())

    assert (first, second) == ("5 done", "70 done")


async def test_requests_that_are_one_segment_are_all_answered(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        frames = [encode_frame(request("session.ping", {}, n)) for n in range(20)]
        wire.writer.write(b"".join(frames))
        answers = {said(await wire.frame()) for _ in range(20)}

    assert answers == {f"{n} done" for n in range(20)}


async def test_sec_8_32_requests_are_in_flight_parked_polls_included(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        since = await b.cursor()
        poll = {"since": since, "wait_ms": 60_000}
        polls = [b.client.start("mail.changes", poll) for _ in range(IN_FLIGHT)]
        for _ in range(20):
            with refused("too_many_requests"):
                await b.ping()
        sent = await a.send("bob")
        woken = [(await page_of(answer)).inbox[0].id for answer in polls]
        await b.ping()

    assert woken == [sent.id] * IN_FLIGHT


async def test_sec_1_frames_of_a_mebibyte_are_read_after_login(tmp_path: Path) -> None:
    spaces = b" " * (limit("frame_bytes") - len(request("session.ping", {})))
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send_payload(request("session.ping", {}) + spaces)
        most = said(await wire.frame())
        wire.send_payload(request("session.ping", {}) + spaces + b" ")
        more = await wire.rest()

    assert most == "1 done"
    assert more == ["None frame_too_large", "closing faults"]


async def test_sec_1_what_follows_a_login_in_one_segment_is_read_by_its_limit(
    tmp_path: Path,
) -> None:
    login = request("auth.login", {"user": "bob", "password": PASSWORD}, 1)
    ping = request("session.ping", {}, 2)
    long = ping + b" " * limit("frame_bytes_before_login")
    async with office(tmp_path) as server, people(server, "bob"):
        async with greeted(server.port) as wire:
            wire.writer.write(encode_frame(login) + encode_frame(long))
            taken = [said(await wire.frame()) for _ in range(2)]
        async with greeted(server.port) as wire:
            wire.writer.write(encode_frame(long) + encode_frame(login))
            refused = await wire.rest()

    assert taken == ["1 done", "2 done"]
    assert refused == ["None frame_too_large", "closing faults"]


async def test_a_frame_that_the_stream_ends_in_is_told_of(tmp_path: Path) -> None:
    ping = encode_frame(request("session.ping", {}, 1))
    async with office(tmp_path) as server, greeted(server.port) as wire:
        wire.writer.write(ping + ping[:7])
        wire.writer.write_eof()
        rest = await wire.rest()

    assert rest == ["1 login_required", "None truncated_frame", "closing faults"]


# -- login and logout ----------------------------------------------------------


@pytest.mark.parametrize(
    "method", [name for name, row in METHODS.items() if row.needs is Needs.USER]
)
async def test_s1_4_every_command_is_for_after_login(
    tmp_path: Path, method: str
) -> None:
    async with office(tmp_path) as server, greeted(server.port) as wire:
        before = said(await wire.call(method, MINIMAL[method]))
        after = said(await wire.call("auth.begin", {"user": "bob"}))

    assert (before, after) == ("1 login_required", "1 done")


async def test_a_second_login_on_a_connection_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, _):
        with refused("already_logged_in"):
            await a.client.login("bob")
        with refused("already_logged_in"):
            await a.client.register("carol")
        sent = await a.send("bob")
        opened = await a.open(sent.id)

    assert opened.sender == "alice"


async def test_c19_a_logout_is_answered_and_closes(tmp_path: Path) -> None:
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send("auth.logout", {}, 9)
        rest = await wire.rest()

    assert rest == ["9 done", "closing logout"]


async def test_s4_16_an_end_between_frames_is_clean(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as server:
        async with greeted(server.port) as wire:
            await wire.call("auth.begin", {"user": "bob"})
            wire.writer.write_eof()
            rest = await wire.rest()
        await server.services.registry.emptied()

    assert rest == []
    assert caplog.records == []


async def test_s0_11_a_client_that_resets_ends_only_itself(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with office(tmp_path) as server, people(server, "bob") as (b,):
        async with logged_in(server.port, "bob") as wire:
            sock = wire.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0" * 2)
            for _ in range(IN_FLIGHT):
                wire.send("mail.changes", {"wait_ms": 60_000})
            wire.writer.transport.abort()
        await b.ping()

    assert caplog.records == []


# -- those who do not read -----------------------------------------------------


class Heard(logging.Handler):
    """Sets an event when a line is logged that holds these words."""

    def __init__(self, words: str) -> None:
        super().__init__(logging.WARNING)
        self.event = asyncio.Event()
        self._words = words

    def emit(self, record: logging.LogRecord) -> None:
        if self._words in record.getMessage():
            self.event.set()


async def test_t15_sec_8_a_client_that_never_reads_is_cut_off_and_others_go_on(
    tmp_path: Path,
) -> None:
    heard = Heard("does not read")
    LOGGER.addHandler(heard)
    subject = "\U0001f4ec" * limit("subject_chars")
    async with office(tmp_path) as server, people(server, "alice", "bob") as (a, b):
        await asyncio.gather(*(a.send("bob", subject=subject) for _ in range(30)))
        for _ in range(9):
            await asyncio.gather(*(a.send("bob", subject=subject) for _ in range(30)))
        stuck = socket.socket()
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect(("127.0.0.1", server.port))
        login = {"user": "bob", "password": PASSWORD}
        stuck.sendall(encode_frame(request("auth.login", login)))
        listing = encode_frame(request("mail.list", {"limit": 500}))
        stuck.sendall(listing * IN_FLIGHT)
        await heard.event.wait()
        page = await b.inbox(limit=1)
        stuck.close()
    LOGGER.removeHandler(heard)

    assert page.new == 300


async def test_s1_12_a_fault_in_one_answer_ends_no_session(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(operation: str) -> None:
        if operation == "page":
            raise ZeroDivisionError

    store = WatchedStore(tmp_path / "var", broken)
    async with office(tmp_path, store=store) as server, people(server, "bob") as (b,):
        with refused("internal_error"):
            await b.inbox()
        await b.ping()

    assert "a fault of ours in mail.list" in caplog.text
