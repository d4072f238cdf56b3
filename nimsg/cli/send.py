"""`nimsg send`: from an argument, a file or a pipe; prints the new message's id."""

import re
import sys
import time
from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.filled import filled
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    read_settings,
)
from nimsg.cli.wait import RUNGS, add_patience_arguments, duration_s, wait_for
from nimsg.client import answers
from nimsg.client.mailwords import new_client_id, not_sent
from nimsg.client.queries import answering, resolve
from nimsg.client.references import outbox_reference
from nimsg.errors import Exit, Refusal, UsageError, unreadable
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_message, check_recipients, is_single
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


STDIN = "-"
NOTHING_SAID = "there is nothing to say: the text is empty"
PARTED = "; names are parted by a blank"
# After these nobody knows whether a message is stored.
IN_DOUBT = {
    "storage_failed": "the server's disk failed",
    "internal_error": "the server has a fault of its own",
}


def send_arguments(parser: ArgumentParser) -> None:
    """Options of `send`."""
    parser.add_argument(
        "to", metavar="TO", nargs="*", help="who gets it, 1 to 64 names"
    )
    parser.add_argument(
        "--to",
        dest="more",
        metavar="NAME",
        action="append",
        default=[],
        help="one more; for names that begin with a dash: --to=-name",
    )
    parser.add_argument("-s", "--subject", default="", help="one line, 200 characters")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("-m", "--message", metavar="TEXT", help="the text")
    source.add_argument(
        "-f",
        "--file",
        metavar="FILE",
        type=filled,
        help="a file with the text (-: standard input)",
    )
    parser.add_argument(
        "--reply-to",
        metavar="ID",
        help="the message this answers; without TO its author gets it, without a "
        "subject it is Re: and its subject",
    )
    parser.add_argument(
        "--client-id",
        metavar="ID",
        help="your own name for the message: sent again under it, it is stored once",
    )
    parser.add_argument(
        "--wait", choices=RUNGS, help="then wait until the readers got there"
    )
    add_patience_arguments(parser)
    add_json_argument(parser)
    add_connection_arguments(parser)


def run_send(args: Namespace) -> int:
    """Send a message, once, however often the connection is lost."""
    if not args.wait and (args.for_ or args.any):
        raise UsageError("--for and --any are about --wait: say what to wait for")
    patience_s = duration_s(args.for_)
    to = list(dict.fromkeys([*args.to, *args.more]))
    if to or not args.reply_to:
        _check_recipients(to, args)
    check_client_id(args.client_id)
    check_utf8("the subject", args.subject)
    body = read_body(args)
    check_message(args.subject, body)
    settings = read_settings(args)
    with Session(settings) as session:
        message: JsonObject = {
            "to": to,
            "client_id": args.client_id or new_client_id(),
            "subject": args.subject,
            "body": body,
        }
        if args.reply_to:
            id_ = session.run(resolve(args.reply_to))
            message |= session.run(answering(id_, session.user, to, args.subject))
        deadline = time.monotonic() + settings.patience_s
        sent = _send(session, message, to, deadline)
        report(sent, args)
        refused = answers.rows(sent, "refused", answers.refused)
        if not args.wait:
            return Exit.DONE
        if refused and not args.any:
            return Exit.REFUSED
        return wait_for(session, answers.identifier(sent), args.wait, patience_s, args)


def _check_recipients(to: list[str], args: Namespace) -> None:
    """Raises `Refusal`, and `UsageError` where there are no names.

    A text among them may have been meant as the message.
    """
    try:
        check_recipients("", to)
    except Refusal as refusal:
        if not to:
            raise UsageError(f"to whom? nimsg send NAME: {refusal}") from None
        if refusal.kind != "name_invalid" or args.message is not None or args.file:
            raise
        why = f"{refusal}; a text goes behind -m"
        raise Refusal(refusal.kind, why, refusal.data) from None


def _send(
    session: Session, message: JsonObject, to: list[str], deadline: float
) -> JsonObject:
    """What the server says of a message. Raises `Refusal`.

    That says what a comma among the names may mean, and how to find out where nobody
    knows whether the message is stored.
    """
    try:
        return session.insist("mail.send", message, deadline=deadline)
    except Refusal as refusal:
        if refusal.kind == "all_refused" and not all(map(is_single, to)):
            raise Refusal(refusal.kind, f"{refusal}{PARTED}", refusal.data) from None
        if refusal.kind not in IN_DOUBT:
            raise
        raise Refusal(
            refusal.kind,
            f"{IN_DOUBT[refusal.kind]}; the message may be sent or not: sent again "
            f"with --client-id {message['client_id']} it is stored once",
        ) from None


def report(sent: JsonObject, args: Namespace) -> None:
    """The id for the pipe, the rest for the person."""
    if args.json:
        show.say(show.json_line("sent", sent))
    else:
        show.say(answers.identifier(sent))
    sys.stdout.flush()
    for user, kind in answers.rows(sent, "refused", answers.refused):
        parted = "" if is_single(user) else PARTED
        show.note(clean_line(f"nimsg: {not_sent(user, kind)}{parted}"))
    if sys.stdout.isatty() and not args.json:
        names = ", ".join(answers.texts(sent, "to"))
        reference = outbox_reference(answers.number(sent, "position"))
        show.note(clean_line(f"({reference}, sent to {names})"))


def read_body(args: Namespace) -> str:
    """The text exactly as it is given.

    Raises `ConfigError` for a file that cannot be read, `Refusal` for what is no
    UTF-8 or too large to be worth reading to the end.
    """
    if args.message is not None:
        text: str = args.message
        check_utf8("the text", text)
        return text
    if args.file in (None, STDIN):
        if sys.stdin.isatty():
            show.note("Write the message; Ctrl-D on an empty line ends it.")
        name, data = "standard input", sys.stdin.buffer.read(limit("body_bytes") + 1)
    else:
        name, data = args.file, _read_file(Path(args.file))
    if len(data) > limit("body_bytes"):
        raise Refusal("body_too_large", data={"limit": limit("body_bytes")})
    return _decoded(name, data)


def read_said(args: Namespace) -> str:
    """What is said to a room or to all, as `read_body` reads it.

    Raises `Refusal` for an empty text, too: there is no subject beside it.
    """
    body = read_body(args)
    if not body:
        raise Refusal("body_empty", NOTHING_SAID)
    check_message("", body)
    return body


def check_utf8(name: str, text: str) -> None:
    """Raises `Refusal` for an argument whose bytes were no UTF-8."""
    _decoded(name, text.encode("utf-8", "surrogateescape"))


def _decoded(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal(
            "text_invalid", f"{name} is not UTF-8: byte {error.start} cannot be read"
        ) from None


def check_client_id(client_id: str | None) -> None:
    """Raises `UsageError` for what can be no name of a message."""
    most = limit("client_id_chars")
    if client_id is not None and not re.fullmatch(rf"[!-~]{{1,{most}}}", client_id):
        raise UsageError(
            f"--client-id has 1 to {most} printable ASCII characters and no space"
        )


def _read_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(limit("body_bytes") + 1)
    except OSError as error:
        raise unreadable(path, error) from None
