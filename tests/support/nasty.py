"""Servers that mean harm: what they do to a client, and what a verb makes of it."""

import socket
from collections.abc import Callable
from typing import NamedTuple

from nimsg.errors import Exit
from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.strict import JsonObject
from tests.support.fakeserver import (
    WELCOME,
    Behaviour,
    answering,
    event,
    hello,
    refusal,
    result,
    saying,
    saying_and_staying,
)
from tests.support.unsafe import HOSTILE


Answer = Callable[[JsonObject], bytes]

VILE = "".join(HOSTILE)
LONG_WORD = "w" * 200_000
ID = "01HF0000000000000000000000"
MOST = 2**53
DEEP = b'{"jsonrpc":"2.0","id":%d,"result":' + b'{"a":' * 500 + b"1" + b"}" * 501


class Nasty(NamedTuple):
    """What a server does, and what `nimsg inbox` says of it and ends with.

    `nimsg talk` ends with `talk`, or else goes on and `shows` something meanwhile.
    """

    behave: Behaviour
    exit: Exit
    words: str = ""
    talk: Exit | None = None
    shows: str = "-- nobody else is online"


def let_in(answer: Answer, welcome: object = None) -> Answer:
    """Let everybody in, and leave the rest to `answer`."""

    def reply(request: JsonObject) -> bytes:
        if request["method"] == "auth.login":
            return result(request["id"], WELCOME if welcome is None else welcome)
        return answer(request)

    return reply


def always(value: object) -> Answer:
    """The same result for everything."""
    return lambda request: result(request["id"], value)


def letter(**changes: object) -> JsonObject:
    """A row of an inbox, but for what is changed."""
    row: JsonObject = {
        "position": 1,
        "id": ID,
        "from": "ben",
        "to": ["ann"],
        "subject": "keys",
        "size": 1,
        "sent_at": 2,
        "receipt": {"user": "ann", "state": "fetched"},
        "reply_to": None,
        "digest": "0" * 64,
    }
    return {**row, **changes}


def page(*rows: object, **changes: object) -> JsonObject:
    """A page of an inbox."""
    return {
        "inbox": list(rows),
        "outbox": [],
        "rooms": [],
        "next": None,
        "total": len(rows),
        "new": len(rows),
        "pending": 0,
        "cursor": "c1",
        "more": False,
        **changes,
    }


def listing(*rows: object, **changes: object) -> Behaviour:
    """A server that has only this page for whatever is asked."""
    return answering(let_in(always(page(*rows, **changes))))


def after_login(*chunks: bytes) -> Behaviour:
    """A server that says this behind the login, and answers with an empty page."""

    def reply(request: JsonObject) -> bytes:
        known = result(request["id"], WELCOME)
        return known + b"".join(chunks)

    def answer(request: JsonObject) -> bytes:
        if request["method"] == "auth.login":
            return reply(request)
        return result(request["id"], page())

    return answering(answer)


def trickling(connection: socket.socket) -> None:
    """Say a hello a byte at a time, for as long as somebody listens."""
    while True:
        for byte in hello():
            connection.sendall(bytes([byte]))
            connection.settimeout(0.02)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                pass


def flooding(chunk: bytes) -> Behaviour:
    """Greet, then say one thing for ever."""

    def behave(connection: socket.socket) -> None:
        connection.sendall(hello())
        while True:
            connection.sendall(chunk)

    return behave


