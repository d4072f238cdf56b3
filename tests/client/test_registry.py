"""The commands of a session: what a line asks for, and what is said of a bad one."""

import pytest

from nimsg.client.registry import (
    ALIASES,
    COMMANDS,
    complete,
    help_lines,
    parse,
    usage,
)
from nimsg.client.roomwords import in_room
from nimsg.errors import UsageError
from nimsg.protocol.constants import limit


ID = "01HF0000000000000000000000"
WIDEST = 79


def asked(line: str) -> tuple[str, dict[str, object]]:
    """A line's command and arguments."""
    invocation = parse(line)
    assert invocation
    return invocation.command, dict(invocation.args)


def refused(line: str) -> str:
    """What is said of a line that cannot be understood."""
    with pytest.raises(UsageError) as caught:
        parse(line)
    return str(caught.value)


# -- what is understood


@pytest.mark.parametrize(
    "word",
    [
        *("broadcast", "whoelse", "whoelsesince", "block", "unblock"),
        *("startprivate", "message", "private", "stopprivate", "logout"),
    ],
)
def test_s2_8_the_old_commands_go_by_their_names(word: str) -> None:
    assert word in COMMANDS
    assert COMMANDS[word].name == word


@pytest.mark.parametrize(
    ("line", "command", "args"),
    [
        ("message bob hello", "message", {"user": "bob", "text": "hello"}),
        ("broadcast hi all", "broadcast", {"text": "hi all"}),
        ("whoelse", "whoelse", {}),
        ("whoelsesince 200", "whoelsesince", {"seconds": 200}),
        ("private bob x  y", "private", {"user": "bob", "text": "x  y"}),
        ("inbox", "inbox", {"all": None}),
        ("inbox all", "inbox", {"all": "all"}),
        ("open", "open", {"message": None}),
        ("open i12", "open", {"message": "i12"}),
        ("open O3", "open", {"message": "o3"}),
        (f"status {ID.lower()}", "status", {"message": ID}),
        ("reply i1 thank you", "reply", {"message": "i1", "text": "thank you"}),
        ("search disk full", "search", {"words": "disk full"}),
        ("create #den", "create", {"room": "den", "topic": None}),
        ("create den the den", "create", {"room": "den", "topic": "the den"}),
        ("topic lobby", "topic", {"room": "lobby", "text": None}),
        ("say #lobby #1 it is", "say", {"room": "lobby", "text": "#1 it is"}),
        ("history lobby", "history", {"room": "lobby", "n": None}),
        ("history lobby 7", "history", {"room": "lobby", "n": 7}),
        ("history lobby Mine", "history", {"room": "lobby", "n": "mine"}),
        ("topic lobby ''", "topic", {"room": "lobby", "text": ""}),
        ('topic lobby ""', "topic", {"room": "lobby", "text": ""}),
        ("topic lobby '' x", "topic", {"room": "lobby", "text": "'' x"}),
        ("shutdown", "shutdown", {"seconds": None}),
        ("shutdown 0", "shutdown", {"seconds": 0}),
        ("shutdown Cancel", "shutdown", {"seconds": "cancel"}),
        ("help", "help", {"command": None}),
        ("help /msg", "help", {"command": "message"}),
    ],
)
def test_s2_8_a_command_has_its_arguments(
    line: str, command: str, args: dict[str, object]
) -> None:
    assert asked(line) == (command, args)


@pytest.mark.parametrize("leader", ["", "/", ":", "  ", "\t:"])
def test_s2_8_a_command_may_have_a_leader(leader: str) -> None:
    assert asked(f"{leader}block bob") == ("block", {"user": "bob"})


def test_s2_8_an_alias_is_its_command_in_any_case() -> None:
    assert set(ALIASES.values()) <= set(COMMANDS)
    assert not set(ALIASES) & set(COMMANDS)
    assert asked("MSG Bob x") == ("message", {"user": "Bob", "text": "x"})
    assert asked("/quit") == ("logout", {})
    assert asked("?") == ("help", {"command": None})


@pytest.mark.parametrize("line", ["q", ":q", "/Q"])
def test_q_ends_the_session_as_in_other_programs(line: str) -> None:
    assert asked(line) == ("logout", {})


LAB: dict[str, object] = {"room": "lab"}


@pytest.mark.parametrize(
    ("line", "command", "args"),
    [
        (":room create lab", "create", {"room": "lab", "topic": None}),
        ("/Room  create lab a  b", "create", {"room": "lab", "topic": "a  b"}),
        ("create lab --topic what  breaks", "create", {**LAB, "topic": "what  breaks"}),
        ("/room create lab --topic='a b'", "create", {**LAB, "topic": "a b"}),
        ('create lab --topic "a b"', "create", {**LAB, "topic": "a b"}),
        ("create lab --topic ''", "create", {**LAB, "topic": ""}),
        ("create lab - not --topic", "create", {**LAB, "topic": "- not --topic"}),
        ("room list", "rooms", {}),
        ("room post lab hi", "say", {"room": "lab", "text": "hi"}),
        ("room post lab a -m", "say", {"room": "lab", "text": "a -m"}),
        ("rooms", "rooms", {}),
    ],
)
def test_the_verbs_of_the_shell_about_rooms_are_understood(
    line: str, command: str, args: dict[str, object]
) -> None:
    assert asked(line) == (command, args)


