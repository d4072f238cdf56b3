"""Verbs upon one message: open, ack, status, recall, delete."""

import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nimsg.cli import show
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.client.answers import Letter, Receipt
from nimsg.client.mailtables import RECEIPT_COLUMNS, receipt_cells
from nimsg.client.mailwords import opening_told, recalled_from
from nimsg.client.queries import resolve
from nimsg.client.tables import long_time
from nimsg.errors import Exit, UsageError
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


BODY_CELLS = 100
MD5 = re.compile(r"[0-9a-fA-F]{32}\Z")


def _arguments(parser: ArgumentParser, *, many: bool = False) -> None:
    parser.add_argument(
        "id",
        metavar="ID",
        nargs="+" if many else None,
        help="the message's id, or its number in a table: i12, o3",
    )
    add_json_argument(parser)
    add_connection_arguments(parser)


def open_arguments(parser: ArgumentParser) -> None:
    """Options of `open`."""
    parser.add_argument(
        "id", metavar="ID", nargs="?", help="the message's id or number (i12, o3)"
    )
    parser.add_argument(
        "--md5", metavar="HASH", help="the newest whose body has this md5 instead"
    )
    parser.add_argument(
        "--raw", action="store_true", help="the body alone, exactly as it was sent"
    )
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_open(args: Namespace) -> int:
    """Open a message."""
    if (args.id is None) == (args.md5 is None):
        raise UsageError("give either an ID or --md5 HASH")
    if args.md5 is not None and not MD5.match(args.md5):
        raise UsageError(f"{args.md5!r} is no md5: it has 32 hex digits")
    with Session(read_settings(args)) as session:
        what: JsonObject = (
            {"id": session.run(resolve(args.id))}
            if args.md5 is None
            else {"hash": args.md5.lower()}
        )
        result = session.call("mail.open", what)
        letter = answers.letter(result)
        told = opening_told(letter, session.user)
    if args.raw:
        sys.stdout.buffer.write(letter.body.encode("utf-8"))
    elif args.json:
        show.say(show.json_line("message", result))
    else:
        print_letter(letter)
        if told:
            show.note(f"({clean_line(told)})")
    return Exit.DONE


def print_letter(letter: Letter) -> None:
    """A message's headers and body, cleaned."""
    cells = show.terminal_width()
    headers = _envelope(letter)
    if letter.receipt is not None:
        headers.append(("Opened", long_time(letter.receipt.opened_at)))
    if letter.answers:
        headers.append(("Answers", letter.answers))
    headers.append(("Id", letter.id))
    for name, value in headers:
        show.say(f"{name + ':':<9} {clean_line(value)}".rstrip())
    show.say()
    for line in show.paragraphs(letter.body, cells and min(cells, BODY_CELLS)):
        show.say(line)


def _envelope(letter: Letter) -> list[tuple[str, str]]:
    origin = letter.origin
    if origin is None:
        return [
            ("From", letter.sender),
            ("To", ", ".join(letter.to)),
            ("Subject", letter.subject),
            ("Sent", long_time(letter.sent_at)),
        ]
    return [
        ("From", origin.sender),
        ("To", ", ".join(origin.to)),
        ("Subject", letter.subject),
        ("Sent", long_time(origin.date)),
        ("Imported", f"{long_time(letter.sent_at)} by {letter.sender}"),
    ]


def ack_arguments(parser: ArgumentParser) -> None:
    """Options of `ack`."""
    _arguments(parser, many=True)


def run_ack(args: Namespace) -> int:
    """Acknowledge messages."""
    with Session(read_settings(args)) as session:
        for reference in args.id:
            result = session.call("mail.ack", {"id": session.run(resolve(reference))})
            if args.json:
                show.say(show.json_line("ack", result))
    return Exit.DONE


def status_arguments(parser: ArgumentParser) -> None:
    """Options of `status`."""
    _arguments(parser)


def run_status(args: Namespace) -> int:
    """Show a message's receipts."""
    with Session(read_settings(args)) as session:
        result = session.call("mail.status", {"id": session.run(resolve(args.id))})
    if args.json:
        show.say(show.json_line("status", result))
        return Exit.DONE
    status = answers.status(result)
    show.say(f"{status.id}  {clean_line(status.subject)}".rstrip())
    origin, sender = status.origin, clean_line(status.sender)
    if origin is None:
        show.say(f"from {sender}, sent {long_time(status.sent_at)}")
    else:
        author = clean_line(origin.sender)
        show.say(f"from {author}, sent {long_time(origin.date)}")
        show.say(f"imported by {sender}, {long_time(status.sent_at)}")
    show.say()
    print_receipts(status.receipts)
    for user, kind in status.refused:
        show.say(clean_line(f"{user}  refused: {kind}"))
    return Exit.DONE


def recall_arguments(parser: ArgumentParser) -> None:
    """Options of `recall`."""
    _arguments(parser)


def run_recall(args: Namespace) -> int:
    """Withdraw a message; 4 when somebody has opened it."""
    with Session(read_settings(args)) as session:
        result = session.call("mail.recall", {"id": session.run(resolve(args.id))})
    complete = answers.flag(result, "complete")
    if args.json:
        show.say(show.json_line("recall", result))
    else:
        for receipt in answers.rows(result, "receipts", answers.receipt):
            show.say(clean_line(recalled_from(receipt, long_time)))
    return Exit.DONE if complete else Exit.REFUSED


def delete_arguments(parser: ArgumentParser) -> None:
    """Options of `delete`."""
    _arguments(parser, many=True)


def run_delete(args: Namespace) -> int:
    """Remove messages from your own view."""
    with Session(read_settings(args)) as session:
        ids = [session.run(resolve(reference)) for reference in args.id]
        for id_ in ids:
            session.call("mail.delete", {"id": id_})
            if args.json:
                show.say(show.json_line("delete", {"id": id_}))
    return Exit.DONE


def print_receipts(receipts: Sequence[Receipt]) -> None:
    """A table of who has done what, and when."""
    now = show.now_ms()
    rows = [receipt_cells(receipt, now) for receipt in receipts]
    show.print_table(RECEIPT_COLUMNS, rows)
