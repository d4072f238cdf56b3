"""`nimsg thread`: a message with what it answers and what answers it."""

from argparse import ArgumentParser, Namespace

from nimsg.cli import show
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers
from nimsg.client.mailtables import INBOX_COLUMNS, Row, branch_cells, tree
from nimsg.client.queries import resolve
from nimsg.errors import Exit
from nimsg.protocol.constants import Box


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
        page = session.call("mail.thread", {"id": session.run(resolve(args.id))})
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
    cells = [branch_cells(row, depth, me, now) for row, depth in tree(rows)]
    show.print_table(INBOX_COLUMNS, cells)
    if answers.flag(page, "more"):
        show.note("(the thread is longer than one answer holds)")
    return Exit.DONE
