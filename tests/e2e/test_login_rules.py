"""Wrong passwords by verbs: counted, locked, forgiven; and nicknames."""

import re

from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import connect
from tests.e2e.conftest import NewTown, Town
from tests.support.people import PASSWORD, Person
from tests.support.process import HANG_S
from tests.support.terminal import Terminal


FREE = "who runs the server frees it: nimsg user unlock NAME"


def wrongly(town: Town, name: str) -> Person:
    """Somebody with the wrong password in the environment."""
    return town.person(name, "not the password")


def locked(town: Town, name: str) -> None:
    """Give three wrong passwords in a row."""
    intruder = wrongly(town, name)
    first, second, third = (intruder.types("inbox") for _ in range(3))

    for done in (first, second, third):
        assert (done.code, done.out) == (77, "")
    assert "(taken from NIMSG_PASSWORD); 2 tries left" in first.err
    assert "(taken from NIMSG_PASSWORD); 1 try left" in second.err
    assert "too many wrong passwords; the name is locked, try again in " in third.err
    assert third.err.endswith(f" s; {FREE}\n")


def test_c6_three_wrong_passwords_lock_a_name_until_it_is_freed(
    new_town: NewTown,
) -> None:
    town = new_town("--block-duration", "3600")
    ann = town.resident("ann")
    locked(town, "ann")
    right = ann.types("inbox")
    assert right.code == 77
    assert "try again in 3" in right.err
    town.resident("bob").gets("inbox")

    town.server.kill()
    town = new_town("--block-duration", "3600")
    ann = town.person("ann")
    still = ann.types("inbox")
    assert still.code == 77
    assert "the name is locked" in still.err

    listed = ann.gets("user", "list", "--var", str(town.server.var)).out
    assert re.search(r"^ann .* locked until \w", listed, re.MULTILINE)
    unlock = ("user", "unlock", "ann", "--var", str(town.server.var))
    assert ann.gets(*unlock).err == "ann can log in again.\n"
    assert ann.gets(*unlock).err == "ann was not locked.\n"
    nobody = ann.types("user", "unlock", "nosuch", "--var", str(town.server.var))
    assert (nobody.code, nobody.err) == (4, "nimsg: nosuch: there is no such user\n")
    ann.gets("inbox")
    assert "2 tries left" in wrongly(town, "ann").types("inbox").err
    forgotten = "ann was not locked; the wrong passwords are forgotten.\n"
    assert ann.gets(*unlock).err == forgotten


def test_c6_a_stopped_store_is_unlocked_too(new_town: NewTown) -> None:
    town = new_town("--block-duration", "3600")
    ann = town.resident("ann")
    locked(town, "ann")
    assert town.server.stop() == 0
    unlock = ("user", "unlock", "ann", "--var", str(town.server.var))
    assert ann.gets(*unlock).err == "ann can log in again.\n"
    assert ann.gets(*unlock).err == "ann was not locked.\n"

    town = new_town("--block-duration", "3600")
    town.person("ann").gets("inbox")


def test_c6_a_right_password_forgives_two_wrong_ones(new_town: NewTown) -> None:
    town = new_town("--block-duration", "3600")
    ann = town.resident("ann")
    for _ in range(2):
        assert "2 tries left" in wrongly(town, "ann").types("inbox").err
        assert "1 try left" in wrongly(town, "ann").types("inbox").err
        ann.gets("inbox")


def test_c6_a_token_opens_a_locked_name(new_town: NewTown) -> None:
    town = new_town("--block-duration", "3600")
    ann = town.settler("ann")
    locked(town, "ann")

    assert ann.gets("inbox").code == 0


def test_c6_without_a_lockout_no_tries_are_counted(new_town: NewTown) -> None:
    town = new_town("--block-duration", "0")
    ann = town.resident("ann")
    for _ in range(4):
        done = wrongly(town, "ann").types("inbox")
        assert done.code == 77
        assert "left" not in done.err
    ann.gets("inbox")


def test_c6_the_prompt_says_how_many_tries_are_left(new_town: NewTown) -> None:
    town = new_town("--block-duration", "3600")
    town.resident("ann")
    ann = town.stranger("ann")
    with Terminal("inbox", env=ann.env) as terminal:
        for left in ("2 tries left.", "1 try left."):
            terminal.sees("Password of ann: ")
            terminal.types("not the password")
            terminal.sees(f"That is not the password; {left}")
        terminal.sees("Password of ann: ")
        terminal.types(PASSWORD)
        assert terminal.ends() == 0
    with Terminal("inbox", env=ann.env) as terminal:
        for _ in range(3):
            terminal.sees("Password of ann: ")
            terminal.types("not the password")
        terminal.sees("the name is locked, try again in ")
        assert terminal.ends() == 77


# -- nicknames


def test_s4_4_a_nickname_is_its_users_alone_for_as_long(new_town: NewTown) -> None:
    town = new_town("--auth", "nick")
    ann = town.stranger("ann")
    assert "knows a name" in "\n".join(town.server.lines)
    ann.gets("register")
    town.stranger("bob").sends("ann", "-m", "x")
    with connect(
        parse_address(town.server.address), Security(), timeout_s=HANG_S
    ) as client:
        client.call("auth.nick", {"nick": "ann", "device": "line"})
        taken = ann.types("inbox")
        assert (taken.code, taken.out) == (4, "")
        assert taken.err == "nimsg: ann is in use now; ann2 is free: --user ann2\n"
        client.call("auth.logout", {})

    assert len(ann.gets("inbox").lines) == 2
    passwords = town.person("cyd", "never looked at")
    passwords.gets("register")
    assert passwords.gets("inbox").err == "No mail yet.\n"
