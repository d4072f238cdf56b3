"""A line being typed: keys, questions, pastes, and the row that shows it."""

from collections.abc import Callable, Sequence
from unicodedata import category

import pyte
import pytest
from hypothesis import given, strategies as st

from nimsg.cli.keys import LINE_BYTES, LineCutter
from nimsg.cli.lineeditor import (
    LONGEST_BYTES,
    Bell,
    Choices,
    EndOfInput,
    Event,
    Interrupt,
    Key,
    Line,
    LineEditor,
    PutOff,
    Redraw,
    Suspend,
)
from nimsg.text import width
from tests.support.examples import few, many


PASTE, PASTED = b"\x1b[200~", b"\x1b[201~"
LEFT, RIGHT, DELETE = b"\x1b[D", b"\x1b[C", b"\x1b[3~"
WORDS = ("block", "blocks", "broadcast", "inbox")


def editor(columns: int = 80, prompt: str = "> ") -> LineEditor:
    return LineEditor(columns, prompt)


def typed(keys: bytes) -> str:
    """The text that some keys leave in the line."""
    line = editor()
    line.feed(keys)
    return line.text


def lines(events: Sequence[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Line)]


class Screen:
    """A terminal that shows what an editor draws; lines of output go above it."""

    def __init__(self, line: LineEditor, rows: int = 6) -> None:
        self.line = line
        self._screen = pyte.Screen(line.columns, rows)
        self._stream = pyte.Stream(self._screen)
        self.shows(line.draw())

    def shows(self, text: str) -> None:
        self._stream.feed(text.replace("\n", "\r\n"))

    def types(self, keys: bytes) -> str:
        """Feed keys and draw as the prompt does; what was written."""
        written = ""
        for event in self.line.feed(keys):
            written += event.echo if isinstance(event, Line | Key) else ""
        written += self.line.draw()
        self.shows(written)
        return written

    @property
    def rows(self) -> list[str]:
        """What stands there, without the empty rows below."""
        return "\n".join(row.rstrip() for row in self._screen.display).split("\n")

    @property
    def row(self) -> str:
        """The row of the cursor."""
        return self.rows[self._screen.cursor.y]

    @property
    def column(self) -> int:
        """The cell of the cursor."""
        return self._screen.cursor.x


# -- keys


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (b"abc", "abc"),
        (b"abc\x7f\x08", "a"),
        (b"\x7fa", "a"),
        (b"one two  \x17x", "one x"),
        (b"one\x17", ""),
        (b"abc" + LEFT + b"\x15", "c"),
        (b"abc" + LEFT + b"\x0b", "ab"),
        (b"abc\x01x\x05y", "xabcy"),
        (b"abc" + LEFT + LEFT + b"x" + RIGHT + b"y", "axbyc"),
        (b"abc" + LEFT * 9 + DELETE, "bc"),
        (b"abc" + RIGHT * 9 + DELETE, "abc"),
        (b"abc" + LEFT + b"\x04", "ab"),
        (b"abc\x1b[Hx\x1b[Fy", "xabcy"),
        (b"abc\x1bOHx\x1bOFy", "xabcy"),
        (b"abc\x1b[1~x\x1b[4~y", "xabcy"),
        (b"abc\x1bODx\x1bOCy", "abxcy"),
    ],
)
def test_the_line_is_edited_by_the_usual_keys(keys: bytes, text: str) -> None:
    assert typed(keys) == text


@pytest.mark.parametrize(
    "char", ["é", "漢", "😀", "x\u0301", "👩\u200d🚀", "e\u0323\u0302"]
)
def test_a_character_is_what_is_seen_as_one(char: str) -> None:
    keys = f"a{char}b".encode()

    assert typed(keys + LEFT + b"\x7f") == "ab"
    assert typed(keys + b"\x01" + RIGHT + DELETE) == "ab"
    assert typed(keys + LEFT * 2 + b"|") == f"a|{char}b"


@pytest.mark.parametrize(
    "sequence",
    [
        *(b"\x1b[A", b"\x1b[B", b"\x1bOA", b"\x1b[15~", b"\x1b[1;5A", b"\x1b[[A"),
        *(b"\x1bq", b"\x1b\x1b[A", b"\x1b[?1;2c", b"\x1b[<0;1;1M", b"\x1bOP"),
        *(b"\x1b]11;rgb:0/0/0\x07", b"\x1b]0;x\x1b\\", b"\x1bP1$r0m\x1b\\"),
        *(b"\x1b[" + b"1;" * 99 + b"m", "\x1b[é".encode(), b"\x1b[201~"),
    ],
)
def test_an_unknown_sequence_is_swallowed_whole(sequence: bytes) -> None:
    for at in range(len(sequence) + 1):
        line = editor()
        line.feed(b"a" + sequence[:at])
        line.feed(sequence[at:] + b"b")

        assert line.text == "ab"


