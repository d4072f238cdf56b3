"""`nimsg client --once`: the check for mail, for which a shell's prompt waits.

A plain one is read without argparse, which takes an eighth of its time. What shows
mail is loaded while the server answers.
"""

from collections.abc import Sequence
from typing import NamedTuple

from nimsg.cli.session import Session
from nimsg.cli.sources import Given, find_settings
from nimsg.errors import Exit, UsageError
from nimsg.protocol.answer import JsonObject
from nimsg.protocol.constants import Box


LISTS = ("nimsg.client.queries", "nimsg.cli.boxtable")
ONCE, OPEN, QUIET, JSON, NO_INPUT = range(5)
SWITCHES = {
    "--once": ONCE,
    "--open": OPEN,
    "--quiet": QUIET,
    "-q": QUIET,
    "--json": JSON,
    "--no-input": NO_INPUT,
}
VALUES = {"--server", "--user", "--password-file"}


class Check(NamedTuple):
    """A check: of whom, and what is shown of new mail."""

    given: Given
    open: bool
    quiet: bool
    json: bool


def plain(words: Sequence[str]) -> Check | None:
    """The check that a plain line asks for.

    None where only argparse can read the line, or say what is wrong with it.
    """
    switches: set[int] = set()
    values: dict[str, str] = {}
    rest = iter(words)
    for word in rest:
        if word in SWITCHES:
            switches.add(SWITCHES[word])
            continue
        value = next(rest, "-")
        if word not in VALUES or not value or value.startswith("-"):
            return None
        values[word] = value
    if ONCE not in switches:
        return None
    given = Given(
        server=values.get("--server"),
        user=values.get("--user"),
        password_file=values.get("--password-file"),
        may_ask=NO_INPUT not in switches,
    )
    return Check(given, OPEN in switches, QUIET in switches, JSON in switches)


def check(asked: Check) -> int:
    """List what is new; the exit code says whether there is anything."""
    if asked.open and asked.quiet:
        raise UsageError("--open shows what it opens, and --quiet would hide it")
    settings = find_settings(asked.given, 0.0)
    with Session(settings, () if asked.quiet else LISTS) as session:
        if asked.quiet:
            return Exit.DONE if session.welcome.get("new") else Exit.NOTHING_NEW
        return _list(session, asked)


def _list(session: Session, asked: Check) -> int:
    from nimsg.client.queries import box_rows

    rows = session.run(box_rows(Box.INBOX, everything=False))
    from nimsg.cli import show
    from nimsg.cli.boxtable import print_box

    if asked.open:
        for row in reversed(rows):
            _open(session, row, asked)
    elif asked.json:
        for row in rows:
            show.say(show.json_line(Box.INBOX.value, row))
    else:
        print_box(Box.INBOX, rows)
    return Exit.DONE if rows else Exit.NOTHING_NEW


def _open(session: Session, row: JsonObject, asked: Check) -> None:
    from nimsg.cli import show
    from nimsg.client import answers

    letter = session.call("mail.open", {"id": answers.identifier(row)})
    parsed = answers.letter(letter)
    if asked.json:
        show.say(show.json_line("message", letter))
    else:
        from nimsg.cli.letter import print_letter

        print_letter(parsed)
        show.say()
