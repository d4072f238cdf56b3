"""What a case of the conformance table is, and the words that tables are written in."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple

from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS
from tests.support.plainwire import PlainWire
from tests.support.requests_table import request


class Start(StrEnum):
    """What a connection is when a case begins."""

    GREETED = "greeted"
    USER = "a script of ann's"
    SITTING = "ann's screen"
    BEN = "ben's screen"
    CHIEF = "an admin's script"
    LOCAL = "var/admin.sock"


class After(StrEnum):
    """What has become of the connection behind the case."""

    SAME = "lives"
    USER = "lives, logged in"
    CLOSED = "closed"


class World(NamedTuple):
    """What cases may name: the server's ports, and what `ann` has there.

    `names` are put in where a case has them in brackets, as `<<letter>>`.
    """

    port: int
    admin: PlainWire
    names: Mapping[str, str]


Elsewhere = Callable[[World, PlainWire], None]


HALF_CLOSE = None
# Bytes in one segment, so many replies that are waited for, something elsewhere.
Step = bytes | int | Elsewhere | None


class Case(NamedTuple):
    """One row: what is sent, what comes back, and whether the connection lives on.

    Replies are spelled `ID done`, `ID KIND` or `closing REASON`; `names` stands in
    the message of the first refusal, `facts` in its data. `ordered` says whether the
    order of the replies is promised.
    """

    number: str
    title: str
    start: Start
    steps: tuple[Step, ...]
    hears: tuple[str, ...]
    after: After = After.SAME
    names: str = ""
    facts: Mapping[str, object] = {}
    ordered: bool = True


FAULTED = ("closing faults",)
TAKEN = "taken"  # in place of a kind: done, or a refusal that is no fault


def case(
    title: str,
    start: Start,
    steps: Step | tuple[Step, ...],
    *hears: str,
    after: After = After.SAME,
    names: str = "",
    facts: Mapping[str, object] | None = None,
    ordered: bool = True,
) -> Case:
    """A row that has no number yet."""
    row = steps if isinstance(steps, tuple) else (steps,)
    return Case("", title, start, row, hears, after, names, facts or {}, ordered)


def closed(
    title: str, start: Start, steps: Step | tuple[Step, ...], *hears: str
) -> Case:
    """A row whose last replies are a fault's, and the end of the connection."""
    return case(title, start, steps, *hears, *FAULTED, after=After.CLOSED)


def numbered(section: str, cases: Iterable[Case]) -> Iterator[Case]:
    """The rows of a section with their numbers; a new row stands behind the others."""
    for n, one in enumerate(cases, 1):
        yield one._replace(number=f"{section}.{n}")


def ask(method: str, id_: object = 1, /, **params: object) -> bytes:
    """The frame of a request."""
    return encode_frame(request(method, params, id_))


def ask_with(method: str, params: Mapping[str, object], id_: object = 1) -> bytes:
    """The frame of a request whose parameters are an object made elsewhere."""
    return encode_frame(request(method, dict(params), id_))


def raw(**members: object) -> bytes:
    """The frame of any object."""
    return encode_frame(json.dumps(members).encode())


def starts_of() -> dict[str, Start]:
    """Where each method can be called."""
    by_need = {
        "anonymous": Start.GREETED,
        "user": Start.USER,
        "interactive": Start.BEN,
        "admin": Start.CHIEF,
        "local": Start.LOCAL,
    }
    return {name: by_need[row.needs] for name, row in METHODS.items()}
