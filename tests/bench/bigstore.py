"""Stores of many messages, made through the Store contract, and kept.

In the big one a reader has a tenth of them in the inbox, of all ages; the others go
round. In the other all are the reader's. Texts are of a small vocabulary whose words
are as unequally frequent as those of a language (Zipf's law), so that some words stand
in half of the messages.
"""

import itertools
import random
import shutil
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nimsg.core.commands import SendMail
from nimsg.store.local import LocalStore
from tests.bench.peers.nimsg import SENDERS, seed


READER = "reader"
PEOPLE = [f"person{number}" for number in range(100)]
VOCABULARY = 20_000
SUBJECT_WORDS = 5
BODY_WORDS = 150
INBOX_WORDS = 20
BATCH = 512
START = 1_700_000_000_000
APART_MS = 60_000
DONE = "made"


@cache
def vocabulary() -> list[str]:
    """Made-up words, the most frequent first."""
    chance = random.Random(1)  # noqa: S311
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(chance.choices(syllables, k=chance.randint(1, 4)))] = None
    return list(found)


def big_store(folder: Path, count: int) -> Path:
    """The store's folder; it is made where it is not there yet."""
    return _made(folder / f"mail-{count}", _letters(count), count, index=True)


def inbox_store(folder: Path, count: int) -> Path:
    """The folder of a store whose messages are all in the inbox of the reader."""
    letters = _letters(count, every=1, body_words=INBOX_WORDS)
    return _made(folder / f"one-inbox-{count}", letters, count, index=False)


def _made(root: Path, letters: Iterator[SendMail], count: int, *, index: bool) -> Path:
    if not (root / DONE).exists():
        shutil.rmtree(root, ignore_errors=True)  # one that was begun
        _make(root, letters, count, index=index)
        (root / DONE).touch()
    return root / "var"


def _make(root: Path, letters: Iterator[SendMail], count: int, *, index: bool) -> None:
    began = time.perf_counter()
    seed(root / "var", [READER, *PEOPLE, *SENDERS])
    store = LocalStore(root / "var")
    try:
        at = START
        while batch := list(itertools.islice(letters, BATCH)):
            at += APART_MS * len(batch)
            store.file(store.commit(batch, at))
            store.settle()
            done = at - START
            _tell(f"made {done // APART_MS} of {count}")
        if index:
            _tell("making the full text")
        while index and store.index_text(1000):
            pass
    finally:
        store.close()
    _tell(f"made in {time.perf_counter() - began:.0f} s\n")


def _letters(
    count: int, every: int = 10, body_words: int = BODY_WORDS
) -> Iterator[SendMail]:
    """So many messages, one of `every` to the reader."""
    chance = random.Random(2)  # noqa: S311
    words = vocabulary()
    weights = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for number in range(count):
        sender = 2 + number % len(PEOPLE)
        to = READER if number % every == 0 else PEOPLE[(number * 7 + 1) % len(PEOPLE)]
        if to == PEOPLE[sender - 2]:
            to = PEOPLE[(sender - 1) % len(PEOPLE)]
        chosen = chance.choices(words, cum_weights=weights, k=body_words)
        subject = " ".join(chosen[:SUBJECT_WORDS])
        yield SendMail(sender, [to], str(number), subject, " ".join(chosen), None)


def _tell(text: str) -> None:
    print(f"\r{text:<40}", end="", file=sys.stderr, flush=True)
