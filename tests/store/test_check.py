"""The check: each disagreement is named, by where it is and what it is.

Every case spoils one thing in a store of which the check has found nothing wrong.
"""

import shutil
from collections.abc import Callable

import pytest

from nimsg.core.accounts import Token
from nimsg.store.messagefile import Positions
from tests.support.ruin import Ruin, named


SHARED = "01M7Q5CYARTHSNWEH6BRBEXR1Z"
RECALLED = "01M7Q5CZA09R3M11B2QVDRPR6E"
ANSWERED = "01M7SQSV689CH7EXYMVMFWC73F"
NOBODY = "01M7Q5CYARZZZZZZZZZZZZZZZZ"
DAY_1, DAY_2 = "messages/2026/11/18", "messages/2026/11/19"
Spoil = Callable[[Ruin], object]
Cases = dict[str, tuple[Spoil, tuple[str, ...]]]


def sql(statement: str, *values: str | int | None) -> Spoil:
    """Change the index."""
    return lambda ruin: ruin.sql(statement, *values)


def text(path: str, old: str, new: str) -> Spoil:
    """Change a word of a file."""

    def spoil(ruin: Ruin) -> None:
        file = ruin.root / path
        before = file.read_text()
        assert before.count(old) == 1
        file.write_text(before.replace(old, new))

    return spoil


def put(path: str, data: str = "") -> Spoil:
    """Add a file."""

    def spoil(ruin: Ruin) -> None:
        file = ruin.root / path
        file.parent.mkdir(exist_ok=True, parents=True)
        file.write_text(data)

    return spoil


def move(path: str, to: str) -> Spoil:
    """Give a file another name."""

    def spoil(ruin: Ruin) -> None:
        (ruin.root / to).parent.mkdir(exist_ok=True, parents=True)
        (ruin.root / path).rename(ruin.root / to)

    return spoil


def remove(path: str) -> Spoil:
    """Delete a file or a folder."""

    def spoil(ruin: Ruin) -> None:
        if (ruin.root / path).is_dir():
            shutil.rmtree(ruin.root / path)
        else:
            (ruin.root / path).unlink()

    return spoil


def circle(path: str) -> Spoil:
    """A file that leads to itself and so cannot be read."""

    def spoil(ruin: Ruin) -> None:
        (ruin.root / path).unlink()
        (ruin.root / path).symlink_to(ruin.root / path)

    return spoil


def swap(ruin: Ruin) -> None:
    """Two messages under each other's names."""
    one, other = ruin.message(SHARED), ruin.message(ANSWERED)
    first = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(first)


def copy_to_another_day(ruin: Ruin) -> None:
    shutil.copy(ruin.message(SHARED), ruin.message(ANSWERED).parent)


