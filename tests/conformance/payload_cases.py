"""Sections 2 and 3: what is strict JSON, and what is a request."""

from collections.abc import Iterator

from nimsg.protocol.constants import limit
from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS, Activity
from tests.conformance.cases import Case, Start, ask, case, numbered, raw, starts_of
from tests.support.json_corners import BROKEN, SOUND, TRAILING, TYPES
from tests.support.requests_table import MINIMAL, request, request_with


ROOM = limit("frame_bytes") - 1000
PING: dict[str, object] = {"jsonrpc": "2.0", "id": 1, "method": "session.ping"}
NO_JSON, NO_REQUEST = "None parse_error", "None invalid_request"
# Of what is no JSON and no object either any of the two is told.
REFUSED = "* refused"


def _at_the_top() -> Iterator[Case]:
    for name, text in BROKEN.items():
        if text:
            data = encode_frame(text[:ROOM])
            yield case(f"{name} at the top", Start.USER, data, REFUSED)
    for name, text in TYPES.items():
        yield case(f"{name} at the top", Start.GREETED, encode_frame(text), NO_REQUEST)
    for name, text in TRAILING.items():
        data = encode_frame(request("session.ping", {}) + text)
        yield case(f"{name} behind a request", Start.USER, data, NO_JSON)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"):
        text = request("session.ping", {}).decode().encode(encoding)
        yield case(f"a request in {encoding}", Start.USER, encode_frame(text), NO_JSON)


def _in_a_text() -> Iterator[Case]:
    for name, text in BROKEN.items():
        params = b'{"to":["nobody"],"client_id":"c","subject":' + text[:ROOM] + b"}"
        data = encode_frame(request_with("mail.send", params))
        yield case(f"{name} as a subject", Start.USER, data, REFUSED)
    for name, sound in SOUND.items():
        params = b'{"to":["nobody"],"client_id":"c","subject":' + sound.text + b"}"
        is_text = isinstance(sound.value, str)
        data = encode_frame(request_with("mail.send", params))
        hears = "1 all_refused" if is_text else "1 invalid_params"
        hears = "1 subject_invalid" if is_text and "\n" in str(sound.value) else hears
        yield case(f"{name} as a subject", Start.USER, data, hears)


def _twice() -> Iterator[Case]:
    starts = starts_of()
    for name, row in METHODS.items():
        once = request(name, MINIMAL[name])
        twice = encode_frame(once[:-1] + b',"id":1}')
        if row.activity is Activity.ACTIVE:
            yield case(f"{name}: a key twice", starts[name], twice, "1 parse_error")
    data = encode_frame(request_with("session.ping", b"{}")[:-1] + b',"id":7}')
    yield case(
        "a passive method: the last of two keys counts", Start.USER, data, "7 done"
    )


def json_() -> Iterator[Case]:
    """All rows of section 2."""
    yield from numbered("2.1", _at_the_top())
    yield from numbered("2.2", _in_a_text())
    yield from numbered("2.3", _twice())


# -- section 3


def _with(title: str, hears: str, **members: object) -> Case:
    """A ping of which some members are others."""
    return case(title, Start.USER, raw(**{**PING, **members}), hears)


def _without(member: str) -> Case:
    rest = {key: value for key, value in PING.items() if key != member}
    return case(
        f"no {member}", Start.USER, raw(**rest), NO_REQUEST, names=f"`{member}`"
    )


Values = tuple[object, ...]
VERSIONS: Values = ("1.0", "2", "2.00", "", 2, 2.0, None, True, [], {})
NO_IDS: Values = (None, True, "1", "", -1, 1.5, [], [1], {}, 2**53 + 1, -(2**53))
NO_METHODS: Values = (None, True, 5, 1.5, [], ["session.ping"], {})
NO_PARAMS: Values = (None, True, 5, 1.5, "x", "", [], [{}])


