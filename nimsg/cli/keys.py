"""What is typed: bytes in, the strokes of a terminal or the lines of a pipe out."""

import codecs
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from nimsg.protocol.constants import limit
from nimsg.text import filter_typed


LINE_BYTES = 2 * limit("body_bytes")  # of a line of a pipe: more than any text may have
SEQUENCE_CHARS = 16  # of an escape sequence that are remembered
ESCAPE, DELETE = "\x1b", "\x7f"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"
_PLAIN = re.compile("[^\x00-\x1f\x7f]+")


class Stroke(NamedTuple):
    """What came from the terminal.

    The value is a run of text, a control character, a whole escape sequence, or a
    run of text or a control character of a paste.
    """

    kind: Literal["text", "control", "escape", "paste"]
    value: str


class KeyReader:
    """Cuts bytes into strokes, wherever reads have split them.

    Bad UTF-8 is dropped, and so are the escape sequences in a paste. A control
    character ends an escape sequence and counts. A return and a newline are one.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("ignore")
        self._sequence: str | None = None
        self._pasting = False
        self._after_return = False

    def feed(self, data: bytes) -> Iterator[Stroke]:
        """The strokes that these bytes complete."""
        text = self._decoder.decode(data)
        at = 0
        while at < len(text):
            run = None if self._sequence is not None else _PLAIN.match(text, at)
            at = run.end() if run else at + 1
            if run:
                self._after_return = False
                yield Stroke("paste" if self._pasting else "text", run[0])
            else:
                yield from self._char(text[at - 1])

    def _char(self, char: str) -> Iterator[Stroke]:
        """A control character, or one of an escape sequence."""
        paired = char == "\n" and self._after_return
        self._after_return = char == "\r"
        if char == ESCAPE:
            self._sequence = ESCAPE
        elif char < " " or char == DELETE:
            self._sequence = None
            if not paired:
                yield Stroke("paste" if self._pasting else "control", char)
        elif self._sequence is not None:
            yield from self._in_sequence(self._sequence, char)

    def _in_sequence(self, before: str, char: str) -> Iterator[Stroke]:
        if _goes_on(before, char):
            self._sequence = (before + char)[:SEQUENCE_CHARS]
            return
        sequence, self._sequence = before + char, None
        if not self._pasting or sequence == PASTE_ENDS:
            self._pasting = sequence == PASTE_BEGINS
            yield Stroke("escape", sequence)


def _goes_on(before: str, char: str) -> bool:
    """Whether an escape sequence has more to come after this character."""
    if before == ESCAPE:
        return char in "[O]P^_X"
    if before[1] in "]P^_X":  # a text for the terminal, which only a control ends
        return True
    # The Linux console sends F1 as `[[A`.
    return " " <= char <= "?" or before + char == "\x1b[["


class LineCutter:
    """Cuts what comes through a pipe into lines, filtered as if they were typed.

    Of a line longer than `LINE_BYTES` the rest is dropped: what is left is still
    longer than anything that is taken, and so it is refused and not sent in part.
    """

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """The lines that these bytes complete."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:LINE_BYTES]
        return [_as_typed(line) for line in lines]

    def finish(self) -> list[str]:
        """What came behind the last newline, where anything did."""
        rest, self._rest = self._rest, b""
        return [_as_typed(rest)] if rest else []


def _as_typed(line: bytes) -> str:
    return filter_typed(line[:LINE_BYTES].decode("utf-8", "ignore"))
