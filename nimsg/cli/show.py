"""How a terminal is written to: tables that fit it, human times, JSON lines.

Everything that came from others goes through the sanitiser here.
"""

import os
import sys
import time
from collections.abc import Sequence
from typing import TextIO

from nimsg.client.lines import folded
from nimsg.client.tables import Column, table
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_body, printable, wrap


NARROW = 40
USUAL = 80
TIMES = ("date", "at", "since")


def say(line: str = "", stream: TextIO | None = None) -> None:
    """Print a line of ours; nothing raises for a character the stream lacks.

    It is cleaned a last time: what is clean stays as it is.
    """
    out = stream or sys.stdout
    print(printable(clean_body(line), out.encoding or "ascii"), file=out)


def tell(line: str, stream: TextIO | None = None) -> None:
    """Print a line of words, folded where the terminal is narrower."""
    say(folded(clean_body(line), terminal_width(stream)), stream)


def note(line: str) -> None:
    """A line for the person, not for the pipe: on the standard error."""
    tell(line, sys.stderr)


def sentence(text: str) -> str:
    """A line of ours as a sentence."""
    return f"{text[0].upper()}{text[1:]}."


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as the terminal."""
    for line in table(columns, rows, terminal_width()):
        say(line)


def terminal_width(stream: TextIO | None = None) -> int | None:
    """The cells of a line, None where the output is no terminal."""
    try:
        cells = os.get_terminal_size((stream or sys.stdout).fileno())[0]
    except (OSError, ValueError):
        return None
    return max(NARROW, cells or USUAL)


def paragraphs(body: str, cells: int | None) -> list[str]:
    """A body's lines, cleaned, and wrapped where there is a terminal."""
    text = clean_body(body)
    return text.split("\n") if cells is None else wrap(text, cells)


def now_ms() -> int:
    """Ms since 1970; only for showing times beside it."""
    return time.time_ns() // 1_000_000


def json_line(schema: str, members: JsonObject) -> str:
    """One JSON object in ASCII; times (`*_at`, `TIMES`) as RFC 3339 in UTC."""
    import json

    return json.dumps({"schema": f"nimsg.{schema}/1", **_with_times(members)})


def _with_times(members: JsonObject) -> JsonObject:
    return {key: _readable(key, value) for key, value in members.items()}


def _readable(key: str, value: object) -> object:
    if isinstance(value, dict):
        return _with_times(value)
    if isinstance(value, list):
        return [_readable("", item) for item in value]
    if (key.endswith("_at") or key in TIMES) and isinstance(value, int):
        from nimsg.protocol.times import rfc3339

        return rfc3339(value)
    return value
