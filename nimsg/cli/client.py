"""`nimsg client`: the mailbox; with `--once` the check for prompts and scripts."""

from argparse import ArgumentParser, Namespace

from nimsg.cli import show
from nimsg.cli.letter import print_letter
from nimsg.cli.mailbox import fetch, print_box
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    address_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.errors import Exit, UsageError
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject


RECENT = 20


def client_arguments(parser: ArgumentParser) -> None:
    """Options of `client`."""
    parser.add_argument(
        "address",
        nargs="*",
        metavar="SERVER",
        help="HOST:PORT, HOST PORT or PORT; the same as --server",
    )
    parser.add_argument(
        "--once",
        action="store_true",
        help="list new mail and exit: 0 there is some, 1 there is none",
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help="with --once: open and print each; their senders see that",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="with --once: only the exit code"
    )
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_client(args: Namespace) -> int:
    """Show the mailbox, or check it once."""
    if (args.open or args.quiet) and not args.once:
        raise UsageError("--open and --quiet go with --once")
    if args.open and args.quiet:
        raise UsageError("--open shows what it opens, and --quiet would hide it")
    args.server = address_argument(args.address) or args.server
    patience_s = 0.0 if args.once else 2.0
    with Session(read_settings(args, patience_s)) as session:
        return check_once(session, args) if args.once else overview(session)


def check_once(session: Session, args: Namespace) -> int:
    """List what is new; the exit code says whether there is anything."""
    if args.quiet:
        return Exit.DONE if session.welcome.get("new") else Exit.NOTHING_NEW
    rows = list(fetch(session, Box.INBOX, everything=False, most=0))
    if args.open:
        for row in reversed(rows):
            _open(session, row, args)
    elif args.json:
        for row in rows:
            show.say(show.json_line(Box.INBOX.value, row))
    else:
        print_box(Box.INBOX, rows)
    return Exit.DONE if rows else Exit.NOTHING_NEW


def _open(session: Session, row: JsonObject, args: Namespace) -> None:
    letter = session.call("mail.open", {"id": answers.identifier(row)})
    parsed = answers.letter(letter)
    if args.json:
        show.say(show.json_line("message", letter))
    else:
        print_letter(parsed)
        show.say()


def overview(session: Session) -> int:
    """Both boxes with their sent and read times."""
    new = answers.number(session.welcome, "new")
    pending = answers.number(session.welcome, "pending")
    user = show.clean_line(session.user)
    show.say(f"{user}: {new} new, {pending} waiting to be read by others")
    for box, title in ((Box.INBOX, "INBOX"), (Box.OUTBOX, "OUTBOX")):
        rows = list(fetch(session, box, everything=True, most=RECENT))
        show.say()
        show.say(title if rows else f"{title} (empty)")
        print_box(box, rows)
    return Exit.DONE
