"""Commands about rooms, as they are typed in a room or as verbs of the shell."""

import re

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
ALONE = re.compile(r"[ \t]*[/:]?(leave|history|topic|members)[ \t]*\Z", re.IGNORECASE)


def plain_command(line: str) -> str:
    """The line, where it is `room VERB` as the command of that verb.

    Raises `UsageError` where there is no such verb.
    """
    match = AS_VERB.match(line)
    if match is None:
        return line
    if (command := VERBS.get(match[1].lower())) is None:
        raise UsageError(f"room: give one of {', '.join(VERBS)}")
    return command + line[match.end() :]


def in_room(line: str, room: str) -> str:
    """The line, with the room that it was typed in where it names none."""
    try:
        plain = plain_command(line)
    except UsageError:
        return line
    return f"{plain.strip()} {room}" if ALONE.match(plain) else line
