"""One message that is being written, from its first key to the end of its sending."""

import re
from collections.abc import Callable, Iterable
from enum import StrEnum

from nimsg.client.draft_answers import DraftRow
from nimsg.errors import Refusal
from nimsg.protocol.constants import limit
from nimsg.protocol.rules import check_message, check_name, check_room
from nimsg.protocol.strict import JsonObject
from nimsg.text import clean_line


Known = Callable[[str], bool | None]  # None: not known yet

ROOM_MARK = "#"
NOBODY = "nobody in To: write a name"
_PARTED = re.compile(r"(\S+?)[,;]?(?:\s|$)")
_ENDS = (",", ";")
_SHOWN_CHARS = 40


class DraftState(StrEnum):
    """Where a draft stands; only in a sending one nothing can be changed."""

    NEW = "new"
    DIRTY = "changed"
    SAVING = "saving"
    SAVED = "saved"
    UNSAVED = "not saved"
    SENDING = "sending"
    FAILED = "not sent"


class Draft:
    """A message being written. Texts are kept as they were typed.

    `version` grows with every change. `saved_at` is in ms UTC, the time of the last
    save that the server acknowledged, and None before it. `why` says what is wrong
    where a save or the sending failed.
    """

    def __init__(
        self,
        client_id: str,
        *,
        to: str = "",
        subject: str = "",
        body: str = "",
        reply_to: str | None = None,
    ) -> None:
        self.client_id = client_id
        self.to = to
        self.subject = subject
        self.body = body
        self.reply_to = reply_to
        self.saved_at: int | None = None
        self.edited_at = 0
        self.version = 0
        self.why = ""
        self._saved = 0
        self._saving = False
        self._sending = False
        self._refused = False

    def __repr__(self) -> str:
        return f"<Draft {self.client_id} {self.state} at version {self.version}>"

    @property
    def state(self) -> DraftState:
        """Where it stands now."""
        states = (
            (self._sending, DraftState.SENDING),
            (self._refused, DraftState.FAILED),
            (bool(self.why), DraftState.UNSAVED),
            (self._saving, DraftState.SAVING),
            (not self.is_saved, DraftState.DIRTY),
            (self.saved_at is not None, DraftState.SAVED),
        )
        return next((state for holds, state in states if holds), DraftState.NEW)

    @property
    def is_saved(self) -> bool:
        """Whether the server holds all that was typed; true where nothing was."""
        return self._saved == self.version

    @property
    def is_being_saved(self) -> bool:
        """Whether a save waits for its answer."""
        return self._saving

    @property
    def is_sending(self) -> bool:
        """Whether it is on its way, or waits for the link."""
        return self._sending

    @property
    def is_untouched(self) -> bool:
        """Whether nothing was typed and the server has nothing of it."""
        return self.version == 0 and self.saved_at is None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it now, whatever was."""
        return not (self.to + self.subject + self.body).strip()

    @property
    def size(self) -> int:
        """The body's bytes of UTF-8."""
        return len(self.body.encode("utf-8", "surrogatepass"))

    @property
    def is_too_long(self) -> bool:
        """Whether the body is over the limit."""
        return self.size > limit("body_bytes")

    @property
    def recipients(self) -> list[str]:
        """The names in To, each once: parted by blanks, with a comma or without.

        A name may hold a comma; a blank it cannot.
        """
        return _named(self.to)

    @property
    def is_room(self) -> bool:
        """Whether it goes to one room: `#lobby` alone.

        An answer goes to people: their names may look like a room's.
        """
        names = self.recipients
        return self._may_be_room and len(names) == 1 and is_room_name(names[0])

    @property
    def _may_be_room(self) -> bool:
        return self.reply_to is None

    def edit(
        self,
        now: int,
        *,
        to: str | None = None,
        subject: str | None = None,
        body: str | None = None,
    ) -> bool:
        """Take over what was typed at `now` (ms); False where nothing changed.

        Raises `ValueError` while it is being sent: the text is no longer ours.
        """
        texts = self.to, self.subject, self.body
        given = to, subject, body
        new = [
            old if text is None else text
            for old, text in zip(texts, given, strict=True)
        ]
        if tuple(new) == texts:
            return False
        if self._sending:
            raise ValueError("a draft is not changed while it is sent")
        self.to, self.subject, self.body = new
        self.touch(now)
        return True

    def touch(self, now: int) -> None:
        """What the server holds is out of date from `now` (ms) on."""
        self.version += 1
        self.edited_at = now
        # A failed save is still wanting; a refused sending is answered by the change.
        if self._refused:
            self._refused, self.why = False, ""

    # -- saving

    def save(self) -> JsonObject:
        """Begin a save of what `version` is now: the params of `draft.save`."""
        self._saving = True
        return {
            "client_id": self.client_id,
            "to": self.to,
            "subject": self.subject,
            "body": self.body,
            "reply_to": self.reply_to,
        }

    def saved(self, version: int, at: int) -> None:
        """The server holds this version since `at` (ms UTC)."""
        self._saving = False
        self._saved = max(self._saved, version)
        self.saved_at = at
        if not self._refused:
            self.why = ""

    def save_failed(self, why: str) -> None:
        """The save that was begun failed; the text is still only here."""
        self._saving = False
        if not self._refused:
            self.why = why

    def take_over(self, listed: "Draft") -> None:
        """The server holds a newer text, of another client; this one has nothing new.

        What is being typed or sent here stays.
        """
        busy = not self.is_saved or self._saving or self._sending
        if busy or (listed.saved_at or 0) <= (self.saved_at or 0):
            return
        self.to, self.subject, self.body = listed.to, listed.subject, listed.body
        self.reply_to, self.saved_at = listed.reply_to, listed.saved_at

    # -- sending

    def send(self) -> None:
        """It goes into the queue: from now on it cannot be changed."""
        self._sending, self._refused, self.why = True, False, ""

    def take_back(self) -> None:
        """It has left the queue unsent and can be changed again."""
        self._sending = False

    def refused(self, why: str) -> None:
        """It was not sent, and can be changed again."""
        self._sending, self._refused, self.why = False, True, why

    def recipient_problems(self, known: Known) -> list[str]:
        """What is wrong with those in To; where nobody is, nothing is said."""
        names = self.recipients
        rooms = list(filter(is_room_name, names)) if self._may_be_room else []
        if rooms and len(names) > 1:
            return [f"{_shown(rooms[0])}: a room stands alone in To"]
        if rooms:
            return _wrong(rooms, lambda name: check_room(name.removeprefix(ROOM_MARK)))
        most = limit("recipients")
        many = f"{len(names)} names in To; at most {most}"
        said = [many] if len(names) > most else []
        return [*said, *_wrong(names, check_name), *_unknown(names, known)]

    def length_problems(self) -> list[str]:
        """What in the fields is too long to be sent, and even to be kept."""
        fields = (
            ("To", self.to, limit("draft_to_chars")),
            ("Subject", self.subject, limit("subject_chars")),
        )
        return [
            f"{name} has {len(text)} characters; at most {most} are kept"
            for name, text, most in fields
            if len(text) > most
        ]

    def problems(self, known: Known) -> list[str]:
        """Why it cannot be sent as it is, in plain words; empty where it can.

        A name that is not `known` yet is none.
        """
        said = self.recipient_problems(known) if self.recipients else [NOBODY]
        try:
            check_message(self.subject, self.body)
        except Refusal as refusal:
            said.append(refusal.detail)
        return said


