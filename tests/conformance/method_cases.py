"""Sections 4 and 5, from the tables of the protocol: parameters, and who may call."""

import json
from collections.abc import Iterator, Mapping

from nimsg.protocol.framing import encode_frame
from nimsg.protocol.methods import METHODS, Needs
from tests.conformance.cases import (
    TAKEN,
    Case,
    Start,
    ask_with,
    case,
    numbered,
    starts_of,
)
from tests.support.json_corners import TYPES
from tests.support.requests_table import MINIMAL, field_of, request_with


# What would end the connection or the server, or wait; other sections have these.
NOT_TRIED = frozenset({"auth.logout", "server.shutdown", "mail.open"})
INVALID = "1 invalid_params"

# What comes of a call where a method cannot be called.
ELSEWHERE: dict[tuple[Start, str], str] = {
    (Start.GREETED, Needs.USER): "login_required",
    (Start.GREETED, Needs.INTERACTIVE): "login_required",
    (Start.GREETED, Needs.ADMIN): "login_required",
    (Start.GREETED, Needs.LOCAL): "not_permitted",
    (Start.USER, Needs.ANONYMOUS): "already_logged_in",
    (Start.USER, Needs.INTERACTIVE): "interactive_only",
    (Start.USER, Needs.ADMIN): "not_permitted",
    (Start.USER, Needs.LOCAL): "not_permitted",
    (Start.SITTING, Needs.ANONYMOUS): "already_logged_in",
    (Start.SITTING, Needs.ADMIN): "not_permitted",
    (Start.SITTING, Needs.LOCAL): "not_permitted",
    (Start.CHIEF, Needs.LOCAL): "not_permitted",
    (Start.LOCAL, Needs.USER): "login_required",
    (Start.LOCAL, Needs.INTERACTIVE): "login_required",
}


def _refused(
    method: str, title: str, names: str, changes: Mapping[str, object]
) -> Case:
    """The fewest parameters of a method, but for some that it does not take."""
    data = ask_with(method, {**MINIMAL[method], **changes})
    whole = f"{method}: {title}"
    return case(whole, starts_of()[method], data, INVALID, names=names)


def _presence(method: str, start: Start) -> Iterator[Case]:
    """The fewest parameters, one of them missing, one too many, or no object."""
    least = MINIMAL[method]
    if method not in NOT_TRIED:
        data = ask_with(method, least)
        yield case(f"{method}: the fewest parameters", start, data, f"1 {TAKEN}")
    for name in least:
        rest = {key: value for key, value in least.items() if key != name}
        data = ask_with(method, rest)
        yield case(f"{method}: no {name}", start, data, INVALID, names=f"`{name}`")
    yield _refused(method, "a parameter that there is not", "`spare`", {"spare": 1})
    for name, text in TYPES.items():
        if name != "object":
            data = encode_frame(request_with(method, text))
            yield case(f"{method}: {name} as parameters", start, data, INVALID)


def _values(method: str) -> Iterator[Case]:
    """Each parameter of each type it does not have, and beyond its edges."""
    for name in METHODS[method].params.__struct_encode_fields__:
        field = field_of(method, name)
        for type_ in sorted(TYPES.keys() - field.types):
            value = json.loads(TYPES[type_])
            title = f"{name} is a {type_}"
            yield _refused(method, title, f"$.{name}", {name: value})
        for value in field.refused:
            shown = json.dumps(value)
            short = shown if len(shown) < 24 else f"{shown[:20]}... ({len(shown)})"
            title = f"{name} is {short}"
            yield _refused(method, title, f"$.{name}", {name: value})


def methods() -> Iterator[Case]:
    """All rows of section 4, a part for each method."""
    for n, (method, start) in enumerate(starts_of().items(), 1):
        yield from numbered(f"4.{n}", (*_presence(method, start), *_values(method)))


def _misplaced(start: Start) -> Iterator[Case]:
    for method, row in METHODS.items():
        kind = ELSEWHERE.get((start, row.needs))
        if kind is not None:
            data = ask_with(method, MINIMAL[method])
            yield case(f"{method}, {start}", start, data, f"1 {kind}")


def states() -> Iterator[Case]:
    """All rows of section 5, a part for each kind of connection."""
    for n, start in enumerate(Start, 1):
        yield from numbered(f"5.{n}", _misplaced(start))
