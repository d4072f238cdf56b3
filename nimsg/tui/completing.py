"""What the word at the end of a command line can become."""

from collections.abc import Callable, Iterable

from nimsg.client import registry
from nimsg.client.registry import BLANKS, COMMANDS, LEADERS, Argument, Command, Kind
from nimsg.errors import UsageError


Known = Callable[[Kind], Iterable[str]]  # the names or rooms that are known


def completions(text: str, known: Known) -> list[str]:
    """The words that may stand in the place of the last one, in order.

    There are none behind a text that runs to the end of the line.
    """
    before, word = cut(text)
    if not before.strip(BLANKS):
        return registry.complete(word)
    command, at = _command(before)
    if command is None or at >= len(command.arguments):
        return []
    found = _words(command.arguments[at], word, known)
    return sorted(one for one in found if one.casefold().startswith(word.casefold()))


def completed(text: str, known: Known) -> tuple[str, list[str]]:
    """The text with its last word as far as it is certain, and what it can become.

    A word that is whole is followed by a blank.
    """
    found = completions(text, known)
    before, word = cut(text)
    if len(found) == 1:
        return f"{before}{found[0]} ", found
    shared = _shared(found)
    return before + (shared if len(shared) > len(word) else word), found


def cut(text: str) -> tuple[str, str]:
    """What is before the last word, and the word; it is empty behind a blank."""
    end = max(text.rfind(blank) for blank in BLANKS) + 1
    return text[:end], text[end:]


def _shared(words: list[str]) -> str:
    """What all words begin with."""
    if not words:
        return ""
    # What the first and the last in order share, all between them share.
    first, last = min(words), max(words)
    same = (at for at, char in enumerate(first) if not last.startswith(char, at))
    return first[: next(same, len(first))]


def _command(before: str) -> tuple[Command | None, int]:
    """The command of a line, and which of its arguments comes next."""
    first, *others = before.split()
    try:
        typed = registry.help_lines(first)[0].split()[0]
    except UsageError:
        return None, 0
    return COMMANDS.get(typed.lstrip("".join(LEADERS))), len(others)


def _words(argument: Argument, word: str, known: Known) -> Iterable[str]:
    instead = [argument.instead] if argument.instead else []
    if argument.kind == "word":
        return [argument.name]
    if argument.kind == "command":
        return list(COMMANDS)
    if argument.kind == "room":
        return [word.startswith("#") * "#" + one for one in known("room")]
    if argument.kind == "name":
        return known("name")
    return instead
