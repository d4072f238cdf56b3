"""The sanitiser: nothing in a message may act on the terminal that shows it."""

import json
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from nimsg.text import (
    MAX_BIDI_DEPTH,
    MAX_MARKS,
    clean_body,
    clean_line,
    clip,
    filter_typed,
    pad,
    printable,
    width,
    wrap,
)
from tests.support.soaking import Soak


Clean = Callable[[str], str]

CORPUS = Path(__file__).resolve().parents[2] / "shared/corpus/blns.json"
FEW = [
    "",
    "\U0001d413\U0001d421e",
    "\u202etest\u202d",
    "T\u0332\u0348o\u035e \u0337i\u0332\u032c\u0347\u032a\u0359n",
    "\u202a\u202a\u169b \u169c",
    "\ufeff\ufffe",
]
NAUGHTY: list[str] = (
    json.loads(CORPUS.read_text("utf-8")) if CORPUS.exists() else FEW
) + FEW

STATEFUL = dict.fromkeys("\u202a\u202b", "\u202c") | dict.fromkeys(
    "\u2066\u2067\u2068", "\u2069"
)
BODY_BIDI = {*"\u061c\u200e\u200f", *STATEFUL, *STATEFUL.values()}
# Format characters that are drawn, and the two that join letters or emoji.
DRAWN = {*"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2"} | {
    "\U000110bd",
    "\U000110cd",
}
JOINERS = {"\u200c", "\u200d"}
BLANK = {
    *"\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2065\u3164\uffa0",
    *map(chr, range(0xFE00, 0xFE0E)),
    *map(chr, range(0xE0000, 0xE1000)),
}

# Dense in what the rules are about, so that the rules meet.
HOSTILE = st.lists(
    st.one_of(
        st.sampled_from(
            [
                *"\x1b[]P_^\\;0m\x07\x9b\x9d\x90\x98\x9c\x00\x7f\ud800\udfff",
                *"\r\n\t\v\f\x85\u2028\u2029\u202d\u202e\u200b\u00ad\U000e0041",
                *sorted(BODY_BIDI | JOINERS),
                *"aé 1#<>漢字か。ﬁ\u3099\u309a\u1100\u1161\u11a8가",
                *"☺❤👍👨🇺🇸🏽🏻\ufe0f\ufe0e\u20e3",
                *"\u0301\u0327\u0338\u0344\u064b\u093c\u094d\u0903\u0dd9\u0dcf\u0dca",
                *"بپکक\u0600\u0928\u0897\u0958\ufb2c\u2adc",
                *["\u0301" * 7, "\x1b]0;", "\x1b[31m", "👨\u200d", "ب\u200c", "    "],
            ]
        ),
        st.characters(),
        st.text(max_size=5),
    ),
    max_size=40,
).map("".join)
CELLS = st.integers(min_value=-1, max_value=30)


def is_mark(char: str) -> bool:
    """Tell whether Python's tables call this a mark or a vowel jamo."""
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff"


def most_marks(text: str) -> int:
    """Count the marks of the character that has most of them."""
    runs = groupby(text, key=is_mark)
    return max((len(list(run)) for marks, run in runs if marks), default=0)


def assert_safe(text: str, allowed: set[str]) -> None:
    """Check a cleaned text against Unicode's own categories."""
    unsafe = {
        char
        for char in set(text) - allowed - DRAWN - JOINERS
        if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }

    assert unsafe == set()
    assert BLANK.isdisjoint(text)
    assert most_marks(text) <= MAX_MARKS
    assert unicodedata.is_normalized("NFC", text)


def assert_balanced(line: str) -> None:
    """Check that each direction control of the line is closed in it, in order."""
    opened: list[str] = []
    for char in line:
        if char in STATEFUL:
            opened.append(STATEFUL[char])
        elif char in STATEFUL.values():
            assert opened.pop() == char
        assert len(opened) <= MAX_BIDI_DEPTH
    assert opened == []


def seen(text: str) -> str:
    """Give what of a text must survive layout."""
    return "".join(c for c in text if c not in " \n" and c not in BODY_BIDI)


BOTH = pytest.mark.parametrize("clean", [clean_line, clean_body])


