"""What breaks the protocol: a typed error each, ten of them close, some at once."""

import asyncio
import socket
from pathlib import Path

import pytest

from nimsg.protocol.constants import limit
from nimsg.protocol.framing import FrameDecoder, encode_frame
from nimsg.protocol.methods import METHODS, Activity, Needs
from nimsg.protocol.strict import loads
from tests.support.json_corners import BROKEN, TYPES
from tests.support.office import HANG_S, office, people
from tests.support.requests_table import MINIMAL, request, request_with
from tests.support.wire import greeted, logged_in, said, wired


DEADLINE_S = 0.3
FAULTS = limit("protocol_faults")
PING = request("session.ping", {})

# Payloads that break the protocol, and how each is answered.
COUNTED: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"hello", "None parse_error"),
    "bad UTF-8": (b'{"jsonrpc":"2.0","id":1,"method":"\xff"}', "None parse_error"),
    "deep nesting": (
        request_with("auth.begin", b"[" * 3000 + b"]" * 1000),
        "None parse_error",
    ),
    "a batch": (b"[" + PING + b"]", "None invalid_request"),
    "no request": (b"{}", "None invalid_request"),
    "a notification": (
        b'{"jsonrpc":"2.0","method":"auth.begin"}',
        "None invalid_request",
    ),
    "an id that is text": (request("session.ping", {}, "1"), "None invalid_request"),
    "an unknown member": (PING[:-1] + b',"x":1}', "None invalid_request"),
    "an unknown method": (request("mail.purge", {}, 3), "3 method_not_found"),
    "an unknown parameter": (
        request("auth.begin", {"user": "bob", "x": 1}, 3),
        "3 invalid_params",
    ),
    "no parameters": (request("auth.begin", {}, 3), "3 invalid_params"),
    "a key twice": (
        request_with("auth.begin", b'{"user":"bob","user":"eve"}', 3),
        "3 parse_error",
    ),
}


@pytest.mark.parametrize("case", COUNTED)
async def test_c20_t14_ten_faults_are_answered_and_the_tenth_closes(
    tmp_path: Path, case: str
) -> None:
    payload, answer = COUNTED[case]
    async with office(tmp_path) as server, greeted(server.port) as wire:
        for _ in range(FAULTS - 1):
            wire.send_payload(payload)
            assert said(await wire.frame()) == answer
        served = said(await wire.call("auth.begin", {"user": "bob"}))
        wire.send_payload(payload)
        rest = await wire.rest()

    assert served == "1 done", "nine are forgiven"
    assert rest == [answer, "closing faults"]


async def test_c20_a_refusal_is_no_fault(tmp_path: Path) -> None:
    async with office(tmp_path) as server, greeted(server.port) as wire:
        answers = {said(await wire.call("session.ping", {})) for _ in range(FAULTS)}
        served = said(await wire.call("auth.begin", {"user": "bob"}))

    assert (answers, served) == ({"1 login_required"}, "1 done")


@pytest.mark.parametrize("corner", BROKEN)
async def test_t12_broken_json_is_answered_and_the_connection_lives(
    tmp_path: Path, corner: str
) -> None:
    text = BROKEN[corner][: limit("frame_bytes") - 1000]
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send_payload(request_with("mail.send", b'{"body":' + text + b"}"))
        answer = said(await wire.frame())
        served = said(await wire.call("session.ping", {}))

    assert answer.split()[1] in ("parse_error", "invalid_params")
    assert served == "1 done"


@pytest.mark.parametrize("top", TYPES)
async def test_t12_every_type_at_the_top_is_no_request(
    tmp_path: Path, top: str
) -> None:
    async with office(tmp_path) as server, greeted(server.port) as wire:
        wire.send_payload(TYPES[top])
        answer = said(await wire.frame())

    assert answer == "None invalid_request"


@pytest.mark.parametrize(
    "method",
    [
        name
        for name, row in METHODS.items()
        if row.activity is Activity.ACTIVE and row.needs is not Needs.LOCAL
    ],
)
async def test_sec_14_a_key_that_stands_twice_is_refused_in_what_changes_state(
    tmp_path: Path, method: str
) -> None:
    params = request(method, MINIMAL[method])
    twice = params[:-1] + b',"id":1}'
    inner = params.replace(b'"params":{', b'"params":{"user":"a",', 1)
    async with (
        office(tmp_path) as server,
        people(server, "bob"),
        logged_in(server.port, "bob") as wire,
    ):
        wire.send_payload(twice)
        outer = said(await wire.frame()).split()[1]
        wire.send_payload(inner)
        within = said(await wire.frame()).split()[1]

    assert outer == "parse_error"
    assert within in ("parse_error", "invalid_params")


# -- faults that leave no way on -----------------------------------------------

# What is sent before login, and the kind it is answered with.
FATAL: dict[str, tuple[bytes, str]] = {
    "2 GiB": (b"\x80\x00\x00\x00", "frame_too_large"),
    "4 GiB": (b"\xff\xff\xff\xff", "frame_too_large"),
    "4097 bytes": ((4097).to_bytes(4, "big"), "frame_too_large"),
    "an empty frame": (bytes(4), "invalid_request"),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "foreign_protocol"),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "foreign_protocol"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00", "foreign_protocol"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "foreign_protocol"),
    "a line of text": (b"hello there\r\n", "foreign_protocol"),
}


