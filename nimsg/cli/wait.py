"""`nimsg wait`: a person's reading as a condition of a script."""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace

from nimsg.cli import show
from nimsg.cli.session import Session
from nimsg.cli.settings import (
    SECONDS_MOST,
    add_connection_arguments,
    add_json_argument,
    read_settings,
    seconds,
)
from nimsg.client import answers
from nimsg.client.answers import Receipt, Status
from nimsg.client.queries import resolve
from nimsg.errors import Exit, Refusal, UsageError
from nimsg.protocol.constants import Box, CopyState, limit
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


RUNGS = ("fetched", "opened", "acked")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
ENDS = (CopyState.RECALLED, CopyState.DELETED)
PARKED_S = limit("wait_ms") / 1000


def wait_arguments(parser: ArgumentParser) -> None:
    """Options of `wait`."""
    parser.add_argument("id", metavar="ID", help="the message's id or number (o3)")
    parser.add_argument(
        "--until",
        choices=RUNGS,
        default="opened",
        help="what to wait for (opened)",
    )
    add_patience_arguments(parser)
    add_json_argument(parser)
    add_connection_arguments(parser)


def add_patience_arguments(parser: ArgumentParser) -> None:
    """`--any` and `--for`, the same for `wait` and `send`."""
    parser.add_argument(
        "--any", action="store_true", help="one recipient is enough (else all)"
    )
    parser.add_argument(
        "--for",
        dest="for_",
        metavar="TIME",
        help="wait at most so long: 90s, 30m, 2h, 1d (else for ever)",
    )


def run_wait(args: Namespace) -> int:
    """Wait: 0 got there, 3 waited in vain, 5 can never get there."""
    patience_s = duration_s(args.for_)
    with Session(read_settings(args)) as session:
        id_ = session.run(resolve(args.id))
        return wait_for(session, id_, args.until, patience_s, args)


def wait_for(
    session: Session, id_: str, rung: str, patience_s: float, args: Namespace
) -> int:
    """Park until the rung is reached, is out of reach, or time is up."""
    deadline = time.monotonic() + patience_s
    while True:
        # The cursor is taken before the status: no change falls between them.
        newest: JsonObject = {"box": Box.OUTBOX.value, "limit": 1}
        page = session.insist("mail.list", newest, deadline=deadline)
        result = session.insist("mail.status", {"id": id_}, deadline=deadline)
        verdict = judge(answers.status(result), rung, any_=args.any)
        left_s = min(deadline - time.monotonic(), PARKED_S)
        if verdict is None and left_s <= 0:
            verdict = Exit.WAITED_IN_VAIN
        if verdict is not None:
            _report(result, verdict, rung, args)
            return verdict
        _park(session, answers.text(page, "cursor"), left_s, deadline)


def judge(status: Status, rung: str, *, any_: bool) -> Exit | None:
    """DONE, ENDED, or None while it is open."""
    there = [reached(receipt, rung) for receipt in status.receipts]
    if any(there) if any_ else all(there):
        return Exit.DONE
    stuck = [
        not done and receipt.state in ENDS
        for done, receipt in zip(there, status.receipts, strict=True)
    ]
    return Exit.ENDED if (all(stuck) if any_ else any(stuck)) else None


def reached(receipt: Receipt, rung: str) -> bool:
    """Whether a recipient has got to a rung."""
    at = {
        "fetched": receipt.fetched_at,
        "opened": receipt.opened_at,
        "acked": receipt.acked_at,
    }
    return at[rung] is not None


def duration_s(text: str | None) -> float:
    """`90`, `90s`, `30m`, `2h`, `1d` in seconds; None is for ever.

    Raises `UsageError`.
    """
    if text is None:
        return float("inf")
    unit = UNITS.get(text[-1:], 0)
    try:
        value = seconds(text[:-1] if unit else text) * (unit or 1)
    except ArgumentTypeError:
        raise UsageError(f"{text!r} is no time: write 90s, 30m, 2h or 1d") from None
    if value > SECONDS_MOST:
        raise UsageError(f"{text!r} is longer than nimsg can think")
    return value


def _park(session: Session, cursor: str, wait_s: float, deadline: float) -> None:
    """Wait until something changes in the mailbox, or the time is over."""
    poll: JsonObject = {"since": cursor, "wait_ms": int(wait_s * 1000)}
    try:
        session.insist("mail.changes", poll, deadline=deadline, parked_s=wait_s)
    except Refusal as refusal:
        if refusal.kind != "cursor_invalid":
            raise


def _report(result: JsonObject, verdict: Exit, rung: str, args: Namespace) -> None:
    if args.json:
        show.say(show.json_line("status", result))
    elif verdict is not Exit.DONE:
        names = [
            receipt.user
            for receipt in answers.status(result).receipts
            if not reached(receipt, rung)
        ]
        end = "waited in vain" if verdict is Exit.WAITED_IN_VAIN else "it has ended"
        show.note(f"nimsg: not {rung} by {clean_line(', '.join(names))}: {end}")
