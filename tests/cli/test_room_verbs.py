"""What the verbs of rooms and people show, and what of a server they do not believe."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from nimsg.cli.shutdown import local_folder
from nimsg.cli.verbs import parser_of
from nimsg.protocol.digest import message_digest
from nimsg.protocol.strict import JsonObject
from tests.cli.conftest import Shell
from tests.support.fakeserver import (
    WELCOME,
    FakeServer,
    answering,
    frame,
    hello,
    obliging,
    refusal,
    result,
)
from tests.support.unsafe import HOSTILE, unsafe


ID = "01HF0000000000000000000000"
EVERY = {
    "whoelse": ["whoelse"],
    "whoelsesince": ["whoelsesince", "60"],
    "seen": ["seen", "ann"],
    "broadcast": ["broadcast", "x"],
    "block": ["block", "ann"],
    "blocks": ["blocks"],
    "logins": ["logins"],
    "list": ["room", "list"],
    "create": ["room", "create", "lab"],
    "join": ["room", "join", "lab"],
    "leave": ["room", "leave", "lab"],
    "post": ["room", "post", "lab", "-m", "x", "--since", "0"],
    "history": ["room", "history", "lab"],
    "wait": ["room", "history", "lab", "--wait", "0"],
    "topic": ["room", "topic", "lab"],
    "set topic": ["room", "topic", "lab", "x"],
    "members": ["room", "members", "lab"],
    "mark": ["room", "mark", "lab", "1"],
    "search": ["search", "x"],
    "shutdown": ["shutdown"],
}
every = pytest.mark.parametrize("words", EVERY.values(), ids=EVERY)


def said(position: int, body: str, sender: str = "ann", **more: object) -> JsonObject:
    """A message of #lab with its true digest."""
    digest = message_digest(
        id=ID,
        sender=sender,
        to=[],
        sent_at=2,
        subject="",
        body=body,
        reply_to=None,
        room="lab",
    )
    of: JsonObject = {"room": "lab", "position": position, "id": ID, "from": sender}
    return {**of, "body": body, "sent_at": 2, "digest": digest, **more}


def page(*messages: JsonObject, **more: object) -> JsonObject:
    of: JsonObject = {"room": "lab", "messages": list(messages), "last": 9, "mark": 0}
    return {**of, "more": False, "damaged": [], **more}


def room(name: str = "lab", topic: str = "", **more: object) -> JsonObject:
    of: JsonObject = {"room": name, "topic": topic, "created_at": 1, "unread": 2}
    return {**of, "created_by": "ann", "members": 2, "last": 9, "mark": 7, **more}


def answers(evil: str) -> dict[str, JsonObject | str]:
    """Answers of the right shape with `evil` wherever there may be a text."""
    login: JsonObject = {"n": 1, "at": 1, "address": evil, "device": evil}
    history = page(said(1, evil, evil), said(2, evil, "", notice="topic", about=evil))
    return {
        "auth.login": {**WELCOME, "user": evil},
        "presence.list": {"users": [{"user": evil, "since": 1, "device": evil}]},
        "presence.since": {"users": [{"user": evil, "online": False, "seen_at": 1}]},
        "presence.seen": {"user": evil, "online": True, "seen_at": 1},
        "broadcast.send": {"reached": 1, "unreached": True},
        "block.add": {},
        "block.list": {"users": [evil]},
        "auth.logins": {"logins": [{**login, "refused": True, "reason": evil}]},
        "room.list": {"rooms": [room(topic=evil, created_by=evil)]},
        "room.create": {"room": room(topic=evil), "history": history},
        "room.join": {"room": room(topic=evil), "history": history},
        "room.leave": {},
        "room.post": {"position": 3, "room": evil, "hash": evil, "missed": history},
        "room.history": history,
        "room.topic": {},
        "room.members": {"members": [evil]},
        "room.mark": {},
        "server.shutdown": {"left_s": 60, "at": 1},
        "mail.search": {
            "hits": [{"room": said(1, evil, evil), "snippet": evil}],
            "unindexed": 0,
        },
    }


# -- texts


