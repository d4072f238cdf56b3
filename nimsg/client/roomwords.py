"""Commands about rooms, as they are typed in a room or as verbs of the shell."""

import re
from collections.abc import Callable

from nimsg.errors import UsageError


# `nimsg room VERB` and the command that does it.
VERBS = {
    "list": "rooms",
    "create": "create",
    "join": "join",
    "leave": "leave",
    "post": "say",
    "history": "history",
    "topic": "topic",
    "members": "members",
}
AS_VERB = re.compile(r"[ \t]*[/:]?room(?=[ \t]|\Z)[ \t]*([^ \t]*)", re.IGNORECASE)
OPTION = re.compile(r"-[a-z]\Z|--[a-z]")
TOPIC = "--topic"
SHOWN_CHARS = 32
CREATE = re.compile(
    r"([ \t]*[/:]?create)[ \t]+(?:([^ \t-][^ \t]*)[ \t]+)?(--[^ \t=]*)=?(.*)",
    re.IGNORECASE | re.DOTALL,
)
QUOTED = re.compile(r"(['\"])(.+)\1\Z", re.DOTALL)
BEGUN = re.compile(r"([ \t]*[/:]?(say|history))[ \t]+([^ \t]+)", re.IGNORECASE)
BEFORE = re.compile(r"[0-9]+\Z|mine\Z", re.IGNORECASE)
ALONE = re.compile(r"[ \t]*[/:]?(leave|history|topic|members)[ \t]*\Z", re.IGNORECASE)


def plain_command(line: str) -> str:
    """The line, where it is written as for the shell as the command it stands for.

    `room VERB` is the command of that verb, and a topic may be an option's. Raises
    `UsageError` where there is no such verb, and for other options.
    """
    match = AS_VERB.match(line)
    return _plain_topic(line if match is None else _plain_verb(line, match))


def _plain_verb(line: str, match: re.Match[str]) -> str:
    if (command := VERBS.get(match[1].lower())) is None:
        raise UsageError(f"room: give one of {', '.join(VERBS)}")
    rest = line[match.end() :]
    if command != "create" and any(map(OPTION.match, rest.split()[:2])):
        how = f"help {command} shows how it is typed"
        raise UsageError(f"room {match[1].lower()}: no options here; {how}")
    return command + rest


def _plain_topic(line: str) -> str:
    match = CREATE.match(line)
    if match is None:
        return line
    begin, room, option, text = match.groups()
    wrong = ""
    if option != TOPIC:
        wrong = f"{option[:SHOWN_CHARS]!r} is no option, {TOPIC} is; a topic needs none"
    elif room is None:
        wrong = f"{TOPIC} goes behind ROOM"
    elif not (text := text.strip(" \t")):
        wrong = f"give TOPIC behind {TOPIC}"
    if wrong:
        raise UsageError(f"create: {wrong} (usage: create ROOM [TOPIC])")
    quoted = QUOTED.match(text)
    return f"{begin} {room} {quoted[2] if quoted else text}"


def in_room(line: str, room: str, knows: Callable[[str], bool]) -> str:
    """The line, with the room that it was typed in where it names none.

    What `say` is followed by is a room where one `knows` it, or it begins with `#`.
    """
    try:
        plain = plain_command(line)
    except UsageError:
        return line
    if ALONE.match(plain):
        return f"{plain.strip()} {room}"
    begun = BEGUN.match(plain)
    if begun is None or knows(word := begun[3]) or word.startswith("#"):
        return line
    if begun[2].lower() == "history" and not BEFORE.match(word):
        return line
    return f"{begun[1]} {room} {plain[begun.start(3) :]}"
