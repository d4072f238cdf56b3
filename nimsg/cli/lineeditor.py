"""One line that is typed: bytes of a terminal in, events out, and a row to draw.

Nothing here reads or writes. A row is drawn with printable characters, spaces and
carriage returns alone, so that any terminal shows it and a screen reader reads it;
of a row that grows only what is new is drawn.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from nimsg.cli.keys import ESCAPE, PASTE_BEGINS, PASTE_ENDS, KeyReader, Stroke
from nimsg.protocol.constants import limit
from nimsg.text import clean_line, clip, filter_typed, width


LONGEST_BYTES = limit("body_bytes")
BLANKS = " \t"
REACH = 8  # characters looked at for each cell: marks and joiners take none
SEEN_CHARS = 64  # that may make one character as it is seen


class Line(NamedTuple):
    """A line was entered; `echo` completes its row and leaves it."""

    text: str
    echo: str


class Key(NamedTuple):
    """A question was answered by this key; `echo` completes its row and leaves it."""

    char: str
    echo: str


class Choices(NamedTuple):
    """Several words would fit what was typed before Tab."""

    words: tuple[str, ...]


class EndOfInput(NamedTuple):
    """Ctrl-D on an empty line, or the end of a pipe: nothing more will come."""


class Interrupt(NamedTuple):
    """Ctrl-C."""


class Suspend(NamedTuple):
    """Ctrl-Z."""


class Redraw(NamedTuple):
    """Ctrl-L: the row is to be drawn anew."""


class Bell(NamedTuple):
    """A key was not taken."""


class PutOff(NamedTuple):
    """A question got another key than an answer: it is taken back for now."""

    char: None = None
    echo: str = ""


Event = Line | Key | PutOff | Choices | EndOfInput | Interrupt | Suspend | Redraw | Bell
Complete = Callable[[str], Sequence[str]]
ALWAYS: dict[str, Event] = {
    "\x03": Interrupt(),
    "\x0c": Redraw(),
    "\x1a": Suspend(),
}


class _Row:
    """What stands in the terminal's last row, and the least that changes it."""

    def __init__(self) -> None:
        self._before = self._after = ""

    def clear(self, most: int) -> str:
        """Take it away: at most so many cells."""
        cells = min(width(self._before) + width(self._after), most)
        self.leave()
        return f"\r{' ' * cells}\r" if cells else ""

    def leave(self) -> None:
        """It stays, and the next one begins below."""
        self._before = self._after = ""

    def change(self, before: str, after: str) -> str:
        """Show these texts before and behind the cursor."""
        old, row = self._before + self._after, before + after
        cells = width(self._before) + width(self._after)
        kept = self._before if _extends(before, self._before) else ""
        move = "\r" if self._before and not kept else ""
        self._before, self._after = before, after
        if old == row:
            return move + before[len(kept) :]
        rest = after + " " * (cells - width(before) - width(after))
        back = f"\r{before}" if rest else ""
        return move + before[len(kept) :] + rest + back


def _extends(text: str, start: str) -> bool:
    """Whether a text begins with another, and its rest joins no cell of that."""
    rest = text[len(start) :]
    return text.startswith(start) and width(start) + width(rest) == width(text)


