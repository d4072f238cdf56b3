"""The check names every disagreement within the index, and of it with the files."""

import sqlite3
from contextlib import closing

import pytest

from nimsg.store.check import check_store
from nimsg.store.check_ledger import WORDS
from nimsg.store.findings import shown
from tests.support.post import START
from tests.support.ruin import Ruin, named
from tests.support.spoils import (
    ANSWERED,
    DAY_1,
    RECALLED,
    SHARED,
    Cases,
    check_case,
    sql,
)


BY = f"message {SHARED}: differs from what the ledger tells"
BOBS = f"message {SHARED}: differs in the copy of bob from what the ledger tells"
MESSAGE = "UPDATE message SET {} = ? WHERE id = ?"
COLUMNS: dict[str, str | int | None] = {
    "fingerprint": "x",
    "refused": None,
    "size": 1,
    "sent_at": START,
    "reply_to": RECALLED,
    "hash": "x",
    "digest": "x",
    "client_id": "x",
}
MESSAGES: Cases = {
    column: (
        sql(MESSAGE.format(column), value, SHARED),
        (f"message {SHARED}: has `{column}` {shown(column, value)}, by its file",),
    )
    for column, value in COLUMNS.items()
} | {
    "subject": (
        sql(MESSAGE.format("subject"), "x", SHARED),
        (f"message {SHARED}: has another `subject` than its file",),
    ),
    "recipients": (
        sql(MESSAGE.format("recipients"), '["bob"]', SHARED),
        (
            f"""message {SHARED}: has `recipients` '["bob"]', by its file""",
            f"message {SHARED}: has 2 copies, and its recipients are",
        ),
    ),
    "no recipients": (
        sql(MESSAGE.format("recipients"), "[", SHARED),
        (
            f"message {SHARED}: has `recipients` '[', by its file",
            f"message {SHARED}: has 2 copies, and its recipients are [",
        ),
    ),
    "sender": (
        sql(MESSAGE.format("sender"), 9, ANSWERED),
        (
            f"message {ANSWERED}: has `sender` 9, by its file 2",
            f"message {ANSWERED}: has no account as its sender 9",
            "mailbox 2: has `last_out` 1, by its rows 0",
            "mailbox 9: has `last_out` 0, by its rows 1",
            "...",
        ),
    ),
    "position": (
        sql(MESSAGE.format("position"), 9, RECALLED),
        (
            f"message {RECALLED}: has `position` 9, by its file 2",
            "mailbox 1: has 2 messages at the positions 1 to 9",
        ),
    ),
    "row lost": (
        sql("DELETE FROM message WHERE id = ?", RECALLED),
        (
            f"message {RECALLED}: is missing, and its file stands",
            "copy 2/2: is of no message",
            "mailbox 1: has `last_out` 2, by its rows 1",
            "mailbox 1: has `last_change` 8, by its rows 7",
        ),
    ),
    "pending": (
        sql(MESSAGE.format("pending"), 0, SHARED),
        (
            f"{BY}: waited for no, by the ledger yes",
            "mailbox 1: has `pending` 1, by its rows 0",
        ),
    ),
    "deleted_at": (
        sql(MESSAGE.format("deleted_at"), 5, RECALLED),
        (
            f"message {RECALLED}: differs from what the ledger tells: deleted "
            "1970-01-01T00:00:00.005Z, by the ledger 2026-11-",
        ),
    ),
    "change": (
        sql(MESSAGE.format("change"), None, SHARED),
        (f"{BY}: changed since it came no, by the ledger yes",),
    ),
}
COPY = "UPDATE copy SET {} = ? WHERE owner = 2 AND position = 1"
LADDER: dict[str, str | int | None] = {
    "fetched_at": 5,
    "fetched_by": "line",
    "opened_at": None,
    "opened_by": None,
    "acked_at": 5,
    "acked_by": "headless",
    "recalled_at": 5,
    "deleted_at": None,
}
COPIES: Cases = {
    column: (
        sql(COPY.format(column), value),
        (f"{BOBS}: {WORDS[column]} {shown(column, value)}, by",),
    )
    for column, value in LADDER.items()
    if column != "deleted_at"
} | {
    "deleted_at": (
        sql(COPY.format("deleted_at"), 5),
        (
            f"{BOBS}: deleted {shown('deleted_at', 5)}, by",
            "mailbox 2: has `kept_in` 2, by its rows 1",
        ),
    ),
    "new": (
        sql(COPY.format("new"), 1),
        (
            f"{BOBS}: new yes, by the ledger no",
            "mailbox 2: has `new` 0, by its rows 1",
        ),
    ),
    "change": (
        sql(COPY.format("change"), None),
        (f"{BOBS}: changed since it came no, by the ledger yes",),
    ),
    "change given twice": (
        sql("UPDATE copy SET change = 6 WHERE owner = 2"),
        ("mailbox 2: has given the change number 6 twice", "..."),
    ),
    "position": (
        sql(COPY.format("position"), 3),
        (
            f"message {SHARED}: has copies at the positions",
            "mailbox 2: has 2 copies at the positions 2 to 3",
        ),
    ),
    "row lost": (
        sql("DELETE FROM copy WHERE owner = 3"),
        (
            f"message {SHARED}: has copies at the positions {{'bob': 1}}, by its file",
            f"message {SHARED}: has 1 copies, and its recipients are",
            "mailbox 3: has `last_in` 1, by its rows 0",
            "mailbox 3: has `new` 1, by its rows 0",
            "mailbox 3: has `kept_in` 1, by its rows 0",
            f"{BY}: waited for yes, by the ledger no",
        ),
    ),
    "row too many": (
        sql(
            "INSERT INTO copy (owner, position, m, new, imported)"
            " SELECT 4, 1, m, 1, 0 FROM message WHERE id = ?",
            SHARED,
        ),
        (
            f"message {SHARED}: has copies at the positions",
            f"message {SHARED}: has 3 copies, and its recipients are",
            "mailbox 4: has `last_in` 0, by its rows 1",
            "mailbox 4: has `new` 0, by its rows 1",
            "mailbox 4: has `kept_in` 0, by its rows 1",
        ),
    ),
    "of nobody": (
        sql("UPDATE copy SET owner = 9 WHERE owner = 3"),
        ("copy 9/1: is of no account", "..."),
    ),
}
MAILBOX = "UPDATE mailbox SET {0} = {0} + 1 WHERE uid = 1"
MAILBOXES: Cases = {
    column: (
        sql(MAILBOX.format(column)),
        (f"mailbox 1: has `{column}` ",),
    )
    for column in (
        "last_in", "last_out", "last_change", "new", "pending", "kept_in", "kept_out"
    )
} | {
    "row lost": (
        sql("DELETE FROM mailbox WHERE uid = 3"),
        ("mailbox 3: has `last_in` 0, by its rows 1", "..."),
    ),
}  # fmt: skip
ACCOUNT = "UPDATE account SET {} = ? WHERE uid = 3"
ACCOUNTS: Cases = {
    "role": (
        sql(ACCOUNT.format("role"), "user"),
        ("account 3: has `role` 'user', by its file 'admin'",),
    ),
    "password": (
        sql(ACCOUNT.format("password_hash"), "x"),
        ("account 3: has another `password_hash` than its file",),
    ),
    "name": (
        sql(ACCOUNT.format("name"), "Cyd"),
        ("account 3: has `name` 'Cyd', by its file 'cyd'", "..."),
    ),
    "fold": (
        sql(ACCOUNT.format("fold"), "Cyd"),
        ("account 3: has the folded name Cyd beside cyd",),
    ),
    "row lost": (
        sql("DELETE FROM account WHERE uid = 4"),
        ("account 4: is missing, and its file stands",),
    ),
    "token": (
        sql("UPDATE token SET label = 'x' WHERE id = 't1'"),
        ("account 1: has another `tokens` than its file",),
    ),
    "token of nobody": (
        sql("UPDATE token SET uid = 9 WHERE id = 't1'"),
        ("account 1: has another `tokens` than its file", "token t1: is of no account"),
    ),
}