MESSAGES: Cases = {
    "text": (
        text(f"{DAY_1}/{SHARED}.json", "wörter", "worter"),
        (f"{DAY_1}/{SHARED}.json: does not match its digest",),
    ),
    "no JSON": (
        put(f"{DAY_1}/{SHARED}.json", "{"),
        (f"{DAY_1}/{SHARED}.json: cannot be read",),
    ),
    "md5": (
        text(f"{DAY_1}/{RECALLED}.json", '"hash": "', '"hash": "0'),
        (f"{DAY_1}/{RECALLED}.json: hash is not its body's md5",),
    ),
    "format": (
        text(f"{DAY_1}/{SHARED}.json", '"format": 1', '"format": 3'),
        (f"{DAY_1}/{SHARED}.json: has format 3; this version has 1",),
    ),
    "spaces": (
        text(f"{DAY_1}/{SHARED}.json", '"format": 1', '"format":  1'),
        (f"{DAY_1}/{SHARED}.json: was changed by other means",),
    ),
    "unreadable": (
        circle(f"{DAY_1}/{SHARED}.json"),
        (f"{DAY_1}/{SHARED}.json: cannot be read: Too many levels",),
    ),
    "missing": (
        remove(f"{DAY_1}/{SHARED}.json"),
        (f"{DAY_1}/{SHARED}.json: is missing, and the index has the message",),
    ),
    "swapped": (
        swap,
        (
            f"{DAY_1}/{SHARED}.json: holds the message {ANSWERED}",
            f"{DAY_2}/{ANSWERED}.json: holds the message {SHARED}",
        ),
    ),
    "another day": (
        move(f"{DAY_1}/{SHARED}.json", f"{DAY_2}/{SHARED}.json"),
        (f"{DAY_2}/{SHARED}.json: belongs into {DAY_1}, the day of its id",),
    ),
    "two days": (
        copy_to_another_day,
        (f"{DAY_2}/{SHARED}.json: belongs into {DAY_1}, the day of its id",),
    ),
    "unknown": (
        lambda ruin: ruin.change_message(SHARED, id=NOBODY),
        (f"message {NOBODY}: is missing, and its file stands",),
    ),
    "client_id": (
        lambda ruin: ruin.change_message(SHARED, client_id="x"),
        (f"message {SHARED}: has `client_id` 'c1', by its file 'x'",),
    ),
    "sender": (
        lambda ruin: ruin.change_message(SHARED, sender="eve"),
        (f"message {SHARED}: is from 'eve' by its file",),
    ),
    "positions": (
        lambda ruin: ruin.change_message(
            SHARED, positions=Positions({"cyd": 1, "bob": 7}, 9)
        ),
        (
            f"message {SHARED}: has `position` 1, by its file 9",
            f"message {SHARED}: has copies at the positions",
        ),
    ),
    "positions of others": (
        lambda ruin: ruin.change_message(
            SHARED, positions=Positions({"cyd": 1, "dee": 1}, 1)
        ),
        (
            f"{DAY_1}/{SHARED}.json: has positions for others",
            f"message {SHARED}: has copies at the positions",
        ),
    ),
}
STRAYS: Cases = {
    where: (put(where), (f"{where}: does not belong here",))
    for where in (
        "messages/notes.txt",
        f"{DAY_1}/note.json",
        f"{DAY_1}/7ZZZZZZZZZZZZZZZZZZZZZZZZZ.json",
        f"{DAY_1}/{SHARED}.json.bak",
        "users/x.json",
        "users/1.json",
        "users/000000001.json",
        "users/more/00000001.json",
        "ledger/2026-11-18.json",
        "ledger/more/2026-11-18.jsonl",
    )
} | {
    "message left": (
        put(f"{DAY_1}/{SHARED}.json.tmp"),
        (f"{DAY_1}/{SHARED}.json.tmp: left behind",),
    ),
    "account left": (
        put("users/00000009.json.tmp"),
        ("users/00000009.json.tmp: left behind",),
    ),
    "no messages": (
        remove("messages"),
        (
            "messages: cannot be read: No such file",
            f"{DAY_1}/{SHARED}.json: is missing",
            f"{DAY_1}/{RECALLED}.json: is missing",
            f"{DAY_2}/{ANSWERED}.json: is missing",
        ),
    ),
}
LEDGER: Cases = {
    "changed": (
        lambda ruin: ruin.edit_line(2, b"tui", b"line"),
        (
            "ledger/2026-11-18.jsonl line 3: does not carry the digest of the line",
            f"message {SHARED}: has `opened_by` tui for the copy of bob, by the ledger "
            "line",
        ),
    ),
    "removed": (
        lambda ruin: ruin.cut_line(3),
        (
            "ledger/2026-11-19.jsonl line 1: does not carry the digest of the line",
            f"message {RECALLED}: has `recalled_at`",
            "...",
        ),
    ),
    "end removed": (
        lambda ruin: ruin.cut_line(7),
        (
            "the ledger's end: is the line of digest",
            f"message {RECALLED}: has `deleted_at`",
            f"message {RECALLED}: has `changed` 1, by the ledger 0",
        ),
    ),
    "end changed": (
        lambda ruin: ruin.edit_line(7, b'"n":16', b'"n":17'),
        ("the ledger's end: is the line of digest",),
    ),
    "no JSON": (
        lambda ruin: ruin.edit_line(4, b"{", b"["),
        (
            "ledger/2026-11-19.jsonl line 1: cannot be read",
            "ledger/2026-11-19.jsonl line 2: does not carry the digest",
            f"message {SHARED}: has `acked_at`",
            f"message {SHARED}: has `acked_by`",
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
            "the ledger's end: is the line of digest",
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
            f"message {SHARED}: has `fetched_at` None for the copy of cyd",
            "...",
        ),
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
ACCOUNTS: Cases = {
    "no JSON": (
        put("users/00000003.json", "{"),
        ("users/00000003.json: an account file cannot be read",),
    ),
    "missing": (
        remove("users/00000003.json"),
        ("users/00000003.json: is missing, and the index has the account",),
    ),
    "unreadable": (
        circle("users/00000003.json"),
        ("users/00000003.json: cannot be read: Too many levels",),
    ),
    "spaces": (
        text("users/00000003.json", '"uid": 3', '"uid":  3'),
        ("users/00000003.json: was changed by other means",),
    ),
    "number": (
        text("users/00000003.json", '"uid": 3', '"uid": 4'),
        ("users/00000003.json: holds the account 4",),
    ),
    "unknown": (
        lambda ruin: ruin.change_account(3, uid=9, name="eve"),
        ("account 9: is missing, and its file stands",),
    ),
    "name of another": (
        lambda ruin: ruin.change_account(3, name="ann"),
        (
            "users/00000003.json: has the name 'ann' of account 1",
            "account 3: has `name` 'cyd', by its file 'ann'",
        ),
    ),
    "role": (
        lambda ruin: ruin.change_account(3, role="user"),
        ("account 3: has `role` 'admin', by its file 'user'",),
    ),
    "password": (
        lambda ruin: ruin.change_account(3, password_hash="x"),
        ("account 3: has another `password_hash` than its file",),
    ),
    "made": (
        lambda ruin: ruin.change_account(3, created_at=1),
        ("account 3: has `created_at` 1795000003000, by its file 1",),
    ),
    "removed": (
        lambda ruin: ruin.change_account(4, removed_at=None),
        ("account 4: has `removed_at` 1795000017000, by its file None",),
    ),
    "tokens": (
        lambda ruin: ruin.change_account(1, tokens=(Token("t", "x", "x", 1),)),
        ("account 1: has another `tokens` than its file",),
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_message_files_beside_the_index(ruin: Ruin, case: str) -> None:
    check_case(ruin, *MESSAGES[case])


@pytest.mark.parametrize("case", STRAYS)
def test_files_that_do_not_belong(ruin: Ruin, case: str) -> None:
    check_case(ruin, *STRAYS[case])


@pytest.mark.parametrize("case", LEDGER)
def test_n2_the_ledger_beside_itself_and_the_index(ruin: Ruin, case: str) -> None:
    check_case(ruin, *LEDGER[case])


@pytest.mark.parametrize("case", ACCOUNTS)
def test_account_files_beside_the_index(ruin: Ruin, case: str) -> None:
    check_case(ruin, *ACCOUNTS[case])


def check_case(ruin: Ruin, spoil: Spoil, expected: tuple[str, ...]) -> None:
    assert ruin.problems == []
    spoil(ruin)

    assert named(ruin.problems, *expected)
