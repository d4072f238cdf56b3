"""The check names every disagreement of the ledger with itself and the index."""

from pathlib import Path

import pytest

from nimsg.core.commands import Act
from nimsg.store.check import check_store
from tests.support.post import BACKENDS, Post
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
    "no JSON, of many": (
        lambda ruin: ruin.edit_line(1, b"{", b"["),
        (
            "ledger/2026-11-18.jsonl line 1: cannot be read",
            "ledger/2026-11-18.jsonl line 2: does not carry the digest",
            "2 messages of ledger/2026-11-18.jsonl line 1: differ from what the "
            f"ledger tells: message {SHARED} in the copy of bob: fetched 2026-11-18",
        ),
    ),
    "changed, of many": (
        lambda ruin: ruin.edit_line(1, b'"bob"', b'"cyd"'),
        (
            "ledger/2026-11-18.jsonl line 1: message",
            "ledger/2026-11-18.jsonl line 2: does not carry the digest",
            "2 messages of ledger/2026-11-18.jsonl line 1: differ from what the",
        ),
    ),
    "many that are not there": (
        lambda ruin: ruin.change_line(1, ids=[NOBODY[:-1] + one for one in "XYZ"]),
        (
            "ledger/2026-11-18.jsonl line 1: there is no message "
            f"{NOBODY[:-1]}X; something like it goes for 2 more messages",
            "...",
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


def test_n2_a_line_about_many_messages_is_told_in_one_line_of_the_index(
    tmp_path: Path,
) -> None:
    post = Post(BACKENDS["local"], tmp_path / "var")
    ann, bob = post.people("ann", "bob")
    sent = [post.send(ann, "bob").id for _ in range(20)]
    post.act(Act.FETCHED, bob, *sent[:19])
    post.act(Act.FETCHED, bob, sent[19])
    post.store.close()
    [day] = (post.root / "ledger").iterdir()
    day.write_bytes(day.read_bytes().replace(b"{", b"[", 1))

    broken, _, differing = check_store(post.root).problems
    assert broken.where == f"ledger/{day.name} line 1"
    assert broken.what.startswith("cannot be read")
    assert differing.where == f"index.db: 19 messages of ledger/{day.name} line 1"
    assert differing.what.startswith(
        f"differ from what the ledger tells: message {sent[0]} in the copy of bob: fet"
    )