@every
@pytest.mark.parametrize("as_json", [False, True], ids=["plain", "json"])
def test_term_2_nothing_that_others_wrote_reaches_the_terminal_raw(
    shell: Shell, words: list[str], as_json: bool
) -> None:
    for evil in HOSTILE:
        with FakeServer(obliging(answers(evil))) as server:
            json_ = ["--json"] * as_json
            done = shell.types(*words, *json_, "--server", server.address)

        assert done.code == 0, done
        assert unsafe(done.out.encode()) == set(), (evil, done)
        assert unsafe(done.err.encode()) == set(), (evil, done)


@pytest.mark.no_cover
@every
@pytest.mark.parametrize("value", [None, 1, "x", [], [1], {}, [{}], True])
def test_term_4_no_shape_of_an_answer_is_a_fault_of_ours(
    shell: Shell, words: list[str], value: object
) -> None:
    """Each member of each answer is replaced, one after the other."""
    right = answers("x")
    for method, answer in right.items():
        if method == "auth.login" or not isinstance(answer, dict):
            continue
        for key in answer:
            wrong: JsonObject = {**answer, key: value}
            with FakeServer(obliging({**right, method: wrong})) as server:
                done = shell.types(*words, "--server", server.address)

            assert done.code != 70, (method, key, done)


def test_a_text_of_many_lines_cannot_pass_for_another(shell: Shell) -> None:
    history = page(said(9, "one\n10  16:33  <bob> two\n"), said(10, "-- three"))
    with FakeServer(obliging({"room.history": history})) as server:
        lines = shell.types("room", "history", "lab", "--server", server.address).lines

    first, second, third = lines
    assert first.startswith(" 9  1970-01-01  <ann> one")
    assert second == " " * 16 + "10  16:33  <bob> two"
    assert third == "10  1970-01-01  <ann> -- three"


def test_s3_25_a_notice_is_told_apart(shell: Shell) -> None:
    history = page(said(3, "User bob disconnected", "", notice="left", about="bob"))
    with FakeServer(obliging({"room.history": history})) as server:
        done = shell.types("room", "history", "lab", "--server", server.address)

    assert done.out == "3  1970-01-01  -- User bob disconnected\n"


# -- history


def test_s0_21_a_message_of_a_room_is_checked(shell: Shell) -> None:
    forged = {**said(1, "true"), "body": "false"}
    with FakeServer(obliging({"room.history": page(forged)})) as server:
        done = shell.types("room", "history", "lab", "--server", server.address)

    assert (done.code, done.out) == (74, "")
    assert "does not match its digest" in done.err


def test_s0_21_another_room_is_another_message(shell: Shell) -> None:
    moved = {**said(1, "true"), "room": "tea"}
    with FakeServer(obliging({"room.history": page(moved)})) as server:
        done = shell.types("room", "history", "tea", "--server", server.address)

    assert (done.code, done.out) == (74, "")


def test_a_damaged_message_is_named_and_the_others_are_shown(shell: Shell) -> None:
    history = page(said(1, "one"), said(3, "three"), damaged=[2])
    with FakeServer(obliging({"room.history": history})) as server:
        done = shell.types("room", "history", "lab", "--server", server.address)

    assert done.code == 74
    assert [line[0] for line in done.lines] == ["1", "3"]
    assert done.err == "nimsg: message 2 of #lab is damaged and left out\n"


def history_of(count: int) -> Callable[[JsonObject], bytes]:
    """A room of so many messages, served in pages."""

    def reply(request: JsonObject) -> bytes:
        if request["method"] != "room.history":
            return result(request["id"], WELCOME)
        params = request["params"]
        assert isinstance(params, dict)
        before, after = params.get("before", count + 1), params.get("after")
        known = [n for n in range(1, count + 1) if n < before]
        found = (
            known[-params["limit"] :]
            if after is None
            else [n for n in known if n > after][: params["limit"]]
        )
        beyond = found[0] > 1 if after is None else found[-1] < count
        messages = [said(n, f"text {n}") for n in found]
        return result(request["id"], page(*messages, last=count, more=beyond))

    return reply


