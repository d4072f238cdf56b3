"""docs/screens.md: the mockups, with the keys that matter."""

from collections.abc import Iterator
from textwrap import fill

from nimsg.tui.keys import Context, key_text
from nimsg.tui.keytable import BINDINGS, TYPING
from tests.pictures.mockups import MOCKUPS, Mockup, drawn
from tests.pictures.views import KEYS


COLS = 88
INTRODUCTION = """\
# Screens

`nimsg client` as it was drawn before it was built, and as it is: each block is what
the real widgets draw with fixed data at a fixed time, and a test compares them. The
keys are those of the one table that help and footer are made of, too; `?` shows all
of them, and the configuration can give others. Times are UTC here, else local.
`python -m tests.pictures --screens` writes this page. `make screenshots` writes the
pictures, too: there a running server and clients are seen on real terminals; only
their clocks are set.

![The usual terminal](pictures/mail.svg)
![A wide terminal, with a sent message](pictures/ladder.svg)
![A received message](pictures/message.svg)
![A message being written](pictures/compose.svg)
![A room](pictures/room.svg)
![People](pictures/people.svg)
![Help](pictures/help.svg)
"""


def page() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(line for one in MOCKUPS for line in _part(one))])


def _part(mockup: Mockup) -> Iterator[str]:
    cols, rows = mockup.size
    yield f"## {mockup.title}, {cols}x{rows}\n"
    yield fill(mockup.told, COLS) + "\n"
    yield "\n".join(_keys(mockup.context, action) for action in mockup.actions)
    yield "\n```text"
    yield from drawn(mockup)
    yield "```\n"


def _keys(context: Context, action: str) -> str:
    """A line of the list: the keys of an action, and what the table says of it."""
    found = [one for one in BINDINGS if one.action == action]
    here = [one for one in found if context in one.contexts]
    there = [one for one in found if Context.GLOBAL in one.contexts]
    names = KEYS.keys_of(action, context)
    if context in TYPING:
        names = tuple(name for name in names if len(name) > 1)
    named = " or ".join(f"`{key_text(name)}`" for name in names)
    return f"- {named}: {[*here, *there][0].help}"