@pytest.mark.parametrize("line", ["room", ":room ", "room block bob"])
def test_a_verb_that_is_none_about_rooms_is_told_which_are(line: str) -> None:
    assert refused(line).startswith("room: give one of list, create, join, ")


@pytest.mark.parametrize(
    ("line", "typed"),
    [
        ("/members", "/members lab"),
        ("/topic ", "/topic lab"),
        (":leave", ":leave lab"),
        ("/room history", "history lab"),
        ("/members tea", "/members tea"),
        ("/topic lab Boiler", "/topic lab Boiler"),
        ("/join", "/join"),
        ("/whoelse", "/whoelse"),
        ("/room", "/room"),
        ("/history", "/history lab"),
        ("/history 12", "/history lab 12"),
        (":history  Mine", ":history lab Mine"),
        ("/history tea", "/history tea"),
        ("/history nowhere 3", "/history nowhere 3"),
        ("/say hello", "/say lab hello"),
        (" :say  the boiler  leaks ", " :say lab the boiler  leaks "),
        ("/say tea is ready", "/say tea is ready"),
        ("/say #nowhere hello", "/say #nowhere hello"),
        ("/say", "/say"),
        ("/room post hello there", "say lab hello there"),
    ],
)
def test_a_command_in_a_room_is_about_that_room(line: str, typed: str) -> None:
    assert in_room(line, "lab", {"lab", "tea"}.__contains__) == typed


def test_a_text_keeps_its_inner_spaces() -> None:
    assert asked("message bob \t a  b\tc ") == (
        "message",
        {"user": "bob", "text": "a  b\tc"},
    )


@pytest.mark.parametrize("line", ["", " ", " \t "])
def test_an_empty_line_asks_for_nothing(line: str) -> None:
    assert parse(line) is None


def test_an_argument_is_read_as_what_it_is() -> None:
    since, cancel, none = map(parse, ("shutdown 5", "shutdown cancel", "shutdown"))

    assert since
    assert cancel
    assert none
    assert (since.number("seconds"), since.text("seconds")) == (5, "")
    assert (cancel.number("seconds"), cancel.text("seconds")) == (None, "cancel")
    assert (none.number("seconds"), none.text("seconds")) == (None, "")


# -- what is not


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("message", "message: give USER and TEXT (usage: message USER TEXT)"),
        ("message bob", "message: give TEXT (usage: message USER TEXT)"),
        ("message bob  ", "message: give TEXT (usage: message USER TEXT)"),
        ("m", "message: give USER and TEXT (usage: message USER TEXT)"),
        ("block", "block: give USER (usage: block USER)"),
        ("history", "history: give ROOM (usage: history ROOM [N|mine])"),
        ("block a b", "block: 'b' is one word too many (usage: block USER)"),
        (
            "create lab --topic",
            "create: give TOPIC behind --topic (usage: create ROOM [TOPIC])",
        ),
        (
            "create --topic x lab",
            "create: --topic goes behind ROOM (usage: create ROOM [TOPIC])",
        ),
        (
            "create lab --tpoic a b",
            "create: '--tpoic' is no option, --topic is; a topic needs none "
            "(usage: create ROOM [TOPIC])",
        ),
        (
            "room post lab -m hi",
            "room post: no options here; help say shows how it is typed",
        ),
        (
            "room history lab --before 5",
            "room history: no options here; help history shows how it is typed",
        ),
        (
            "inbox everything",
            "inbox: 'everything' cannot stand there (usage: inbox [all])",
        ),
        (
            "open 12",
            "open: '12' names no message: write i12, o3 or its id "
            "(usage: open [MESSAGE])",
        ),
    ],
)
def test_c20_a_malformed_command_is_told_how_it_is_written(
    line: str, text: str
) -> None:
    assert refused(line) == text


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "blocc bob",
            "there is no command 'blocc'; did you mean 'block'? help lists them",
        ),
        ("xyzzy", "there is no command 'xyzzy'; help lists them"),
        ("/", "there is no command '/'; help lists them"),
        ("help xyzzy", "there is no command 'xyzzy'; help lists them"),
        ("\x1b[31m", "there is no command '\\x1b[31m'; help lists them"),
    ],
)
def test_c20_an_unknown_command_is_told_the_nearest(line: str, text: str) -> None:
    assert refused(line) == text


@pytest.mark.parametrize("line", ["x" * 65_536, "block " + "x" * 65_530])
def test_c20_what_is_said_of_a_long_word_is_short(line: str) -> None:
    assert len(refused(line)) < 200


