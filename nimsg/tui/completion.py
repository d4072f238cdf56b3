"""Completing a name among those in To."""

from collections.abc import Iterable, Sequence, Set
from typing import NamedTuple

from nimsg.client.answers import InboxRow
from nimsg.client.mailtables import Row
from nimsg.tui.letterdraft import Draft


class Completion(NamedTuple):
    """What Tab makes of a text: the new text, or the names to choose from."""

    text: str
    at: int
    choices: tuple[str, ...] = ()


ENDS_WORD = ", "
_BLANKS = frozenset(" \t")
_COMMAS = frozenset(",;")


def complete(text: str, at: int, names: Iterable[str]) -> Completion | None:
    """Complete the name that ends at the position `at`; None where nothing can be.

    One that begins so is put in whole; of several, as much as they have in common.
    Upper and lower case are the same, as no two people differ only by it.
    """
    start = _start(text, at, _BLANKS)
    people = set(names)
    if not any(_begins(name, text[start:at]) for name in people):
        # A blank was left out behind a comma.
        comma = _start(text, at, _BLANKS | _COMMAS)
        if comma > start:
            return complete(f"{text[:comma]} {text[comma:]}", at + 1, people)
    word = text[start:at]
    named = Draft("", to=f"{text[:start]} {text[at:]}").recipients
    found = sorted(name for name in people - set(named) if _begins(name, word))
    if not word or not found or found == [word]:
        return None
    if len(found) == 1:
        return _replaced(text, start, at, found[0] + ENDS_WORD)
    more = _common(found)
    if len(more) > len(word):
        return _replaced(text, start, at, more)._replace(choices=tuple(found))
    return Completion(text, at, tuple(found))


def correspondents(rows: Iterable[Row]) -> set[str]:
    """All who have sent messages or have got them."""
    people: set[str] = set()
    for row in rows:
        people.update(row.to)
        if isinstance(row, InboxRow):
            people.add(row.sender)
    return people


def _begins(name: str, word: str) -> bool:
    return name.casefold().startswith(word.casefold())


def _start(text: str, at: int, ends: Set[str]) -> int:
    """Where the word that ends at `at` begins."""
    while at and text[at - 1] not in ends:
        at -= 1
    return at


def _common(names: Sequence[str]) -> str:
    """What all begin with, as the first one writes it."""
    kept = len(names[0])
    for name in names[1:]:
        while not _begins(name, names[0][:kept]):
            kept -= 1
    return names[0][:kept]


def _replaced(text: str, start: int, end: int, word: str) -> Completion:
    rest = text[end:]
    if word.endswith(ENDS_WORD) and rest.lstrip().startswith(","):
        word = word.removesuffix(ENDS_WORD)
    return Completion(text[:start] + word + rest, start + len(word))
