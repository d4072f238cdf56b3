"""A store of a million messages, made through the Store contract, and kept.

One reader has a tenth of them in the inbox, of all ages; the others go round. Texts
are of a small vocabulary whose words are as unequally frequent as those of a
language (Zipf's law), so that some words stand in half of the messages.
"""

import hashlib
import itertools
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from nimsg.core.commands import CreateAccount, CreateToken, SendMail
from nimsg.store.local import LocalStore


READER = "reader"
TOKEN = "nimsg_bench-token-of-the-reader"
PEOPLE = [f"person{number}" for number in range(100)]
VOCABULARY = 20_000
BODY_WORDS = 150
BATCH = 512
START = 1_700_000_000_000
APART_MS = 60_000
DONE = "made"


def words() -> list[str]:
    """The vocabulary: made-up words, the most frequent first."""
    chance = random.Random(1)  # noqa: S311
    syllables = ["".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou")]
    found: dict[str, None] = {}
    while len(found) < VOCABULARY:
        found["".join(chance.choices(syllables, k=chance.randint(1, 4)))] = None
    return list(found)


def big_store(folder: Path, count: int) -> Path:
    """The store's folder; it is made where it is not there yet."""
    root = folder / f"store-{count}"
    if not (root / DONE).exists():
        _make(root, count)
        (root / DONE).touch()
    return root / "var"


def _make(root: Path, count: int) -> None:
    began = time.perf_counter()
    store = LocalStore(root / "var")
    try:
        names = [READER, *PEOPLE]
        store.file(store.commit([CreateAccount(name, None) for name in names], START))
        secret_hash = hashlib.sha256(TOKEN.encode()).hexdigest()
        store.file(
            store.commit([CreateToken(1, "bench", secret_hash, "", None)], START)
        )
        letters = _letters(count)
        at = START
        while batch := list(itertools.islice(letters, BATCH)):
            at += APART_MS * len(batch)
            store.file(store.commit(batch, at))
            store.settle()
            done = at - START
            _tell(f"made {done // APART_MS} of {count}")
        _tell("making the full text")
        while store.index_text(1000):
            pass
    finally:
        store.close()
    _tell(f"made in {time.perf_counter() - began:.0f} s\n")


def _letters(count: int) -> Iterator[SendMail]:
    chance = random.Random(2)  # noqa: S311
    vocabulary = words()
    weights = list(itertools.accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    for number in range(count):
        sender = 2 + number % len(PEOPLE)
        to = READER if number % 10 == 0 else PEOPLE[(number * 7 + 1) % len(PEOPLE)]
        if to == PEOPLE[sender - 2]:
            to = PEOPLE[(sender - 1) % len(PEOPLE)]
        chosen = chance.choices(vocabulary, cum_weights=weights, k=BODY_WORDS)
        subject = " ".join(chosen[:5])
        yield SendMail(sender, [to], str(number), subject, " ".join(chosen), None)


def _tell(text: str) -> None:
    print(f"\r{text:<40}", end="", file=sys.stderr, flush=True)
