"""Finding mail as people ask for it: by words in it, or by whom it is with."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from nimsg.client import answers
from nimsg.client.query import Query, Request
from nimsg.protocol.rules import NAME
from nimsg.protocol.strict import JsonObject


TERM = re.compile(r'-?"[^"]*"?|\S+')
PLACES = ("inbox", "outbox", "room")
NO_NAME = ("-", '"')  # what is to be missing, and what stands together
MOST_NAMES = 3  # words that are tried as names: each is a question of its own


class Finding(NamedTuple):
    """Hits as the wire has them, newest first, and whether there are others."""

    hits: list[JsonObject]
    more: bool
    unindexed: int


def finding(query: JsonObject, names: Iterable[str] = ()) -> Query[Finding]:
    """What holds all `words` of a search, and what is with somebody they name.

    A name is one word of them; the others must stand in the mail. `names` are people
    who are known: the case of theirs does not count.
    """
    words = answers.text(query, "words")
    hits: dict[str, JsonObject] = {}
    more, unindexed = False, 0
    for asked in [query, *_with_people(query, words, names)]:
        page = yield Request("mail.search", asked)
        for row in answers.rows(page, "hits", dict):
            hits.setdefault(_id(row), row)
        more = more or answers.maybe_text(page, "next") is not None
        unindexed = answers.number(page, "unindexed")
    most = answers.number(query, "limit")
    # Ids are in the order in which the server stored the messages.
    newest = [hits[id_] for id_ in sorted(hits, reverse=True)]
    return Finding(newest[:most], more or len(newest) > most, unindexed)


def _id(hit: JsonObject) -> str:
    """The id of what was found, wherever it is."""
    rows = (row for key in PLACES if isinstance(row := hit.get(key), dict))
    return answers.identifier(next(rows, {}))


def _with_people(
    query: JsonObject, words: str, names: Iterable[str]
) -> list[JsonObject]:
    """The questions for what is with the people whom the words name."""
    known = {name.casefold(): name for name in names}
    terms: list[str] = TERM.findall(words)
    found: list[JsonObject] = []
    for at, term in enumerate(terms):
        if NAME.match(term) and not term.startswith(NO_NAME):
            others = " ".join([*terms[:at], *terms[at + 1 :]])
            # The server refuses words that hold nothing to look for.
            others = others if any(map(str.isalnum, others)) else ""
            person = known.get(term.casefold(), term)
            found.append({**query, "words": others, "person": person})
    return found[:MOST_NAMES]
