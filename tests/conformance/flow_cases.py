"""Sections 6 to 8: many requests at once, faults that are counted, how it closes."""

from collections.abc import Iterator
from itertools import cycle, islice

from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from tests.conformance.cases import (
    HALF_CLOSE,
    After,
    Case,
    Elsewhere,
    Start,
    Step,
    World,
    ask,
    case,
    closed,
    numbered,
    raw,
)
from tests.support.plainwire import PlainWire


IN_FLIGHT, FAULTS = limit("requests_in_flight"), limit("protocol_faults")
PING = ask("session.ping")
LOGIN = ask("auth.token", token="<<ann>>")
LOGOUT = ask("auth.logout")
# Ends by itself soon enough, and not before all of a case has been read.
WAIT_MS = 400


def poll(id_: int, wait_ms: int = WAIT_MS) -> bytes:
    """A question that waits, because nobody says anything in this room."""
    return ask("room.history", id_, room="quiet", after=0, wait_ms=wait_ms)


def pings(first: int, last: int) -> bytes:
    """Pings with these ids, both included."""
    return b"".join(ask("session.ping", n) for n in range(first, last + 1))


def done(*ids: int) -> tuple[str, ...]:
    """That all of these are answered by a result."""
    return tuple(f"{n} done" for n in ids)


