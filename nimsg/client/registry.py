"""The commands of a session: line mode and the full screen share these words.

A line is taken apart into a command and its arguments; what it does is decided
elsewhere. Words are parted by spaces and tabs, and a text is the rest of its line.
"""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from itertools import zip_longest
from typing import Literal, NamedTuple

from nimsg.client.references import plain_reference
from nimsg.client.roomwords import plain_command
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_message, check_name, check_room, check_topic


Kind = Literal[
    "name",
    "room",
    "message",
    "number",
    "text",
    "topic",
    "words",
    "word",
    "command",
]
Value = str | int | None

LEADERS = ("/", ":")
BLANKS = " \t"
SHOWN_CHARS = 32
NUMBER = re.compile(r"[0-9]+\Z")
NOTHING = ("''", '""')  # as a shell takes it
# These are the rest of their line.
RESTS: frozenset[Kind] = frozenset({"text", "topic", "words"})
GAP = "  "


class Argument(NamedTuple):
    """One argument of a command: its key in `Invocation.args`, and what it may be.

    A `word` is its own name and nothing else; `instead` is a word that may stand
    for a number, and two quotes stand for an empty topic. A number lies in `least`
    to `most`; with `capped`, a greater one counts as `most`.
    """

    name: str
    kind: Kind
    optional: bool = False
    instead: str = ""
    least: int = 0
    most: int = limit("integer_max")
    capped: bool = False

    def __str__(self) -> str:
        shown = self.name if self.kind == "word" else self.name.upper()
        shown = f"{shown}|{self.instead}" if self.instead else shown
        return f"[{shown}]" if self.optional else shown


class Command(NamedTuple):
    """A command: its arguments in order, where help lists it, and its one line."""

    name: str
    arguments: tuple[Argument, ...]
    group: str
    help: str


class Invocation(NamedTuple):
    """A command that was typed; an argument that was left out is None."""

    command: str
    args: Mapping[str, Value]

    def text(self, name: str) -> str:
        """An argument that is a word or a text; empty where it was left out."""
        value = self.args[name]
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """An argument that is a number; None where there is none."""
        value = self.args[name]
        return value if isinstance(value, int) else None


USER = Argument("user", "name")
TEXT = Argument("text", "text")
ROOM_NAME = Argument("room", "room")
MESSAGE = Argument("message", "message")
TOPIC = Argument("topic", "topic", optional=True)
SINCE = Argument("seconds", "number", most=limit("since_s"), capped=True)
DELAY = Argument(
    "seconds", "number", optional=True, instead="cancel", most=limit("shutdown_s")
)
BEFORE = Argument("n", "number", optional=True, instead="mine", least=1)
ALL = Argument("all", "word", optional=True)


def _table(*commands: Command) -> dict[str, Command]:
    return {command.name: command for command in commands}


