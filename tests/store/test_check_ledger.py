"""The check names every disagreement of the ledger with itself and the index."""

import pytest

from tests.support.ruin import Ruin
from tests.support.spoils import (
    NOBODY,
    RECALLED,
    SHARED,
    Cases,
    check_case,
    circle,
    move,
)


LEDGER: Cases = {
    "changed": (
        lambda ruin: ruin.edit_line(2, b"tui", b"line"),
        (
            "ledger/2026-11-18.jsonl line 3: does not carry the digest of the line",
            f"message {SHARED}: differs in the copy of bob from what the ledger tells: "
            "opened with 'tui', by the ledger 'line'",
        ),
    ),
    "removed": (
        lambda ruin: ruin.cut_line(3),
        (
            "ledger/2026-11-19.jsonl line 1: does not carry the digest of the line",
            f"message {RECALLED}: differs in the copy of bob from what the ledger "
            "tells: new no, by the ledger yes; recalled 2026-11-18T11:06:51.000Z, by "
            "the ledger never",
            "...",
        ),
    ),
    "end removed": (
        lambda ruin: ruin.cut_line(7),
        (
            "the ledger's end: is not the line that the index has last",
            f"message {RECALLED}: differs from what the ledger tells: deleted 2026",
        ),
    ),
    "end changed": (
        lambda ruin: ruin.edit_line(7, b'"n":16', b'"n":17'),
        ("the ledger's end: is not the line that the index has last",),
    ),
    "no JSON": (
        lambda ruin: ruin.edit_line(4, b"{", b"["),
        (
            "ledger/2026-11-19.jsonl line 1: cannot be read",
            "ledger/2026-11-19.jsonl line 2: does not carry the digest",
            f"message {SHARED}: differs in the copy of bob from what the ledger tells: "
            "acknowledged 2026-11-19T11:06:52.000Z, by the ledger never; acknowledged "
            "with 'tui', by the ledger nothing",
        ),
    ),
    "no time": (
        lambda ruin: ruin.change_line(4, time="2026-11-19 11:06:52Z"),
        ("ledger/2026-11-19.jsonl line 1: cannot be read: not a time", "..."),
    ),
    "spaces": (
        lambda ruin: ruin.edit_line(7, b",", b", "),
        (
            "ledger/2026-11-19.jsonl line 4: was changed by other means",
            "the ledger's end: is not the line that the index has last",
        ),
    ),
    "number": (
        lambda ruin: ruin.change_line(3, n=10),
        ("ledger/2026-11-18.jsonl line 3: has the number 10 after 10",),
    ),
    "event": (
        lambda ruin: ruin.change_line(4, event="burnt"),
        ("ledger/2026-11-19.jsonl line 1: there is no event 'burnt'", "..."),
    ),
    "user": (
        lambda ruin: ruin.change_line(4, user="eve"),
        ("ledger/2026-11-19.jsonl line 1: there is no account 'eve'", "..."),
    ),
    "message": (
        lambda ruin: ruin.change_line(4, ids=[SHARED, NOBODY]),
        (f"ledger/2026-11-19.jsonl line 1: there is no message {NOBODY}",),
    ),
    "refused": (
        lambda ruin: ruin.change_line(4, user="dee"),
        (
            f"ledger/2026-11-19.jsonl line 1: message {SHARED} cannot be acked: no",
            "...",
        ),
    ),
    "twice": (
        lambda ruin: ruin.change_line(4, ids=[SHARED, SHARED]),
        (f"ledger/2026-11-19.jsonl line 1: had happened to message {SHARED} before",),
    ),
    "other day": (
        move("ledger/2026-11-19.jsonl", "ledger/2026-11-20.jsonl"),
        ("ledger/2026-11-20.jsonl line 1: is of 2026-11-19", "..."),
    ),
    "added": (
        lambda ruin: ruin.add_line(18, "fetched", "cyd", SHARED),
        (
            "ledger/2026-11-19.jsonl line 5: stands behind the last settled line",
            f"message {SHARED}: differs in the copy of cyd from what the ledger tells",
            "...",
        ),
    ),
    "added with a number of its own": (
        lambda ruin: ruin.add_line(99, "fetched", "cyd", SHARED),
        ("ledger/2026-11-19.jsonl line 5: stands behind the last settled line", "..."),
    ),
    "torn": (
        lambda ruin: ruin.days[1].write_bytes(ruin.days[1].read_bytes() + b"{"),
        ("ledger/2026-11-19.jsonl line 5: breaks off",),
    ),
    "torn in between": (
        lambda ruin: ruin.days[0].write_bytes(ruin.days[0].read_bytes() + b"{"),
        ("ledger/2026-11-18.jsonl line 4: breaks off",),
    ),
    "unreadable": (
        circle("ledger/2026-11-19.jsonl"),
        ("ledger/2026-11-19.jsonl: cannot be read: Too many levels", "..."),
    ),
}


@pytest.mark.parametrize("case", LEDGER)
def test_n2_the_ledger_beside_itself_and_the_index(ruin: Ruin, case: str) -> None:
    check_case(ruin, *LEDGER[case])
