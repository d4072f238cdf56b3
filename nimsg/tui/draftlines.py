"""Drafts as lines of the screen: where one stands, what is wrong, a row of the list."""

from collections.abc import Sequence

from nimsg.client.tables import short_time
from nimsg.protocol.constants import limit
from nimsg.text import clean_line, clip, pad, width, wrap
from nimsg.tui.glyphs import Glyphs
from nimsg.tui.keys import Context, KeyMap, key_text
from nimsg.tui.letterdraft import Draft, DraftState, tidied
from nimsg.tui.palette import focused as in_focus
from nimsg.tui.spans import Line, beside, line_width, pad_line


Hints = Sequence[tuple[str, str]]  # a key and what it does

GAP = "  "
BUTTON = " [ Send ] "
HINTED = (("send", "send"), ("editor", "editor"), ("close", "keep"))
MOST_TO, LEAST_TO = 24, 8
LONG_TIME, SHORT_TIME = 12, 9
SAVED_CELLS = 11  # `saved 16:44`
NARROW = 60  # cells; with fewer a row has the date or the hour, not both
TIMED = 32

_STATES = {
    DraftState.NEW: "new",
    DraftState.DIRTY: "edited",
    DraftState.SAVING: "saving",
    DraftState.SAVED: "saved",
    DraftState.UNSAVED: "NOT SAVED",
    DraftState.SENDING: "sending",
    DraftState.FAILED: "NOT SENT",
}
_BAD = frozenset({DraftState.UNSAVED, DraftState.FAILED})
_WHY = {
    DraftState.UNSAVED: "not saved: {}; it is kept here and tried again",
    DraftState.FAILED: "not sent: {}; it is kept as a draft",
}


def compose_hints(keys: KeyMap) -> list[tuple[str, str]]:
    """The keys that are named below a message being written."""
    found = [(keys.keys_of(action, Context.COMPOSE), word) for action, word in HINTED]
    return [(key_text(names[0]), word) for names, word in found if names]


def status_line(
    draft: Draft, now: int, cells: int, hints: Hints, *, on_button: bool = False
) -> Line:
    """Where a draft stands, its size, the keys, and the button at the right end.

    What there is no room for is left out: keys first, then words.
    """
    button: Line = [("button focus" if on_button else "button", BUTTON)]
    room = max(cells - line_width(button) - len(GAP), 0)
    keys = [_hint(*hint) for hint in hints]
    forms = _status_forms(draft, now)
    whole = ([*form, *(span for key in keys for span in key)] for form in forms[:2])
    fitting = (line for line in (*whole, *forms) if line_width(line) <= room)
    line = next(fitting, [])
    if line is forms[0]:
        line = _as_many(line, keys, room)
    return beside(line, button, cells, "status")


def notice_lines(
    draft: Draft, said: Sequence[str], cells: int, rows: int, glyphs: Glyphs
) -> list[Line]:
    """What is wrong, in at most so many rows."""
    why = _WHY.get(draft.state, "").format(clean_line(draft.why))
    texts = [text for text in (why, *map(clean_line, said)) if text]
    found = [row for text in texts for row in wrap(text, max(cells - 1, 1))]
    if len(found) > rows > 0:
        found = [*found[: rows - 1], found[rows - 1] + glyphs.ellipsis]
    return [
        [("bad", " " + clip(row, max(cells - 1, 1), glyphs.ellipsis))]
        for row in found[:rows]
    ]


def draft_line(
    draft: Draft, cells: int, now: int, glyphs: Glyphs, *, focused: bool = False
) -> Line:
    """A row of the list of drafts, exactly so wide: when it was saved, To, subject.

    One that is not saved, or is on its way, says so in the place of the time.
    """

    def span(name: str, text: str) -> tuple[str, str]:
        return (in_focus(name) if focused else name), text

    bad = draft.state in _BAD
    sign = glyphs.failed if bad else _sign(draft, glyphs)
    to = clean_line(tidied(draft.to)) or "nobody yet"
    subject = clean_line(draft.subject) or _first_words(draft.body) or "(empty)"
    line: Line = [
        span("text", f"{glyphs.focus if focused else ' '} "),
        span("bad" if bad else "text", sign + GAP),
    ]
    if cells >= TIMED:
        when = _when(draft, now, short=cells < NARROW)
        kept = LONG_TIME if cells >= NARROW else SHORT_TIME
        line.append(span("bad" if bad else "time", pad(when, kept) + GAP))
    room = cells - line_width(line) - len(GAP)
    to_cells = min(MOST_TO, room // 2)
    if to_cells >= LEAST_TO:
        to = clip(to, to_cells, glyphs.ellipsis)
        line.append(span("name", pad(to, to_cells) + GAP))
    line.append(span("subject", subject))
    rest = in_focus("text") if focused else "text"
    return pad_line(line, cells, rest, glyphs.ellipsis)


def _sign(draft: Draft, glyphs: Glyphs) -> str:
    return glyphs.queued if draft.is_sending else glyphs.draft


def _when(draft: Draft, now: int, *, short: bool) -> str:
    """The time it was saved, or what is to be known instead."""
    if draft.state not in (DraftState.SAVED, DraftState.SAVING):
        return _STATES[draft.state]
    time = short_time(draft.saved_at, now)
    return time[: time.rfind(" ")] if short and " " in time else time


def _status_forms(draft: Draft, now: int) -> list[Line]:
    """What can be said of it, from all to little."""
    name = "status bad" if draft.state in _BAD else "status"
    state = _STATES[draft.state]
    if draft.state is DraftState.SAVED:
        state = f"{state} {short_time(draft.saved_at, now)}"
    size, most = draft.size, limit("body_bytes")
    over = " too long" if draft.is_too_long else ""
    size_name = "status bad" if over else "status"
    # The keys behind it do not move when a draft becomes a saved one.
    steady = pad(state, max(SAVED_CELLS, width(state)))
    of_most = f"{size}/{most} B{over}".ljust(len(f"{most}/{most} B"))
    return [
        [(name, f" draft {steady}"), (size_name, f"{GAP}{of_most}")],
        [(name, f" {steady}"), (size_name, f"{GAP}{of_most}")],
        [(name, f" {state}"), (size_name, f"{GAP}{size} B{over}")],
        [(size_name, f" {size} B{over}")] if over else [(name, f" {state}")],
        [(name, f" {_STATES[draft.state]}")],
    ]


def _hint(key: str, word: str) -> Line:
    return [("footer key", GAP + key), ("footer", f" {word}")]


def _as_many(line: Line, keys: Sequence[Line], cells: int) -> Line:
    for key in keys:
        if line_width([*line, *key]) > cells:
            break
        line = [*line, *key]
    return line


def _first_words(body: str) -> str:
    return next(
        (clean_line(line).strip() for line in body.split("\n") if line.strip()), ""
    )