@pytest.mark.parametrize(
    "begun", [b"\x1b", b"\x1b[", b"\x1b[1;", b"\x1bO", b"\x1b]0;x"]
)
def test_a_control_key_ends_a_sequence_and_counts(begun: bytes) -> None:
    assert lines(editor().feed(b"ab" + begun + b"\r")) == ["ab"]
    assert editor().feed(begun + b"\x03") == [Interrupt()]


def test_utf_8_may_be_split_and_what_is_none_is_dropped() -> None:
    line = editor()
    for byte in "aé漢😀".encode():
        line.feed(bytes([byte]))

    assert line.text == "aé漢😀"
    assert typed(b"a\xff\xc0\x80\xed\xa0\x80b\xe6\xbc") == "ab"
    assert lines(editor().feed(b"a\xe6\xbc\r")) == ["a"]


def test_s3_19_control_characters_never_enter_the_line() -> None:
    for code in (*range(32), 127):
        line = editor()
        line.feed(b"ab" + PASTE + bytes([code]) + PASTED)
        assert set(line.text) <= set("ab \t")
        line.feed(bytes([code]))
        assert set(line.text) <= set("ab \t")


def test_enter_gives_the_line_and_a_new_one_begins() -> None:
    line = editor()

    assert lines(line.feed(b"one\rtwo\nthree\r\n\r")) == ["one", "two", "three", ""]
    assert line.text == ""
    assert lines(line.feed(b"\n")) == []


def test_keys_that_are_no_text_are_events() -> None:
    assert editor().feed(b"\x03\x1a\x0c\x04") == [
        Interrupt(),
        Suspend(),
        Redraw(),
        EndOfInput(),
    ]
    assert editor().feed(b"a\x04") == []


def test_a_line_has_a_bounded_length() -> None:
    line = editor()
    events = line.feed(b"a" * (LONGEST_BYTES - 1))
    assert events == []

    assert line.feed("é".encode()) == [Bell()]
    assert line.feed(b"b") == []
    assert line.feed(b"cd") == [Bell()]
    assert len(line.text.encode()) == LONGEST_BYTES
    assert line.text.endswith("ab")


# -- completion


def completing() -> LineEditor:
    return LineEditor(
        80, "> ", lambda head: [word for word in WORDS if word.startswith(head)]
    )


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (b"i\t", "inbox "),
        (b" i\t", " inbox "),
        (b"bl\t", "block"),
        (b"i\tx", "inbox x"),
        (b"ix" + LEFT + b"\t", "inbox x"),
    ],
)
def test_tab_completes_what_is_clear(keys: bytes, text: str) -> None:
    line = completing()

    assert line.feed(keys) == []
    assert line.text == text


def test_tab_shows_the_choices_and_rings_where_there_is_none() -> None:
    assert completing().feed(b"block\t") == [Choices(("block", "blocks"))]
    assert completing().feed(b"x\t") == [Bell()]
    assert editor().feed(b"bl\t") == []


# -- pastes


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_term_8_a_newline_in_a_paste_does_not_enter_the_line(end: bytes) -> None:
    paste = PASTE + b"message bob a" + end + b"logout" + end + PASTED
    for at in range(len(paste) + 1):
        line = editor()
        events = [*line.feed(paste[:at]), *line.feed(paste[at:])]

        assert events == []
        assert line.text == "message bob a logout "
        assert lines(line.feed(b"\r")) == ["message bob a logout "]


def test_term_8_nothing_in_a_paste_is_a_key() -> None:
    line = editor()
    events = line.feed(
        PASTE + b"a\x03\x04\x1a\x0c\x7f\x15\tb\x1b[Dc\x1b[200~d" + PASTED
    )

    assert events == []
    assert line.text == "a\tbcd"


# -- questions


def asked(half: bytes = b"") -> LineEditor:
    line = editor()
    line.feed(half)
    line.question("Link from bob? [y/n] ", "yn")
    return line


@pytest.mark.parametrize("key", [b"y", b"Y", b"\x1by"])
def test_s1_16_one_key_answers_a_question(key: bytes) -> None:
    (event,) = asked().feed(key)

    assert event == Key("y", "Link from bob? [y/n] y\n")


@pytest.mark.parametrize("keys", [b"\r", b"\x04", b"\t", b"\x1b[A", b"\x7f"])
def test_s1_16_a_key_that_prints_nothing_puts_the_question_off(keys: bytes) -> None:
    line = asked(b"half")

    assert line.feed(keys) == [PutOff(), Bell()]
    assert line.feed(b"y") == []
    assert line.text == "halfy"


