"""S2-16: the words of a search, and where they stand in a text."""

import time
import unicodedata

import pytest
from hypothesis import given, strategies as st

from nimsg.core.words import (
    ELLIPSIS,
    SNIPPET_CHARS,
    WORD,
    Term,
    compose,
    cut,
    fold,
    parse_terms,
    snippet,
)
from nimsg.protocol.constants import limit
from tests.support.examples import many


TERMS: dict[str, list[Term]] = {
    "": [],
    " \t\n": [],
    "?!": [],
    '"': [],
    '""': [],
    "-": [],
    "*": [],
    "_": [],
    "plan": [Term(("plan",))],
    "Plan B": [Term(("Plan",)), Term(("B",))],
    '"plan b"': [Term(("plan", "b"))],
    '"plan b': [Term(("plan",)), Term(("b",))],
    "plan*": [Term(("plan",), prefix=True)],
    "-plan": [Term(("plan",), excluded=True)],
    "-plan*": [Term(("plan",), prefix=True, excluded=True)],
    '-"plan b"': [Term(("plan", "b"), excluded=True)],
    "--plan": [Term(("plan",), excluded=True)],
    "don't": [Term(("don", "t"))],
    "a_b": [Term(("a", "b"))],
    "ann@example.org": [Term(("ann", "example", "org"))],
    "who:s1": [Term(("who", "s1"))],
    "NEAR(a": [Term(("NEAR", "a"))],
    'a"b c"d': [Term(("a",)), Term(("b", "c")), Term(("d",))],
    "e\u0301t\u00e9": [Term(("\u00e9t\u00e9",))],
    "\u6771\u4eac": [Term(("\u6771", "\u4eac"))],
    "\u6771x\u4eac": [Term(("\u6771", "x", "\u4eac"))],
    "a\0b": [Term(("a", "b"))],
}
# Scripts that are written without spaces: a character and its neighbour.
UNSPACED = ["\u6771\u4eac", "\u3042\u3044", "\u0e01\u0e02", "\u1780\u1781"]
letters = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=8)
texts = st.text(
    st.one_of(
        st.sampled_from(" \n\t\r\u2028-\"'_,.\u0301\u6771\u4eac"),
        st.characters(categories=["Ll", "Lu", "Nd"]),
    ),
    max_size=400,
)


@pytest.mark.parametrize("typed", TERMS)
def test_s2_16_what_a_person_types_is_read_into_terms(typed: str) -> None:
    assert parse_terms(typed) == TERMS[typed]


@many
@given(st.text(max_size=limit("words_chars")))
def test_s2_16_whatever_is_typed_a_term_holds_words_and_nothing_else(
    typed: str,
) -> None:
    for term in parse_terms(typed):
        assert term.words
        assert all(WORD.fullmatch(word) for word in term.words)


def test_s2_16_case_and_accents_do_not_count() -> None:
    assert fold("PLAN") == "plan"
    assert fold("\u00c9t\u00e9") == fold("e\u0301te\u0301") == "ete"
    assert fold("Stra\u00dfe") == fold("STRASSE") == "strasse"


@pytest.mark.parametrize("pair", UNSPACED)
def test_s2_16_scripts_without_spaces_are_cut_into_characters(pair: str) -> None:
    assert cut(f"a{pair}b").split() == ["a", *pair, "b"]
    assert WORD.findall(pair) == [*pair]


def test_s2_16_other_texts_are_not_cut() -> None:
    assert cut("plan b") == "plan b"
    assert cut("e\u0301t\u00e9") == compose("e\u0301t\u00e9") == "\u00e9t\u00e9"


# -- snippets


def plain(line: str) -> str:
    """A snippet without what stands for the rest."""
    return line.removeprefix(ELLIPSIS).removesuffix(ELLIPSIS)


@many
@given(texts, letters)
def test_s2_16_a_snippet_is_a_short_line(text: str, word: str) -> None:
    line = snippet(text, parse_terms(word))

    assert len(line) <= SNIPPET_CHARS + 2 * len(ELLIPSIS)
    assert line == line.strip()
    assert len(line.splitlines()) <= 1
    assert "\n" not in line


@many
@given(texts, letters, texts)
def test_s2_16_a_snippet_holds_the_word_that_was_asked_for(
    before: str, word: str, after: str
) -> None:
    line = snippet(f"{before} {word} {after}", parse_terms(word))

    folded = {fold(found) for found in WORD.findall(plain(line))}
    assert fold(WORD.findall(compose(word))[0]) in folded


@pytest.mark.parametrize(
    ("typed", "begin"),
    [
        ("needle", "needle"),
        ("NEEDLE", "needle"),
        ("needl*", "needle"),
        ('"needle in"', "needle in"),
        ('"needle out" hay*', "hay"),
        ("-needle", "hay"),
        ("absent", "hay"),
        ("", "hay"),
    ],
)
def test_s2_16_a_snippet_stands_around_the_first_place(typed: str, begin: str) -> None:
    text = "hay " * 100 + "needle in " + "hay " * 100

    line = snippet(text, parse_terms(typed))

    assert begin in plain(line)[:40]
    assert line.endswith(ELLIPSIS)
    assert line.startswith(ELLIPSIS) is ("needle" in begin)


def test_s2_16_a_short_text_is_its_own_snippet() -> None:
    assert snippet("a\n b\tc ", parse_terms("c")) == "a b c"
    assert snippet("", parse_terms("c")) == ""
    assert snippet("", []) == ""


def test_s2_16_a_place_in_a_script_without_spaces_is_found() -> None:
    text = "\u3042" * 200 + "\u6771\u4eac" + "\u3044" * 200

    line = snippet(text, parse_terms("\u6771\u4eac"))

    assert "\u6771\u4eac" in line
    assert line[0] == line[-1] == ELLIPSIS


def test_s2_16_letters_and_accents_apart_are_found_as_one() -> None:
    text = unicodedata.normalize("NFD", "x " * 100 + "\u00e9t\u00e9")

    assert snippet(text, parse_terms("\u00e9t\u00e9")).endswith(" \u00e9t\u00e9")


@pytest.mark.parametrize(
    "unit",
    ["a", "a ", " ", "-a", '"', "\u6771", "e\u0301", "\u0301", "\u0323\u0301", "_"],
)
@pytest.mark.parametrize("typed", ["b ", '"a b"', "b* ", '"x a" ', "-b "])
def test_s2_16_long_texts_take_little_time(unit: str, typed: str) -> None:
    text = unit * (limit("body_bytes") // len(unit.encode()))
    terms = parse_terms(typed * (limit("words_chars") // len(typed)))
    began = time.process_time()

    snippet(text, terms)
    cut(text)

    assert time.process_time() - began < 1