def tangle(ruin: Ruin) -> None:
    """Let two indexes of a table be each other's pages."""
    with closing(sqlite3.connect(ruin.layout.index)) as index, index:
        index.execute("PRAGMA writable_schema = ON")
        index.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT sum(rootpage) FROM"
            " sqlite_master WHERE name IN ('copy_change', 'copy_message')) - rootpage"
            " WHERE name IN ('copy_change', 'copy_message')"
        )


WHOLE: Cases = {
    "damaged": (tangle, ("the file: is damaged: ", "...")),
    "empty": (
        lambda ruin: ruin.layout.index.write_bytes(b""),
        ("the file: is empty",),
    ),
    "something else": (
        lambda ruin: ruin.layout.index.write_bytes(b"x" * 9999),
        ("the file: cannot be read: file is not a database",),
    ),
    "index lost": (
        sql("DROP INDEX copy_change"),
        ("the file: has not the 'copy_change' that this version makes",),
    ),
    "table added": (
        sql("CREATE TABLE more (id TEXT)"),
        ("the file: has not the 'more' that this version makes",),
    ),
    "format": (
        sql("UPDATE meta SET value = '1' WHERE key = 'format'"),
        ("the file: has format 1; this version has 4",),
    ),
    "no number": (
        sql("UPDATE meta SET value = 'x' WHERE key = 'n'"),
        ("the file: has no right value of `n`",),
    ),
    "no head": (
        sql("DELETE FROM meta WHERE key = 'head'"),
        ("the file: has no right value of `head`",),
    ),
    "head of a wrong type": (
        sql("UPDATE meta SET value = CAST('1' AS BLOB) WHERE key = 'head'"),
        ("the file: holds a value of a wrong type in the table meta",),
    ),
    "wrong type": (
        sql(MESSAGE.format("sent_at"), "yesterday", SHARED),
        ("the file: holds a value of a wrong type in the table message",),
    ),
}


