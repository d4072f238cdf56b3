"""`nimsg search`: messages by words, people, state and date."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

from nimsg.cli import show
from nimsg.cli.mailbox import add_limit_argument, inbox_cells, last_read, written_at
from nimsg.cli.reference import outbox_reference
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.cli.when import when_ms
from nimsg.client import answers
from nimsg.client.answers import Hit, InboxRow
from nimsg.errors import Exit, UsageError
from nimsg.protocol.constants import Box, Show, limit
from nimsg.protocol.rules import LONE_SURROGATE
from nimsg.protocol.strict import JsonObject
from nimsg.text import clip


COLUMNS = (
    show.Column("", 1),
    show.Column("No", 8),
    show.Column("Who", 18),
    show.Column("Sent", 12, spare=True),
    show.Column("Read", 12, spare=True),
    show.Column("Subject", None),
)
INDENT = " " * 3
PAGE_ROWS = limit("search_rows")


def search_arguments(parser: ArgumentParser) -> None:
    """Options of `search`."""
    parser.add_argument(
        "words",
        metavar="WORDS",
        nargs="*",
        help="all of them must be there: word, begin*, 'a \"whole phrase\"'; after --: "
        "-word must not be there",
    )
    parser.add_argument("--from", dest="sender", metavar="NAME", help="who wrote it")
    parser.add_argument("--to", metavar="NAME", help="who got it")
    parser.add_argument(
        "--with", dest="person", metavar="NAME", help="who wrote it or got it"
    )
    parser.add_argument(
        "--box", choices=[box.value for box in Box], help="only received, or only sent"
    )
    parser.add_argument(
        "--state", choices=[state.value for state in Show], help="only what is so"
    )
    parser.add_argument(
        "--since", metavar="WHEN", help="2026-11-20, 2026-11-20T16:30, or 7d (ago)"
    )
    parser.add_argument("--until", metavar="WHEN", help="before that time")
    add_limit_argument(parser, 20)
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_search(args: Namespace) -> int:
    """Search; 1 when nothing was found."""
    query = query_of(args, show.now_ms())
    if not query:
        raise UsageError("search for what? give WORDS, a person, a state or a date")
    far: JsonObject = {}
    with Session(read_settings(args)) as session:
        rows = list(find(session, query, args.limit, far))
    if args.json:
        for row in rows:
            show.say(show.json_line("hit", row))
    elif rows:
        print_hits([answers.hit(row) for row in rows])
    else:
        show.note("Nothing found.")
    _note_rest(far)
    return Exit.DONE if rows else Exit.NOTHING_NEW


def query_of(args: Namespace, now_ms: int) -> JsonObject:
    """What is asked for, as the protocol has it. Raises `UsageError`."""
    words = " ".join(_as_typed(word) for word in args.words)
    if len(words) > limit("words_chars"):
        raise UsageError(
            f"the words have {len(words)} characters; "
            f"at most {limit('words_chars')} can be looked for"
        )
    query: JsonObject = {
        "words": _utf8(words),
        "from": _utf8(args.sender),
        "to": _utf8(args.to),
        "person": _utf8(args.person),
        "box": args.box,
        "show": args.state,
        "since": when_ms(args.since, now_ms) if args.since else None,
        "until": when_ms(args.until, now_ms) if args.until else None,
    }
    return {key: value for key, value in query.items() if value not in (None, "")}


def find(
    session: Session, query: JsonObject, most: int, far: JsonObject
) -> Iterator[JsonObject]:
    """Hits as the wire has them, newest first; `most` 0 is all.

    `far` is given the members of the last page that are no hits.
    """
    left = most
    before: JsonObject = {}
    while True:
        rows = min(left, PAGE_ROWS) if most else PAGE_ROWS
        page = session.call("mail.search", {**query, **before, "limit": rows})
        hits = answers.rows(page, "hits", dict)
        yield from hits
        left -= len(hits)
        far.update({key: value for key, value in page.items() if key != "hits"})
        after = answers.maybe_text(page, "next")
        if after is None or (most and left <= 0):
            return
        if before.get("before") == after:
            raise answers.unusable("next")
        before = {"before": after}


def print_hits(hits: list[Hit]) -> None:
    """A table of what was found, with a line of the text below each."""
    now = show.now_ms()
    cells = show.terminal_width()
    heading, *lines = show.table(COLUMNS, [_cells(hit, now) for hit in hits], cells)
    show.say(heading)
    for line, hit in zip(lines, hits, strict=True):
        show.say(line)
        if hit.snippet:
            text = f"{INDENT}{show.clean_line(hit.snippet)}"
            show.say(clip(text, cells) if cells else text)


def _cells(hit: Hit, now: int) -> list[str]:
    row = hit.row
    if isinstance(row, InboxRow):
        return inbox_cells(row, now)
    others = f" +{len(row.to) - 1}" if len(row.to) > 1 else ""
    return [
        "",
        outbox_reference(row.position),
        f"to {row.to[0]}{others}",
        show.short_time(written_at(row), now),
        show.short_time(last_read(row.receipts), now),
        row.subject,
    ]


def _note_rest(far: JsonObject) -> None:
    """What was not shown, and what was not looked at."""
    if answers.maybe_text(far, "next"):
        show.note("(there is more: --limit)")
    unindexed = answers.number(far, "unindexed")
    if unindexed:
        since = answers.maybe_number(far, "indexed_to")
        came = f" that came after {show.long_time(since)}" if since else ""
        show.note(f"({unindexed} messages{came} are not searched yet)")
        sys.stderr.flush()


def _utf8(text: str | None) -> str | None:
    """What was typed, if its bytes were UTF-8. Raises `UsageError`."""
    if text is not None and LONE_SURROGATE.search(text):
        raise UsageError(f"{text!r} is not UTF-8")
    return text


def _as_typed(word: str) -> str:
    """A word of several words is a phrase; the shell has taken its quotes away."""
    if '"' in word or not any(char.isspace() for char in word):
        return word
    return f'-"{word[1:]}"' if word.startswith("-") else f'"{word}"'
