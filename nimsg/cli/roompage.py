"""How rooms and what was said in them are shown, and read page by page."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from nimsg.cli import show
from nimsg.cli.session import Session
from nimsg.cli.wait import PARKED_S
from nimsg.client import answers, people_answers
from nimsg.client.people_answers import RoomMessage, RoomPage
from nimsg.client.tables import short_time
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_room
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


PAGE_ROWS = limit("history_rows")
NOTICE = "--"
LEAST = 20


class Span(NamedTuple):
    """Which messages of a room: the newest below `before`, or those above `after`.

    With `mine` those behind one's own last. `most` 0 is all.
    """

    room: str
    before: int | None = None
    after: int | None = None
    mine: bool = False
    most: int = 50

    @property
    def forward(self) -> bool:
        """Whether it is read from its oldest message on."""
        return self.mine or self.after is not None


class Said(NamedTuple):
    """Messages as the wire has them, oldest first, and what there is beside them.

    `more` says with which option there is more; nothing where there is not.
    """

    rows: list[JsonObject]
    damaged: list[int]
    more: str


def room_name(text: str) -> str:
    """The name of a room that is typed with or without its #. Raises `UsageError`."""
    try:
        return check_room(text.removeprefix("#"))
    except Refusal as refusal:
        raise UsageError(f"{text!r} names no room: {refusal}") from None


def read(session: Session, span: Span, deadline: float | None = None) -> Said:
    """The messages of a span.

    Until `deadline` (of `time.monotonic`) it is waited for the first one; a server
    that is lost meanwhile is come back to.
    """
    pages: list[RoomPage] = []
    rows: list[list[JsonObject]] = []
    left = span.most
    while True:
        most = min(left, PAGE_ROWS) if span.most else PAGE_ROWS
        raw = _page(session, span._replace(most=most), deadline)
        page = people_answers.room_page(raw)
        end = len(pages) if span.forward else 0
        pages.insert(end, page)
        rows.insert(end, answers.rows(raw, "messages", dict))
        left -= len(page.positions)
        if not page.more or (span.most and left <= 0):
            break
        span = _following(span, page)
        deadline = None
    at = [one for page in pages for one in page.positions]
    more = ""
    if page.more and at:
        more = f"--after {at[-1]}" if span.forward else f"--before {at[0]}"
    said = [row for some in rows for row in some]
    return Said(said, [one for page in pages for one in damaged(page)], more)


def damaged(page: RoomPage) -> list[int]:
    """The positions of a page whose messages the server could not read."""
    read_ = {one.position for one in page.messages}
    return [at for at in page.positions if at not in read_]


def newest(session: Session, room: str) -> int:
    """The position of the newest message of a room."""
    query: JsonObject = {"room": room, "limit": 1}
    return people_answers.room_page(session.call("room.history", query)).last


def print_messages(messages: Sequence[RoomMessage]) -> None:
    """Each message behind its position and time; its further lines stand below."""
    now = show.now_ms()
    numbers = max((len(str(one.position)) for one in messages), default=0)
    times = [short_time(one.sent_at, now) for one in messages]
    clock = max(map(len, times), default=0)
    cells = show.terminal_width()
    for one, at in zip(messages, times, strict=True):
        head = f"{one.position:>{numbers}}  {at:<{clock}}  "
        who = NOTICE if one.notice else f"<{clean_line(one.sender)}>"
        text = f"{who} {one.body}".removesuffix("\n")
        for line in show.paragraphs(text, cells and max(LEAST, cells - len(head))):
            show.say(f"{head}{line}".rstrip())
            head = " " * len(head)


def note_damaged(room: str, positions: Sequence[int]) -> None:
    """What the server could not read, for the person."""
    for position in positions:
        show.note(f"nimsg: message {position} of #{room} is damaged and left out")


def _page(session: Session, span: Span, deadline: float | None) -> JsonObject:
    """One page, once there is something on it or the time is over."""
    while True:
        left_s = 0.0 if deadline is None else deadline - time.monotonic()
        wait_s = max(0.0, min(left_s, PARKED_S))
        query: JsonObject = {
            "room": span.room,
            "before": span.before,
            "after": span.after,
            "mine": span.mine,
            "limit": span.most,
            "wait_ms": int(wait_s * 1000),
        }
        known = {key: value for key, value in query.items() if value is not None}
        if deadline is None:
            return session.call("room.history", known)
        raw = session.insist("room.history", known, deadline=deadline, parked_s=wait_s)
        if people_answers.room_page(raw).positions or deadline <= time.monotonic():
            return raw


def _following(span: Span, page: RoomPage) -> Span:
    """The span of the page after this one; a server that goes in circles is told."""
    positions = page.positions
    if not positions:
        raise answers.unusable("more")
    if span.forward:
        if positions[0] <= (span.after or 0):
            raise answers.unusable("messages")
        return span._replace(after=positions[-1], mine=False)
    if span.before is not None and positions[-1] >= span.before:
        raise answers.unusable("messages")
    return span._replace(before=positions[0])
