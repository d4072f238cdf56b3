"""Rooms: what is said in them is shown once and in order, and what the commands do."""

import asyncio
from typing import Protocol

from nimsg.client import answers, people_answers
from nimsg.client.acts_person import Person
from nimsg.client.lines import said, system
from nimsg.client.mailwords import new_client_id
from nimsg.client.people_answers import RoomInfo, RoomMessage, RoomPage, room_info
from nimsg.client.peopletables import ROOM_COLUMNS, room_cells
from nimsg.client.queries import find_room, members as names_in, rooms as all_rooms
from nimsg.client.registry import Invocation
from nimsg.errors import Refusal, Unreachable
from nimsg.protocol.constants import LOBBY, Notice
from nimsg.protocol.strict import JsonObject
from nimsg.text import many


MARK_S = 3.0
FIRST_LINES = 10
CAUGHT_UP_MOST = 50
HISTORY_ROWS = 20
# What an event of its own has told at once.
TOLD = frozenset(Notice) - {Notice.TOPIC}


class RoomBook(Protocol):
    """What the commands of rooms tell of what they have learned, and ask."""

    async def enter(self) -> None:
        """Begin with the rooms as they are."""
        ...

    def heard(self, message: RoomMessage) -> None:
        """A message stands in a room."""
        ...

    def joined(self, room: str, page: RoomPage) -> None:
        """The person has come in."""
        ...

    def knows(self, room: str) -> bool:
        """Whether the person is known to be in a room."""
        ...

    def left(self, room: str) -> None:
        """The person has gone out."""
        ...

    def seen(self, room: str, first: int, last: int) -> None:
        """All from one position to another has been shown."""
        ...

    def show_page(self, page: RoomPage) -> None:
        """Show messages that were asked for."""
        ...

    def returned(self) -> None:
        """The connection is back."""
        ...

    async def tell_marks(self) -> None:
        """Tell the server what was shown."""
        ...