@pytest.mark.parametrize("typed", ["x", " ", "ý", "xy", "ty"])
def test_s1_16_any_other_key_is_typed_and_puts_the_question_off(typed: str) -> None:
    line = asked(b"half")

    assert line.feed(typed.encode()) == [PutOff()]
    assert line.feed(b"y") == []
    assert line.text == f"half{typed}y"


def test_s1_16_no_word_consents() -> None:
    line = asked()
    typed = "say lobby half ty"
    events = [event for key in typed for event in line.feed(key.encode())]

    assert events == [PutOff()]
    assert line.text == "say lobby half ty"


def test_s1_16_a_half_typed_line_comes_back() -> None:
    screen = Screen(asked(b"message bob hel"))
    assert screen.row == "Link from bob? [y/n]"
    screen.types(b"y")

    assert screen.rows[:2] == ["Link from bob? [y/n] y", "> message bob hel"]
    screen.types(b"lo")
    assert lines(screen.line.feed(b"\r")) == ["message bob hello"]


def test_s1_17_no_key_of_an_answer_is_left_over() -> None:
    line = asked(b"message bob hel")
    events = line.feed(b"yyn\ry")

    assert [type(event) for event in events] == [Key, Bell]
    assert line.text == "message bob hel"
    assert line.feed(b"\r") == [Bell()]
    assert lines(line.feed(b"\r")) == ["message bob hel"]


def test_s1_17_an_enter_behind_the_answer_does_not_enter_the_waiting_line() -> None:
    line = asked(b"half")
    line.feed(b"y")

    assert line.feed(b"\r") == [Bell()]
    assert lines(line.feed(b"\r")) == ["half"]
    line = asked(b"half")
    line.feed(b"y")
    assert lines(line.feed(b"x\r")) == ["halfx"]
    line = asked()
    line.feed(b"y")
    assert lines(line.feed(b"\r")) == [""]


def test_s1_17_a_paste_is_no_answer_and_none_of_it_is_left() -> None:
    line = asked()

    assert line.feed(PASTE + b"yes\r" + PASTED) == [PutOff(), Bell()]
    assert line.feed(b"\x03") == [Interrupt()]
    assert line.feed(b"y") == []
    assert line.text == "y"


def test_s1_17_a_paste_that_began_before_the_question_goes_on() -> None:
    line = editor()
    line.feed(PASTE + b"hel")
    line.question("Link? ", "yn")

    assert line.feed(b"lo y\r" + PASTED) == []
    assert line.text == "hello y "
    assert [type(event) for event in line.feed(b"n")] == [Key]


def test_a_question_can_be_withdrawn() -> None:
    screen = Screen(asked(b"half"))
    screen.line.withdraw()
    screen.types(b"y")

    assert screen.row == "> halfy"


# -- the row


def test_a_row_that_grows_is_drawn_by_what_is_new() -> None:
    screen = Screen(editor())

    assert screen.types(b"a") == "a"
    assert screen.types("é漢".encode()) == "é漢"
    assert screen.types(LEFT) == "\r> aé"
    assert screen.types(RIGHT) == "漢"
    assert screen.types(b"\r") == "\n> "


def test_a_row_that_shrinks_leaves_nothing_behind() -> None:
    screen = Screen(editor())
    screen.types("a漢b".encode())
    screen.types(LEFT)
    screen.types(b"\x7f")

    assert (screen.row, screen.column) == ("> ab", 3)
    screen.types(b"\x15")
    screen.types(b"\x0b")
    assert (screen.row, screen.column) == (">", 2)


def test_a_line_of_output_goes_above_what_is_typed() -> None:
    screen = Screen(editor())
    screen.types(b"half" + LEFT)
    screen.shows(f"{screen.line.clear()}bob: hi\n{screen.line.draw()}")

    assert screen.rows[:3] == ["bob: hi", "> half", ""]
    assert screen.column == 5


def test_a_long_line_is_scrolled_in_one_row() -> None:
    screen = Screen(editor(columns=20))
    text = "".join(chr(ord("a") + n % 26) for n in range(60))
    for char in text:
        screen.types(char.encode())
        assert screen.row.endswith(char)
        assert screen.rows[1] == ""
    screen.types(b"\x01")
    assert (screen.row, screen.column) == (f"> {text[:17]}", 2)
    for _ in range(30):
        screen.types(RIGHT)
    assert text[29] in screen.row
    written = screen.types(b"\r")
    assert text[-5:] in written
    assert screen.row == ">"


def test_a_redraw_puts_the_row_right() -> None:
    screen = Screen(editor(columns=30))
    screen.types(b"half")
    screen.shows("\rsomething else wrote here")
    screen.shows(screen.line.redraw())

    assert (screen.row, screen.column) == ("> half", 6)


