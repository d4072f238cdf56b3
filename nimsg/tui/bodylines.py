"""The text of a message as lines behind a gutter, with its links numbered.

Everything remote stands right of the gutter, so that none of it can pass for what
the client itself says.
"""

import re
from collections.abc import Sequence

from nimsg.text import clean_body, wrap
from nimsg.tui.layout import BODY_MOST
from nimsg.tui.spans import Line


_BIDI = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069"
# A link begins where no word goes on, and ends before what a sentence puts behind it.
_LINK = re.compile(
    rf"""(?<![\w/.])(?:https?://[^\s<>"{_BIDI}]+|mailto:[^\s<>"{_BIDI}]+)""",
    re.IGNORECASE,
)
_UNCOUNTED = re.compile(f"[ {_BIDI}]")
_TRAILING = ".,;:!?'\")]}>"
_PAIRS = {")": "(", "]": "[", "}": "{"}


def body_lines(
    body: str, cells: int, gutter: str, links: list[str]
) -> list[list[Line]]:
    """The rows of each line of a body; new links are added to `links`."""
    room = max(min(BODY_MOST, cells - len(gutter)), 1)
    numbers = {url: at for at, url in enumerate(links, 1)}
    paragraphs: list[list[Line]] = []
    for line in clean_body(body).removesuffix("\n").split("\n"):
        colour = "quote" if line.startswith(">") else "text"
        numbered, colours = _numbered(line, colour, numbers)
        rows = wrap(numbered, room)
        drawn = _coloured(rows, colours) if colours else [[(colour, r)] for r in rows]
        paragraphs.append([[("gutter", gutter), *row] for row in drawn])
    links[:] = numbers
    return paragraphs


def _numbered(
    line: str, colour: str, numbers: dict[str, int]
) -> tuple[str, Sequence[str]]:
    """The line with a number behind each link, and the colour of each character.

    Blanks and direction controls are not counted: wrapping drops and adds them.
    """
    parts: list[tuple[str, str]] = []
    end = 0
    for match in _LINK.finditer(line):
        url = _trimmed(match[0])
        if url.partition(":")[2].strip("/") == "":
            continue
        number = numbers.setdefault(url, len(numbers) + 1)
        parts.append((colour, line[end : match.start()]))
        parts.append(("link", f"{url} [{number}]"))
        end = match.start() + len(url)
    if not parts:
        return line, ()
    parts.append((colour, line[end:]))
    colours = [
        name for name, text in parts for _ in range(len(_UNCOUNTED.sub("", text)))
    ]
    return "".join(text for _, text in parts), colours


def _trimmed(url: str) -> str:
    """A link without the marks that end the sentence around it."""
    while url and url[-1] in _TRAILING:
        opener = _PAIRS.get(url[-1])
        if opener is not None and url.count(opener) >= url.count(url[-1]):
            break
        url = url[:-1]
    return url


def _coloured(rows: Sequence[str], colours: Sequence[str]) -> list[Line]:
    """Rows as runs of the same colour."""
    at = 0
    lines: list[Line] = []
    for row in rows:
        line: Line = []
        start = 0
        colour = colours[min(at, len(colours) - 1)]
        for index, char in enumerate(row):
            if _UNCOUNTED.match(char):
                continue
            if colours[at] != colour:
                line.append((colour, row[start:index]))
                start, colour = index, colours[at]
            at += 1
        line.append((colour, row[start:]))
        lines.append([span for span in line if span[1]])
    return lines