class Rooms:
    """The rooms the person is in, and how far each has been shown.

    A room is marked read only as far as it was shown without a gap from its mark on.
    `keep_up` and `keep_marks` are to run as tasks. Where something is missing
    between two messages it is asked for before the later one is shown.
    """

    def __init__(self, me: Person) -> None:
        self._me = me
        self._shown: dict[str, int] = {}
        self._behind: dict[str, None] = {}
        self._wanted = asyncio.Event()
        self._read: dict[str, int] = {}
        self._spans: dict[str, list[tuple[int, int]]] = {}
        self._marks: dict[str, int] = {}
        self._marked = asyncio.Event()

    async def enter(self) -> None:
        """Begin with the rooms as they are, and tell what is unread."""
        for room in await joined(self._me):
            mark = room.mark or 0
            self._shown[room.room], self._read[room.room] = room.last, mark
            if room.room == LOBBY and room.last > mark:
                await self._show_unread(room)
            elif room.unread:
                about = f"{room.unread} (history {room.room})"
                self._me.note(f"unread in #{room.room}: {about}")
            else:
                self.seen(room.room, mark + 1, room.last)

    def heard(self, message: RoomMessage) -> None:
        """The server told of a message."""
        room = message.room
        shown = self._shown.get(room)
        if message.position <= (shown or 0):
            return
        if (
            shown is not None
            and message.position == shown + 1
            and room not in self._behind
        ):
            self._show(message, live=True)
            self.seen(room, message.position, message.position)
        else:
            self._shown.setdefault(room, message.position - 1)
            self._ask_for(room)

    def returned(self) -> None:
        """The connection is back: look for what was said meanwhile."""
        for room in self._shown:
            self._ask_for(room)
        if self._marks:
            self._marked.set()

    def joined(self, room: str, page: RoomPage) -> None:
        """The person has come in; the page is shown by who calls."""
        self._shown[room] = max(page.last, self._shown.get(room, 0))
        self._read[room] = max(page.mark, self._read.get(room, 0))

    def knows(self, room: str) -> bool:
        """Whether the person is known to be in a room."""
        return room in self._shown

    def left(self, room: str) -> None:
        """The person has gone out."""
        self._shown.pop(room, None)
        self._read.pop(room, None)
        self._spans.pop(room, None)
        self._behind.pop(room, None)
        self._marks.pop(room, None)

    def seen(self, room: str, first: int, last: int) -> None:
        """All from one position to another has been shown."""
        spans = self._spans.setdefault(room, [])
        if spans and spans[-1][1] + 1 == first:
            first, _ = spans.pop()
        spans.append((first, last))
        before = read = self._read.get(room, 0)
        for start, end in sorted(spans):
            read = max(read, end) if start <= read + 1 else read
        self._spans[room] = [span for span in spans if span[1] > read]
        if read > before:
            self._read[room] = self._marks[room] = read
            self._marked.set()

    async def keep_up(self) -> None:
        """Fetch what is missing, for ever."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            for room in tuple(self._behind):
                try:
                    await self._catch_up(room)
                except Unreachable:
                    break  # coming back asks for all rooms
                except Refusal:
                    self.left(room)

    async def keep_marks(self) -> None:
        """Tell the server what was shown, a few seconds later and for ever."""
        while True:
            await self._marked.wait()
            await asyncio.sleep(MARK_S)
            await self.tell_marks()

    async def tell_marks(self) -> None:
        """Tell the server now; what it cannot be told is kept for the return."""
        self._marked.clear()
        while self._marks:
            room, position = next(iter(self._marks.items()))
            params: JsonObject = {"room": room, "position": position}
            try:
                await self._me.call("room.mark", params)
            except Unreachable:
                return
            except Refusal:
                pass  # nobody is in the room any more
            if self._marks.get(room) == position:
                del self._marks[room]

    def show_page(self, page: RoomPage) -> None:
        """Show messages that were asked for."""
        for message in page.messages:
            self._me.say(_line(self._me, message))
        if page.damaged:
            self._me.note(f"{page.damaged} messages here are damaged and not shown")

    # -- showing in order

    def _ask_for(self, room: str) -> None:
        self._behind[room] = None
        self._wanted.set()

    def _show(self, message: RoomMessage, *, live: bool) -> None:
        self._shown[message.room] = message.position
        if not (live and message.notice in TOLD):
            self._me.say(_line(self._me, message))

    async def _catch_up(self, room: str) -> None:
        """Show what came behind the last that was shown; of much only the end."""
        after = self._shown.get(room)
        if after is None:
            self._behind.pop(room, None)
            return
        page, first = await self._end(room, after, CAUGHT_UP_MOST)
        if first > after + 1:
            self._me.note(f"much was said in #{room} (history {room}); the end of it:")
        self._behind.pop(room, None)
        for message in page.messages:
            if message.position > self._shown.get(room, 0):
                self._show(message, live=first == after + 1)
        self._shown[room] = max(page.last, self._shown.get(room, 0))
        self._read.setdefault(room, page.mark)
        self.seen(room, first, page.last)

    async def _end(self, room: str, after: int, most: int) -> tuple[RoomPage, int]:
        """The newest behind a position, and from which one on nothing is left out."""
        query: JsonObject = {"room": room, "after": after, "limit": most}
        page = people_answers.room_page(await self._me.call("room.history", query))
        if not page.more:
            return page, after + 1
        query = {"room": room, "limit": most}
        page = people_answers.room_page(await self._me.call("room.history", query))
        return page, min(page.positions, default=page.last + 1)

    async def _show_unread(self, room: RoomInfo) -> None:
        me = self._me
        mark = room.mark or 0
        page, first = await self._end(room.room, mark, FIRST_LINES)
        new = [
            one for one in page.messages if one.position > mark and not _own(me, one)
        ]
        cut = f", the end of it (history {room.room})" if first > mark + 1 else ""
        if new:
            me.note(f"unread in #{room.room}{cut}:")
            self.show_page(page._replace(messages=new))
        self._shown[room.room] = max(page.last, self._shown[room.room])
        self.seen(room.room, first, page.last)


def _own(me: Person, message: RoomMessage) -> bool:
    """Whether this only tells the person of themselves."""
    return message.notice is not None and message.about == me.user


async def joined(me: Person) -> list[RoomInfo]:
    """The rooms that the person is in."""
    return [room_info(row) for row in await me.run(all_rooms(joined=True))]


async def say(me: Person, typed: Invocation, rooms: RoomBook) -> None:
    """Say something in a room."""
    room, body = typed.text("room"), typed.text("text")
    post: JsonObject = {
        "room": room,
        "body": body,
        "client_id": new_client_id(),
    }
    result = await me.home.insist("room.post", post)
    rooms.heard(
        RoomMessage(
            room,
            answers.number(result, "position"),
            answers.identifier(result),
            me.user,
            body,
            answers.number(result, "sent_at"),
            None,
        )
    )


async def list_rooms(me: Person, _: Invocation, rooms: RoomBook) -> None:
    """List the rooms."""
    await rooms.tell_marks()
    found = [room_info(row) for row in await me.run(all_rooms(joined=False))]
    me.note("rooms; New is what you have not read, - where you are not a member:")
    me.show(ROOM_COLUMNS, [room_cells(room) for room in found])


async def create(me: Person, typed: Invocation, rooms: RoomBook) -> None:
    """Make a room."""
    room = typed.text("room")
    params: JsonObject = {"room": room, "topic": typed.text("topic")}
    result = await me.call("room.create", params)
    page = people_answers.room_page(answers.member(result, "history"))
    rooms.joined(room, page)
    me.note(f"#{room} is made, and you are in it")


async def join(me: Person, typed: Invocation, rooms: RoomBook) -> None:
    """Become a member."""
    room = typed.text("room")
    result = await me.call("room.join", {"room": room})
    page = people_answers.room_page(answers.member(result, "history"))
    info = room_info(answers.member(result, "room"))
    rooms.joined(room, page)
    topic = f": {info.topic}" if info.topic else ""
    me.note(f"you are in #{room}{topic} ({many(info.members, 'member')})")
    end = page.messages[-FIRST_LINES:]
    rooms.show_page(page._replace(messages=end))
    if end:
        whole = len(end) == len(page.messages) and not page.more
        rooms.seen(room, 1 if whole else end[0].position, page.last)


async def leave(me: Person, typed: Invocation, rooms: RoomBook) -> None:
    """Be a member no more."""
    room = typed.text("room")
    if not rooms.knows(room) and room_info(await me.run(find_room(room))).mark is None:
        me.note(f"you are not in #{room}")
        return
    await me.call("room.leave", {"room": room})
    rooms.left(room)
    me.note(f"you have left #{room}")


async def history(me: Person, typed: Invocation, rooms: RoomBook) -> None:
    """Show what was said."""
    room, before, mine = typed.text("room"), typed.number("n"), bool(typed.text("n"))
    query: JsonObject = {"room": room, "limit": HISTORY_ROWS, "mine": mine}
    if before is not None:
        query["before"] = before
    page = people_answers.room_page(await me.call("room.history", query))
    if not page.positions:
        when = " since you last wrote" if mine else " before that" if before else ""
        me.note(f"nothing was said in #{room}{when}")
        return
    first, last = page.positions[0], page.positions[-1]
    me.note(f"#{room}, messages {first} to {last} of {page.last}")
    rooms.show_page(page)
    rooms.seen(room, first if page.more or mine else 1, last)
    if page.more and mine:
        onward = min(last + HISTORY_ROWS, page.last) + 1
        me.note(f"history {room} {onward} shows what came next")
    elif page.more:
        me.note(f"history {room} {first} shows what was before")


async def topic(me: Person, typed: Invocation, _: RoomBook) -> None:
    """Show a topic, or set it; a message in the room tells everybody."""
    room = typed.text("room")
    if typed.args["text"] is not None:
        await me.call("room.topic", {"room": room, "topic": typed.text("text")})
        return
    info = room_info(await me.run(find_room(room)))
    me.note(f"the topic of #{room}: {info.topic}" if info.topic else _no_topic(room))


async def members(me: Person, typed: Invocation, _: RoomBook) -> None:
    """List the members of a room."""
    room = typed.text("room")
    names = await me.run(names_in(room))
    me.note(f"in #{room}: {', '.join(names)}")


def _no_topic(room: str) -> str:
    return f"#{room} has no topic"


def _line(me: Person, message: RoomMessage) -> str:
    time = me.time(message.sent_at)
    if message.notice is not None:
        return system(f"{time} #{message.room} {message.body}")
    return said(f"#{message.room}", message.sender, message.body, time)