def _pipelines() -> Iterator[Case]:
    for count in (2, 10, IN_FLIGHT):
        ids = range(1, count + 1)
        begins = b"".join(ask("auth.begin", n, user=f"u{n}") for n in ids)
        yield case(f"{count} requests before login", Start.GREETED, begins, *done(*ids))
        yield case(
            f"{count} requests after login",
            Start.USER,
            pings(1, count),
            *done(*ids),
            ordered=False,
        )
    yield case("one id twice", Start.USER, PING + PING, *done(1, 1))
    yield case(
        "ids that fall",
        Start.USER,
        b"".join(ask("session.ping", n) for n in (9, 5, 0)),
        *done(9, 5, 0),
        ordered=False,
    )
    yield case(
        "a poll is overtaken", Start.USER, poll(1) + ask("session.ping", 2), *done(2, 1)
    )
    yield case(
        "two polls in the order of their waiting",
        Start.USER,
        poll(1) + poll(2, WAIT_MS // 4),
        *done(2, 1),
    )
    yield case("a poll of nothing waits for nothing", Start.USER, poll(1, 0), *done(1))
    polls = b"".join(poll(n) for n in range(1, IN_FLIGHT + 1))
    yield case(
        "one request more than may wait",
        Start.USER,
        polls + ask("session.ping", 99),
        *("99 too_many_requests", *done(*range(1, IN_FLIGHT + 1))),
        ordered=False,
    )
    yield case(
        "as many requests as may wait, and what is no request",
        Start.USER,
        polls + encode_frame(b"{]"),
        *("None parse_error", *done(*range(1, IN_FLIGHT + 1))),
        ordered=False,
    )
    most = b"".join(poll(n) for n in range(1, IN_FLIGHT))
    yield case(
        "one request is answered beside as many polls as may wait",
        Start.USER,
        most + ask("session.ping", 98),
        *("98 done", *done(*range(1, IN_FLIGHT))),
        ordered=False,
    )


def _logins() -> Iterator[Case]:
    behind = ask("session.ping", 2)
    for title, data, hears in (
        ("a request behind a login", LOGIN + behind, ("1 done", "2 done")),
        (
            "a request before a login",
            ask("session.ping", 0) + LOGIN,
            ("0 login_required", "1 done"),
        ),
        (
            "a login twice",
            LOGIN + ask("auth.token", 2, token="<<ben>>"),
            ("1 done", "2 already_logged_in"),
        ),
        (
            "a login that fails, then one that does not",
            ask("auth.token", 3, token="nimsg_none") + LOGIN,
            ("3 bad_token", "1 done"),
        ),
        (
            "what was begun need not be what is logged in",
            ask("auth.begin", 3, user="ben") + LOGIN,
            ("3 done", "1 done"),
        ),
    ):
        yield case(title, Start.GREETED, data, *hears, after=After.USER)
    long = encode_frame(ask("session.ping", 2)[4:].ljust(limit("frame_bytes")))
    yield case(
        "a frame of a mebibyte behind a login",
        Start.GREETED,
        (ask("auth.token", token="<<ann>>"), long),
        *("1 done", "2 done"),
        after=After.USER,
    )
    yield closed(
        "a long frame behind a login that fails",
        Start.GREETED,
        (ask("auth.token", token="nimsg_none"), long),
        *("1 bad_token", "None frame_too_large"),
    )
    for start in (Start.USER, Start.SITTING):
        yield case(
            f"a login, {start}",
            start,
            ask("auth.login", user="ben", password="whatever"),
            "1 already_logged_in",
        )


def pipelines() -> Iterator[Case]:
    """All rows of section 6."""
    yield from numbered("6.1", _pipelines())
    yield from numbered("6.2", _logins())


# -- section 7

# What is counted: what is sent, and what it is answered with.
COUNTED: dict[str, tuple[bytes, str]] = {
    "no JSON": (encode_frame(b"{]"), "None parse_error"),
    "bad UTF-8": (
        encode_frame(b'{"jsonrpc":"2.0","id":1,"method":"\xff"}'),
        "None parse_error",
    ),
    "no request": (encode_frame(b"{}"), "None invalid_request"),
    "an unknown method": (ask("mail.purge"), "1 method_not_found"),
    "a wrong type": (ask("auth.begin", user=7), "1 invalid_params"),
    "an unknown parameter": (ask("auth.begin", user="a", x=1), "1 invalid_params"),
    "a name that is too long": (ask("auth.begin", user="x" * 33), "1 invalid_params"),
    "a key twice": (
        encode_frame(
            b'{"jsonrpc":"2.0","id":1,"id":1,"method":"auth.begin",'
            b'"params":{"user":"a"}}'
        ),
        "1 parse_error",
    ),
    "no version": (raw(id=1, method="auth.begin"), "None invalid_request"),
    "a batch": (encode_frame(b"[]"), "None invalid_request"),
}
# What is refused, and is no fault.
UNCOUNTED: dict[str, tuple[bytes, str]] = {
    "login required": (PING, "1 login_required"),
    "an admin's method": (ask("server.cancel"), "1 login_required"),
    "a method of the machine": (ask("users.list"), "1 not_permitted"),
    "a token that is none": (ask("auth.token", token="x"), "1 bad_token"),
    "a session that is none": (
        ask("auth.resume", token="x", device="tui"),
        "1 bad_resume",
    ),
    "a name that cannot be": (
        ask("auth.register", user="a b", password="12345678"),
        "1 name_invalid",
    ),
}


def _counted() -> Iterator[Case]:
    for title, (data, reply) in COUNTED.items():
        for start in (Start.GREETED, Start.USER):
            nine = [data] * (FAULTS - 1)
            yield case(
                f"{title}, nine times, {start}",
                start,
                b"".join(nine),
                *([reply] * len(nine)),
            )
            yield closed(
                f"{title}, ten times and once more, {start}",
                start,
                data * (FAULTS + 1),
                *([reply] * FAULTS),
            )
    for title, (data, reply) in UNCOUNTED.items():
        yield case(
            f"{title}, more than ten times",
            Start.GREETED,
            data * (FAULTS + 2),
            *([reply] * (FAULTS + 2)),
        )


def _mixed() -> Iterator[Case]:
    ten = list(islice(cycle(COUNTED.values()), FAULTS))
    yield closed(
        "ten faults of all kinds",
        Start.GREETED,
        b"".join(data for data, _ in ten),
        *(reply for _, reply in ten),
    )
    begin = ask("auth.begin", 5, user="bob")
    yield closed(
        "what is right between faults forgives none of them",
        Start.GREETED,
        b"".join(data + begin for data, _ in ten),
        *(text for _, reply in ten[:-1] for text in (reply, "5 done")),
        ten[-1][1],
    )
    nine = b"".join(data for data, _ in ten[:-1])
    replies = [reply for _, reply in ten[:-1]]
    yield closed(
        "a login forgives none of them",
        Start.GREETED,
        nine + LOGIN + ten[0][0],
        *replies,
        "1 done",
        ten[0][1],
    )
    yield closed(
        "nothing behind the tenth is answered",
        Start.GREETED,
        nine + ten[0][0] + begin * 5,
        *replies,
        ten[0][1],
    )
    yield closed(
        "nothing behind a length that is not allowed is answered",
        Start.GREETED,
        begin + b"\xff\xff\xff\xff" + begin,
        *("5 done", "None frame_too_large"),
    )
    yield closed(
        "a poll that waits is given up at the tenth",
        Start.USER,
        (poll(1, 60_000) + ask("x") * FAULTS),
        *["1 method_not_found"] * FAULTS,
    )
    yield case(
        "faults of one connection are not those of another",
        Start.GREETED,
        (nine, break_the_protocol_elsewhere),
        *replies,
    )


def break_the_protocol_elsewhere(world: World, _: PlainWire) -> None:
    """Nine faults on a connection of its own."""
    with PlainWire(world.port) as other:
        other.greeted().send(ask("x") * (FAULTS - 1))
        other.end()
        assert len(other.rest()) == FAULTS - 1


def faults() -> Iterator[Case]:
    """All rows of section 7."""
    yield from numbered("7.1", _counted())
    yield from numbered("7.2", _mixed())


# -- section 8


def told(method: str, **params: object) -> Elsewhere:
    """The owner of the machine calls a method."""

    def tell(world: World, _: PlainWire) -> None:
        world.admin.call(method, **params)

    return tell


def _closes(title: str, start: Start, steps: tuple[Step, ...], *hears: str) -> Case:
    return case(title, start, steps, *hears, after=After.CLOSED)


def closings() -> Iterator[Case]:
    """All rows of section 8."""
    yield from numbered("8.1", _closings())


def _closings() -> Iterator[Case]:
    for start in (Start.USER, Start.SITTING, Start.CHIEF):
        yield _closes(
            f"a logout, {start}", start, (LOGOUT,), "1 done", "closing logout"
        )
    yield _closes(
        "nothing behind a logout is answered",
        Start.USER,
        (LOGOUT + pings(2, 9),),
        *("1 done", "closing logout"),
    )
    yield _closes(
        "a poll that waits is given up at a logout",
        Start.USER,
        (poll(7, 60_000) + LOGOUT,),
        *("1 done", "closing logout"),
    )
    yield case("no logout without a login", Start.GREETED, LOGOUT, "1 login_required")
    yield case("no logout at the admin socket", Start.LOCAL, LOGOUT, "1 login_required")
    for start in (Start.USER, Start.SITTING):
        yield _closes(
            f"an admin ends the sessions, {start}",
            start,
            (told("users.kick", user="ann"),),
            "closing kicked",
        )
        yield _closes(
            f"a kick while a poll waits, {start}",
            start,
            (poll(1, 60_000), told("users.kick", user="ann")),
            "closing kicked",
        )
    yield case("somebody else is kicked", Start.USER, told("users.kick", user="ben"))
    yield case(
        "a role that changes ends nothing",
        Start.USER,
        told("users.role", user="ann", role="user"),
    )
    yield _closes(
        "a token is revoked by its own session",
        Start.GREETED,
        (
            ask("auth.token", token="<<finn>>")
            + ask("token.revoke", 2, id="<<token_of_finn>>"),
        ),
        *("1 done", "2 done", "closing revoked"),
    )
    for name, method, params in (
        ("dora", "users.passwd", {"password": "another one"}),
        ("eric", "users.remove", {}),
    ):
        yield _closes(
            f"{method} ends the sessions",
            Start.GREETED,
            (
                ask("auth.token", token=f"<<{name}>>"),
                1,
                told(method, user=name, **params),
            ),
            *("1 done", "closing revoked"),
        )
    yield _closes(
        "a half-closed connection behind a logout",
        Start.USER,
        (LOGOUT, HALF_CLOSE),
        *("1 done", "closing logout"),
    )