@pytest.mark.parametrize("name", ["ü", "x" * 33, "a\x7fb", "a\xa0b"])
def test_c20_what_can_be_no_name_is_said(name: str) -> None:
    said = refused(f"block {name}")

    assert "is no name: a name has 1 to 32 printable ASCII characters" in said
    assert said.endswith(" (usage: block USER)")


@pytest.mark.parametrize("room", ["Lobby", "##lobby", "#", "x" * 33, "a/b", "ü"])
def test_c20_what_can_be_no_room_is_said(room: str) -> None:
    said = refused(f"join {room}")

    assert said.startswith("join: ")
    assert "is no room: a room has 1 to 32 of the characters a-z" in said
    assert said.endswith(" (usage: join ROOM)")


@pytest.mark.parametrize("line", ["whoelse bob", "whoelse  all of them"])
def test_c15_whoelse_takes_nothing(line: str) -> None:
    word = line.split()[1]

    assert refused(line) == (f"whoelse: {word!r} is one word too many (usage: whoelse)")


@pytest.mark.parametrize("word", ["abc", "-1", "1.5", "1e3", "٣", "0x10"])
def test_c16_a_number_is_one(word: str) -> None:
    assert refused(f"whoelsesince {word}") == (
        f"whoelsesince: {word!r} is no number of seconds (usage: whoelsesince SECONDS)"
    )


def test_c16_no_number_and_two_are_refused_too() -> None:
    assert refused("whoelsesince").startswith("whoelsesince: give SECONDS")
    assert "'2' is one word too many" in refused("whoelsesince 1 2")
    assert "'x' is no position" in refused("history lobby x")


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("1000000000", 10**9),
        ("1000000001", 10**9),
        ("9" * 10_000, 10**9),
        ("0" * 10_000 + "7", 7),
        ("000", 0),
    ],
)
def test_c16_more_than_can_be_asked_is_since_the_start(word: str, seconds: int) -> None:
    assert asked(f"whoelsesince {word}") == ("whoelsesince", {"seconds": seconds})


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("shutdown 86401", "'86401' is no number of seconds from 0 to 86400 (usage: "),
        ("shutdown " + "9" * 10_000, "…' is no number of seconds from 0 to 86400"),
        ("history den 0", "'0' is no position from 1 to 9007199254740992 (usage: "),
        ("history den 9007199254740993", "is no position from 1 to"),
        ("create den " + "x" * 201, "is no topic: it has 201 characters; at most 200"),
        ("topic den " + "x" * 201, "is no topic: it has 201 characters; at most 200"),
        ("topic den a\nb", "is no topic: a topic is one line"),
        ("create den a\rb", "is no topic: a topic is one line"),
        ("say den " + "é" * 32_769, "is no text: the body has 65538 bytes"),
        ("broadcast \ud800", "is no text: the text holds lone surrogates"),
        ("search " + "x" * 501, "is no search: it has 501 characters; at most 500"),
        ("search \ud800", "is no text: the text holds lone surrogates"),
    ],
)
def test_c20_what_the_server_would_not_take_is_never_sent(line: str, text: str) -> None:
    assert text in refused(line)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("shutdown 86400", "seconds", limit("shutdown_s")),
        ("history den 1", "n", 1),
        ("topic den " + "é" * 200, "text", "é" * 200),
        ("say den " + "x" * 65_536, "text", "x" * 65_536),
        ("search " + "x" * 500, "words", "x" * 500),
    ],
)
def test_c20_what_just_fits_is_taken(line: str, name: str, value: object) -> None:
    assert asked(line)[1][name] == value


# -- help and completion


def test_help_lists_every_command_in_its_group() -> None:
    lines = help_lines()
    groups = {command.group for command in COMMANDS.values()}

    assert [line for line in lines if line[:1].strip()] == list(
        dict.fromkeys(command.group for command in COMMANDS.values())
    )
    assert len(lines) == len(COMMANDS) + 2 * len(groups) - 1
    assert max(map(len, lines)) <= WIDEST
    for command in COMMANDS.values():
        (line,) = (one for one in lines if one.startswith(f"  {usage(command)}  "))
        assert line.endswith(f"  {command.help}")


def test_help_explains_one_command_and_its_other_names() -> None:
    assert help_lines("m") == [
        "message USER TEXT",
        f"  {COMMANDS['message'].help}",
        "  also: m, msg",
    ]
    assert help_lines(":rooms") == ["rooms", f"  {COMMANDS['rooms'].help}"]
    with pytest.raises(UsageError, match="there is no command 'x'"):
        help_lines("x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("who", ["whoelse", "whoelsesince"]),
        ("/bl", ["/block", "/blocks"]),
        (":logo", [":logout"]),
        ("  mes", ["message"]),
        ("message ", []),
        ("message b", []),
        ("zz", []),
        ("", sorted(COMMANDS)),
    ],
)
def test_the_first_word_is_completed(text: str, words: list[str]) -> None:
    assert complete(text) == words
