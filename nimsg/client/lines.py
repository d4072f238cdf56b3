"""The lines of a conversation.

A line of nimsg itself begins with `-- `, and what somebody says with its time. Where
a line is broken the rows below are indented: no text can begin where a line of nimsg
does, and so none can pass for one.
"""

from nimsg.text import clean_body, clean_line, width, wrap


LEAST_CELLS = 20
SYSTEM = "-- "
INDENT = "   "


def system(text: str) -> str:
    """A line of nimsg itself; what others wrote in it is cleaned."""
    return SYSTEM + clean_line(text)


def said(place: str, name: str, body: str, time_: str) -> str:
    """What somebody said: `16:33 #lobby <ann> hello`; further lines are indented."""
    head = clean_line(f"{time_} {place} <{name}>")
    first, *more = clean_body(body).split("\n")
    return "\n".join([f"{head} {first}", *(INDENT + line for line in more)])


def indented(body: str) -> str:
    """A text whose every line is indented."""
    return "\n".join(INDENT + line for line in clean_body(body).split("\n"))


def folded(text: str, cells: int | None) -> str:
    """The text with rows of less than `cells` cells (None: any), broken ones indented.

    The last cell stays free, where terminals differ.
    """
    if cells is None:
        return text
    room = max(cells - 1, LEAST_CELLS)
    return "\n".join(row for line in text.split("\n") for row in _rows(line, room))


def _rows(line: str, cells: int) -> list[str]:
    if width(line) <= cells:
        return [line]
    first, *rows = wrap(line, cells - len(INDENT))
    return [first, *(INDENT + row for row in rows)]
