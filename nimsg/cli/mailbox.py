"""`nimsg inbox` and `nimsg outbox`: what came and what went, with their times."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nimsg.cli import show
from nimsg.cli.boxtable import print_box
from nimsg.cli.numbers import ROWS
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.client.queries import box_rows
from nimsg.errors import Exit
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject


def inbox_arguments(parser: ArgumentParser) -> None:
    """Options of `inbox`."""
    _arguments(parser, "also what you have opened")


def outbox_arguments(parser: ArgumentParser) -> None:
    """Options of `outbox`."""
    _arguments(parser, "also what has been read by everybody")


def _arguments(parser: ArgumentParser, all_help: str) -> None:
    parser.add_argument("-a", "--all", action="store_true", help=all_help)
    add_limit_argument(parser, 50)
    add_json_argument(parser)
    add_connection_arguments(parser)


def add_limit_argument(parser: ArgumentParser, most: int) -> None:
    """`--limit`, the same for every list; `most` where it is not given."""
    parser.add_argument(
        "-n",
        "--limit",
        metavar="N",
        type=ROWS,
        default=most,
        help=f"at most so many, newest first ({most}; 0: all)",
    )


def run_inbox(args: Namespace) -> int:
    """List received messages."""
    return _run(args, Box.INBOX)


def run_outbox(args: Namespace) -> int:
    """List sent messages."""
    return _run(args, Box.OUTBOX)


def _run(args: Namespace, box: Box) -> int:
    with Session(read_settings(args)) as session:
        rows = session.run(box_rows(box, everything=args.all, most=args.limit))
        if args.json:
            for row in rows:
                show.say(show.json_line(box.value, row))
            return Exit.DONE
        print_box(box, rows)
        _hint(session, box, rows, args)
    return Exit.DONE


def _hint(
    session: Session, box: Box, rows: Sequence[JsonObject], args: Namespace
) -> None:
    """What a person may want to know of the rows that are not shown."""
    query: JsonObject = {"box": box.value, "all": True, "limit": 1}
    total = answers.number(session.call("mail.list", query), "total")
    if total > len(rows) and args.all:
        show.note(f"{len(rows)} of {total}; see more with --limit")
    elif not rows and total:
        what = "new mail" if box is Box.INBOX else "mail that waits for a reader"
        show.note(f"No {what}; {total} older: nimsg {box} --all")
    elif not rows:
        show.note("No mail yet." if box is Box.INBOX else "Nothing sent yet.")
