"""Who is there, who was, and who is kept away."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from nimsg.client.events import Presence
from nimsg.client.people_answers import OnlineRow, SeenRow
from nimsg.client.tables import DEVICE, device_words, short_time
from nimsg.text import clean_line, clip, pad, width
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.palette import focused
from nimsg.tui.spans import Line, pad_line


MOST_NAME = 32
LEAST_NAME = 8
WHEN = len("since Nov 19 18:02")
STATE = len("offline")
WIDE = 60  # cells, from which on all columns are there
GAP = "  "


class State(StrEnum):
    """Whether somebody is there."""

    ONLINE = "online"
    OFFLINE = "offline"


class Person(NamedTuple):
    """Somebody else. `at` is since when they are there, or when they were last.

    Times are ms UTC, None where they are not known.
    """

    name: str
    state: State
    at: int | None
    device: str = ""
    blocked: bool = False


class PeopleModel:
    """Everybody known: who is online first, by name, then who was there last."""

    def __init__(self, me: str = "") -> None:
        self.loaded = False
        self._me = me
        self._online: dict[str, OnlineRow] = {}
        self._seen: dict[str, int | None] = {}
        self._blocked: set[str] = set()
        self._rows: list[Person] | None = None

    def set_online(self, rows: Iterable[OnlineRow]) -> None:
        """Who is online now, all of them."""
        self._online = {row.user: row for row in rows if row.user != self._me}
        self.loaded = True
        self._rows = None

    def set_seen(self, rows: Iterable[SeenRow]) -> None:
        """When people were last online."""
        for row in rows:
            if not row.online and row.user != self._me:
                self._seen[row.user] = row.seen_at
        self._rows = None

    def set_blocked(self, names: Iterable[str]) -> None:
        """Whom one blocks, all of them."""
        self._blocked = set(names)
        self._rows = None

    def heard(self, event: Presence) -> None:
        """Somebody came or went."""
        if event.user == self._me:
            return
        if event.reason is None:
            self._online[event.user] = OnlineRow(event.user, event.at, "")
        else:
            self._online.pop(event.user, None)
            self._seen[event.user] = event.at
        self._rows = None

    def blocked(self, name: str) -> bool:
        """Whether one blocks somebody."""
        return name in self._blocked

    @property
    def online(self) -> frozenset[str]:
        """Who is there."""
        return frozenset(self._online)

    @property
    def names(self) -> list[str]:
        """All names that are known, for completion."""
        return sorted({*self._online, *self._seen, *self._blocked})

    @property
    def rows(self) -> list[Person]:
        """All people in order."""
        if self._rows is None:
            gone = (self._seen.keys() | self._blocked) - self._online.keys()
            self._rows = [
                *sorted(map(self._here, self._online.values()), key=_by_name),
                *sorted(map(self._gone, gone), key=_by_time),
            ]
        return self._rows

    @property
    def counts(self) -> str:
        """How many are there, were there and are blocked, in words."""
        here = len(self._online)
        return ", ".join(
            [
                f"{here} online",
                *[f"{len(self.rows) - here} offline"] * (len(self.rows) > here),
                *[f"{len(self._blocked)} blocked"] * bool(self._blocked),
            ]
        )

    def _here(self, row: OnlineRow) -> Person:
        return Person(
            row.user, State.ONLINE, row.since, row.device, row.user in self._blocked
        )

    def _gone(self, name: str) -> Person:
        at = self._seen.get(name)
        return Person(name, State.OFFLINE, at, blocked=name in self._blocked)


def name_cells(rows: Iterable[Person], cells: int) -> int:
    """The cells of the column of names, for rows of so many."""
    most = max((width(clean_line(row.name)) for row in rows), default=0)
    others = len(GAP) + WHEN
    if cells >= WIDE:
        others += 3 * len(GAP) + STATE + DEVICE + len("blocked")
    return max(min(most, MOST_NAME, cells - len(GAP) - others), LEAST_NAME)


def person_line(
    row: Person, cells: int, *, names: int, now: int, glyphs: Glyphs, here: bool
) -> Line:
    """Somebody in `cells` cells, `names` of them for the name.

    Where there is little room, that they are blocked stands in the place of the time.
    """
    sign = f"{glyphs.focus} " if here else GAP
    name = pad(clip(clean_line(row.name), names, glyphs.ellipsis), names)
    line: Line = [("text", sign), (_NAMES[row.state], name), ("text", GAP)]
    blocked = "blocked" if row.blocked else ""
    if cells >= WIDE:
        device = pad(device_words(row.device), DEVICE)
        line += [
            (_STATES[row.state], pad(row.state, STATE)),
            ("time", f"{GAP}{pad(when(row, now), WHEN)}{GAP}"),
            ("dim", f"{device}{GAP}"),
            ("bad", blocked),
        ]
    else:
        line += [("bad", blocked) if row.blocked else ("time", when(row, now))]
    if here:
        line = [(focused(colour), text) for colour, text in line]
    return pad_line(line, cells, "text focus" if here else "text", glyphs.ellipsis)


def when(row: Person, now: int) -> str:
    """Since when somebody is there, or when they were last; empty for unknown."""
    if row.at is None:
        return ""
    word = "since" if row.state is State.ONLINE else "seen"
    return f"{word} {short_time(row.at, now)}"


_NAMES = {State.ONLINE: "name", State.OFFLINE: "text"}
_STATES = {State.ONLINE: "good", State.OFFLINE: "dim"}


def _by_name(row: Person) -> str:
    return row.name


def _by_time(row: Person) -> tuple[int, str]:
    return -(row.at or 0), row.name