def _members() -> Iterator[Case]:
    for member in PING:
        yield _without(member)
    for version in VERSIONS:
        yield _with(f"jsonrpc is {version!r}", NO_REQUEST, jsonrpc=version)
    for id_ in NO_IDS:
        yield _with(f"id is {id_!r}", NO_REQUEST, id=id_)
    for right in (0, 1, 255, 2**31, 2**32, 2**53 - 1, 2**53):
        yield _with(f"id is {right}", f"{right} done", id=right)


def _other_members() -> Iterator[Case]:
    for text in (b"1.0", b"1e0", b"-0.0", b"10e-1"):
        data = encode_frame(raw(**PING)[4:].replace(b'"id": 1', b'"id": ' + text))
        yield case(f"id is {text.decode()}", Start.USER, data, NO_REQUEST)
    for method in NO_METHODS:
        yield _with(f"method is {method!r}", NO_REQUEST, method=method)
    for member in ("result", "error", "x", "", "Id", "PARAMS", "jsonRPC"):
        yield _with(f"a member {member!r}", NO_REQUEST, **{member: {}})
    for value in NO_PARAMS:
        yield _with(f"params is {value!r}", "1 invalid_params", params=value)
    long = {"x" * 100_000: 1}
    yield _with("a member with a name of 100,000 characters", NO_REQUEST, **long)
    yield _with("a parameter with a name of 100,000", "1 invalid_params", params=long)
    yield _with("params is {}", "1 done", params={})
    yield case("params left out", Start.USER, raw(**PING), "1 done")


def _shapes() -> Iterator[Case]:
    ping = request("session.ping", {})
    whole = {
        "members in another order": b'{"params":{},"method":"session.ping","id":1,'
        b'"jsonrpc":"2.0"}',
        "blanks everywhere": b' {\t"jsonrpc" : "2.0" ,\n"id":\r1, "method": '
        b'"session.ping" } \n',
        "names of members in escapes": ping.replace(b'"id"', b'"\\u0069d"'),
        "the method in escapes": ping.replace(b"session", b"\\u0073ession"),
    }
    for title, payload in whole.items():
        yield case(title, Start.USER, encode_frame(payload), "1 done")
    none = {
        "a batch of one": b"[" + ping + b"]",
        "an empty batch": b"[]",
        "a batch of two": b"[" + ping + b"," + ping + b"]",
        "a notification": b'{"jsonrpc":"2.0","method":"session.ping"}',
        "an answer": b'{"jsonrpc":"2.0","id":1,"result":{}}',
        "a refusal": b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"x"}}',
        "an event": b'{"jsonrpc":"2.0","method":"hello","params":{}}',
        "a request within a request": b'{"params":' + ping + b"}",
        "an object of nothing": b"{}",
    }
    for title, payload in none.items():
        yield case(title, Start.USER, encode_frame(payload), NO_REQUEST)


def _unknown() -> Iterator[Case]:
    names = (
        *("", "ping", "session", "session.", ".ping", "session.ping.", "SESSION.PING"),
        *("session.Ping", "session.ping ", " session.ping", "session ping"),
        *("session/ping", "session.pong", "mail.purge", "rpc.discover", "hello"),
        *("closing", "presence", "room.message", "__class__", "auth", "users"),
        *("session.ping\n", "session.ping\x00", "\u017fession.ping", "x" * 3000),
        *("../../etc/passwd", "%s%n", "\U0001f600", "mail.send;", "null", "\u202e"),
    )
    for name in names:
        yield case(
            f"the method {name[:40]!r}",
            Start.USER,
            ask(name),
            "1 method_not_found",
            facts={"method": name[:64]},
        )
    yield case(
        "an unknown method before login", Start.GREETED, ask("x"), "1 method_not_found"
    )
    yield case(
        "an unknown method at the admin socket",
        Start.LOCAL,
        ask("x"),
        "1 method_not_found",
    )


def envelopes() -> Iterator[Case]:
    """All rows of section 3."""
    yield from numbered("3.1", (*_members(), *_other_members()))
    yield from numbered("3.2", _shapes())
    yield from numbered("3.3", _unknown())
