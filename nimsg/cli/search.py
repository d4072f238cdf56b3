"""`nimsg search`: messages by words, people, state and date."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from nimsg.cli import show
from nimsg.cli.mailbox import add_limit_argument
from nimsg.cli.roompage import room_name
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.cli.when import when_ms
from nimsg.client import answers, room_answers
from nimsg.client.mailtables import Found, hit_lines
from nimsg.client.queries import hits as all_hits
from nimsg.client.references import room_reference
from nimsg.client.room_answers import RoomHit
from nimsg.client.tables import long_time
from nimsg.errors import Exit, UsageError
from nimsg.protocol.constants import Box, Show, limit
from nimsg.protocol.rules import LONE_SURROGATE
from nimsg.protocol.strict import JsonObject


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
        "--room", metavar="ROOM", help="only what was said in this room"
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
    with Session(read_settings(args)) as session:
        rows, far = session.run(all_hits(query, args.limit))
    if args.json:
        for row in rows:
            show.say(show.json_line("hit", row))
    elif rows:
        print_hits([room_answers.hit(row) or answers.hit(row) for row in rows])
    else:
        show.note("Nothing found.")
    _note_rest(far)
    return Exit.DONE if rows else Exit.NOTHING_NEW


def query_of(args: Namespace, now_ms: int) -> JsonObject:
    """What is asked for, as the protocol has it. Raises `UsageError`."""
    if args.box and args.room:
        raise UsageError("what was said in a room is in no box: --box or --room")
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
        "room": room_name(args.room) if args.room else None,
        "show": args.state,
        "since": when_ms(args.since, now_ms) if args.since else None,
        "until": when_ms(args.until, now_ms) if args.until else None,
    }
    return {key: value for key, value in query.items() if value not in (None, "")}


def print_hits(hits: Sequence[Found]) -> None:
    """A table of what was found, with a line of the text below each."""
    for line in hit_lines(hits, show.now_ms(), show.terminal_width()):
        show.say(line)
    for one in hits:
        if isinstance(one, RoomHit):
            number = room_reference(one.room, one.position)
            where = f"{one.room} --after {one.position - 1} --limit 1"
            show.note(f"(read {number}: nimsg room history {where})")
            return


def _note_rest(far: JsonObject) -> None:
    """What was not shown, and what was not looked at."""
    if answers.maybe_text(far, "next"):
        show.note("(there is more: --limit)")
    unindexed = answers.number(far, "unindexed")
    if unindexed:
        since = answers.maybe_number(far, "indexed_to")
        came = f" that came after {long_time(since)}" if since else ""
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
