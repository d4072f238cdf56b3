"""The words of a search: how they are read, and where they stand in a text.

A word is a run of letters and digits; case and accents do not count. Scripts that
are written without spaces are cut into characters, so that any part is found.
"""

import re
import unicodedata
from collections.abc import Iterator

from msgspec import Struct


# Chinese, Japanese, Thai, Lao, Khmer and Myanmar.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
CUT = re.compile(f"([{UNSPACED}])")
WORD = re.compile(f"[{UNSPACED}]|[^\\W_{UNSPACED}]+")
# A quoted phrase or a run without spaces, either with a minus before or a star behind.
TERM = re.compile(r'(-?)(?:"([^"]*)"|([^\s"]+))')
LONG_RUN = re.compile(r"([^\w\x00-\x7f]{32})[^\w\x00-\x7f]+")
SNIPPET_CHARS = 120
LEAD_CHARS = 30
ELLIPSIS = "…"


class Term(Struct, frozen=True):
    """Words that stand next to each other.

    `prefix` lets the last of them go on, `excluded` is for what must not be there.
    """

    words: tuple[str, ...]
    prefix: bool = False
    excluded: bool = False


def parse_terms(text: str) -> list[Term]:
    """What a person typed: `word`, `"a phrase"`, `begin*`, `-without`."""
    terms: list[Term] = []
    for minus, phrase, run in TERM.findall(text):
        words = tuple(WORD.findall(compose(phrase or run)))
        if words:
            terms.append(Term(words, run.endswith("*"), minus == "-"))
    return terms


def compose(text: str) -> str:
    """The text with letters and accents as one character each (NFC).

    Long runs of accents are cut: to sort them takes quadratic time.
    """
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", LONG_RUN.sub(r"\1", text))


def cut(text: str) -> str:
    """The text with spaces between the characters of scripts that have none."""
    return text if text.isascii() else CUT.sub(r" \1 ", compose(text))


def fold(word: str) -> str:
    """A word without case and accents."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFD", word.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


def snippet(text: str, terms: list[Term]) -> str:
    """A line of the text around the first place where a term stands.

    Without such a place it is the beginning of the text.
    """
    text = compose(text)
    start = next(_places(text, [term for term in terms if not term.excluded]), 0)
    begin = 0 if start <= LEAD_CHARS else _next_space(text, start - LEAD_CHARS, start)
    end = min(len(text), begin + SNIPPET_CHARS)
    line = " ".join(text[begin:end].split())
    return f"{ELLIPSIS if begin else ''}{line}{ELLIPSIS if end < len(text) else ''}"


def _next_space(text: str, begin: int, end: int) -> int:
    """Behind the first white space from `begin` on, or `begin` without one."""
    match = re.compile(r"\s+").search(text, begin, end)
    return match.end() if match else begin


def _places(text: str, terms: list[Term]) -> Iterator[int]:
    """Where terms begin, in the order of the text."""
    whole: set[tuple[str, ...]] = set()
    begun: dict[tuple[str, ...], tuple[str, ...]] = {}
    for term in terms:
        *front, last = map(fold, term.words)
        if term.prefix:
            begun[tuple(front)] = (*begun.get(tuple(front), ()), last)
        else:
            whole.add((*front, last))
    lengths = sorted({len(term.words) for term in terms})
    starts: list[int] = []
    words: list[str] = []
    for match in WORD.finditer(text if terms else ""):
        starts.append(match.start())
        words.append(fold(match[0]))
        for length in lengths:
            run = tuple(words[-length:])
            if run in whole or run[-1].startswith(begun.get(run[:-1], ())):
                yield starts[-len(run)]
