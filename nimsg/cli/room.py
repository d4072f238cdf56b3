"""`nimsg room`: messages for everybody in a room, kept with its history."""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from nimsg.cli import show
from nimsg.cli.filled import filled
from nimsg.cli.numbers import ROWS, whole
from nimsg.cli.roompage import (
    Said,
    Span,
    damaged,
    newest,
    note_damaged,
    print_messages,
    read,
    room_name,
)
from nimsg.cli.send import read_said
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
    seconds,
)
from nimsg.cli.sources import Settings
from nimsg.client import answers, people_answers
from nimsg.client.mailwords import new_client_id
from nimsg.client.people_answers import RoomPage
from nimsg.client.peopletables import ROOM_COLUMNS, room_cells
from nimsg.client.queries import find_room, members, rooms
from nimsg.errors import Exit, Refusal, UsageError
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_topic
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line, many


Parsers = dict[str, ArgumentParser]
HISTORY = 50
POSITION = whole(1, limit("integer_max"))
POSITION_OR_NONE = whole(0, limit("integer_max"))
HELPS = {
    "list": "list rooms, and how much is unread",
    "create": "make a room and be in it",
    "join": "become a member of a room",
    "leave": "be no member any more",
    "post": "write to everybody in a room",
    "history": "show what was said",
    "topic": "show or set the topic",
    "members": "list who is in a room",
    "mark": "note how far you have read",
}


def room_arguments(parser: ArgumentParser) -> None:
    """Options of `room`."""
    acts = parser.add_subparsers(dest="act", required=True, metavar="|".join(HELPS))
    parsers = {name: acts.add_parser(name, help=text) for name, text in HELPS.items()}
    which = parsers["list"].add_mutually_exclusive_group()
    which.add_argument("--all", action="store_true", help="all rooms; so without it")
    which.add_argument("--joined", action="store_true", help="only those you are in")
    for name, act in parsers.items():
        if name != "list":
            act.add_argument(
                "room", metavar="ROOM", help="its name, with or without its #"
            )
    _add_text_arguments(parsers)
    _add_history_arguments(parsers["history"])
    parsers["mark"].add_argument(
        "position", metavar="POSITION", type=POSITION, help="as the history shows it"
    )
    for act in parsers.values():
        add_json_argument(act)
        add_connection_arguments(act)


def _add_text_arguments(parsers: Parsers) -> None:
    parsers["create"].add_argument(
        "--topic", metavar="TEXT", default="", help="one line, 200 characters"
    )
    parsers["topic"].add_argument(
        "text", metavar="TEXT", nargs="?", help="the new topic; '' is none"
    )
    post = parsers["post"]
    source = post.add_mutually_exclusive_group()
    source.add_argument("-m", "--message", metavar="TEXT", help="the text")
    source.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        type=filled,
        help="a file with the text (-: standard input)",
    )
    post.add_argument(
        "--since",
        metavar="POSITION",
        type=POSITION_OR_NONE,
        help="then show what others wrote behind it",
    )


def _add_history_arguments(parser: ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--before", metavar="N", type=POSITION, help="what was said before position N"
    )
    where.add_argument(
        "--after", metavar="N", type=POSITION_OR_NONE, help="what was said behind it"
    )
    where.add_argument(
        "--mine", action="store_true", help="what was said since you last wrote"
    )
    parser.add_argument(
        "-n",
        "--limit",
        metavar="N",
        type=ROWS,
        default=HISTORY,
        help=f"at most so many messages ({HISTORY}; 0: all)",
    )
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=seconds,
        help="where there is nothing yet, wait so long for it",
    )


def run_room(args: Namespace) -> int:
    """Do one act."""
    act, check = ACTS[args.act], CHECKS.get(args.act)
    if args.act != "list":
        args.room = room_name(args.room)
    if check is not None:
        check(args)
    settings = read_settings(args)
    with Session(settings) as session:
        return act(session, args, settings)


def _list(session: Session, args: Namespace, _: Settings) -> int:
    rows = session.run(rooms(joined=args.joined))
    found = [people_answers.room_info(row) for row in rows]
    if args.json:
        for row in rows:
            show.say(show.json_line("room", row))
    elif found:
        show.print_table(ROOM_COLUMNS, [room_cells(one) for one in found])
    else:
        show.note("You are in no room: nimsg room list, nimsg room join ROOM")
    return Exit.DONE


def _create(session: Session, args: Namespace, _: Settings) -> int:
    topic: JsonObject = {"room": args.room, "topic": args.topic}
    return _arrived(session.call("room.create", topic), args)


def _join(session: Session, args: Namespace, _: Settings) -> int:
    return _arrived(session.call("room.join", {"room": args.room}), args)


