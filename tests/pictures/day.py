"""What a day in a laboratory has left, with times that stay."""

from collections.abc import Sequence
from datetime import UTC, datetime

from nimsg.client.people_answers import OnlineRow, SeenRow
from nimsg.protocol.constants import Box
from nimsg.protocol.strict import JsonObject
from nimsg.tui.drafts import Drafts
from nimsg.tui.glyphs import UNICODE
from nimsg.tui.letterdraft import Draft
from nimsg.tui.people import PeopleModel
from tests.pictures.story import DAY


ME = "ann"


def at(clock: str) -> int:
    """A time of the day, or a whole time, in ms UTC."""
    whole = clock if "-" in clock else f"{DAY} {clock}"
    moment = datetime.strptime(whole, "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


NOW = at("16:40")


# -- what has come and gone


def copy(
    user: str,
    state: str,
    fetched: str = "",
    opened: str = "",
    acked: str = "",
    recalled: str = "",
) -> JsonObject:
    """One recipient's copy as the wire has it."""
    times = {
        "fetched_at": fetched,
        "opened_at": opened,
        "acked_at": acked,
        "recalled_at": recalled,
        "deleted_at": "",
    }
    return {
        "user": user,
        "state": state,
        "opened_by": "tui" if opened else None,
        **{name: at(clock) if clock else None for name, clock in times.items()},
    }


Sent = tuple[str, str, str, list[JsonObject]]  # when, who, subject, copies

INBOX: Sequence[Sent] = (
    (
        "2026-11-19 17:40",
        "dan",
        "backup runs at 02:00 from now on",
        [copy(ME, "acked", "2026-11-19 18:05", "2026-11-19 18:05", "2026-11-19 18:06")],
    ),
    ("09:10", "dan", "lunch?", [copy(ME, "opened", "09:12", "09:12")]),
    (
        "12:04",
        "carol",
        "Re: node7 is down 17:00-18:00",
        [copy(ME, "opened", "12:10", "12:10")],
    ),
    ("15:02", "carol", "lab meeting moved to Monday", [copy(ME, "fetched", "16:39")]),
    ("16:33", "bob", "disk full on node7", [copy(ME, "fetched", "16:39")]),
)
OUTBOX: Sequence[Sent] = (
    ("09:13", ME, "Re: lunch?", [copy("dan", "opened", "09:19", "09:20")]),
    (
        "10:30",
        ME,
        "node7 is down 17:00-18:00",
        [
            copy("bob", "acked", "10:41", "10:41", "10:42"),
            copy("carol", "opened", "11:57", "11:58"),
            copy("dan", "fetched", "10:35"),
        ],
    ),
    ("13:05", ME, "demo on Friday", [copy("carol", "stored")]),
    ("15:58", ME, "keys for the lab", [copy("bob", "opened", "16:19", "16:20")]),
    ("16:12", ME, "invoice 4711", [copy("dan", "recalled", recalled="16:13")]),
)
SAID: Sequence[tuple[str, str, str]] = (
    ("15:31", "carol", "the pump leaks again"),
    ("15:32", "dan", "the left one or the right?"),
    ("15:34", "carol", "The left one. I have put a bucket below it."),
    ("15:40", "bob", "new seal is ordered"),
    ("15:41", ME, "thank you both"),
    ("16:21", "bob", "anyone near node7?"),
    ("16:24", "dan", "I am. What does it do?"),
    ("16:25", "bob", "It says that /scratch is full; I clean up."),
)
READ_TO = 5
MEMBERS = ("ann", "bob", "carol", "dan", "eve")


def identity(number: int) -> str:
    """The id of a message."""
    return f"01M7W8314ERY2V4ZQ4R86R5N{number:02}"


def page(box: Box) -> JsonObject:
    """The first page of a box as the wire has it."""
    rows: list[JsonObject] = []
    received = box is Box.INBOX
    for position, (when, who, subject, copies) in enumerate(
        INBOX if received else OUTBOX, 1
    ):
        row: JsonObject = {
            "position": position,
            "id": identity(position),
            "to": [one["user"] for one in copies],
            "subject": subject,
            "size": 100,
            "sent_at": at(when),
            "reply_to": None,
            "origin": None,
        }
        if received:
            rows.append({**row, "from": who, "receipt": copies[0]})
        else:
            pending = any(one["state"] in {"stored", "fetched"} for one in copies)
            rows.append({**row, "receipts": [*copies], "pending": pending})
    counts: JsonObject = {"new": 2, "pending": 2, "total": len(rows), "next": None}
    return {**counts, box.value: [*reversed(rows)]}


class Desk:
    """What views ask for; nothing is done here."""

    glyphs = UNICODE

    def __init__(self) -> None:
        self.people = PeopleModel(ME)
        self.people.set_online(
            [
                OnlineRow("bob", at("16:19"), "tui"),
                OnlineRow("carol", at("15:01"), "line"),
                OnlineRow(ME, at("16:38"), "tui"),
            ]
        )
        self.people.set_seen(
            [
                SeenRow("dan", online=False, seen_at=at("16:36")),
                SeenRow("eve", online=False, seen_at=at("2026-11-18 11:20")),
            ]
        )
        self.people.set_blocked(["eve"])
        self.drafts = Drafts()

    def now(self) -> int:
        return NOW

    clock = now

    def names(self) -> Sequence[str]:
        return ["bob", "carol", "dan"]

    def known(self, name: str) -> bool | None:
        return name in self.names()

    def post(self, text: str) -> bool:
        return bool(text)

    def older(self) -> None:
        pass

    undo_discard = older

    def _about(self, _: object) -> None:
        pass

    seen = say = write_to = block = unblock = ask_private = _about
    edited = keep = send = close_draft = discard = edit_outside = open_draft = _about


def draft(name: str, to: str, subject: str, body: str, saved: str) -> Draft:
    """A draft that is saved."""
    made = Draft(name)
    made.edit(at(saved), to=to, subject=subject, body=body)
    made.saved(made.version, at(saved))
    return made
