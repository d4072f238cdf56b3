"""`nimsg logins`: who has been you, from where, and how it ended."""

from argparse import ArgumentParser, Namespace

from nimsg.cli import show
from nimsg.cli.mailbox import add_limit_argument
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import people_answers
from nimsg.client.peopletables import LOGIN_COLUMNS, login_cells
from nimsg.client.queries import logins
from nimsg.errors import Exit


def logins_arguments(parser: ArgumentParser) -> None:
    """Options of `logins`."""
    add_limit_argument(parser, 20)
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_logins(args: Namespace) -> int:
    """List own logins and failed tries, newest first."""
    with Session(read_settings(args)) as session:
        rows = session.run(logins(args.limit))
    found = [people_answers.login_row(row) for row in rows]
    if args.json:
        for row in rows:
            show.say(show.json_line("login", row))
        return Exit.DONE
    if not found:
        show.note(
            "No logins yet: they are those of `nimsg client` and `nimsg talk`, not of "
            "verbs."
        )
        return Exit.DONE
    now = show.now_ms()
    show.print_table(LOGIN_COLUMNS, [login_cells(one, now) for one in found])
    return Exit.DONE
