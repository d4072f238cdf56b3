"""Sections 10 to 15: what a client makes of a server that is none, or a bad one."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from nimsg.errors import KINDS, Exit
from nimsg.protocol.constants import limit
from nimsg.protocol.framing import FOREIGN, encode_frame
from tests.support.fakeserver import event, frame, hello, refusal, result
from tests.support.json_corners import BROKEN, SOUND, TYPES


Answers = Callable[[object], bytes]
PROTOCOL, LOST = Exit.PROTOCOL, Exit.UNREACHABLE
MOST = limit("frame_bytes")
ROOM = MOST - 100


class Outcome(NamedTuple):
    """The exit code of an error, and words of its message; DONE where there is none."""

    exit: Exit
    words: str = ""


DONE = Outcome(Exit.DONE)


class ClientCase(NamedTuple):
    """One row: what a server says, and what one call comes to.

    `greets` is said at once, `answers` for each request. Who `hangs_up` does so behind
    the answer, or at once where it would be the right one. `aio` is what the asyncio
    client makes of it, where that is not what the blocking one does: it reads on while
    nobody asks.
    """

    number: str
    title: str
    greets: bytes
    answers: Answers
    outcome: Outcome
    hangs_up: bool = False
    is_slow: bool = False
    aio: Outcome | None = None


def nothing(_: object) -> bytes:
    """No answer."""
    return b""


def saying(data: bytes) -> Answers:
    """The same, whatever is asked."""
    return lambda _: data


def refusing(kind: str, detail: str) -> Answers:
    """A refusal of what is asked."""
    return lambda id_: refusal(id_, kind, detail)


def right(id_: object) -> bytes:
    """The answer that was to be given."""
    return result(id_, {})


def _greets(
    title: str, greets: bytes, outcome: Outcome, hangs_up: bool = False
) -> ClientCase:
    return ClientCase("", title, greets, right, outcome, hangs_up)


def _answers(
    title: str, answers: Answers, outcome: Outcome, hangs_up: bool = False
) -> ClientCase:
    return ClientCase("", title, hello(), answers, outcome, hangs_up)


def _fault(words: str = "") -> Outcome:
    return Outcome(PROTOCOL, words)


# -- frames


def _frames() -> Iterator[ClientCase]:
    firsts = {
        **FOREIGN,
        b"\x16\x03\x01\x02": "TLS",
        b"220 ": "text",
        b"\r\n\r\n": "text",
    }
    for first, name in firsts.items():
        words = f"no nimsg server; what it says looks like {name}"
        yield _greets(f"{first!r} in place of a hello", first, _fault(words))
        yield _answers(f"{first!r} in place of an answer", saying(first), _fault(words))
    for length in (MOST + 1, 2**31, 2**32 - 1):
        words = f"a frame of {length} bytes"
        header = length.to_bytes(4, "big")
        yield _greets(f"{length} bytes announced as a hello", header, _fault(words))
        yield _answers(
            f"{length} bytes announced as an answer",
            saying(header),
            _fault(words),
        )
    yield _greets("an empty frame", bytes(4), _fault("an empty frame"))
    yield _answers(
        "an empty frame as an answer", saying(bytes(4)), _fault("an empty frame")
    )
    yield _answers("an answer of a mebibyte", _of_length(MOST), DONE)
    yield _answers(
        "an answer of one byte more", _of_length(MOST + 1), _fault("1048577")
    )


def _of_length(length: int) -> Answers:
    return lambda id_: encode_frame(result(id_, {})[4:].ljust(length))


# -- JSON


def _json() -> Iterator[ClientCase]:
    for name, text in BROKEN.items():
        yield _answers(f"{name} in an answer", _holding(text), _fault("JSON"))
    for name, sound in SOUND.items():
        yield _answers(f"{name} in an answer", _holding(sound.text), DONE)
    for name, text in TYPES.items():
        words = "object" if name != "object" else '"jsonrpc"'
        yield _greets(f"{name} in place of a hello", encode_frame(text), _fault(words))
    twice = b'{"jsonrpc":"2.0","id":1,"id":1,"result":{}}'
    yield _answers("a key twice", saying(encode_frame(twice)), _fault("twice"))


def _holding(text: bytes) -> Answers:
    def answer(id_: object) -> bytes:
        head = b'{"jsonrpc":"2.0","id":%d,"result":{"x":' % int(str(id_))
        return encode_frame(head + text[:ROOM] + b"}}")

    return answer


# -- envelopes


def _envelope(**members: object) -> Answers:
    """An answer with these members beside the id of the request."""
    return lambda id_: frame({"jsonrpc": "2.0", "id": id_, **members})


def _error(**members: object) -> Answers:
    return _envelope(error={"code": 1, **members})


NO_ANSWERS: dict[str, tuple[Answers, str]] = {
    "no version": (lambda id_: frame({"id": id_, "result": {}}), '"jsonrpc"'),
    "another version": (_envelope(jsonrpc="1.0", result={}), '"jsonrpc"'),
    "neither result nor error": (_envelope(), "without id and result"),
    "a result without an id": (_envelope(id=None, result={}), "without id and result"),
    "an event without a name": (_envelope(method=None), "an event that is none"),
    "an event named by a number": (_envelope(method=7), "an event that is none"),
    "an event with a list": (_envelope(method="x", params=[]), "an event that is none"),
    "an error without a message": (_error(data={"kind": "x"}), "kind and message"),
    "an error without data": (_error(message="no"), "without data"),
    "a kind that is a number": (_error(message="x", data={"kind": 7}), "kind and"),
    "a message that is a list": (_error(message=[], data={"kind": "x"}), "kind and"),
}
NO_IDS: tuple[object, ...] = (True, "1", 1.5, [], {}, "", False)
NEVER_ASKED: tuple[object, ...] = (0, -1, 77, 2**53)
NO_VERSIONS: tuple[object, ...] = (
    [*range(2, 50_000)],
    [],
    [2],
    [0, 2],
    "1",
    1,
    None,
    ["1"],
    {"1": 1},
    [[1]],
)


def _envelopes() -> Iterator[ClientCase]:
    for title, (answers, words) in NO_ANSWERS.items():
        yield _answers(title, answers, _fault(words))
    for name, text in TYPES.items():
        value: object = json.loads(text)
        if name != "object":
            yield _answers(
                f"a result that is a {name}", _envelope(result=value), _fault("result")
            )
            yield _answers(
                f"an error that is a {name}", _envelope(error=value), _fault("error")
            )
    for id_ in NO_IDS:
        yield _answers(
            f"the id {id_!r}", _envelope(id=id_, result={}), _fault("integer")
        )
    for id_ in NEVER_ASKED:
        unasked = _fault("answered what nobody asked")
        yield _answers(f"an answer to {id_}", saying(result(id_, {})), unasked)
        yield _answers(f"a refusal of {id_}", saying(refusal(id_, "busy")), unasked)
        yield _greets(
            f"an answer to {id_} behind the hello", hello() + result(id_, {}), unasked
        )
    yield _answers(
        "an answer twice",
        lambda id_: right(id_) * 2,
        _fault("answered what nobody asked"),
    )
    yield _answers(
        "a result and a refusal",
        lambda id_: right(id_) + refusal(id_, "busy"),
        _fault("answered what nobody asked"),
    )
    yield _answers("members that nobody knows", _envelope(result={}, more=[1]), DONE)


# -- hello and events


def _greetings() -> Iterator[ClientCase]:
    for versions in NO_VERSIONS:
        yield _greets(
            f"the versions {versions!r:.40}",
            hello(versions=versions),
            _fault("use a client of its release"),
        )
    more: dict[str, tuple[bytes, Outcome]] = {
        "versions that are more": (hello(versions=[0, 1, 2]), DONE),
        "a hello that says nothing": (event("hello", {}), _fault("speaks versions")),
        "a hello that is a list": (event("hello", []), _fault("an event that is none")),
        "two hellos": (hello() + hello(), _fault("hello while greeted")),
        "an answer before the hello": (result(1, {}), _fault("nobody asked")),
        "an event before the hello": (event("weather", {}) + hello(), DONE),
        "events behind the hello": (hello() + event("weather", {}) * 100, DONE),
        "features that are none": (hello(features=7), DONE),
        "limits that are none": (hello(limits=[]), DONE),
        "limits that are nothing": (hello(limits={"frame_bytes": -1}), DONE),
        "an unknown way to log in": (hello(auth="magic"), DONE),
    }
    for title, (greets, outcome) in more.items():
        yield _greets(title, greets, outcome)


def _hello_again(id_: object) -> bytes:
    return hello() + right(id_)


EVENTS: dict[str, tuple[Answers, Outcome]] = {
    "a hello in place of an answer": (_hello_again, _fault("hello while greeted")),
    "an event that nobody knows": (lambda id_: event("weather", {}) + right(id_), DONE),
    "presence of nobody": (lambda id_: event("presence", {}) + right(id_), DONE),
    "a room's message of nothing": (
        lambda i: event("room.message", {}) + right(i),
        DONE,
    ),
    "an event with a name of controls": (
        lambda i: event("\x1b[2J", {}) + right(i),
        DONE,
    ),
    "a closing, and the answer": (lambda i: event("closing", {}) + right(i), DONE),
}


def _events() -> Iterator[ClientCase]:
    for title, (answers, outcome) in EVENTS.items():
        yield _answers(title, answers, outcome)
    flood = event("weather", {}) * 3000
    yield _answers(
        "3000 events before an answer", lambda id_: flood + right(id_), DONE
    )._replace(aio=Outcome(LOST, "says more than is read here"))


# -- refusals


def _refusals() -> Iterator[ClientCase]:
    for kind, row in KINDS.items():
        said = Outcome(row.exit, f"because of {kind}")
        yield _answers(
            f"refused: {kind}",
            refusing(kind, f"because of {kind}"),
            said,
        )
    yield _answers(
        "refused by a kind of a later release",
        refusing("moon", "full"),
        Outcome(Exit.REFUSED, "full"),
    )
    yield _answers(
        "refused without words",
        refusing("busy", ""),
        Outcome(Exit.TRY_LATER, "too much is waiting"),
    )
    long = "w" * 500_000
    yield _answers(
        "refused in half a mebibyte",
        refusing("busy", long),
        Outcome(Exit.TRY_LATER, long[:500]),
    )
    yield _answers(
        "refused by a kind of half a mebibyte",
        refusing(long, ""),
        Outcome(Exit.REFUSED, long[:500]),
    )
    yield _answers(
        "refused by nothing at all",
        refusing("", ""),
        _fault("an error without kind and message"),
    )
    for kind in ("too_many_clients", "shutting_down", "deadline_passed"):
        yield _greets(
            f"{kind} in place of a hello",
            refusal(None, kind, "not now"),
            Outcome(Exit.TRY_LATER, "not now"),
        )
    yield _answers(
        "a refusal of no request, and the end",
        lambda _: refusal(None, "frame_too_large", "too long"),
        Outcome(PROTOCOL, "too long"),
        hangs_up=True,
    )._replace(aio=Outcome(LOST, "refused: too long"))


# -- ends and silence


def _cut(length: int) -> Answers:
    return lambda id_: right(id_)[:length]


ODD_REASONS: tuple[object, ...] = (None, 7, [], {})


def _ends() -> Iterator[ClientCase]:
    for cut in (1, 2, 3, 4, 5, len(hello()) - 1):
        words = Outcome(LOST, f"{cut} bytes into a frame")
        yield _greets(f"an end behind byte {cut}", hello()[:cut], words, hangs_up=True)
    for cut in (1, 2, 3, 4, 5, 20, 30):
        words = Outcome(LOST, f"{cut} bytes into a frame")
        yield _answers(
            f"an answer's end behind byte {cut}",
            _cut(cut),
            words,
            hangs_up=True,
        )
    yield _greets(
        "an end at once", b"", Outcome(LOST, "it said nothing"), hangs_up=True
    )
    yield _answers(
        "an end in place of an answer", nothing, Outcome(LOST, "lost"), hangs_up=True
    )
    for reason in ("shutdown", "timeout", "kicked", "revoked", "faults", "x" * 500):
        yield _answers(
            f"closing {reason[:20]}",
            saying(event("closing", {"reason": reason})),
            Outcome(LOST, reason[:100]),
            hangs_up=True,
        )
    yield _answers(
        "closing, and half a mebibyte why",
        saying(event("closing", {"reason": "x" * 500_000})),
        Outcome(LOST, "x" * 500),
        hangs_up=True,
    )
    for odd in ODD_REASONS:
        yield _answers(
            f"closing {odd!r}",
            saying(event("closing", {"reason": odd})),
            Outcome(LOST, "unknown"),
            hangs_up=True,
        )


SILENT: dict[str, tuple[bytes, Answers]] = {
    "nothing": (b"", nothing),
    "three bytes of a length": (hello()[:3], nothing),
    "half a hello": (hello()[:99], nothing),
    "an event in place of a hello": (event("weather", {}), nothing),
    "a hello and nothing more": (hello(), nothing),
    "half an answer": (hello(), lambda id_: right(id_)[:9]),
    "an event in place of an answer": (hello(), lambda _: event("weather", {})),
    "a length, and nothing of it": (hello(), lambda _: MOST.to_bytes(4, "big")),
    "a closing, and no end": (hello(), lambda _: event("closing", {"reason": "x"})),
}


def _silences() -> Iterator[ClientCase]:
    for title, (greets, answers) in SILENT.items():
        words = "does not answer in time" if greets.startswith(hello()) else "--tls"
        yield ClientCase(
            "",
            f"silence behind {title}",
            greets,
            answers,
            Outcome(LOST, words),
            is_slow=True,
        )


SECTIONS: Mapping[str, Callable[[], Iterable[ClientCase]]] = {
    "10": _frames,
    "11": _json,
    "12": _envelopes,
    "13.1": _greetings,
    "13.2": _events,
    "14": _refusals,
    "15.1": _ends,
    "15.2": _silences,
}
CLIENT_TABLE = tuple(
    row._replace(number=f"{section}.{n}")
    for section, rows in SECTIONS.items()
    for n, row in enumerate(rows(), 1)
)
