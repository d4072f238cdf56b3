"""The check names every journal row that could not be filed at the next start."""

import pytest

from nimsg.core.accounts import Account
from nimsg.core.commands import Act
from nimsg.store.accountfile import encode_account
from nimsg.store.ledger import encode_event
from nimsg.store.plan import RowKind
from tests.support.post import START
from tests.support.ruin import Ruin, named
from tests.support.spoils import ANSWERED, SHARED, Cases, Spoil, check_case


def journal(kind: int, name: str, data: bytes, n: int = 20) -> Spoil:
    """A row that waits to be filed."""
    return lambda ruin: ruin.add_journal_row(n, kind, name, data)


def refile(id_: str, name: str) -> Spoil:
    """The file of a message waits under a name."""
    return lambda ruin: ruin.add_journal_row(
        20, RowKind.MESSAGE, name, ruin.message(id_).read_bytes()
    )


def event(user: str, id_: str, n: int = 20) -> Spoil:
    """An event without a line."""
    data = encode_event(Act.FETCHED, user, [id_], START + 50_000)
    return journal(RowKind.EVENT, "", data, n)


EVE = Account(9, "eve", "user", None, START)
JOURNAL: Cases = {
    "kind": (journal(8, "", b""), ("journal row 20: has the kind 8, which is none",)),
    "message": (
        journal(RowKind.MESSAGE, SHARED, b"{}"),
        ("journal row 20: cannot be filed: the message file cannot be read",),
    ),
    "name of a message": (
        refile(SHARED, ANSWERED),
        (f"journal row 20: cannot be filed: it holds the message {SHARED}",),
    ),
    "event": (
        journal(RowKind.EVENT, "", b"{}"),
        ("journal row 20: cannot be filed: Object missing required field",),
    ),
    "account": (
        journal(RowKind.ACCOUNT, "9", encode_account(EVE)),
        ("journal row 20: cannot be filed: the index has no such account",),
    ),
    "name of an account": (
        journal(RowKind.ACCOUNT, "1", encode_account(EVE)),
        ("journal row 20: cannot be filed: the index has no such account",),
    ),
    "event not done": (
        event("cyd", SHARED),
        (
            f"message {SHARED}: differs in the copy of cyd from what the ledger tells: "
            "fetched never, by the ledger 20",
        ),
    ),
    "event of nobody": (
        event("eve", SHARED),
        ("journal row 20: there is no account 'eve'",),
    ),
    "event done before": (
        event("bob", SHARED),
        (f"journal row 20: tells what had happened to message {SHARED} before",),
    ),
    "line lost": (
        event("bob", SHARED, n=13),
        ("journal row 13: has no line in the ledger, and later ones have", "..."),
    ),
    "other line": (
        event("bob", SHARED, n=16),
        ("ledger/2026-11-19.jsonl line 4: is not what the journal holds",),
    ),
}


@pytest.mark.parametrize("case", JOURNAL)
def test_the_journal_beside_everything(ruin: Ruin, case: str) -> None:
    check_case(ruin, *JOURNAL[case])


def test_a_message_of_the_journal_is_in_the_index(ruin: Ruin) -> None:
    refile(SHARED, SHARED)(ruin)
    assert ruin.problems == []

    ruin.sql("DELETE FROM message WHERE id = ?", SHARED)

    said = [
        one.what for one in ruin.problems if one.where == "index.db: journal row 20"
    ]
    assert said == ["cannot be filed: the index has no such message"]


def test_journal_rows_follow_each_other(ruin: Ruin) -> None:
    refile(SHARED, SHARED)(ruin)
    ruin.add_journal_row(22, RowKind.ACCOUNT, "1", ruin.layout.user(1).read_bytes())

    assert named(ruin.problems, "journal row 22: follows row 20")


def test_a_line_torn_before_the_last_is_never_written_again(ruin: Ruin) -> None:
    event("bob", SHARED)(ruin)
    ruin.days[0].write_bytes(ruin.days[0].read_bytes() + b"{")

    assert named(
        ruin.problems,
        "ledger/2026-11-18.jsonl line 4: breaks off",
        f"journal row 20: tells what had happened to message {SHARED} before",
    )