def kept_draft(row: DraftRow) -> Draft:
    """A draft as the server keeps it."""
    draft = Draft(
        row.client_id,
        to=row.to,
        subject=row.subject,
        body=row.body,
        reply_to=row.reply_to,
    )
    draft.saved(0, row.saved_at)
    return draft


def is_room_name(name: str) -> bool:
    """Whether a name in To is meant as a room's."""
    return name.startswith(ROOM_MARK)


def listed(names: Iterable[str]) -> str:
    """Names as To has them, so that each is read as it is."""
    text = ", ".join(names)
    return f"{text}," if text.endswith(_ENDS) else text


def tidied(to: str) -> str:
    """What stands in To without what is no name: each once, parted the same way."""
    return listed(_named(to))


def _named(to: str) -> list[str]:
    found = _PARTED.findall(to)
    return [name for name in dict.fromkeys(found) if name not in _ENDS]


def _unknown(names: list[str], known: Known) -> list[str]:
    return [
        f"{_shown(name)}: no such user{_parting(name)}"
        for name in names
        if known(name) is False
    ]


def _parting(name: str) -> str:
    """What may be meant by a comma in an unknown name."""
    parted = any(mark in name for mark in _ENDS)
    return "; names are parted by a comma and a blank" if parted else ""


def _wrong(names: list[str], check: Callable[[str], str]) -> list[str]:
    """What is said about those that can be no names."""
    said = []
    for name in names:
        try:
            check(name)
        except Refusal as refusal:
            said.append(f"{_shown(name)}: {refusal.detail}")
    return said


def _shown(name: str) -> str:
    return clean_line(name[:_SHOWN_CHARS])
