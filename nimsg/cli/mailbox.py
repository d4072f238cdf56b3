"""`nimsg inbox` and `nimsg outbox`: what came and what went, with their times."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence

from nimsg.cli import show
from nimsg.cli.reference import inbox_reference, outbox_reference
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.client.answers import InboxRow, Origin, OutboxRow, Receipt
from nimsg.errors import Exit
from nimsg.protocol.constants import Box, CopyState
from nimsg.protocol.strict import JsonObject


PAGE_ROWS = 500
INBOX_COLUMNS = (
    show.Column("", 1),
    show.Column("No", 8),
    show.Column("From", 16),
    show.Column("Sent", 12, spare=True),
    show.Column("Read", 12, spare=True),
    show.Column("Subject", None),
)
OUTBOX_COLUMNS = (
    show.Column("No", 8),
    show.Column("To", 16),
    show.Column("Sent", 12, spare=True),
    show.Column("State", 10),
    show.Column("Read", 12, spare=True),
    show.Column("Subject", None),
)


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
        type=count,
        default=most,
        help=f"at most so many, newest first ({most}; 0: all)",
    )


def count(text: str) -> int:
    """A number of rows. Raises `ValueError`."""
    if not text.isdecimal():
        raise ValueError(text)
    return int(text)


def run_inbox(args: Namespace) -> int:
    """List received messages."""
    return _run(args, Box.INBOX)


def run_outbox(args: Namespace) -> int:
    """List sent messages."""
    return _run(args, Box.OUTBOX)


def _run(args: Namespace, box: Box) -> int:
    with Session(read_settings(args)) as session:
        rows = list(fetch(session, box, everything=args.all, most=args.limit))
        if args.json:
            for row in rows:
                show.say(show.json_line(box.value, row))
            return Exit.DONE
        print_box(box, rows)
        _hint(session, box, rows, args)
    return Exit.DONE


def fetch(
    session: Session, box: Box, *, everything: bool, most: int
) -> Iterator[JsonObject]:
    """Rows of a box as the wire has them, newest first; `most` 0 is all."""
    before: int | None = None
    left = most
    while True:
        limit = min(left, PAGE_ROWS) if most else PAGE_ROWS
        query: JsonObject = {"box": box.value, "all": everything, "limit": limit}
        if before is not None:
            query["before"] = before
        page = session.call("mail.list", query)
        found = answers.rows(page, box.value, dict)
        yield from found
        left -= len(found)
        after = answers.maybe_number(page, "next")
        if after is None or (most and left <= 0):
            return
        if before is not None and after >= before:
            raise answers.unusable("next")
        before = after


def print_box(box: Box, rows: Sequence[JsonObject]) -> None:
    """A table of a box; nothing for no rows."""
    if not rows:
        return
    now = show.now_ms()
    if box is Box.INBOX:
        columns = INBOX_COLUMNS
        cells = [inbox_cells(answers.inbox_row(row), now) for row in rows]
    else:
        columns = OUTBOX_COLUMNS
        cells = [outbox_cells(answers.outbox_row(row), now) for row in rows]
    for line in show.table(columns, cells, show.terminal_width()):
        show.say(line)


def inbox_cells(row: InboxRow, now: int) -> list[str]:
    """One line of the inbox."""
    mine = row.receipt
    new = mine.state in (CopyState.STORED, CopyState.FETCHED)
    subject = row.subject
    if mine.state == CopyState.RECALLED:
        subject = f"(recalled {show.short_time(mine.recalled_at, now)})"
    return [
        "N" if new else "I" if row.origin else "",
        inbox_reference(row.position),
        author(row.origin) if row.origin else row.sender,
        show.short_time(written_at(row), now),
        show.short_time(mine.opened_at, now),
        subject,
    ]


def outbox_cells(row: OutboxRow, now: int) -> list[str]:
    """One line of the outbox."""
    to = row.to[0] if len(row.to) == 1 else f"{row.to[0]} +{len(row.to) - 1}"
    return [
        outbox_reference(row.position),
        to,
        show.short_time(written_at(row), now),
        summary(row.receipts),
        show.short_time(last_read(row.receipts), now),
        row.subject,
    ]


def author(origin: Origin) -> str:
    """Who wrote an imported message: the name, or else the address."""
    name = origin.sender.partition("<")[0].strip().strip('"')
    return name or origin.sender.strip("<>")


def written_at(row: InboxRow | OutboxRow) -> int:
    """When a message was sent, here or where it was imported from."""
    date = row.origin.date if row.origin else None
    return row.sent_at if date is None else date


def summary(receipts: Sequence[Receipt]) -> str:
    """One word for one recipient; how many have read it for several."""
    if len(receipts) == 1:
        return receipts[0].state
    read = sum(receipt.opened_at is not None for receipt in receipts)
    return f"{read}/{len(receipts)} read"


def last_read(receipts: Sequence[Receipt]) -> int | None:
    """When the last of those who read it did so."""
    return max((r.opened_at for r in receipts if r.opened_at is not None), default=None)


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
