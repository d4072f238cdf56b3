"""`nimsg thread`: a message with what it answers and what answers it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence

from nimsg.cli import show
from nimsg.cli.mailbox import INBOX_COLUMNS, inbox_cells, last_read, written_at
from nimsg.cli.reference import outbox_reference, resolve
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.client.answers import InboxRow, OutboxRow
from nimsg.errors import Exit
from nimsg.protocol.constants import Box


Row = InboxRow | OutboxRow
BRANCH = "└─> "
DEEPEST = 12


def thread_arguments(parser: ArgumentParser) -> None:
    """Options of `thread`."""
    parser.add_argument(
        "id",
        metavar="ID",
        help="a message of the thread: its id, or its number in a table: i12, o3",
    )
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_thread(args: Namespace) -> int:
    """Show a thread as a tree, oldest first."""
    with Session(read_settings(args)) as session:
        page = session.call("mail.thread", {"id": resolve(session, args.id)})
        me = session.user
    if args.json:
        for box in Box:
            for row in answers.rows(page, box, dict):
                show.say(show.json_line(box.value, row))
        return Exit.DONE
    rows: list[Row] = [
        *answers.rows(page, "inbox", answers.inbox_row),
        *answers.rows(page, "outbox", answers.outbox_row),
    ]
    now = show.now_ms()
    cells = [_cells(row, depth, me, now) for row, depth in tree(rows)]
    for line in show.table(INBOX_COLUMNS, cells, show.terminal_width()):
        show.say(line)
    if answers.flag(page, "more"):
        show.note("(the thread is longer than one answer holds)")
    return Exit.DONE


def tree(rows: Sequence[Row]) -> Iterator[tuple[Row, int]]:
    """Each message before its answers, with how deep it stands; ids in order."""
    ordered = sorted(rows, key=lambda row: row.id)
    known = {row.id for row in ordered}
    below: dict[str | None, list[Row]] = {}
    for row in ordered:
        above = row.reply_to if row.reply_to in known else None
        below.setdefault(above, []).append(row)
    seen: set[str] = set()
    yield from _branch(below, seen)
    # A server's answer that goes in circles has no first message.
    yield from ((row, 0) for row in ordered if row.id not in seen)


def _branch(
    below: Mapping[str | None, Sequence[Row]], seen: set[str]
) -> Iterator[tuple[Row, int]]:
    waiting = [(row, 0) for row in reversed(below.get(None, ()))]
    while waiting:
        row, depth = waiting.pop()
        if row.id not in seen:
            seen.add(row.id)
            yield row, depth
            waiting += [(one, depth + 1) for one in reversed(below.get(row.id, ()))]


def _cells(row: Row, depth: int, me: str, now: int) -> list[str]:
    indent = " " * len(BRANCH) * (min(depth, DEEPEST) - 1) + BRANCH if depth else ""
    if isinstance(row, InboxRow):
        *front, subject = inbox_cells(row, now)
        return [*front, indent + subject]
    sent = show.short_time(written_at(row), now)
    read = show.short_time(last_read(row.receipts), now)
    number = outbox_reference(row.position)
    return ["", number, me, sent, read, indent + row.subject]
