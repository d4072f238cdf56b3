"""What takes several questions, or one with rules: written once for both shells."""

from collections.abc import Callable, Sequence
from operator import gt, lt, ne
from typing import Generic, NamedTuple, TypeVar

from nimsg.client import answers, room_answers
from nimsg.client.query import Query, Request
from nimsg.client.references import parse_reference
from nimsg.errors import Refusal, UsageError
from nimsg.protocol.constants import Box, limit
from nimsg.protocol.strict import JsonObject


T = TypeVar("T")
F = TypeVar("F", int, str)


# -- lists that come in pages


class Paged(NamedTuple, Generic[F]):
    """How a list goes on: `next` of a page is `where` of the question for another.

    Each `next` must be `beyond` the one before, or the server goes in circles.
    """

    method: str
    most: int
    where: str
    far: Callable[[JsonObject, str], F | None]
    beyond: Callable[[F, F], bool]


MAIL = Paged("mail.list", limit("page_rows"), "before", answers.maybe_number, lt)
LOGINS = Paged("auth.logins", limit("logins_rows"), "before", answers.maybe_number, lt)
ROOMS = Paged("room.list", limit("page_rows"), "after", answers.maybe_text, gt)
MEMBERS = Paged("room.members", limit("page_rows"), "after", answers.maybe_text, gt)
SEARCH = Paged("mail.search", limit("search_rows"), "before", answers.maybe_text, ne)


def box_rows(box: Box, *, everything: bool, most: int = 0) -> Query[list[JsonObject]]:
    """Rows of a box as the wire has them, newest first; `most` 0 is all."""
    query: JsonObject = {"box": box.value, "all": everything}
    found, _ = yield from _pages(MAIL, query, _rows_of(box.value), most)
    return found


def logins(most: int) -> Query[list[JsonObject]]:
    """Own logins as the wire has them, newest first; `most` 0 is all."""
    found, _ = yield from _pages(LOGINS, {}, _rows_of("logins"), most)
    return found


def rooms(*, joined: bool) -> Query[list[JsonObject]]:
    """Rooms by name as the wire has them."""
    found, _ = yield from _pages(ROOMS, {"joined": joined}, _rows_of("rooms"))
    return found


def members(room: str) -> Query[list[str]]:
    """Who is in a room, by name."""

    def names(page: JsonObject) -> list[str]:
        return answers.texts(page, "members")

    found, _ = yield from _pages(MEMBERS, {"room": room}, names)
    return found


def hits(query: JsonObject, most: int) -> Query[tuple[list[JsonObject], JsonObject]]:
    """What a search finds, newest first, and the last page; `most` 0 is all."""
    return (yield from _pages(SEARCH, query, _rows_of("hits"), most))


def find_room(name: str) -> Query[JsonObject]:
    """One room as the wire has it. Raises `Refusal("unknown_room")`."""
    far: str | None = name[:-1] or None
    while True:
        page = yield _page(ROOMS, {}, far, ROOMS.most)
        for row in answers.rows(page, "rooms", dict):
            if room_answers.name(row) == name:
                return row
        far = _following(ROOMS, page, far)
        if far is None or far >= name:
            raise Refusal("unknown_room", data={"room": name})


def _pages(
    paged: Paged[F],
    query: JsonObject,
    read: Callable[[JsonObject], list[T]],
    most: int = 0,
) -> Query[tuple[list[T], JsonObject]]:
    """All that a list holds, or its first `most`, and the last page."""
    found: list[T] = []
    far: F | None = None
    while True:
        left = min(most - len(found), paged.most) if most else paged.most
        page = yield _page(paged, query, far, left)
        found += read(page)
        far = _following(paged, page, far)
        if far is None or (most and len(found) >= most):
            return found, page


def _page(paged: Paged[F], query: JsonObject, far: F | None, most: int) -> Request:
    onward: JsonObject = {} if far is None else {paged.where: far}
    return Request(paged.method, {**query, **onward, "limit": most})


def _following(paged: Paged[F], page: JsonObject, far: F | None) -> F | None:
    following = paged.far(page, "next")
    if following is None or far is None or paged.beyond(following, far):
        return following
    raise answers.unusable("next")


def _rows_of(key: str) -> Callable[[JsonObject], list[JsonObject]]:
    return lambda page: answers.rows(page, key, dict)


# -- one message


def resolve(reference: str) -> Query[str]:
    """The id that a reference stands for.

    Raises `UsageError` for what is no reference, and `Refusal("not_found")` for a
    number that is not in view.
    """
    known = parse_reference(reference)
    if isinstance(known, str):
        return known
    box, position = known
    query: JsonObject = {"box": box.value, "all": True}
    page = yield Request("mail.list", {**query, "before": position + 1, "limit": 1})
    for row in answers.rows(page, box.value, dict):
        if answers.number(row, "position") == position:
            return answers.identifier(row)
    raise Refusal("not_found", f"there is no message {reference} in your {box}")


def answering(
    id_: str, me: str, to: Sequence[str] = (), subject: str = ""
) -> Query[JsonObject]:
    """What an answer is given where it was not said: its readers and its subject.

    Who wrote the message gets it; the answer to one's own goes where that went.
    """
    answered = answers.status((yield Request("mail.status", {"id": id_})))
    own = answered.sender == me
    if not to and own and answered.to == [me]:
        raise UsageError("you imported that message yourself: say who gets the answer")
    return {
        "reply_to": id_,
        "to": list(to) or (answered.to if own else [answered.sender]),
        "subject": subject or _reply_subject(answered.subject),
    }


def _reply_subject(subject: str) -> str:
    """`Re:` before a subject, once."""
    if not subject or subject.lower().startswith("re:"):
        return subject
    return f"Re: {subject}"[: limit("subject_chars")]