NASTY: dict[str, Nasty] = {
    # before anything was said
    "hangs up": Nasty(saying(), Exit.UNREACHABLE, "lost"),
    "is a web server": Nasty(
        saying_and_staying(b"HTTP/1.1 400 Bad\r\n\r\n"), Exit.PROTOCOL, "HTTP"
    ),
    "is a terminal": Nasty(
        saying_and_staying(VILE.encode("utf-8", "replace")), Exit.PROTOCOL, "127.0.0.1"
    ),
    "announces 2 GiB": Nasty(
        saying_and_staying(b"\x80\0\0\0" + b"x" * 9), Exit.PROTOCOL, "2147483648 bytes"
    ),
    "sends nothing in a frame": Nasty(
        saying_and_staying(bytes(400)), Exit.PROTOCOL, "an empty frame"
    ),
    "says nothing": Nasty(saying_and_staying(), Exit.UNREACHABLE, "--tls"),
    "trickles": Nasty(trickling, Exit.UNREACHABLE, "127.0.0.1"),
    "floods with events": Nasty(
        flooding(event("weather", {"a": VILE}) * 50), Exit.UNREACHABLE, "127.0.0.1"
    ),
    "floods with hellos": Nasty(
        flooding(hello()), Exit.PROTOCOL, "hello while greeted"
    ),
    # the hello
    "breaks off in the hello": Nasty(
        saying(hello()[:50]), Exit.UNREACHABLE, "was lost: the connection"
    ),
    "speaks another version": Nasty(
        saying_and_staying(hello(versions=[VILE, 99])), Exit.PROTOCOL, "of its release"
    ),
    "says a hello of broken JSON": Nasty(
        saying_and_staying(encode_frame(hello()[4:-1])),
        Exit.PROTOCOL,
        "not strict JSON",
    ),
    "is full, in controls": Nasty(
        saying(refusal(None, "too_many_clients", VILE)), Exit.TRY_LATER, "nimsg: "
    ),
    "refuses in half a mebibyte": Nasty(
        saying(refusal(None, "busy", LONG_WORD * 2)), Exit.TRY_LATER, "www"
    ),
    "says a hello of controls": Nasty(
        answering(
            let_in(always(page())),
            hello(
                server=VILE, auth=VILE, registration=VILE, features=[VILE], time=VILE
            ),
        ),
        Exit.DONE,
    ),
    "says impossible limits": Nasty(
        answering(
            let_in(always(page())), hello(limits={"frame_bytes": -1, VILE: None})
        ),
        Exit.DONE,
    ),
    # the login
    "refuses the login in controls": Nasty(
        answering(lambda request: refusal(request["id"], "bad_credentials", VILE)),
        Exit.LOGIN,
        "nimsg: ",
    ),
    "refuses the login by no known kind": Nasty(
        answering(lambda request: refusal(request["id"], VILE, VILE)), Exit.REFUSED
    ),
    "answers the login with a number": Nasty(
        answering(let_in(always({}), 7)), Exit.PROTOCOL, "result"
    ),
    "welcomes nobody": Nasty(
        answering(let_in(always(page()), {})), Exit.DONE, talk=Exit.PROTOCOL
    ),
    "welcomes by impossible numbers": Nasty(
        answering(
            let_in(
                always(page()),
                {
                    "user": "bob",
                    "role": VILE,
                    "new": -MOST,
                    "pending": MOST,
                    "time": -MOST,
                },
            )
        ),
        Exit.DONE,
    ),
    "answers the login twice": Nasty(
        answering(lambda request: result(request["id"], WELCOME) * 2),
        Exit.PROTOCOL,
        "nobody asked",
    ),
    "answers what nobody asked": Nasty(
        answering(lambda _: result(77, {})), Exit.PROTOCOL, "nobody asked"
    ),
    "closes with controls": Nasty(
        saying(hello() + event("closing", {"reason": VILE})), Exit.UNREACHABLE, "lost"
    ),
    # the mailbox
    "answers with nothing": Nasty(
        answering(let_in(always({}))), Exit.PROTOCOL, "the server's answer has no"
    ),
    "lists what is no row": Nasty(listing(7, None, VILE, []), Exit.PROTOCOL),
    "lists controls": Nasty(
        listing(letter(**{"from": VILE, "to": [VILE, VILE], "subject": VILE})),
        Exit.DONE,
    ),
    "lists a word without an end": Nasty(listing(letter(subject=LONG_WORD)), Exit.DONE),
    "lists thousands": Nasty(listing(*[letter()] * 3000), Exit.DONE),
    "lists times that there are not": Nasty(
        listing(letter(sent_at=MOST), letter(sent_at=-MOST), letter(sent_at=0)),
        Exit.DONE,
    ),
    "lists numbers that there are not": Nasty(
        listing(letter(position=-MOST, size=-1), letter(position=MOST, size=MOST)),
        Exit.DONE,
    ),
    "has pages without an end": Nasty(
        listing(letter(), next=1), Exit.PROTOCOL, "'next'"
    ),
    "answers too deep": Nasty(
        answering(let_in(lambda request: encode_frame(DEEP % int(str(request["id"]))))),
        Exit.PROTOCOL,
        "not strict JSON",
    ),
    "answers a byte too much": Nasty(
        answering(let_in(lambda _: (limit("frame_bytes") + 1).to_bytes(4))),
        Exit.PROTOCOL,
        "1048577 bytes",
    ),
    "breaks off in an answer": Nasty(
        answering(let_in(lambda request: result(request["id"], page())[:40])),
        Exit.UNREACHABLE,
        "does not answer in time",
        talk=Exit.DONE,
        shows="the connection was lost; trying to come back",
    ),
    "refuses all in controls": Nasty(
        answering(let_in(lambda request: refusal(request["id"], "not_found", VILE))),
        Exit.REFUSED,
    ),
    # what nobody asked for
    "greets again": Nasty(after_login(hello()), Exit.PROTOCOL, "hello while greeted"),
    "tells of people in controls": Nasty(
        after_login(
            event(
                "presence", {"user": VILE, "online": VILE, "reason": VILE, "at": VILE}
            ),
            event(
                "presence", {"user": VILE, "online": True, "device": VILE, "at": -MOST}
            ),
            event("broadcast", {"from": VILE, "body": VILE, "at": MOST}),
        ),
        Exit.DONE,
    ),
    "speaks in rooms that there are not": Nasty(
        after_login(
            *(
                event(
                    "room.message",
                    {
                        "room": VILE,
                        "position": position,
                        "id": ID,
                        "from": VILE,
                        "body": VILE,
                        "sent_at": -1,
                        "digest": VILE,
                        "notice": VILE,
                    },
                )
                for position in (9, -1, 1, MOST, 9)
            )
        ),
        Exit.DONE,
    ),
    "shuts down before it began": Nasty(
        after_login(
            event("shutdown", {"left_s": -MOST, "at": MOST}),
            event("shutdown", {"left_s": VILE, "at": None}),
            event("shutdown", {"left_s": MOST, "at": 0}),
        ),
        Exit.DONE,
    ),
    "asks for links to nowhere": Nasty(
        after_login(
            event("private.invited", {"user": VILE, "invitation": VILE, "at": -1}),
            event(
                "private.invited", {"user": "ben", "invitation": ID, "at": 0, "x": VILE}
            ),
            event("private.ended", {"user": VILE, "reason": VILE, "invitation": VILE}),
        ),
        Exit.DONE,
    ),
}
