"""Strict JSON: one reading of each text, the same everywhere (RFC 8259, RFC 7493)."""

import json
import math
import re
from collections.abc import Iterable

from nimsg.errors import ProtocolFault
from nimsg.protocol.answer import JsonObject as JsonObject
from nimsg.protocol.constants import limit


SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
INTEGER_MAX = limit("integer_max")
LARGE_DIGITS = len(str(INTEGER_MAX))  # with fewer no integer is too large
DEPTH_MAX = limit("json_depth")


def loads(data: bytes) -> JsonObject:
    """Parse one JSON object.

    Raises `ProtocolFault("parse_error")` for what other parsers let pass: NaN and
    infinities, duplicate keys, lone surrogates, integers beyond 2^53, a byte
    order mark, nesting deeper than 16, trailing bytes, or another type at the top.
    """
    try:
        value = DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise _fault(f"bad UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise _fault(f"nesting deeper than {DEPTH_MAX}") from None
    except json.JSONDecodeError as error:
        raise _fault(f"{error.msg} at character {error.pos}") from None
    if not isinstance(value, dict):
        raise _fault("the top of a frame is an object")
    _check_depth(value)
    if SURROGATE_ESCAPE.search(data):
        _check_surrogates(value)
    return value


def dumps(value: object) -> bytes:
    """Compact UTF-8 JSON of plain values.

    Raises `ProtocolFault("parse_error")` for a lone surrogate or a NaN.
    """
    try:
        return ENCODER.encode(value).encode("utf-8")
    except (UnicodeEncodeError, ValueError) as error:
        raise _fault(str(error)) from None


def _fault(why: str) -> ProtocolFault:
    return ProtocolFault("parse_error", f"not strict JSON: {why}", fatal=False)


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _fault(f"the key {json.dumps(twice)[:80]} stands twice")
    return value


def _integer(digits: str) -> int:
    if len(digits) < LARGE_DIGITS:
        return int(digits)
    if len(digits) > LARGE_DIGITS + 1 or abs(int(digits)) > INTEGER_MAX:
        raise _fault("an integer beyond 2^53")
    return int(digits)


def _real(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise _fault("a number out of range")
    return value


def _no_constant(name: str) -> object:
    raise _fault(f"{name} is not JSON")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _check_depth(top: object) -> None:
    level = [top]
    for _ in range(DEPTH_MAX):
        level = [
            child
            for value in level
            for child in _children(value)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise _fault(f"nesting deeper than {DEPTH_MAX}")


def _check_surrogates(top: JsonObject) -> None:
    todo: list[object] = [top]
    while todo:
        value = todo.pop()
        if isinstance(value, str):
            _check_text(value)
            continue
        if isinstance(value, dict):
            todo += value.keys()
        todo += _children(value)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise _fault("a lone surrogate") from None


DECODER = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_float=_real,
    parse_int=_integer,
    parse_constant=_no_constant,
)
ENCODER = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False
)
