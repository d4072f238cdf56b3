"""The check names every disagreement of message and account files."""

import shutil

import pytest

from nimsg.core.accounts import Token
from nimsg.store.messagefile import Positions
from tests.support.ruin import Ruin, named
from tests.support.spoils import (
    ANSWERED,
    DAY_1,
    DAY_2,
    NOBODY,
    RECALLED,
    SHARED,
    Cases,
    check_case,
    circle,
    move,
    put,
    remove,
    text,
)


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
        ("account 3: has `created_at` 2026-11-18T11:06:43.000Z, by its file 19",),
    ),
    "removed": (
        lambda ruin: ruin.change_account(4, removed_at=None),
        ("account 4: has `removed_at` 2026-11-18T11:06:57.000Z, by its file never",),
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


@pytest.mark.parametrize("case", ACCOUNTS)
def test_account_files_beside_the_index(ruin: Ruin, case: str) -> None:
    check_case(ruin, *ACCOUNTS[case])


def test_one_damaged_file_does_not_hide_another(ruin: Ruin) -> None:
    for spoil, _ in (MESSAGES["text"], ACCOUNTS["no JSON"], STRAYS["account left"]):
        spoil(ruin)

    assert named(
        ruin.problems,
        *MESSAGES["text"][1],
        *ACCOUNTS["no JSON"][1],
        *STRAYS["account left"][1],
    )