COMMANDS: dict[str, Command] = _table(
    Command("message", (USER, TEXT), "Talking", "send a message; it is kept"),
    Command("broadcast", (TEXT,), "Talking", "say something to all who are online"),
    Command("startprivate", (USER,), "Talking", "ask somebody for a direct link"),
    Command("private", (USER, TEXT), "Talking", "say something over the direct link"),
    Command("stopprivate", (USER,), "Talking", "end the direct link"),
    Command("whoelse", (), "People", "list who else is online"),
    Command(
        "whoelsesince",
        (SINCE,),
        "People",
        "list who else was online in the last SECONDS",
    ),
    Command("seen", (USER,), "People", "tell when somebody was last online"),
    Command("block", (USER,), "People", "keep somebody away from you"),
    Command("unblock", (USER,), "People", "let somebody come back"),
    Command("blocks", (), "People", "list whom you have blocked"),
    Command("inbox", (ALL,), "Mail", "list received messages that are new, or all"),
    Command("outbox", (ALL,), "Mail", "list sent messages still unread, or all"),
    Command(
        "open",
        (MESSAGE._replace(optional=True),),
        "Mail",
        "show a message, or the next new; its sender sees",
    ),
    Command("reply", (MESSAGE, TEXT), "Mail", "answer a message"),
    Command("ack", (MESSAGE,), "Mail", "acknowledge a message"),
    Command("status", (MESSAGE,), "Mail", "show who has read a message, and when"),
    Command("recall", (MESSAGE,), "Mail", "withdraw it from who has not opened it"),
    Command("delete", (MESSAGE,), "Mail", "remove a message from your own view"),
    Command("search", (Argument("words", "words"),), "Mail", "find by words or people"),
    Command("thread", (MESSAGE,), "Mail", "show a message with its answers"),
    Command("rooms", (), "Rooms", "list the rooms"),
    Command(
        "create",
        (ROOM_NAME, TOPIC),
        "Rooms",
        "make a room",
    ),
    Command("join", (ROOM_NAME,), "Rooms", "become a member of a room"),
    Command("leave", (ROOM_NAME,), "Rooms", "be a member no more"),
    Command("say", (ROOM_NAME, TEXT), "Rooms", "say something in a room"),
    Command(
        "history",
        (ROOM_NAME, BEFORE),
        "Rooms",
        "show what was said, before N, or since you wrote",
    ),
    Command(
        "topic",
        (ROOM_NAME, TOPIC._replace(name="text")),
        "Rooms",
        "show a room's topic, or set it; '' is none",
    ),
    Command("members", (ROOM_NAME,), "Rooms", "list the members of a room"),
    Command("logins", (), "Session", "list your last logins"),
    Command(
        "shutdown",
        (DELAY,),
        "Session",
        "stop the server, or cancel that; for admins",
    ),
    Command(
        "help",
        (Argument("command", "command", optional=True),),
        "Session",
        "list the commands, or explain one",
    ),
    Command("logout", (), "Session", "end the session"),
)
ALIASES: dict[str, str] = {
    "m": "message",
    "msg": "message",
    "who": "whoelse",
    "bye": "logout",
    "exit": "logout",
    "quit": "logout",
    "q": "logout",
    "?": "help",
}


def parse(line: str) -> Invocation | None:
    """What a line asks for; None where it is empty.

    Raises `UsageError` for an unknown command, and for arguments that are missing,
    too many, or not what they should be.
    """
    word, rest = _cut(plain_command(line))
    if not word:
        return None
    command = COMMANDS[_command_name(word)]
    return Invocation(command.name, _arguments(command, rest))


def usage(command: Command) -> str:
    """How a command is written: `message USER TEXT`."""
    return " ".join([command.name, *map(str, command.arguments)])


def help_lines(topic: str | None = None) -> list[str]:
    """All commands in their groups, or one and its other names; at most 79 cells.

    Raises `UsageError` for a topic that is no command.
    """
    if topic is not None:
        command = COMMANDS[_command_name(topic)]
        others = [alias for alias, name in ALIASES.items() if name == command.name]
        also = [f"{GAP}also: {', '.join(others)}"] if others else []
        return [usage(command), f"{GAP}{command.help}", *also]
    cells = max(len(usage(command)) for command in COMMANDS.values())
    lines: list[str] = []
    for group in dict.fromkeys(command.group for command in COMMANDS.values()):
        lines += [""] * bool(lines)
        lines.append(group)
        lines += [
            f"{GAP}{usage(command):<{cells}}{GAP}{command.help}"
            for command in COMMANDS.values()
            if command.group == group
        ]
    return lines


def complete(text: str) -> list[str]:
    """The commands that a line can begin with, each with the leader that it has.

    There are none once the first word has ended.
    """
    word = text.lstrip(BLANKS)
    leader = word[:1] if word.startswith(LEADERS) else ""
    return [
        leader + name for name in sorted(COMMANDS) if (leader + name).startswith(word)
    ]


def _cut(text: str) -> tuple[str, str]:
    """The first word, and what is behind it; blanks around both are dropped."""
    text = text.strip(BLANKS)
    end = next((at for at, char in enumerate(text) if char in BLANKS), len(text))
    return text[:end], text[end:].lstrip(BLANKS)