def _arrived(joined: JsonObject, args: Namespace) -> int:
    """What there is to know of a room that one is in now."""
    row = answers.member(joined, "room")
    found = people_answers.room_info(row)
    if args.json:
        show.say(show.json_line("room", row))
        return Exit.DONE
    count = many(found.members, "member")
    show.note(f"You are in #{found.room} now, which has {count}.")
    if found.topic:
        show.note(f"Topic: {clean_line(found.topic)}")
    if found.last:
        said = many(found.last, "message")
        show.note(f"({said} so far: nimsg room history {found.room})")
    return Exit.DONE


def _leave(session: Session, args: Namespace, _: Settings) -> int:
    session.call("room.leave", {"room": args.room})
    return _done(args, {"room": args.room}, f"You are not in #{args.room} any more.")


def _post(session: Session, args: Namespace, settings: Settings) -> int:
    message: JsonObject = {
        "room": args.room,
        "client_id": new_client_id(),
        "body": args.body,
    }
    if args.since is not None:
        message["since"] = args.since
    deadline = time.monotonic() + settings.patience_s
    sent = session.insist("room.post", message, deadline=deadline)
    at = answers.number(sent, "position")
    if args.json:
        show.say(show.json_line("posted", sent))
    else:
        show.say(str(at))
    if args.since is not None:
        missed = answers.member(sent, "missed")
        _tell_missed(people_answers.room_page(missed), at, args)
    return Exit.DONE


def _tell_missed(page: RoomPage, own: int, args: Namespace) -> None:
    """What others wrote; under `--json` it stands in the object."""
    if not args.json:
        print_messages([one for one in page.messages if one.position != own])
    sys.stdout.flush()
    note_damaged(args.room, damaged(page))
    if page.more:
        far = page.positions[-1] if page.positions else args.since
        show.note(f"(there is more: nimsg room history {args.room} --after {far})")


def _history(session: Session, args: Namespace, _: Settings) -> int:
    span = Span(args.room, args.before, args.after, args.mine, args.limit)
    deadline = None
    if args.wait is not None:
        deadline = time.monotonic() + args.wait
        if span.after is None:
            after = 0 if args.mine else newest(session, args.room)
            span = span._replace(after=after)
    said = read(session, span, deadline)
    if args.json:
        for row in said.rows:
            show.say(show.json_line("room-message", row))
    else:
        print_messages([people_answers.room_message(row) for row in said.rows])
    sys.stdout.flush()
    note_damaged(args.room, said.damaged)
    if said.more:
        show.note(f"(there is more: {said.more}, or --limit)")
    return _verdict(said, args)


def _verdict(said: Said, args: Namespace) -> int:
    if said.damaged:
        return Exit.STORAGE
    if said.rows:
        return Exit.DONE
    if args.wait is not None:
        return Exit.WAITED_IN_VAIN
    show.note("Nothing was said there.")
    return Exit.DONE


def _topic(session: Session, args: Namespace, _: Settings) -> int:
    if args.text is not None:
        topic: JsonObject = {"room": args.room, "topic": args.text}
        session.call("room.topic", topic)
        return _done(args, topic, f"The topic of #{args.room} is set.")
    row = session.run(find_room(args.room))
    found = people_answers.room_info(row)
    if args.json:
        show.say(show.json_line("room", row))
    elif found.topic:
        show.say(clean_line(found.topic))
    else:
        show.note(f"#{found.room} has no topic.")
    return Exit.DONE


def _members(session: Session, args: Namespace, _: Settings) -> int:
    for name in session.run(members(args.room)):
        if args.json:
            show.say(show.json_line("member", {"room": args.room, "user": name}))
        else:
            show.say(clean_line(name))
    return Exit.DONE


def _mark(session: Session, args: Namespace, _: Settings) -> int:
    mark: JsonObject = {"room": args.room, "position": args.position}
    session.call("room.mark", mark)
    return _done(args, mark, f"#{args.room} is marked as read up to {args.position}.")


def _done(args: Namespace, members: JsonObject, words: str) -> int:
    if args.json:
        show.say(show.json_line("room", members))
    else:
        show.note(words)
    return Exit.DONE


def _check_post(args: Namespace) -> None:
    args.body = read_said(args)


def _check_topic(args: Namespace) -> None:
    text = args.topic if args.act == "create" else args.text or ""
    check_topic(text)
    if len(text) > limit("topic_chars"):
        raise Refusal("topic_invalid")


def _check_history(args: Namespace) -> None:
    if args.wait is not None and args.before is not None:
        raise UsageError("what was said before is there already: no --wait for it")


CHECKS: dict[str, Callable[[Namespace], None]] = {
    "create": _check_topic,
    "topic": _check_topic,
    "post": _check_post,
    "history": _check_history,
}
ACTS: dict[str, Callable[[Session, Namespace, Settings], int]] = {
    "list": _list,
    "create": _create,
    "join": _join,
    "leave": _leave,
    "post": _post,
    "history": _history,
    "topic": _topic,
    "members": _members,
    "mark": _mark,
}
