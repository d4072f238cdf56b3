"""The sample scenarios of the requirements: people who sit at `nimsg talk`.

A server and up to five clients are processes of their own, each client on a terminal
of its own.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.core.commands import CreateAccount, NoteLogin, NoteLogout
from nimsg.errors import Exit
from nimsg.protocol.constants import Departure, Device
from nimsg.store.local import LocalStore
from tests.support.talking import Table, Talker


NAMES = ("hans", "yoda", "luke", "leia", "vader")
MINUTE_MS = 60_000


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    with Table(tmp_path, auth="password") as table:
        yield table


def everybody(table: Table, *names: str) -> list[Talker]:
    """These come one after the other, and each sees who comes later."""
    here: list[Talker] = []
    for name in names:
        newcomer = table.sits(name)
        for talker in here:
            talker.sees(f"{name} logged in")
        here.append(newcomer)
    return here


def test_c20_an_unknown_command_is_said_and_the_session_stays(table: Table) -> None:
    (hans,) = everybody(table, "hans")

    hans.types("whatsthetime")
    hans.sees("there is no command 'whatsthetime'")
    hans.types("whoelse now please")
    hans.sees("whoelse")
    hans.types("message yoda")
    hans.sees("message USER TEXT")
    hans.types("whoelse")
    hans.sees("nobody else is online")
    assert hans.leaves() == Exit.DONE


def test_c12_a_message_to_a_non_user_is_refused(table: Table) -> None:
    (hans,) = everybody(table, "hans")

    hans.types("message obiwan help me")
    hans.sees("there is no such user: obiwan")
    hans.types("message hans hello me")
    hans.sees("you cannot send to yourself")


def test_c14_a_broadcast_reaches_everybody_else_who_is_online(table: Table) -> None:
    hans, *others = everybody(table, *NAMES)

    hans.types("broadcast hello   everybody")
    for talker in others:
        talker.sees("<hans> hello   everybody")
    hans.sees("said to 4 people")
    assert hans.never_saw("<hans> hello")


def test_c14_c17_c18_a_block_keeps_everything_away_until_it_is_taken_back(
    table: Table,
) -> None:
    hans, yoda, luke = everybody(table, "hans", "yoda", "luke")

    yoda.types("block hans")
    yoda.sees("hans can neither write to you nor see you now")
    hans.types("broadcast is anybody there")
    luke.sees("<hans> is anybody there")
    hans.sees("some recipients were not reached")
    hans.types("message yoda please answer")
    hans.sees("blocked by: yoda")
    hans.types("whoelse")
    hans.sees("online now: 1")
    yoda.types("unblock hans")
    yoda.sees("hans can write to you and see you again")
    hans.types("message yoda thank you")
    yoda.sees("new message i1 from hans")
    hans.types("broadcast again")
    yoda.sees("<hans> again")
    assert yoda.never_saw("is anybody there")
    assert hans.never_saw("blocked you")


def test_c17_nobody_blocks_themselves(table: Table) -> None:
    (hans,) = everybody(table, "hans")

    hans.types("block hans")
    hans.sees("you cannot block yourself")
    hans.types("block obiwan")
    hans.sees("there is no such user")


def test_c18_who_was_never_blocked_is_not_unblocked(table: Table) -> None:
    hans, _ = everybody(table, "hans", "yoda")

    hans.types("unblock yoda")
    hans.sees("you do not block this user")


def test_c16_whoelsesince_knows_who_left_two_and_five_minutes_ago(
    tmp_path: Path,
) -> None:
    now = time.time_ns() // 1_000_000
    store = LocalStore(tmp_path / "var")
    store.commit([CreateAccount("luke", None), CreateAccount("yoda", None)], now)
    for uid, minutes_ago in ((1, 5), (2, 2)):
        left_at = now - minutes_ago * MINUTE_MS
        came = NoteLogin(uid, Device.LINE, "127.0.0.1")
        store.commit([came], left_at - MINUTE_MS)
        store.commit([NoteLogout(uid, Departure.LOGOUT)], left_at)
    store.close()

    with Table(tmp_path) as table:
        hans = table.sits("hans")
        leia = table.sits("leia")
        hans.sees("leia logged in")

        leia.types("whoelsesince 200")
        leia.sees("2")
        leia.sees_all(["hans", "yoda"])
        leia.types("whoelsesince 500")
        leia.sees("3")
        leia.sees_all(["hans", "luke", "yoda"])
        leia.types("whoelsesince ever")
        leia.sees("'ever' is no number of seconds")


def test_c13_mail_for_who_was_away_comes_behind_the_presence_line(
    table: Table,
) -> None:
    hans, yoda = everybody(table, "hans", "yoda")
    assert yoda.leaves() == Exit.DONE
    hans.sees("yoda logged out")

    hans.types("message yoda the force is strong")
    hans.sees("sent to yoda as o1")
    yoda = table.sits("yoda", new=False)

    hans.sees("yoda logged in")
    yoda.sees("i1")
    greeting = yoda.text
    here = greeting.index("online now: 1")
    assert greeting.index("welcome, yoda") < here < greeting.index("i1")
    yoda.types("open")
    yoda.sees("the force is strong")
    hans.sees("yoda opened o1")


def test_c22_nothing_is_private_before_startprivate(table: Table) -> None:
    hans, _ = everybody(table, "hans", "yoda")

    hans.types("private yoda psst")
    hans.sees("no active private session with yoda")
    hans.types("stopprivate yoda")
    hans.sees("there is no private link to yoda")


def test_c21_c22_c23_a_private_talk_goes_both_ways_past_the_server(
    table: Table,
) -> None:
    hans, yoda = everybody(table, "hans", "yoda")

    hans.types("startprivate yoda")
    yoda.sees("hans")
    yoda.sees("[y/n]")
    yoda.answers("y")
    hans.sees("private link to yoda")
    yoda.sees("private link to hans")
    hans.types("private yoda the   plans are in the droid")
    yoda.sees("<hans> the   plans are in the droid")
    yoda.types("block hans")
    yoda.sees("hans can neither write to you nor see you now")
    yoda.types("private hans found them i have")
    hans.sees("<yoda> found them i have")
    hans.types("stopprivate yoda")
    hans.sees("ended")
    yoda.sees("ended")

    kept = b"".join(
        path.read_bytes() for path in table.folder.rglob("*") if path.is_file()
    )
    assert b"plans are in the droid" not in kept
    assert b"found them i have" not in kept


def test_c10_c19_a_logout_is_seen_by_the_others(table: Table) -> None:
    hans, yoda, luke = everybody(table, "hans", "yoda", "luke")

    assert hans.leaves() == Exit.DONE
    for talker in (yoda, luke):
        talker.sees("hans logged out")
    yoda.types("whoelse")
    yoda.sees("online now: 1")
    yoda.sees("luke")