def test_a_question_wider_than_the_row_shows_its_end() -> None:
    screen = Screen(editor(columns=12))
    screen.line.question("Private link from bob? [y/n] ", "yn")
    screen.types(b"")
    assert screen.row == "ob? [y/n]"

    screen.types(b"y")
    assert screen.rows[1:3] == [">", ""]


# -- properties


EDITS: dict[bytes, Callable[[str, int], tuple[str, int]]] = {
    b"\x7f": lambda text, at: (text[: max(at - 1, 0)] + text[at:], max(at - 1, 0)),
    LEFT: lambda text, at: (text, max(at - 1, 0)),
    RIGHT: lambda text, at: (text, min(at + 1, len(text))),
    DELETE: lambda text, at: (text[:at] + text[at + 1 :], at),
    b"\x01": lambda text, _: (text, 0),
    b"\x05": lambda text, _: (text, len(text)),
    b"\x15": lambda text, at: (text[at:], 0),
    b"\x0b": lambda text, at: (text[:at], at),
    b"\x1b[5~": lambda text, at: (text, at),
}
STROKES = st.lists(
    st.sampled_from("ab é漢😀ß").map(str.encode) | st.sampled_from(list(EDITS))
)
CUTS = st.lists(st.integers(1, 7))


def reads(data: bytes, sizes: list[int]) -> list[bytes]:
    """The data, split into reads of these sizes and a last one."""
    pieces = []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    return [*pieces, data]


@many
@given(STROKES, CUTS)
def test_the_text_is_what_a_plain_model_says(
    strokes: list[bytes], cuts: list[int]
) -> None:
    text, at = "", 0
    for stroke in strokes:
        if stroke in EDITS:
            text, at = EDITS[stroke](text, at)
        else:
            char = stroke.decode()
            text, at = text[:at] + char + text[at:], at + 1
    screen = Screen(LineEditor(200, "> "))
    for piece in reads(b"".join(strokes), cuts):
        screen.types(piece)

    assert screen.line.text == text
    if width(text) < 190:
        assert screen.row.replace(" ", "") == f">{text}".replace(" ", "")
        assert screen.column == 2 + width(text[:at])


BREAKS = {"\r", "\n"}
HOSTILE = st.lists(
    st.binary(max_size=6)
    | st.text(max_size=6).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | st.sampled_from([PASTE, PASTED, LEFT, RIGHT, b"\x1b]", b"\r", b"\x01", b"\x05"])
    | st.sampled_from("\u200d\ufe0f\u0301\u202e\U0001f1e9👩ﷺ漢").map(str.encode)
).map(b"".join)


@many
@given(HOSTILE, CUTS, st.integers(0, 24), st.booleans())
def test_s3_19_whatever_comes_one_clean_row_is_drawn(
    data: bytes, cuts: list[int], columns: int, question: bool
) -> None:
    """Nothing but printable characters and returns, and no row that is too wide."""
    line = LineEditor(columns, "name> ", lambda _: WORDS)
    if question:
        line.question("Really? ", "yn")
    for piece in reads(data, cuts):
        written = line.draw()
        for event in line.feed(piece):
            written += event.echo if isinstance(event, Line | Key) else ""
        written += line.draw() + line.clear() + line.draw()

        rows = [row for part in written.split("\n") for row in part.split("\r")]
        assert not {char for char in written if category(char) in ("Cc", "Cs")} - BREAKS
        assert all(width(row) <= max(columns - 1, 1) for row in rows)
        assert not {chr(code) for code in (*range(32), 127)} & set(line.text) - {"\t"}


# -- lines of a pipe


@few
@given(st.lists(st.text(alphabet="aé\t漢\r")), CUTS)
def test_a_pipe_is_cut_into_lines(texts: list[str], cuts: list[int]) -> None:
    cutter = LineCutter()
    data = "\n".join(texts).encode()
    found = [line for piece in reads(data, cuts) for line in cutter.feed(piece)]

    wanted = [text.replace("\r", "") for text in texts]
    last = wanted[-1:] if texts[-1:] and texts[-1] else []
    assert found + cutter.finish() == wanted[:-1] + last
    assert cutter.finish() == []


def test_a_line_of_a_pipe_is_bounded_and_never_cut_to_what_could_be_sent() -> None:
    cutter = LineCutter()
    found = cutter.feed(b"x" * LINE_BYTES)
    found += cutter.feed(b"y" * LINE_BYTES + b"\xff\nlogout\n")

    assert found == ["x" * LINE_BYTES, "logout"]
    assert LINE_BYTES > LONGEST_BYTES
