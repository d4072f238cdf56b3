"""The first line and the last but one: how the connection stands, and the last news."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nimsg.text import clean_line, clip, many, width
from nimsg.tui.spans import Line, beside, clip_line, line_width


SILENT_MS = 3000  # without an answer, before the header says so
NOTE_MS = 20_000  # that a note of something done stays
MINUTE_MS = 60_000
GAP = "  "
HERE = ">"  # before the window that is looked at
BAR = " | "
MARGINS = 2
OFF = "not connected"  # what a session is that is over, or not begun
NOT_IN = "not logged in"


class Words(NamedTuple):
    """How boxes and what is new in a window are counted, and how long a title is."""

    boxes: str
    news: str
    most: int  # cells


WHOLE = Words(f"1:Inbox {{}} new{BAR}Outbox {{}} pending", "{} new", 40)
BRIEF = Words(f"1:In {{}}{BAR}Out {{}}", "{}", 12)


class Numbered(NamedTuple):
    """A window by its number: its title, its news, whether it is looked at."""

    number: int
    title: str
    unread: int
    current: bool


@dataclass
class Status:
    """What is known of the connection and the mailbox; times are ms UTC.

    `up` tells whether the server can be asked; where it cannot, `why`, and when it is
    tried again. `asked_at` is when the oldest question was put that waits for an
    answer. `ends_at` is when the server stops. `poll_ms` is how often it is asked.
    """

    user: str = ""
    server: str = ""
    up: bool = False
    why: str = NOT_IN
    retry_at: int | None = None
    asked_at: int | None = None
    rtt_ms: float | None = None
    polled_at: int | None = None
    ends_at: int | None = None
    new: int = 0
    pending: int = 0
    queued: int = 0
    note: str = ""
    noted_at: int = 0
    bad: bool = False
    ellipsis: str = "…"

    def say(self, text: str, now: int, *, bad: bool = False) -> None:
        """Show a line of news; what is bad stays until the next."""
        self.note, self.noted_at, self.bad = clean_line(text), now, bad

    def silent_s(self, now: int) -> int | None:
        """For how long a question waits for its answer; None where it is usual."""
        if not self.up or self.asked_at is None or now - self.asked_at < SILENT_MS:
            return None
        return (now - self.asked_at) // 1000

    def header(
        self, cells: int, now: int, windows: Sequence[tuple[str, int, bool]]
    ) -> Line:
        """Who is where and how it stands; right of it the windows.

        Each window is its title, its news, and whether it is looked at. The first of
        them has the number 2; the boxes are in window 1.
        """
        standing = self._standing(now)
        who = f"{self.user}@{self.server}" if self.user else self.server
        named, known, plain = (
            [("header", f" {clean_line(one)}{GAP}")]
            for one in (f"nimsg{GAP}{who}", who, self.user or who)
        )
        if not self.user:
            return beside([*named, *standing], [], cells, "header", self.ellipsis)
        numbered = [Numbered(at, *one) for at, one in enumerate(windows, 2)]
        busy = [one for one in numbered if one.unread or one.current]
        here = [one for one in busy if one.current]
        # What is left out first stands first.
        for left, right in (
            ([*named, *standing], self._windows(numbered)),
            ([*named, *standing[:1]], self._windows(numbered)),
            ([*known, *standing[:1]], self._windows(numbered)),
            ([*plain, *standing[:1]], self._windows(numbered)),
            ([*plain, *standing[:1]], self._windows(numbered, BRIEF)),
            ([*plain, *standing[:1]], self._windows(busy)),
            ([*plain, *standing[:1]], self._windows(busy, BRIEF)),
            ([*plain, *standing[:1]], self._windows(here, BRIEF)),
            ([*plain, *standing[:1]], self._windows([], BRIEF)),
        ):
            if line_width(left) + line_width(right) + len(GAP) <= cells:
                return beside(left, right, cells, "header", self.ellipsis)
        return beside([*plain, *standing[:1]], [], cells, "header", self.ellipsis)

    def status_line(self, cells: int, now: int, told: str, place: str) -> Line:
        """The last news, or `told` where there is none; right of it `place`."""
        note, bad = (self.note, self.bad)
        if not bad and now - self.noted_at > NOTE_MS:
            note = ""
        name = "status bad" if bad and note else "status"
        shown = note or told
        right = GAP.join(
            text for text in (self._queued(), self._polled(now), place) if text
        )
        if width(shown) + width(right) + len(GAP) + MARGINS > cells:
            right = place
        left: Line = clip_line([(name, f" {shown}")], cells, self.ellipsis)
        tail: Line = [("status", f"{GAP}{right} ")] if right else []
        if line_width(left) + line_width(tail) > cells:
            tail = []
        return beside(left, tail, cells, "status", self.ellipsis)

    def banner(self, now: int) -> str:
        """What everybody is to see as long as it lasts; empty for nothing."""
        if self.ends_at is not None and self.up:
            left_s = max(0, -(-(self.ends_at - now) // 1000))
            return f"the server shuts down in {left_s} s"
        return ""

    def _standing(self, now: int) -> Line:
        if not self.up:
            lost = self._lost(now)
            return [("header" if lost == NOT_IN else "header bad", lost)]
        silent_s = self.silent_s(now)
        if silent_s is not None:
            return [("header bad", f"no answer for {silent_s} s")]
        if banner := self.banner(now):
            return [("banner", f" {banner} ")]
        # One that was waited for so long tells of the stall, not of the way there.
        rtt = ""
        if self.rtt_ms is not None and self.rtt_ms < SILENT_MS:
            rtt = f"{GAP}rtt {_ms(self.rtt_ms)}"
        return [("header good", "online"), ("header", rtt)]

    def _lost(self, now: int) -> str:
        if self.retry_at is None:
            # The server may well be there, and ask for a password.
            return NOT_IN if self.why == OFF else self.why
        left_s = max(0, -(-(self.retry_at - now) // 1000))
        return f"{self.why}, retry in {left_s} s"

    def _windows(self, windows: Sequence[Numbered], words: Words = WHOLE) -> Line:
        boxes = words.boxes.format(self.new, self.pending)
        line: Line = [("header", boxes)]
        for number, title, unread, current in windows:
            name, sign = ("header good", HERE) if current else ("header", "")
            news = f" {words.news.format(unread)}" if unread else ""
            named = clip(clean_line(title), words.most, self.ellipsis)
            text = f"{sign}{number}:{named}{news}"
            line += [("header", BAR), (name, text)]
        return [*line, ("header", " ")]

    def _queued(self) -> str:
        return f"{many(self.queued, 'message')} queued" if self.queued else ""

    def _polled(self, now: int) -> str:
        if self.polled_at is None:
            return ""
        ago_ms = max(0, now - self.polled_at)
        if ago_ms < MINUTE_MS:
            return f"polled {ago_ms // 1000} s ago"
        return f"polled {ago_ms // MINUTE_MS} min ago"


def _ms(rtt_ms: float) -> str:
    return "<1 ms" if rtt_ms < 1 else f"{rtt_ms:.0f} ms"