@BOTH
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("", ""),
        ("plain ~ text", "plain ~ text"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[?1049h\x1b[2 q\x1b[38:5:1mx", "x"),
        ("\x9b31mred", "red"),
        ("cut\x1b[31", "cut"),
        ("cut\x1b[31é", "cuté"),
        ("\x1b]0;PWNED\x07title", "title"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]52;c;cm0=\x9cclip", "clip"),
        ("\x9d0;PWNED\x9ctitle", "title"),
        ("a\x1b]0;never ended", "a"),
        ("a\x1b]0;ended\x1b[1m by another", "a by another"),
        ("a\x1bPq#0\x07;1\x1b\\b\x90q\x9cc", "abc"),
        ("a\x1b_G\x1b\\b\x9fG\x9cc", "abc"),
        ("a\x1b^x\x1b\\b\x9ex\x9cc", "abc"),
        ("a\x1bXx\x1b\\b\x98x\x9cc", "abc"),
        ("\x1b\x1b[31m[31m", "^[[31m"),
        ("\x1b\u200b[31m", "^[[31m"),
        ("\x1bc", "^[c"),
    ],
)
def test_s3_19_every_display_cleans_whole_escape_sequences_away(
    clean: Clean, raw: str, shown: str
) -> None:
    assert clean(raw) == shown


@BOTH
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b", "^["),
        ("\x07", "^G"),
        ("\x00\x08\x1c\x1f", "^@^H^\\^_"),
        ("\x7f", "^?"),
        ("\x80\x9c", "<80><9C>"),
        ("\ud800 \udcff", "\ufffd \ufffd"),
        ("\ud83d\ude00", "\ufffd\ufffd"),
    ],
)
def test_s3_19_every_display_cleans_lone_controls_into_something_visible(
    clean: Clean, raw: str, shown: str
) -> None:
    assert clean(raw) == shown


@pytest.mark.parametrize(
    "newline", ["\n", "\r", "\r\n", "\v", "\f", "\x85", "\u2028", "\u2029"]
)
def test_a_break_is_a_space_in_a_line_and_a_newline_in_a_body(newline: str) -> None:
    raw = f"a{newline}b{newline}{newline}"

    assert clean_line(raw) == "a b  "
    assert clean_body(raw) == "a\nb\n\n"


def test_an_unterminated_string_hides_its_own_line_only() -> None:
    for introducer in ("\x1b]", "\x9d", "\x1bP", "\x90", "\x1b_", "\x1b^", "\x98"):
        raw = f"one\n{introducer}0;two\r\nthree\nfour"

        assert clean_body(raw) == "one\n\nthree\nfour"
        assert clean_line(raw) == "one  three four"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\tx", " " * 8 + "x"),
        ("1234567\tx\t", "1234567 x" + " " * 7),
        ("12345678\tx", "12345678" + " " * 8 + "x"),
        ("a\n\tb", "a\n" + " " * 8 + "b"),
        ("漢字\tx", "漢字    x"),
        ("e\u0301\tx", "é       x"),
        ("\x1b[1m1\tx", "1       x"),
    ],
)
def test_a_tab_in_a_body_reaches_the_next_stop_as_seen(raw: str, shown: str) -> None:
    assert clean_body(raw) == shown


def test_a_tab_in_a_line_is_one_space() -> None:
    assert clean_line("a\tb") == "a b"


def test_a_line_spells_direction_controls_out() -> None:
    assert clean_line("a\u202etxt.exe") == "a<202E>txt.exe"
    for char in sorted(BODY_BIDI | {"\u202d", "\u202e"}):
        assert clean_line(f"a{char}b") == f"a<{ord(char):X}>b"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u202ec\u202db", "acb"),
        ("a\u200eb\u200fc\u061cd", "a\u200eb\u200fc\u061cd"),
        ("\u2067a\nb", "\u2067a\u2069\nb"),
        ("\u202ba\u2066b\nc", "\u202ba\u2066b\u2069\u202c\nc"),
        ("\u202ba\u202c\u2068b\u2069", "\u202ba\u202c\u2068b\u2069"),
        ("a\u2069b\u202cc", "abc"),
        ("\u2067a\u202cb\u2069", "\u2067ab\u2069"),
        ("\u2067" * 99, "\u2067" * 8 + "\u2069" * 8),
    ],
)
def test_a_body_drops_overrides_and_closes_the_rest_in_its_line(
    raw: str, shown: str
) -> None:
    assert clean_body(raw) == shown


