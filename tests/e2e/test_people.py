"""Who is online, broadcasts, blocks, logins and sessions, by verbs at a real server."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from tests.e2e.conftest import Town
from tests.support.people import PASSWORD, Person
from tests.support.process import HANG_S


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    return town.settler("ann")


@pytest.fixture(scope="module", autouse=True)
def bob(town: Town) -> Person:
    return town.settler("bob")


@pytest.fixture(scope="module", autouse=True)
def eve(town: Town) -> Person:
    return town.settler("eve")


@contextmanager
def online(town: Town, name: str) -> Iterator[BlockingClient]:
    """Somebody who sits at a client, logged out in order at the end."""
    address = parse_address(town.server.address)
    with connect(address, Security(), timeout_s=HANG_S) as client:
        login = {"user": name, "password": PASSWORD, "device": "line"}
        client.call("auth.login", {**login})
        yield client
        client.call("auth.logout", {})


def test_c15_whoelse_lists_who_else_is_online(ann: Person, town: Town) -> None:
    assert ann.gets("whoelse").err == "Nobody else is online.\n"
    with online(town, "bob"), online(town, "ann"):
        heading, line = ann.gets("whoelse").lines
        (row,) = ann.gets("whoelse", "--json").objects

    assert heading.split() == ["Name", "Since", "Client"]
    assert (line.split()[0], line.split()[2:]) == ("bob", ["line", "mode"])
    assert (row["schema"], row["user"]) == ("nimsg.online/1", "bob")
    assert str(row["since"]).endswith("Z")
    assert ann.types("whoelse", "extra").code == 2


def test_c16_whoelsesince_lists_who_was_here(ann: Person, town: Town) -> None:
    with online(town, "bob"):
        pass
    with online(town, "eve"):
        lines = ann.gets("whoelsesince", "3600").lines
        rows = ann.gets("whoelsesince", "3600", "--json").objects

    assert lines[0].split() == ["Name", "Seen"]
    assert [line.split()[0] for line in lines[1:]] == ["bob", "eve"]
    assert lines[2].split()[1] == "online"
    assert [(row["user"], row["online"]) for row in rows] == [
        ("bob", False),
        ("eve", True),
    ]
    for words in ((), ("x",), ("-1",), ("1.5",), ("60", "more")):
        done = ann.types("whoelsesince", *words)
        assert (done.code, done.out) == (2, "")


def test_s2_8_seen_tells_when_somebody_was_here(ann: Person, town: Town) -> None:
    with online(town, "bob"):
        assert ann.gets("seen", "bob").out == "bob is online.\n"
    assert ann.gets("seen", "bob").out.startswith("bob was last online 20")
    assert ann.gets("seen", "bob", "--json").object["online"] is False
    town.settler("new")
    told = ann.gets("seen", "new").out
    assert told == "When new was last online is not known.\n"
    assert ann.types("seen", "nobody").code == 4


def test_c14_a_broadcast_reaches_all_who_do_not_block(ann: Person, town: Town) -> None:
    with online(town, "bob"), online(town, "eve"):
        all_ = ann.gets("broadcast", "hello")
        town.person("eve", PASSWORD).gets("block", "ann")
        some = ann.gets("broadcast", stdin=b"hello again")
        counted = ann.gets("broadcast", "x", "--json").object
        nothing = ann.types("broadcast")
        town.person("eve", PASSWORD).gets("unblock", "ann")

    assert (all_.out, all_.err) == ("", "Said to 2 people.\n")
    assert (nothing.code, nothing.out) == (4, "")
    assert nothing.err == "nimsg: there is nothing to say: the text is empty\n"
    assert some.err == ("Said to 1 person.\nnimsg: some recipients were not reached\n")
    assert "eve" not in some.err
    assert (counted["reached"], counted["unreached"]) == (1, True)


def test_c17_c18_who_is_blocked_can_neither_write_nor_see(
    ann: Person, eve: Person, town: Town
) -> None:
    blocked = ann.gets("block", "eve")
    assert blocked.err == "eve can neither write to you nor see you now.\n"
    assert ann.gets("blocks").out == "eve\n"

    refused = eve.types("send", "ann", "-m", "x")
    partly = eve.gets("send", "ann", "bob", "-m", "x")
    with online(town, "ann"):
        assert "ann" not in eve.gets("whoelsesince", "3600").out
        assert eve.gets("whoelse").out == ""
        assert "is not known" in eve.gets("seen", "ann").out
    assert (refused.code, refused.out) == (4, "")
    assert refused.err == "nimsg: blocked by: ann; nothing was stored\n"
    assert partly.err == "nimsg: not sent to ann: the recipient blocks you\n"

    again = ann.types("block", "eve")
    assert (again.code, again.err) == (4, "nimsg: you block this user already\n")
    assert ann.types("block", "ann").err == "nimsg: you cannot block yourself\n"
    assert ann.types("block", "nobody").code == 4

    ann.gets("unblock", "eve")
    assert ann.gets("blocks").err == "You block nobody.\n"
    eve.sends("ann", "-m", "now it comes")
    late = ann.types("unblock", "eve")
    assert late.code == 4
    assert "nimsg blocks shows whom" in late.err
    for words in (("block", "eve"), ("blocks",), ("unblock", "eve")):
        row = ann.gets(*words, "--json").object
        assert row == {"schema": "nimsg.block/1", "user": "eve"}


def test_s2_16_everybody_sees_the_own_logins(town: Town) -> None:
    kim = town.settler("kim")
    assert kim.gets("logins").err == (
        "No logins yet: they are those of `nimsg client` and `nimsg talk`, not of "
        "verbs.\n"
    )
    with online(town, "kim"):
        during = kim.gets("logins").lines[1]
    town.person("kim", "not the password").types("inbox")
    heading, refused, ended_ = kim.gets("logins").lines
    rows = kim.gets("logins", "--json").objects

    assert heading.split() == ["At", "From", "Client", "Until", "End"]
    assert during.endswith("  still there")
    assert refused.split()[1:] == ["127.0.0.1", "-", "-", "refused"]
    assert (ended_.split()[2:4], ended_.split()[5]) == (["line", "mode"], "logout")
    assert [row["refused"] for row in rows] == [True, False]
    assert {row["schema"] for row in rows} == {"nimsg.login/1"}
    assert str(rows[1]["at"]).endswith("Z")
    assert len(kim.gets("logins", "-n", "1", "--json").objects) == 1


def test_s2_9_the_owner_sees_sessions_and_ends_them(ann: Person, town: Town) -> None:
    var = ("--var", str(town.server.var))
    with town.client("bob") as bob:
        bob.call("presence.list", {})
        lines = ann.gets("user", "sessions", *var).lines
        (row,) = ann.gets("user", "sessions", *var, "--json").objects
        kicked = ann.gets("user", "kick", "bob", *var)

    assert lines[0].split() == [
        "Name",
        "Client",
        "From",
        "Since",
        "Idle",
        "Last",
        "command",
    ]
    assert lines[1].split()[:3] == ["bob", "script", "127.0.0.1"]
    assert lines[1].endswith("presence.list")
    assert (row["schema"], row["user"]) == ("nimsg.session/1", "bob")
    assert str(row["since"]).endswith("Z")
    assert kicked.err == "1 session of bob ended.\n"
    assert ann.types("user", "kick", "nobody", *var).code == 4
