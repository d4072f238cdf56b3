"""Help: the keys of where one is and the commands, both from their own tables."""

from collections.abc import Sequence

from nimsg.client import registry
from nimsg.text import pad, width, wrap
from nimsg.tui.editbox import TYPING
from nimsg.tui.glyphs import UNICODE, Glyphs
from nimsg.tui.keys import Context, KeyMap, key_text
from nimsg.tui.popups import Done, TextPopup
from nimsg.tui.spans import Line


GAP = "  "
# Beside names that take more than half, an explanation has a row of its own.
MOST_PART = 2
TYPES = (Context.COMPOSE, Context.TALK, Context.CONSOLE)

Entry = tuple[str, str]
Group = tuple[str, Sequence[Entry]]


def help_popup(
    keys: KeyMap, context: Context, close: Done, glyphs: Glyphs = UNICODE
) -> TextPopup:
    """The help of a context; what is typed filters it."""
    typing = [("Typing", _typing())] if context in TYPES else []
    groups = [(f"Keys ({context})", keys.help(context)), *typing, *_commands()]
    return TextPopup(
        "Help", lambda cells, words: help_lines(groups, cells, words), close, glyphs
    )


def help_lines(groups: Sequence[Group], cells: int, words: str) -> list[Line]:
    """Groups under their headings, of the entries those that have all the words."""
    lines: list[Line] = []
    for heading, entries in groups:
        found = [one for one in entries if _has(one, words)]
        if found:
            lines += [[]] * bool(lines)
            lines += [[("title", heading)], *_rows(found, cells)]
    return lines


def _typing() -> list[Entry]:
    return [(" ".join(map(key_text, keys)), does) for keys, does in TYPING]


def _commands() -> list[Group]:
    groups: dict[str, list[Entry]] = {}
    for command in registry.COMMANDS.values():
        entry = (f":{registry.usage(command)}", command.help)
        groups.setdefault(command.group, []).append(entry)
    return [(f"Commands: {group}", entries) for group, entries in groups.items()]


def _has(entry: Entry, words: str) -> bool:
    text = " ".join(entry).casefold()
    return all(word in text for word in words.casefold().split())


def _rows(entries: Sequence[Entry], cells: int) -> list[Line]:
    names = max(width(name) for name, _ in entries)
    room = cells - names - 2 * len(GAP)
    if room < cells // MOST_PART:
        return [line for entry in entries for line in _below(entry, cells)]
    return [line for entry in entries for line in _beside(entry, names, room)]


def _beside(entry: Entry, names: int, room: int) -> list[Line]:
    name, text = entry
    first, *more = wrap(text, room)
    indent = " " * (names + 2 * len(GAP))
    return [
        [("footer key", f"{GAP}{pad(name, names)}{GAP}"), ("text", first)],
        *([("text", indent + row)] for row in more),
    ]


def _below(entry: Entry, cells: int) -> list[Line]:
    name, text = entry
    rows = wrap(text, max(cells - 2 * len(GAP), 1))
    return [
        *([("footer key", GAP + row)] for row in wrap(name, max(cells - len(GAP), 1))),
        *([("dim", 2 * GAP + row)] for row in rows),
    ]