@pytest.mark.parametrize(
    ("words", "first", "last", "more"),
    [
        (("-n", "0"), 1, 250, ""),
        ((), 201, 250, "--before 201"),
        (("-n", "120"), 131, 250, "--before 131"),
        (("--before", "100", "-n", "3"), 97, 99, "--before 97"),
        (("--after", "0", "-n", "0"), 1, 250, ""),
        (("--after", "10", "-n", "130"), 11, 140, "--after 140"),
        (("--after", "240"), 241, 250, ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_a_history_is_read_page_by_page_oldest_first(
    shell: Shell, words: tuple[str, ...], first: int, last: int, more: str
) -> None:
    with FakeServer(answering(history_of(250))) as server:
        done = shell.types("room", "history", "lab", *words, "--server", server.address)

    positions = [int(line.split()[0]) for line in done.lines]
    assert positions == list(range(first, last + 1))
    assert (more in done.err) if more else (done.err == "")


def test_term_4_a_history_without_an_end_is_given_up(shell: Shell) -> None:
    for told in (page(said(5, "x"), more=True), page(more=True)):
        for words in (("-n", "0"), ("-n", "0", "--after", "4")):
            with FakeServer(obliging({"room.history": told})) as server:
                at = ("--server", server.address)
                done = shell.types("room", "history", "lab", *words, *at)

            assert done.code == 76, (words, done)


def test_term_4_a_list_without_an_end_is_given_up(shell: Shell) -> None:
    told: dict[str, JsonObject | str] = {
        "room.list": {"rooms": [room()], "next": "lab"},
        "room.members": {"members": ["ann"], "next": "ann"},
        "auth.logins": {"logins": [], "next": 5},
    }
    for words in (("room", "list"), ("room", "members", "lab"), ("logins", "-n", "0")):
        with FakeServer(obliging(told)) as server:
            done = shell.types(*words, "--server", server.address)

        assert done.code == 76, (words, done)


# -- posts and lists


def test_s1_18_a_post_is_repeated_under_the_same_name(shell: Shell) -> None:
    ids: list[object] = []

    def reply(request: JsonObject) -> bytes:
        if request["method"] != "room.post":
            return result(request["id"], WELCOME)
        params = request["params"]
        assert isinstance(params, dict)
        ids.append(params["client_id"])
        if len(ids) == 1:
            raise ConnectionError
        return result(request["id"], {"position": 4})

    with FakeServer(answering(reply)) as server:
        words = ("room", "post", "#lab", "-m", "x", "--server", server.address)
        done = shell.types(*words)

    assert (done.code, done.out) == (0, "4\n")
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_a_list_of_rooms_says_what_is_unread(shell: Shell) -> None:
    rooms = [
        room(unread=1),
        room("lobby", created_by=None, created_at=None, mark=0, unread=0),
        room("tea", mark=None, unread=None),
    ]
    with FakeServer(obliging({"room.list": {"rooms": rooms}})) as server:
        lines = shell.types("room", "list", "--server", server.address).lines
        told = shell.types("room", "list", "--json", "--server", server.address)

    assert [json.loads(row)["unread"] for row in told.lines] == [1, 0, None]
    assert lines == [
        "Room    New  Members  Made by  Topic",
        "#lab    1    2        ann",
        "#lobby  0    2",
        "#tea    -    2        ann",
    ]


def test_a_topic_is_that_of_the_room_and_of_no_other(shell: Shell) -> None:
    rooms = [room("lab-2", "two"), room("labs", "three")]
    with FakeServer(obliging({"room.list": {"rooms": rooms}})) as server:
        done = shell.types("room", "topic", "lab", "--server", server.address)

    assert (done.code, done.out) == (4, "")
    assert done.err == "nimsg: there is no such room; nimsg room list shows all\n"


def test_s2_16_a_hit_in_a_room_says_how_to_read_it(shell: Shell) -> None:
    hit: JsonObject = {"room": said(17, "x"), "snippet": "It leaks again."}
    told: JsonObject = {"hits": [hit], "unindexed": 0}
    with FakeServer(obliging({"mail.search": told})) as server:
        done = shell.types("search", "leaks", "--server", server.address)

    assert done.lines[1].split(maxsplit=5) == [
        *("#lab", "17", "ann", "1970-01-01", "-", "It leaks again.")
    ]
    assert done.err == ("(read #lab 17: nimsg room history lab --after 16 --limit 1)\n")


# -- logging in


@pytest.mark.parametrize(("auth", "key"), [("open", "user"), ("nick", "nick")])
def test_s4_4_where_a_name_is_enough_no_password_is_looked_for(
    shell: Shell, auth: str, key: str
) -> None:
    asked: list[JsonObject] = []

    def reply(request: JsonObject) -> bytes:
        asked.append(request)
        login = str(request["method"]).startswith("auth.")
        found = WELCOME if login else {"users": []}
        return result(request["id"], found)

    with FakeServer(answering(reply, hello(auth=auth))) as server:
        done = shell.types("whoelse", "--server", server.address)

    assert done.code == 0
    assert asked[0]["params"] == {key: "bob", "device": "headless"}


def test_s4_4_a_nickname_in_use_comes_with_another(shell: Shell) -> None:
    def reply(request: JsonObject) -> bytes:
        answer = json.loads(refusal(request["id"], "name_taken", "bob is in use")[4:])
        answer["error"]["data"]["suggestion"] = "bob2"
        return frame(answer)

    with FakeServer(answering(reply, hello(auth="nick"))) as server:
        done = shell.types("whoelse", "--server", server.address)

    assert (done.code, done.out) == (4, "")
    assert done.err == "nimsg: bob is in use; bob2 is free: --user bob2\n"


@pytest.mark.parametrize(
    "option", [("--user", "root"), ("--password-file", "f"), ("--tls",)]
)
def test_s3_22_who_says_who_they_are_means_no_server_that_is_just_there(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, option: tuple[str, ...]
) -> None:
    (shell.home / "var").mkdir()
    (shell.home / "var" / "admin.sock").touch()
    parser, _ = parser_of("shutdown")

    assert local_folder(parser.parse_args([])) == Path("var")
    assert local_folder(parser.parse_args([*option])) is None
    monkeypatch.setenv("NIMSG_VAR", "elsewhere")
    assert local_folder(parser.parse_args([])) == Path("elsewhere")
    assert local_folder(parser.parse_args([*option])) is None


def test_s3_22_a_wrong_password_ends_no_server_of_ones_own(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIMSG_VAR", str(shell.home))
    with FakeServer(obliging({"auth.login": "bad_credentials"})) as server:
        shell.config.write_text(f'server = "{server.address}"\n')
        monkeypatch.setenv("NIMSG_PASSWORD", "wrong")
        done = shell.types("shutdown", "--user", "root")

    assert (done.code, done.out) == (77, "")


def test_a_refused_name_is_said(shell: Shell) -> None:
    text = shell.types("send", "ann", "hello from bob")
    assert (text.code, text.out) == (2, "")
    assert text.err == (
        "nimsg: hello from bob: a name has 1 to 32 printable ASCII characters and no "
        "space; a text goes behind -m\n"
    )
    name = shell.types("send", "ann", "b b", "-m", "x")
    assert name.err == (
        "nimsg: b b: a name has 1 to 32 printable ASCII characters and no space\n"
    )


def test_a_list_of_names_in_one_word_is_taken_for_what_it_is(shell: Shell) -> None:
    sent: JsonObject = {
        "id": ID,
        "position": 1,
        "to": ["eve"],
        "refused": [{"user": "ann,bob", "kind": "unknown_user"}],
    }
    words = ("send", "ann,bob", "eve", "-m", "x", "--server")
    with FakeServer(obliging({"mail.send": sent})) as server:
        done = shell.types(*words, server.address)
    assert done.err == (
        "nimsg: not sent to ann,bob: there is no such user; names are parted by a "
        "blank\n"
    )
    with FakeServer(obliging({"mail.send": "all_refused"})) as server:
        done = shell.types(*words, server.address)
    assert (done.code, done.err) == (4, "nimsg: no; names are parted by a blank\n")
