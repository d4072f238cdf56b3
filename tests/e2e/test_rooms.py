"""Rooms by verbs, at a real server."""

import re
import signal
from pathlib import Path

import pytest

from tests.e2e.conftest import NewTown, Town
from tests.support.people import Person, ended, inners


@pytest.fixture(scope="module")
def ann(town: Town) -> Person:
    """Who makes rooms."""
    return town.settler("room-ann")


@pytest.fixture(scope="module")
def bob(town: Town) -> Person:
    """Who joins them."""
    return town.settler("room-bob")


def said(person: Person, *words: str) -> list[str]:
    """What a history shows, without its times."""
    lines = person.gets("room", "history", *words).lines
    return [re.sub(r"^ *(\d+)  \d\d:\d\d  ", r"\1 ", line) for line in lines]


def unread(person: Person, name: str) -> object:
    """How much of a room is behind the mark."""
    for row in person.gets("room", "list", "--json").objects:
        if row["room"] == name:
            last, mark = row["last"], row["mark"]
            assert isinstance(last, int)
            return last - mark if isinstance(mark, int) else None
    raise AssertionError(name)


def test_s3_1_the_story_of_a_room(ann: Person, bob: Person) -> None:
    made = ann.gets("room", "create", "lab", "--topic", "The boiler")
    assert made.out == ""
    assert "You are in #lab now, which has 1 member." in made.err
    assert ann.gets("room", "post", "#lab", "-m", "It leaks.").out == "1\n"
    assert ann.gets("room", "post", "lab", stdin=b"two\nlines\n").out == "2\n"

    assert unread(bob, "lab") is None
    joined = bob.gets("room", "join", "#lab").err.splitlines()
    assert joined == [
        "You are in #lab now, which has 2 members.",
        "Topic: The boiler",
        "(2 messages so far: nimsg room history lab)",
    ]
    assert unread(bob, "lab") == 0
    assert said(bob, "lab") == [
        "1 <room-ann> It leaks.",
        "2 <room-ann> two",
        "          lines",
    ]

    ann.gets("room", "post", "lab", "-m", "third")
    assert unread(bob, "lab") == 1
    own, *missed = bob.gets("room", "post", "lab", "-m", "Fixed", "--since", "2").lines
    assert own == "4"
    assert [line[-18:] for line in missed] == ["  <room-ann> third"]
    bob.gets("room", "mark", "lab", "4")
    assert unread(bob, "lab") == 0

    ann.gets("room", "topic", "lab", "Cold again")
    assert bob.gets("room", "topic", "lab").out == "Cold again\n"
    assert said(bob, "lab", "--mine")[0].startswith("5 -- ")
    assert said(bob, "lab", "--before", "2") == ["1 <room-ann> It leaks."]
    assert said(bob, "lab", "--after", "2", "-n", "1") == ["3 <room-ann> third"]
    assert bob.gets("room", "members", "lab").lines == ["room-ann", "room-bob"]

    bob.gets("room", "leave", "lab")
    assert ann.gets("room", "members", "lab").lines == ["room-ann"]
    for words in (("history", "lab"), ("post", "lab", "-m", "x"), ("leave", "lab")):
        refused = bob.types("room", *words)
        assert (refused.code, refused.out) == (4, "")
        assert "you are not in this room" in refused.err


def test_s3_1_everybody_is_in_the_lobby(ann: Person, bob: Person) -> None:
    ann.gets("room", "post", "#lobby", "-m", "hello, all of you")

    assert "hello, all of you" in bob.gets("room", "history", "lobby").out
    listed = bob.gets("room", "list", "--joined").lines
    assert [line.split()[0] for line in listed] == ["Room", "#lobby"]


@pytest.mark.parametrize(
    ("words", "said_"),
    [
        (("create", "lobby"), "there is a room of this name already"),
        (("join", "lobby"), "you are in this room already"),
        (("join", "no-such-room"), "nimsg room list shows all"),
        (("topic", "lobby", "mine"), "the topic is set by admins"),
        (("post", "lobby", "-m", ""), "there is nothing to say: the text is empty"),
        (("create", "x", "--topic", "a\nb"), "a topic is one line"),
        (("topic", "lobby", "x" * 201), "a topic is one line of at most 200"),
    ],
)
def test_c20_what_a_room_refuses_is_said(
    ann: Person, words: tuple[str, ...], said_: str
) -> None:
    done = ann.types("room", *words)

    assert (done.code, done.out) == (4, "")
    assert said_ in done.err