class LineEditor:
    """A line being typed behind a prompt, and a question that may interrupt it.

    The row takes `columns - 1` cells at most and is scrolled. `complete` gives the
    words that can stand where the text before the cursor has one.
    """

    def __init__(
        self, columns: int, prompt: str, complete: Complete | None = None
    ) -> None:
        self.text = ""
        self.columns = columns
        self._prompt = clean_line(prompt)
        self._complete = complete
        self._cursor = 0
        self._start = 0  # of what the row shows
        self._row = _Row()
        self._reader = KeyReader()
        self._events: list[Event] = []
        self._question: tuple[str, str] | None = None
        self._answered: Literal["no", "now", "before"] = "no"
        self._paste_dropped = False
        self._edits: dict[str, Callable[[], None]] = {
            **dict.fromkeys(
                ("\x01", "\x1b[H", "\x1bOH", "\x1b[1~", "\x1b[7~"), self._home
            ),
            **dict.fromkeys(
                ("\x05", "\x1b[F", "\x1bOF", "\x1b[4~", "\x1b[8~"), self._end
            ),
            **dict.fromkeys(("\x08", "\x7f"), self._erase),
            **dict.fromkeys(("\x1b[D", "\x1bOD"), self._left),
            **dict.fromkeys(("\x1b[C", "\x1bOC"), self._right),
            **dict.fromkeys(("\r", "\n"), self._enter),
            "\x1b[3~": self._delete,
            "\x04": self._end_or_delete,
            "\t": self._offer,
            "\x0b": lambda: self._keep(self._cursor, len(self.text)),
            "\x15": lambda: self._keep(0, self._cursor),
            "\x17": self._erase_word,
        }

    # -- what comes in

    def feed(self, data: bytes) -> list[Event]:
        """What these bytes of the terminal amount to."""
        self._events = []
        for stroke in self._reader.feed(data):
            self._take(stroke)
        if self._answered == "now":
            self._answered = "before"
        return self._events

    def question(self, prompt: str, keys: str) -> None:
        """Let one of `keys`, in lower case, answer; the line waits meanwhile."""
        self._question = clean_line(prompt), keys
        self._answered = "no"

    def withdraw(self) -> None:
        """Take a question back that has no answer; without one nothing happens."""
        self._question = None

    def _take(self, stroke: Stroke) -> None:
        kind, value = stroke
        listens = self._question is None and self._answered != "now"
        if kind == "paste":
            self._pasted(value)
        elif value in (PASTE_BEGINS, PASTE_ENDS):
            self._begin_or_end_paste(dropped=value == PASTE_BEGINS and not listens)
        elif value in ALWAYS:
            self._events.append(ALWAYS[value])
        elif listens:
            self._typed(stroke)
        else:
            self._press(stroke)

    def _typed(self, stroke: Stroke) -> None:
        """A key of the line.

        An Enter right behind an answer is not taken: people press it out of habit,
        and it would enter the line that waited.
        """
        stray = self._answered == "before" and stroke.value in ("\r", "\n")
        self._answered = "no"
        if stray and self.text:
            self._ring()
        elif stroke.kind == "text":
            self._insert(stroke.value)
        elif stroke.value in self._edits:
            self._edits[stroke.value]()

    def _pasted(self, value: str) -> None:
        """A piece of a paste: it is text, whatever it holds."""
        if not self._paste_dropped:
            self._answered = "no"
            self._insert(" " if value in ("\r", "\n") else filter_typed(value))

    def _press(self, stroke: Stroke) -> None:
        """A key at a question: the first one answers it or puts it off.

        What came together with the answer is not taken.
        """
        # Esc and a key are one key to a terminal, not to a person.
        typed = stroke.kind == "text"
        key = stroke.value[:1] if typed else stroke.value.removeprefix(ESCAPE)
        key = key.lower()
        if self._question is None:
            self._ring()
        elif len(key) == 1 and key in self._question[1]:
            self._answer(key)
            if typed and stroke.value[1:]:
                self._ring()
        else:
            self._put_off()
            if typed:
                self._typed(stroke)
            else:
                self._ring()

    def _put_off(self) -> None:
        """Take a question away until it is asked again."""
        if self._question is not None:
            self._question = None
            self._events.append(PutOff())

    def _answer(self, key: str) -> None:
        self._events.append(Key(key, f"{self.draw()}{key}\n"))
        self._row.leave()
        self._question = None
        self._answered = "now"

    def _begin_or_end_paste(self, *, dropped: bool) -> None:
        """A paste at a question is no key: all of it is dropped."""
        self._paste_dropped = dropped
        if dropped:
            self._put_off()
            self._ring()

    def _ring(self) -> None:
        """Say that a key was not taken, once for many of them."""
        if self._events[-1:] != [Bell()]:
            self._events.append(Bell())

    # -- editing

    def _insert(self, run: str) -> None:
        """Put a run of text in at the cursor, as far as there is room for it."""
        room = LONGEST_BYTES - len(self.text.encode())
        taken = run.encode()[:room].decode("utf-8", "ignore")
        if taken != run:
            self._ring()
        head, tail = self.text[: self._cursor], self.text[self._cursor :]
        self.text = head + taken + tail
        self._cursor += len(taken)

    def _keep(self, start: int, end: int) -> None:
        """Cut a piece out; the cursor stands where it was."""
        self.text = self.text[:start] + self.text[end:]
        self._cursor = start

    def _home(self) -> None:
        self._cursor = 0

    def _end(self) -> None:
        self._cursor = len(self.text)

    def _left(self) -> None:
        tail = self.text[max(0, self._cursor - SEEN_CHARS) : self._cursor]
        self._cursor -= len((_graphemes(tail) or [""])[-1])

    def _right(self) -> None:
        head = self.text[self._cursor : self._cursor + SEEN_CHARS]
        self._cursor += len((_graphemes(head) or [""])[0])

    def _erase(self) -> None:
        end = self._cursor
        self._left()
        self._keep(self._cursor, end)

    def _delete(self) -> None:
        start = self._cursor
        self._right()
        self._keep(start, self._cursor)

    def _erase_word(self) -> None:
        head = self.text[: self._cursor].rstrip(BLANKS)
        start = max(head.rfind(blank) for blank in BLANKS) + 1
        self._keep(start, self._cursor)

    def _enter(self) -> None:
        self._end()
        self._events.append(Line(self.text, f"{self.draw()}\n"))
        self._row.leave()
        self.text, self._cursor, self._start = "", 0, 0

    def _end_or_delete(self) -> None:
        if self.text:
            self._delete()
        else:
            self._events.append(EndOfInput())

    def _offer(self) -> None:
        """Complete the word before the cursor as far as it is clear."""
        if self._complete is None:
            return
        head = self.text[: self._cursor].lstrip(BLANKS)
        words = tuple(word for word in self._complete(head) if word.startswith(head))
        common = _common_start(words)
        if not words:
            self._ring()
        elif len(words) == 1:
            self._insert(f"{common[len(head) :]} ")
        elif len(common) > len(head):
            self._insert(common[len(head) :])
        else:
            self._events.append(Choices(words))

    # -- drawing

    def clear(self) -> str:
        """What takes the row away, as far as the terminal is still wide enough."""
        return self._row.clear(self.columns)

    def draw(self) -> str:
        """What puts the row there, or changes it where it is there."""
        room = max(self.columns - 1, 0)
        if self._question:
            return self._row.change(_tail(self._question[0], max(room - 1, 0)), "")
        prompt = clip(self._prompt, room // 2, "")
        cells = room - width(prompt)
        before = self._scrolled(cells)
        after = clean_line(self.text[self._cursor :][: REACH * cells])
        return self._row.change(prompt + before, clip(after, cells - width(before), ""))

    def redraw(self) -> str:
        """What blanks the whole row and puts it there again."""
        self._row.leave()
        return f"\r{' ' * (self.columns - 1)}\r{self.draw()}"

    def _scrolled(self, cells: int) -> str:
        """What is shown before the cursor, in at most so many cells.

        A row that must scroll goes on by half of itself, so that it is drawn
        whole now and then, and not at every key.
        """
        if len(self.text) <= cells and width(clean_line(self.text)) <= cells:
            self._start = 0
        elif self._cursor <= self._start:
            self._start = max(0, self._cursor - cells // 2)
        self._start = max(self._start, self._cursor - REACH * cells)
        shown = clean_line(self.text[self._start : self._cursor])
        if width(shown) > cells:
            tail = _tail(self.text[self._start : self._cursor], cells // 2)
            self._start = self._cursor - len(tail)
            shown = clip(clean_line(tail), cells, "")
        return shown


def _graphemes(text: str) -> list[str]:
    """The characters as they are seen."""
    if text.isascii():
        return list(text)
    from wcwidth import iter_graphemes

    return list(iter_graphemes(text))


def _tail(text: str, cells: int) -> str:
    """The longest end of a line that fits into so many cells."""
    start = len(text)
    for grapheme in reversed(_graphemes(text)):
        cells -= width(clean_line(grapheme))
        if cells < 0:
            break
        start -= len(grapheme)
    return text[start:]


def _common_start(words: Sequence[str]) -> str:
    """What all words begin with."""
    first, last = min(words, default=""), max(words, default="")
    ends = (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return first[: next(ends, min(len(first), len(last)))]