@pytest.mark.parametrize("case", FATAL)
async def test_s3_15_sec_1_what_is_no_frame_is_told_so_and_closed_at_once(
    tmp_path: Path, case: str
) -> None:
    data, kind = FATAL[case]
    async with office(tmp_path) as server, greeted(server.port) as wire:
        wire.writer.write(data)
        rest = await wire.rest()

    assert rest == [f"None {kind}", "closing faults"]


async def test_s3_15_a_web_browser_is_told_whom_it_speaks_to(tmp_path: Path) -> None:
    async with office(tmp_path) as server, wired(server.port) as wire:
        wire.writer.write(b"GET /index.html HTTP/1.1\r\n\r\n")
        await wire.rest()

    assert b'"looks_like":"HTTP"' in wire.heard[1]


async def test_s3_15_a_reset_does_not_overtake_the_reason(tmp_path: Path) -> None:
    run = asyncio.get_running_loop().run_in_executor
    more_than_all_buffers_hold = b"\xff" * 2**25
    rest = bytearray()
    async with office(tmp_path, stop_deadline_s=HANG_S) as server:
        address = ("127.0.0.1", server.port)
        sock = socket.create_connection(address, timeout=HANG_S)
        await run(None, sock.sendall, more_than_all_buffers_hold)
        while data := await run(None, sock.recv, 65_536):
            rest += data
        sock.close()

    kinds = [said(loads(payload)) for payload in FrameDecoder(2**20).feed(bytes(rest))]
    assert kinds == ["hello", "None frame_too_large", "closing faults"]


@pytest.mark.parametrize("cut", [1, 3, 4, 5, len(PING) + 3])
async def test_s4_16_an_end_inside_a_frame_is_an_error(
    tmp_path: Path, cut: int
) -> None:
    async with office(tmp_path) as server, greeted(server.port) as wire:
        wire.writer.write(encode_frame(PING)[:cut])
        wire.writer.write_eof()
        rest = await wire.rest()

    assert rest == ["None truncated_frame", "closing faults"]


async def test_sec_1_a_frame_above_4_kib_is_refused_before_it_is_read(
    tmp_path: Path,
) -> None:
    begin = request("auth.begin", {"user": "bob"})
    room = limit("frame_bytes_before_login") - len(begin)
    async with office(tmp_path) as server, greeted(server.port) as wire:
        wire.send_payload(begin + b" " * room)
        most = said(await wire.frame())
        # The header alone: what it announces is never sent.
        wire.writer.write((limit("frame_bytes_before_login") + 1).to_bytes(4))
        rest = await wire.rest()

    assert most == "1 done"
    assert rest == ["None frame_too_large", "closing faults"]


# -- deadlines -----------------------------------------------------------------


async def test_sec_7_who_does_not_log_in_in_time_is_told_so_and_closed(
    tmp_path: Path,
) -> None:
    async with (
        office(tmp_path, login_deadline_s=DEADLINE_S) as server,
        people(server, "bob") as (b,),
        greeted(server.port) as wire,
    ):
        await wire.call("auth.begin", {"user": "bob"})
        rest = await wire.rest()
        await b.ping()

    assert rest == ["None deadline_passed", "closing deadline"]


async def test_sec_7_the_login_deadline_is_no_idle_timer(tmp_path: Path) -> None:
    async with (
        office(tmp_path, login_deadline_s=DEADLINE_S) as server,
        greeted(server.port) as wire,
    ):
        answers: list[str] = []
        while answers[-1:] != ["closing deadline"]:
            wire.send("auth.begin", {"user": "bob"})
            answers.append(said(await wire.frame()))

    assert answers.count("1 done") > 1
    assert answers[-2:] == ["None deadline_passed", "closing deadline"]


@pytest.mark.parametrize("sent", [1, 3, 4, 10])
async def test_sec_7_a_frame_that_does_not_end_in_time_closes(
    tmp_path: Path, sent: int
) -> None:
    async with (
        office(tmp_path, frame_deadline_s=DEADLINE_S) as server,
        people(server, "bob") as (b,),
        logged_in(server.port, "bob") as wire,
    ):
        wire.writer.write(encode_frame(PING)[:sent])
        rest = await wire.rest()
        await b.ping()

    assert rest == ["None deadline_passed", "closing deadline"]


async def test_sec_7_a_dribbler_cannot_put_the_frame_deadline_off(
    tmp_path: Path,
) -> None:
    frame = encode_frame(request("auth.begin", {"user": "x" * 4000}))
    async with (
        office(tmp_path, frame_deadline_s=DEADLINE_S) as server,
        people(server, "bob") as (b,),
        greeted(server.port) as wire,
    ):
        ending = asyncio.create_task(wire.rest())
        for byte in frame[:-1]:
            if ending.done():
                break
            wire.writer.write(bytes([byte]))
            await b.ping()
        rest = await ending

    assert rest == ["None deadline_passed", "closing deadline"]