def test_x6_a_script_waits_for_what_is_said(ann: Person, bob: Person) -> None:
    ann.gets("room", "create", "wait")
    bob.gets("room", "join", "wait")
    ann.gets("room", "post", "wait", "-m", "old")
    vain = bob.types("room", "history", "wait", "--wait", "0.2")
    assert (vain.code, vain.out) == (3, "")
    assert said(bob, "wait", "--after", "0", "--wait", "60") == ["1 <room-ann> old"]

    waiting = bob.begins("room", "history", "wait", "--after", "1", "--wait", "60")
    ann.gets("room", "post", "wait", "-m", "new")
    done = ended(waiting)

    assert done.code == 0
    assert done.out.endswith("  <room-ann> new\n")


def test_s2_8_a_room_is_read_page_by_page(ann: Person, town: Town) -> None:
    ann.gets("room", "create", "many")
    with town.client("room-ann") as client:
        for n in range(1, 131):
            post = {"room": "many", "client_id": f"m{n}", "body": f"text {n}"}
            client.call("room.post", {**post})
    every = [f"{n} <room-ann> text {n}" for n in range(1, 131)]

    assert said(ann, "many") == every[-50:]
    assert said(ann, "many", "-n", "0") == every
    assert said(ann, "many", "--after", "10", "-n", "110") == every[10:120]


def test_c17_who_is_blocked_is_not_heard_in_a_room(ann: Person, town: Town) -> None:
    loud = town.settler("room-loud")
    ann.gets("room", "create", "hall")
    loud.gets("room", "join", "hall")
    loud.gets("room", "post", "hall", "-m", "before")
    ann.gets("block", "room-loud")
    loud.gets("room", "post", "hall", "-m", "now")
    assert said(ann, "hall") == []
    ann.gets("unblock", "room-loud")

    heard = [f"{n} <room-loud> {text}" for n, text in ((1, "before"), (2, "now"))]
    assert said(ann, "hall") == heard


def test_s2_16_what_was_said_in_a_room_is_found(
    ann: Person, bob: Person, town: Town
) -> None:
    ann.gets("room", "create", "find")
    bob.gets("room", "join", "find")
    ann.gets("room", "post", "find", "-m", "The samovar leaks.")
    ann.sends("room-bob", "-s", "samovar", "-m", "by mail")

    mixed = bob.gets("search", "samovar")
    assert [line.split()[-1] for line in mixed.lines[1:]] == ["samovar", "leaks."]
    assert "nimsg room history find --after 0 --limit 1" in mixed.err
    only = bob.gets("search", "samovar", "--room", "#find", "--json").object
    assert "inbox" not in only
    boxes = bob.gets("search", "samovar", "--box", "inbox", "--json").object
    assert "room" not in boxes
    assert town.settler("room-eve").types("search", "samovar").code == 1


def test_s1_18_rooms_outlive_a_server_that_was_killed(
    new_town: NewTown, tmp_path: Path
) -> None:
    town = new_town("--auth", "open")
    ann = town.person("ann")
    ann.gets("room", "create", "lab", "--topic", "kept")
    ann.gets("room", "post", "lab", "-m", "kept too")
    before = ann.gets("room", "history", "lab", "--json").objects
    town.server.kill()
    town = new_town("--auth", "open")
    ann = town.person("ann")

    assert ann.gets("room", "history", "lab", "--json").objects == before
    assert ann.gets("room", "topic", "lab").out == "kept\n"
    assert town.server.stop(signal.SIGTERM) == 0
    assert not list((tmp_path / "homes" / "ann").rglob("*"))


def test_every_room_verb_has_its_schema(ann: Person) -> None:
    for words, schema in (
        (("create", "json"), "room"),
        (("post", "json", "-m", "x", "--since", "0"), "posted"),
        (("history", "json"), "room-message"),
        (("topic", "json", "x"), "room"),
        (("topic", "json"), "room"),
        (("members", "json"), "member"),
        (("mark", "json", "1"), "room"),
        (("list",), "room"),
        (("leave", "json"), "room"),
        (("join", "json"), "room"),
    ):
        lines = ann.gets("room", *words, "--json").objects

        assert {row["schema"] for row in lines} == {f"nimsg.{schema}/1"}, words
        for row in (*lines, *inners(lines[0], "messages")):
            times = [row[key] for key in row if key.endswith("_at") and row[key]]
            assert all(str(time).endswith("Z") for time in times), row