@BOTH
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\u200b\u2060\ufeff\u00adb", "ab"),
        ("🏴\U000e0067\U000e0062\U000e007f", "🏴"),
        ("\u3164\u115f\uffa0x", "x"),
        ("👨\u200d👩\u200d👧\u200d👦", "👨\u200d👩\u200d👧\u200d👦"),
        ("👨" + "\u200d👨" * 5, "👨" + "\u200d👨" * 3 + "👨\u200d👨"),
        ("🕵🏽\u200d♂\ufe0f", "🕵🏽\u200d♂\ufe0f"),
        ("❤\ufe0f ☺\ufe0e 1\ufe0f\u20e3", "❤\ufe0f ☺\ufe0e 1\ufe0f\u20e3"),
        ("a\u200db\ufe0fc1\ufe0f", "abc1"),
        ("👨\u200d", "👨"),
        ("👨\u200b\u200d👨", "👨\u200d👨"),
        ("می\u200cکشم", "می\u200cکشم"),
        ("क\u094d\u200cष", "क\u094d\u200cष"),
        ("a\u200cb \u200cب\u200c ب\u200c\u064b", "ab ب ب\u064b"),
    ],
)
def test_invisible_characters_stay_only_where_they_shape_what_is_seen(
    clean: Clean, raw: str, shown: str
) -> None:
    assert clean(raw) == shown


@BOTH
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("x" + "\u0301" * 5, "x" + "\u0301" * 4),
        ("漢" + "\u0344" * 3, "漢" + "\u0308\u0301" * 2),
        (
            "漢" + "\u0301" * 9 + "☺" + "\u0301" * 9,
            "漢" + "\u0301" * 4 + "☺" + "\u0301" * 4,
        ),
        ("가" + "\u1161" * 9, "가" + "\u1161" * 4),
        ("ㄱ" + "\u11a8" * 9, "ㄱ" + "\u11a8" * 4),
        ("x" + "\u0897" * 9, "x" + "\u0897" * 4),
        ("🫨" * 9, "🫨" * 9),
        ("\u0301x", "◌\u0301x"),
        ("a \u0301x", "a ◌\u0301x"),
        ("\x07\u0327", "^G\u0327".replace("G\u0327", "Ģ")),
    ],
)
def test_marks_are_composed_bounded_and_on_a_base_of_their_own(
    clean: Clean, raw: str, shown: str
) -> None:
    assert clean(raw) == shown


def test_a_mark_cannot_hide_behind_a_direction_control() -> None:
    assert clean_body("a\u200e\u0301\u0301") == "a\u200e◌\u0301\u0301"
    assert clean_body("☺" * 5 + "\u200e\u0301" * 2) == (
        "☺" * 5 + "\u200e◌\u0301" + "\u200e◌\u0301"
    )


@BOTH
def test_ten_thousand_marks_become_four(clean: Clean) -> None:
    assert clean("Z" + "\u0335" * 10_000 + "!") == "Z" + "\u0335" * 4 + "!"
    assert len(clean("Z" + "\u0301" * 100_000 + "\u0327" * 100_000)) <= 1 + MAX_MARKS


@pytest.mark.no_cover
@BOTH
def test_every_code_point_is_safe(clean: Clean) -> None:
    # An introducer hides the rest of its line: those stand on lines of their own.
    low = "\n".join(f"a{chr(code)}" for code in range(0xA0))
    high = "".join(
        f"a{chr(code)}" + "\n" * (code % 64 == 0) for code in range(0xA0, 0x110000)
    )
    shown = clean(low + "\n" + high)

    assert_safe(shown, BODY_BIDI | {"\n"} if clean is clean_body else set())
    assert clean(shown) == shown


@BOTH
@pytest.mark.parametrize("text", NAUGHTY)
def test_naughty_strings_are_safe(clean: Clean, text: str) -> None:
    shown = clean(text)

    assert_safe(shown, BODY_BIDI | {"\n"})
    assert clean(shown) == shown
    assert all(width(row) <= 20 for row in wrap(shown, 20))


UNITS = (
    *("a", "é", "漢", "🇺", "\u0301", "\u0301\u0327", "👨\u200d", "ب", "ب\u200c"),
    *("\x1b", "\x1b]", "\x9b1", "\u2067", "\u200e", "क\u094d", "\u0600"),
    *(" ", "é ", "\t", "é\t"),
)


