"""The rooms of a person as the screen has them: logs, gaps, marks, who is there."""

import asyncio
from bisect import insort
from collections.abc import Callable, Iterable

from nimsg.client import answers, people_answers
from nimsg.client.events import Event, Presence
from nimsg.client.mailwords import new_client_id
from nimsg.client.people_answers import RoomInfo, RoomMessage, RoomPage, room_info
from nimsg.client.queries import members as names_in, rooms as all_rooms
from nimsg.client.query import run_async
from nimsg.errors import NimsgError, Refusal, Unreachable
from nimsg.protocol.constants import LOBBY
from nimsg.protocol.strict import JsonObject
from nimsg.tui.ground import Ground, passes
from nimsg.tui.memberlist import Members
from nimsg.tui.people import PeopleModel
from nimsg.tui.talklog import Entry, Kind, TalkLog


PAGE_ROWS = 50
MARK_S = 1.0
AGAIN_MS = 30_000  # who is in a room is asked for no sooner again
WIDE_GAP = 500  # messages missed; above it only the end is fetched


class RoomDesk:
    """The rooms the person is in. `enter` and `keep_marks` are tasks.

    `changed` is told which room has changed, `come` that one is to be looked at.
    """

    def __init__(
        self,
        ground: Ground,
        changed: Callable[[str], None],
        come: Callable[[str], None],
        show_page: Callable[[RoomPage], None],
    ) -> None:
        self.logs: dict[str, TalkLog] = {}
        self.infos: dict[str, RoomInfo] = {}
        self.members: dict[str, list[str]] = {}
        self.show_page = show_page
        self._ground = ground
        self._changed = changed
        self._come = come
        self._looked: dict[str, int] = {}
        self._read: dict[str, int] = {}
        self._marks: dict[str, int] = {}
        self._marked = asyncio.Event()

    # -- what the server says

    async def enter(self) -> None:
        """Learn the rooms and the newest page of each, again after a loss."""
        home = self._ground.home
        rows = await run_async(all_rooms(joined=True), home.insist)
        infos = [room_info(row) for row in rows]
        for gone in set(self.logs) - {info.room for info in infos}:
            self.left(gone)
        for info in infos:
            if info.room not in self.logs:
                self.logs[info.room] = TalkLog()
                self.logs[info.room].read_to(info.mark or 0)
        self.learned(infos)
        for info in infos:
            await self._newest(info.room)
        for info in infos:
            if info.room in self._looked:
                await self._learn_members(info.room)

    def learned(self, infos: Iterable[RoomInfo]) -> None:
        """What the server says of rooms: what was read elsewhere is read here, too."""
        for info in infos:
            log = self.logs.get(info.room)
            if log is None or info.mark is None:
                continue
            self.infos[info.room] = info
            if info.mark > self._read.get(info.room, 0):
                self._read[info.room] = info.mark
                log.read_to(info.mark)
                self._changed(info.room)

    def heard(self, message: RoomMessage) -> None:
        """The server told of a message."""
        log = self.logs.get(message.room)
        if log is None:
            self._come_in()
            return
        log.add(self._entry(message))
        self._is_in(message.sender, message.room)
        if log.missing() is not None:
            self._ground.start(self._mend(message.room), f"gap {message.room}")
        self._changed(message.room)

    def posted(self, room: str, result: JsonObject, body: str) -> None:
        """The person's own message stands in a room: the answer of `room.post`."""
        message = RoomMessage(
            room,
            answers.number(result, "position"),
            answers.identifier(result),
            self._ground.user,
            body,
            answers.number(result, "sent_at"),
            None,
        )
        self.heard(message)

    def joined(self, room: str, page: RoomPage) -> None:
        """The person has come in."""
        log = self.logs.setdefault(room, TalkLog())
        self._put(log, page, page.last)
        self._read[room] = max(page.mark, self._read.get(room, 0))
        self._ground.start(self._learn(room), f"room {room}")
        self._come(room)

    def knows(self, room: str) -> bool:
        """Whether the person is known to be in a room."""
        return room in self.logs

    def left(self, room: str) -> None:
        """The person has gone out."""
        for known in (self.logs, self.infos, self.members, self._read, self._marks):
            known.pop(room, None)
        self._looked.pop(room, None)
        self._changed(room)

    def unseen(self, room: str) -> int:
        """How many messages of others were not seen: the one count of them.

        Of what is not here yet, the server has counted also who came and went.
        """
        log, info = self.logs.get(room), self.infos.get(room)
        if log is None:
            return 0
        reaches = log.older is None or log.older <= self._read.get(room, 0) + 1
        counted = 0 if reaches or info is None else info.unread or 0
        return max(log.unseen, counted)

    def roster(self, room: str, people: PeopleModel) -> Members | None:
        """Who is in a room; None where that is not known yet."""
        names = self.members.get(room)
        if names is None:
            return None
        online = people.online | {self._ground.user}
        return Members(names, online & set(names) if people.loaded else None)

    # -- what the person does

    async def post(self, room: str, body: str) -> None:
        """Say something. Raises the refusal; a lost link is waited for."""
        post: JsonObject = {"room": room, "body": body, "client_id": new_client_id()}
        self.posted(room, await self._ground.home.insist("room.post", post), body)

    def older(self, room: str) -> None:
        """Ask for the page before the first message that is here."""
        self._ground.start(self._older(room), f"older {room}")

    def look(self, room: str) -> None:
        """The person looks at a room: learn who is in it."""
        self._looked[room] = self._ground.clock()
        self._ground.start(self._learn(room), f"room {room}")

    def looks_on(self, room: str, event: Event) -> None:
        """Something has happened around the room that the person looks at.

        Nobody tells who joins and who leaves, so it is asked for now and then. Who is
        new at all is in #lobby at once.
        """
        is_new = False
        if room == LOBBY and isinstance(event, Presence) and event.reason is None:
            is_new = event.user not in self.members.get(room, [event.user])
        if is_new or self._ground.clock() - self._looked.get(room, 0) >= AGAIN_MS:
            self.look(room)

    def seen(self, room: str, first: int, last: int) -> None:
        """Messages were on the screen, all from one position to another."""
        if first <= self._read.get(room, 0) + 1 or first <= last:
            self.seen_to(room, last)

    def seen_to(self, room: str, position: int) -> None:
        """All up to a position was on the screen."""
        if position > self._read.get(room, 0):
            self._read[room] = self._marks[room] = position
            self._marked.set()

    async def keep_marks(self) -> None:
        """Tell the server what was seen, a moment later and for ever."""
        while True:
            await self._marked.wait()
            await asyncio.sleep(MARK_S)
            self._marked.clear()
            try:
                await self.tell_marks()
            except NimsgError:
                self._marked.set()
                raise

    async def tell_marks(self) -> None:
        """Tell the server now; what does not arrive is told when the link is back.

        Raises a refusal that passes: what is left is to be told again.
        """
        for room, position in list(self._marks.items()):
            params: JsonObject = {"room": room, "position": position}
            try:
                await self._ground.call("room.mark", params)
            except Unreachable:
                return
            except Refusal as refusal:
                if passes(refusal):
                    raise
            if self._marks.get(room) == position:
                del self._marks[room]

    def returned(self) -> None:
        """The link is back."""
        self._come_in()
        self._marked.set()

    def _come_in(self) -> None:
        self._ground.start(self._ground.persist(self.enter), "rooms")

    # -- pages

    async def _newest(self, room: str) -> None:
        log = self.logs[room]
        query: JsonObject = {"room": room, "limit": PAGE_ROWS}
        page = people_answers.room_page(
            await self._ground.home.insist("room.history", query)
        )
        self._put(log, page, page.last)
        if log.missing() is not None:
            self._ground.start(self._mend(room), f"gap {room}")
        self._changed(room)

    async def _older(self, room: str) -> None:
        log = self.logs.get(room)
        before = log.older if log else None
        if log is None or before is None:
            return
        query: JsonObject = {"room": room, "before": before, "limit": PAGE_ROWS}
        page = people_answers.room_page(await self._ground.call("room.history", query))
        self._put(log, page, before - 1)
        self._changed(room)

    async def _mend(self, room: str) -> None:
        """Ask for what is missing between two messages."""
        while (log := self.logs.get(room)) and (gap := log.missing()):
            if gap.before - gap.after > WIDE_GAP:
                log.forget(gap.before)
                break
            query: JsonObject = {
                "room": room,
                "after": gap.after,
                "limit": PAGE_ROWS,
            }
            page = people_answers.room_page(
                await self._ground.home.insist("room.history", query)
            )
            last = max(page.positions, default=gap.after)
            last = last if page.more and last > gap.after else gap.before - 1
            entries = [self._entry(one) for one in page.messages]
            log.add_page(entries, gap.after + 1, last)
        self._changed(room)

    async def _learn(self, room: str) -> None:
        """Learn topic and members of a room."""
        call = self._ground.call
        rows = await run_async(all_rooms(joined=True), call)
        self.learned(map(room_info, rows))
        await self._learn_members(room)

    async def _learn_members(self, room: str) -> None:
        try:
            names = await run_async(names_in(room), self._ground.call)
        except Refusal as refusal:
            if refusal.kind not in {"not_member", "unknown_room"}:
                raise
        else:
            self.members[room] = names
        self._changed(room)

    def _is_in(self, name: str, room: str) -> None:
        """Somebody speaks in a room, so they are in it."""
        names = self.members.get(room)
        if name and names is not None and name not in names:
            insort(names, name)

    def _put(self, log: TalkLog, page: RoomPage, last: int) -> None:
        """Take a page that goes up to a position, and down as far as it says."""
        entries = [self._entry(one) for one in page.messages]
        # A page may hold nothing that may be seen, and there may still be more.
        first = min(page.positions, default=last + 1) if page.more else 1
        log.add_page(entries, first, last, complete=not page.more)

    def _entry(self, message: RoomMessage) -> Entry:
        kind = Kind.OWN if message.sender == self._ground.user else Kind.SAID
        if message.notice is not None:
            kind = Kind.NOTICE
        return Entry(
            message.position, message.sent_at, message.sender, message.body, kind
        )