@pytest.mark.parametrize("case", MESSAGES)
def test_messages_beside_their_files(ruin: Ruin, case: str) -> None:
    check_case(ruin, *MESSAGES[case])


@pytest.mark.parametrize("case", COPIES)
def test_n12_copies_beside_files_and_ledger(ruin: Ruin, case: str) -> None:
    check_case(ruin, *COPIES[case])


@pytest.mark.parametrize("case", MAILBOXES)
def test_n12_counters_beside_what_they_count(ruin: Ruin, case: str) -> None:
    check_case(ruin, *MAILBOXES[case])


@pytest.mark.parametrize("case", ACCOUNTS)
def test_accounts_beside_their_files(ruin: Ruin, case: str) -> None:
    check_case(ruin, *ACCOUNTS[case])


@pytest.mark.parametrize("case", WHOLE)
def test_an_index_that_cannot_be_relied_on(ruin: Ruin, case: str) -> None:
    check_case(ruin, *WHOLE[case])


def test_without_an_index_the_files_are_still_checked(ruin: Ruin) -> None:
    ruin.layout.index.unlink()
    ruin.message(SHARED).write_bytes(b"")
    ruin.layout.user(1).write_bytes(b"")
    ruin.edit_line(1, b"tui", b"line")

    report = check_store(ruin.root)

    assert named(
        report.problems,
        f"{DAY_1}/{SHARED}.json: cannot be read",
        "users/00000001.json: cannot be read",
        "ledger/2026-11-18.jsonl line 2: does not carry the digest",
    )
    assert (report.accounts, report.messages, report.lines) == (4, 3, 7)
    assert sum(report.copies.values()) == 0