def require_laid_out(unit: str, size: int) -> None:
    """A line of so many bytes is cleaned, and fits."""
    raw = unit * (size // len(unit.encode()))
    line, body = clean_line(raw), clean_body(raw)

    assert_safe(line, set())
    assert width(pad(line, 80)) == 80
    assert all(width(row) <= 80 for row in wrap(body, 80))


@pytest.mark.parametrize("unit", UNITS)
def test_a_long_line_of_the_same_is_laid_out(unit: str) -> None:
    require_laid_out(unit, 20_000)


@pytest.mark.soak
def test_s3_19_soak_a_line_of_a_megabyte_is_laid_out(soak: Soak) -> None:
    chance = Random(soak.seed)  # noqa: S311
    while soak.going():
        require_laid_out("".join(chance.choices(UNITS, k=chance.randint(1, 4))), 10**6)
        soak.count("lines of 1 MB")


@given(HOSTILE)
def test_s3_19_every_display_cleans_any_line(raw: str) -> None:
    line = clean_line(raw)

    assert_safe(line, set())
    assert clean_line(line) == line
    assert clean_body(line) == line
    assert not line or not is_mark(line[0])


@given(HOSTILE)
def test_s3_19_every_display_cleans_any_body(raw: str) -> None:
    body = clean_body(raw)

    assert_safe(body, BODY_BIDI | {"\n"})
    assert clean_body(body) == body
    for line in body.split("\n"):
        assert_balanced(line)


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_is_not_touched(text: str) -> None:
    assert clean_line(text) == text
    assert clean_body(f"{text}\n{text}") == f"{text}\n{text}"
    assert filter_typed(text) == text
    assert printable(text, "ascii") == text
    assert width(text) == len(text)


def test_s3_19_typed_input_keeps_newline_and_tab_and_loses_other_controls() -> None:
    low = "".join(map(chr, range(32)))

    assert filter_typed(f"{low}a\x7fé\x80") == "\t\naé\x80"
    assert filter_typed("a\r\nb") == "a\nb"


@pytest.mark.parametrize(
    ("line", "cells"),
    [
        ("", 0),
        ("abc", 3),
        ("é", 1),
        ("漢字", 4),
        ("👨\u200d👩\u200d👧", 2),
        ("🇺🇸", 2),
        ("❤\ufe0f", 2),
        ("x\u0301", 1),
        ("가", 2),
        ("\u0600" * 5, 5),
        ("a\u1067\u1067", 2),
        ("◌\u1161\u0903", 2),
        ("\u1100" * 3 + "\u1161", 6),
    ],
)
def test_width_counts_cells_as_the_screen_library_does(line: str, cells: int) -> None:
    from urwid import calc_text_pos, calc_width

    assert width(line) == cells
    assert calc_width(line, 0, len(line)) == cells
    # Its layout counts some spacing marks as nothing, so it may see fewer cells.
    end, drawn = calc_text_pos(line, 0, len(line), cells)
    assert end == len(line)
    assert drawn <= cells


@given(HOSTILE)
def test_the_screen_library_never_counts_more_cells(raw: str) -> None:
    from urwid import calc_width

    line = clean_line(raw)

    assert calc_width(line, 0, len(line)) <= width(line)


@pytest.mark.parametrize(
    ("line", "cells", "ellipsis", "shown"),
    [
        ("abcdef", 6, "…", "abcdef"),
        ("abcdef", 5, "…", "abcd…"),
        ("abcdef", 1, "…", "…"),
        ("abcdef", 0, "…", ""),
        ("abcdef", -3, "…", ""),
        ("\u200e", 0, "…", ""),
        ("", 0, "…", ""),
        ("abcdef", 5, "...", "ab..."),
        ("abcdef", 2, "...", ".."),
        ("abcdef", 3, "", "abc"),
        ("abcdef", 1, "漢", ""),
        ("漢字漢", 5, "…", "漢字…"),
        ("漢字漢", 4, "…", "漢…"),
        ("ax\u0301x\u0301x\u0301", 3, "…", "ax\u0301…"),
        ("👨\u200d👩\u200d👧👨\u200d👩\u200d👧", 3, "…", "👨\u200d👩\u200d👧…"),
        ("👨\u200d👩\u200d👧👨", 2, "…", "…"),
        ("🇺🇸🇺🇸", 3, "…", "🇺🇸…"),
        ("\u2067abc\u2069", 2, "…", "\u2067a\u2069…"),
    ],
)
def test_clip_cuts_between_characters_as_seen(
    line: str, cells: int, ellipsis: str, shown: str
) -> None:
    assert clip(line, cells, ellipsis) == shown


@given(HOSTILE, CELLS, st.sampled_from(["…", "...", "", "~"]))
def test_clip_never_takes_more_cells(raw: str, cells: int, ellipsis: str) -> None:
    line = clean_line(raw)
    shown = clip(line, cells, ellipsis)

    assert width(shown) <= max(cells, 0)
    assert shown == line if 0 < width(line) <= cells else shown != line or not line
    if width(ellipsis) <= cells < width(line):
        assert shown.endswith(ellipsis)


@given(HOSTILE, CELLS)
def test_clip_leaves_no_direction_open(raw: str, cells: int) -> None:
    for line in clean_body(raw).split("\n"):
        assert_balanced(clip(line, cells))


@given(HOSTILE, CELLS, st.booleans())
def test_pad_takes_the_cells_exactly(raw: str, cells: int, right: bool) -> None:
    assert width(pad(clean_line(raw), cells, right=right)) == max(cells, 0)


def test_pad_aligns_left_or_right() -> None:
    assert pad("漢", 4) == "漢  "
    assert pad("漢", 4, right=True) == "  漢"
    assert pad("abcdef", 4, right=True) == "abc…"


@pytest.mark.parametrize(
    ("body", "cells", "rows"),
    [
        ("", 10, [""]),
        ("\n", 10, [""]),
        ("a\n\nb\n", 10, ["a", "", "b"]),
        ("one two three", 8, ["one two", "three"]),
        ("one two  three ", 7, ["one two", "three "]),
        ("  indented text", 10, ["  indented", "text"]),
        ("a            b", 4, ["a", "b"]),
        ("            ", 4, [""]),
        ("     longword", 8, ["longword"]),
        ("see abcdefghij now", 4, ["see", "abcd", "efgh", "ij", "now"]),
        ("漢字漢字漢字", 5, ["漢字", "漢字", "漢字"]),
        ("ab漢字。漢", 6, ["ab漢", "字。漢"]),
        ("éééééé", 4, ["éééé", "éé"]),
        ("漢a", 1, ["漢", "a"]),
        ("^[\u3099\u0903", 2, ["^", "[\u3099\u0903"]),
        ("ab", 0, ["a", "b"]),
        ("\u0600" * 3 + "\u0661" * 2, 2, ["\u0600" * 2, "\u0600\u0661", "\u0661"]),
        ("🇺🇸🇺🇸x", 3, ["🇺🇸", "🇺🇸x"]),
        ("\u2067ab cd\u2069 e", 2, ["\u2067ab\u2069", "\u2067cd\u2069", "e"]),
    ],
)
def test_wrap_breaks_at_spaces_and_cuts_long_words(
    body: str, cells: int, rows: list[str]
) -> None:
    assert wrap(body, cells) == rows


@given(HOSTILE, st.integers(min_value=2, max_value=20))
def test_wrap_fits_and_loses_nothing_but_spaces(raw: str, cells: int) -> None:
    from urwid import calc_width

    body = clean_body(raw)
    rows = wrap(body, cells)

    assert seen("".join(rows)) == seen(body)
    for row in rows:
        assert width(row) <= cells
        assert calc_width(row, 0, len(row)) <= cells
        assert_balanced(row)


@pytest.mark.parametrize("unit", ["a", "é", "漢", "x\u0301"])
def test_wrap_cuts_a_word_of_200_000_characters(unit: str) -> None:
    rows = wrap(clean_body(unit * 200_000), 80)

    assert len(rows) == 200_000 * width(unit) // 80
    assert {width(row) for row in rows} == {80}


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("abc", "ascii", "abc"),
        ("é…漢", "ascii", "???"),
        ("é…漢", "latin-1", "é??"),
        ("é…漢", "utf-8", "é…漢"),
        ("\ud800", "utf-8", "?"),
    ],
)
def test_printable_replaces_what_the_stream_cannot_take(
    text: str, encoding: str, shown: str
) -> None:
    assert printable(text, encoding) == shown


def test_an_unknown_encoding_is_the_callers_mistake() -> None:
    with pytest.raises(LookupError):
        printable("é", "no-such-encoding")


def test_cleaning_loads_no_width_tables() -> None:
    code = (
        "import sys; from nimsg.text import clean_body, clean_line, pad;"
        "clean_line('é\\x1b[1m'); clean_body('é\\n\\ta'); pad('plain', 9, right=True);"
        "sys.exit(bool({'wcwidth', 'dataclasses', 'urwid'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
