"""Verbs about other people: who is online, who was, a text for all, and blocks."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nimsg.cli import show
from nimsg.cli.numbers import capped
from nimsg.cli.send import STDIN, read_said
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.client import answers, people_answers
from nimsg.client.peopletables import (
    BLOCKED,
    NOBODY,
    ONLINE_COLUMNS,
    SEEN_COLUMNS,
    UNBLOCKED,
    last_seen,
    online_cells,
    reached,
    seen_cells,
)
from nimsg.client.tables import Column, long_time
from nimsg.errors import Exit
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_name
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


def whoelse_arguments(parser: ArgumentParser) -> None:
    """Options of `whoelse`."""
    _shared_arguments(parser)


def run_whoelse(args: Namespace) -> int:
    """List who else is online."""
    with Session(read_settings(args)) as session:
        rows = answers.rows(session.call("presence.list", {}), "users", dict)
    found = [people_answers.online_row(row) for row in rows]
    if args.json:
        for row in rows:
            show.say(show.json_line("online", row))
        return Exit.DONE
    now = show.now_ms()
    cells = [online_cells(one, now) for one in found]
    _print(ONLINE_COLUMNS, cells, show.sentence(NOBODY))
    return Exit.DONE


def whoelsesince_arguments(parser: ArgumentParser) -> None:
    """Options of `whoelsesince`."""
    parser.add_argument(
        "seconds",
        metavar="SECONDS",
        type=capped(limit("since_s")),
        help="how far to look back, a whole number",
    )
    _shared_arguments(parser)


def run_whoelsesince(args: Namespace) -> int:
    """List who else was online in the last seconds."""
    with Session(read_settings(args)) as session:
        page = session.call("presence.since", {"seconds": args.seconds})
    rows = answers.rows(page, "users", dict)
    found = [people_answers.seen_row(row) for row in rows]
    if args.json:
        for row in rows:
            show.say(show.json_line("seen", row))
        return Exit.DONE
    now = show.now_ms()
    cells = [seen_cells(one, now) for one in found]
    _print(SEEN_COLUMNS, cells, "Nobody else was online.")
    return Exit.DONE


def seen_arguments(parser: ArgumentParser) -> None:
    """Options of `seen`."""
    _user_argument(parser)


def run_seen(args: Namespace) -> int:
    """Tell when somebody was online."""
    row = _call("presence.seen", args)
    found = people_answers.seen_row(row)
    if args.json:
        show.say(show.json_line("seen", row))
    else:
        told = f"{last_seen(found, long_time(found.seen_at))}."
        # A name keeps its own first letter.
        whole = told if told.startswith(found.user) else show.sentence(told[:-1])
        show.say(clean_line(whole))
    return Exit.DONE


def broadcast_arguments(parser: ArgumentParser) -> None:
    """Options of `broadcast`."""
    parser.add_argument(
        "message", metavar="TEXT", nargs="?", help="the text; else standard input"
    )
    _shared_arguments(parser)


def run_broadcast(args: Namespace) -> int:
    """Tell everybody who is online."""
    args.file = STDIN
    body = read_said(args)
    with Session(read_settings(args)) as session:
        result = session.call("broadcast.send", {"body": body})
    told, *more = reached(result)
    if args.json:
        show.say(show.json_line("broadcast", result))
    else:
        show.note(show.sentence(told))
    sys.stdout.flush()
    for line in more:
        show.note(f"nimsg: {line}")
    return Exit.DONE


def block_arguments(parser: ArgumentParser) -> None:
    """Options of `block`."""
    _user_argument(parser)


def run_block(args: Namespace) -> int:
    """Keep somebody away."""
    _call("block.add", args)
    return _tell_block(args, BLOCKED)


def unblock_arguments(parser: ArgumentParser) -> None:
    """Options of `unblock`."""
    _user_argument(parser)


def run_unblock(args: Namespace) -> int:
    """Take a block back."""
    _call("block.remove", args)
    return _tell_block(args, UNBLOCKED)


def blocks_arguments(parser: ArgumentParser) -> None:
    """Options of `blocks`."""
    _shared_arguments(parser)


def run_blocks(args: Namespace) -> int:
    """List whom you block."""
    with Session(read_settings(args)) as session:
        names = answers.texts(session.call("block.list", {}), "users")
    for name in names:
        if args.json:
            show.say(show.json_line("block", {"user": name}))
        else:
            show.say(clean_line(name))
    if not names and not args.json:
        show.note("You block nobody.")
    return Exit.DONE


def _shared_arguments(parser: ArgumentParser) -> None:
    add_json_argument(parser)
    add_connection_arguments(parser)


def _user_argument(parser: ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="who")
    _shared_arguments(parser)


def _call(method: str, args: Namespace) -> JsonObject:
    """Ask something about one person."""
    user: JsonObject = {"user": check_name(args.name)}
    with Session(read_settings(args)) as session:
        return session.call(method, user)


def _tell_block(args: Namespace, words: str) -> int:
    if args.json:
        show.say(show.json_line("block", {"user": args.name}))
    else:
        show.note(f"{words.format(clean_line(args.name))}.")
    return Exit.DONE


def _print(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], nobody: str
) -> None:
    """A table, or that there is nobody."""
    if cells:
        show.print_table(columns, cells)
    else:
        show.note(nobody)
