"""Section 1: frames. Lengths, where the bytes are split, what is none, how it ends."""

from collections.abc import Iterator

from nimsg.protocol.constants import LIMITS, limit
from nimsg.protocol.framing import FOREIGN, encode_frame
from tests.conformance.cases import (
    HALF_CLOSE,
    After,
    Case,
    Start,
    Step,
    ask,
    case,
    closed,
    numbered,
)


BEGIN = ask("auth.begin", user="bob")
PING = ask("session.ping")
BEFORE, LATER = limit("frame_bytes_before_login"), limit("frame_bytes")
TOO_LARGE = ("None frame_too_large",)
EMPTY = ("None invalid_request",)
BROKEN_OFF = ("None truncated_frame",)
PERIODS = (1, 2, 3, 4, 5, 7, 16, 40)


def padded(frame: bytes, length: int) -> bytes:
    """The frame with blanks behind its object, up to a length."""
    return encode_frame(frame[4:].ljust(length))


def header(length: int) -> bytes:
    """A length, of which nothing follows."""
    return length.to_bytes(4, "big")


def pieces(data: bytes, size: int) -> tuple[Step, ...]:
    """The data in segments of so many bytes."""
    return tuple(data[at : at + size] for at in range(0, len(data), size))


def _too_large(title: str, start: Start, length: int) -> Case:
    most = BEFORE if start is Start.GREETED else LATER
    told = {"length": length, "limit": most}
    return closed(title, start, header(length), *TOO_LARGE)._replace(facts=told)


def _lengths() -> Iterator[Case]:
    for start in (Start.GREETED, Start.USER, Start.LOCAL):
        yield closed(f"an empty frame, {start}", start, header(0), *EMPTY)
        for length in (2**31, 2**32 - 1, LATER + 1):
            yield _too_large(f"{length} bytes announced, {start}", start, length)
    for length in (BEFORE + 1, 65_536, LATER):
        title = f"{length} bytes announced before login"
        yield _too_large(title, Start.GREETED, length)
    for length in (len(BEGIN), 127, 128, 255, 256, 1024, BEFORE - 1, BEFORE):
        data = padded(BEGIN, length)
        yield case(f"{length} bytes before login", Start.GREETED, data, "1 done")
    for length in (BEFORE, BEFORE + 1, 65_535, 65_536, LATER - 1, LATER):
        data = padded(PING, length)
        yield case(f"{length} bytes after login", Start.USER, data, "1 done")
        yield case(
            f"{length} bytes on the admin socket",
            Start.LOCAL,
            padded(ask("users.kick", user="nobody"), length),
            "1 unknown_user",
        )
    for size, text in ((1, b"x"), (1, b" "), (2, b"{}"), (4, b"null")):
        kind = "parse_error" if size == 1 else "invalid_request"
        yield case(
            f"a frame of {text!r}", Start.GREETED, encode_frame(text), f"None {kind}"
        )
    yield case(
        "a password of all bytes it may have",
        Start.GREETED,
        ask("auth.login", user="nobody at all", password="p" * 1024),
        "1 bad_credentials",
    )


def _splits() -> Iterator[Case]:
    for size in PERIODS:
        yield case(
            f"a request in pieces of {size}",
            Start.GREETED,
            pieces(BEGIN, size),
            "1 done",
        )
        yield case(
            f"three requests in pieces of {size}",
            Start.USER,
            pieces(PING + ask("session.ping", 2) + ask("session.ping", 3), size),
            *("1 done", "2 done", "3 done"),
            ordered=False,
        )
    for cut in (*range(1, 9), 20, len(BEGIN) - 1):
        yield case(
            f"a request cut behind byte {cut}",
            Start.GREETED,
            (BEGIN[:cut], BEGIN[cut:]),
            "1 done",
        )
    for cut in range(1, 5):
        yield case(
            f"a request and {cut} bytes of the next, then its rest",
            Start.GREETED,
            (BEGIN + BEGIN[:cut], BEGIN[cut:]),
            *("1 done", "1 done"),
        )
    body = "\u20ac" * 20_000
    send = ask("mail.send", to=["ben"], client_id="split", body=body)
    yield case(
        "a message of 60,000 bytes in pieces of 999",
        Start.USER,
        pieces(send, 999),
        "1 done",
    )
    yield case(
        "a broken request cut in two, and a whole one",
        Start.GREETED,
        (encode_frame(b"{]")[:5], encode_frame(b"{]")[5:] + BEGIN),
        *("None parse_error", "1 done"),
    )


def _strangers() -> Iterator[Case]:
    firsts = {
        **FOREIGN,
        b"\x16\x03\x01\x02": "TLS",
        b"hell": "text",
        b"\r\n\r\n": "text",
    }
    for first, name in firsts.items():
        told = {"looks_like": name}
        for start in (Start.GREETED, Start.USER):
            row = closed(
                f"{first!r}, {start}",
                start,
                first + b" and more",
                "None foreign_protocol",
            )
            yield row._replace(facts=told)
    for first in (b"\xde\xad\xbe\xef", b"\x16\x02\x01\x02", b"GET\x00"):
        length = {"length": int.from_bytes(first, "big")}
        row = closed(
            f"{first!r}, which looks like nothing", Start.GREETED, first, *TOO_LARGE
        )
        yield row._replace(facts=length)


def _ends() -> Iterator[Case]:
    for start in (Start.GREETED, Start.USER, Start.SITTING, Start.LOCAL):
        yield case(f"an end at once, {start}", start, HALF_CLOSE, after=After.CLOSED)
    for cut in (1, 2, 3, 4, 5, 40, len(BEGIN) - 1):
        row = closed(
            f"an end behind byte {cut} of a frame",
            Start.GREETED,
            (BEGIN[:cut], HALF_CLOSE),
            *BROKEN_OFF,
        )
        yield row._replace(facts={"received": cut})
    yield case(
        "an end behind a request before login, which is answered",
        Start.GREETED,
        (BEGIN, HALF_CLOSE),
        "1 done",
        after=After.CLOSED,
    )
    yield closed(
        "an end inside the second of two frames",
        Start.GREETED,
        (BEGIN + BEGIN[:9], HALF_CLOSE),
        *("1 done", *BROKEN_OFF),
    )
    yield closed(
        "an end behind a length that is not allowed",
        Start.GREETED,
        (header(2**31), HALF_CLOSE),
        *TOO_LARGE,
    )
    yield closed(
        "an end inside a frame of a mebibyte",
        Start.USER,
        (header(LATER) + b"x" * 100_000, HALF_CLOSE),
        *BROKEN_OFF,
    )
    poll = ask("room.history", room="quiet", after=0, wait_ms=LIMITS["wait_ms"].value)
    yield case(
        "an end behind a poll that waits, which is given up",
        Start.USER,
        (poll, HALF_CLOSE),
        after=After.CLOSED,
    )


def framing() -> Iterator[Case]:
    """All rows of the section."""
    yield from numbered("1.1", _lengths())
    yield from numbered("1.2", _splits())
    yield from numbered("1.3", _strangers())
    yield from numbered("1.4", _ends())