def _command_name(word: str) -> str:
    """The command that a word names, by itself or as an alias."""
    plain = (word[1:] if word.startswith(LEADERS) else word).lower()
    name = ALIASES.get(plain, plain)
    if name in COMMANDS:
        return name
    near = get_close_matches(plain[:SHOWN_CHARS], COMMANDS, n=1)
    hint = f" did you mean {near[0]!r}?" if near else ""
    raise UsageError(f"there is no command {_shown(word)};{hint} help lists them")


def _arguments(command: Command, rest: str) -> dict[str, Value]:
    """The arguments in a line, by name."""
    words: list[str] = []
    for argument in command.arguments:
        word, behind = (rest, "") if argument.kind in RESTS else _cut(rest)
        words += [word] * bool(word)
        rest = behind
    missing = [
        str(argument)
        for argument in command.arguments[len(words) :]
        if not argument.optional
    ]
    if missing:
        raise _misused(command, f"give {' and '.join(missing)}")
    if rest:
        raise _misused(command, f"{_shown(_cut(rest)[0])} is one word too many")
    return {
        argument.name: None if word is None else _value(command, argument, word)
        for argument, word in zip_longest(command.arguments, words)
    }


def _value(command: Command, argument: Argument, word: str) -> Value:
    """What a word stands for; raises `UsageError` where it cannot be the argument."""
    if argument.instead and word.lower() == argument.instead:
        return argument.instead
    try:
        return _READERS[argument.kind](argument, word)
    except ValueError as error:
        raise _misused(command, f"{_shown(word)} {error}") from None


def _read_name(_: Argument, word: str) -> str:
    try:
        return check_name(word)
    except Refusal as refusal:
        raise ValueError(f"is no name: {refusal}") from None


def _read_room(_: Argument, word: str) -> str:
    try:
        return check_room(word.removeprefix("#"))
    except Refusal as refusal:
        raise ValueError(f"is no room: {refusal}") from None


def _read_message(_: Argument, word: str) -> str:
    try:
        return plain_reference(word)
    except UsageError:
        raise ValueError("names no message: write i12, o3 or its id") from None


def _read_number(argument: Argument, word: str) -> int:
    what = _NUMBERS[argument.name]
    if not NUMBER.match(word):
        raise ValueError(f"is no {what}")
    # One digit more than `most` has is enough to tell that it is greater.
    number = int(word.lstrip("0")[: len(str(argument.most)) + 1] or "0")
    if argument.capped:
        return min(number, argument.most)
    if not argument.least <= number <= argument.most:
        raise ValueError(f"is no {what} from {argument.least} to {argument.most}")
    return number


def _read_text(_: Argument, word: str) -> str:
    try:
        check_message("", word)
    except Refusal as refusal:
        raise ValueError(f"is no text: {refusal}") from None
    return word


def _read_topic(_: Argument, word: str) -> str:
    if word in NOTHING:
        return ""
    try:
        check_topic(word)
    except Refusal as refusal:
        raise ValueError(f"is no topic: {refusal}") from None
    _check_length("topic", word, limit("topic_chars"))
    return word


def _read_words(argument: Argument, word: str) -> str:
    _read_text(argument, word)
    _check_length("search", word, limit("words_chars"))
    return word


def _check_length(what: str, text: str, most: int) -> None:
    if len(text) > most:
        raise ValueError(
            f"is no {what}: it has {len(text)} characters; at most {most} are taken"
        )


def _read_word(argument: Argument, word: str) -> str:
    if word.lower() != argument.name:
        raise ValueError("cannot stand there")
    return argument.name


def _read_command(_: Argument, word: str) -> str:
    return _command_name(word)


_READERS: dict[Kind, Callable[[Argument, str], Value]] = {
    "name": _read_name,
    "room": _read_room,
    "message": _read_message,
    "number": _read_number,
    "text": _read_text,
    "topic": _read_topic,
    "words": _read_words,
    "word": _read_word,
    "command": _read_command,
}
_NUMBERS = {"seconds": "number of seconds", "n": "position"}


def _misused(command: Command, what: str) -> UsageError:
    return UsageError(f"{command.name}: {what} (usage: {usage(command)})")


def _shown(word: str) -> str:
    """A word in quotes, cut where it is long."""
    return repr(word if len(word) <= SHOWN_CHARS else word[: SHOWN_CHARS - 1] + "…")
