"""The commands that the screen does itself, by showing something."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from nimsg.client.answers import InboxRow
from nimsg.client.people_answers import RoomInfo, room_info
from nimsg.client.queries import resolve, rooms as all_rooms
from nimsg.client.query import run_async
from nimsg.client.registry import Invocation, Kind as ArgumentKind
from nimsg.errors import Refusal
from nimsg.protocol.constants import Box
from nimsg.text import clean_line, many
from nimsg.tui.console import Screened
from nimsg.tui.desktop import Desktop
from nimsg.tui.mailacts import MailActs
from nimsg.tui.spans import Line
from nimsg.tui.windows import Kind


class Chooser(Protocol):
    """What has one of a list chosen."""

    def choose(
        self, title: str, items: Sequence[Line], chosen: Callable[[int], None]
    ) -> None:
        """Have one of a list chosen: its place in it."""
        ...


class Commands:
    """What is shown on `desktop` when it is asked for by its name."""

    def __init__(self, desktop: Desktop, acts: MailActs, chooser: Chooser) -> None:
        self._desktop = desktop
        self._acts = acts
        self._chooser = chooser

    def screened(self, leave: Callable[[], None]) -> Screened:
        """The commands by their names; `leave` ends the session."""
        return {
            "inbox": lambda _: self.to_box(Box.INBOX),
            "outbox": lambda _: self.to_box(Box.OUTBOX),
            "open": self._open,
            "rooms": lambda _: self.rooms(),
            "history": lambda typed: self._to_room(typed.text("room")),
            "logout": lambda _: leave(),
        }

    def known(self, kind: ArgumentKind) -> Iterable[str]:
        """The names and rooms that are known, for completion."""
        desktop = self._desktop
        if kind == "name":
            return desktop.composing.names()
        return sorted(desktop.rooms.logs) if kind == "room" else []

    def to_box(self, box: Box) -> None:
        """Look at a box."""
        self._desktop.show(self._desktop.windows.all[0])
        self._desktop.view.go(box)

    def to_mail(self, id_: str) -> None:
        """Look at a message, which opens it."""
        self._desktop.ground.start(self._to_mail(id_))

    def rooms(self) -> None:
        """Show all rooms, to look into one or to join it."""
        self._desktop.ground.start(self._rooms())

    def _to_room(self, room: str) -> None:
        if not self._desktop.rooms.knows(room):
            raise Refusal("not_member", f"you are not in #{room}: join {room}")
        current = self._desktop.current
        if (current.kind, current.name) == (Kind.ROOM, room):
            self._desktop.view.act("page-up")
        else:
            self._desktop.open_room(room)

    def _open(self, typed: Invocation) -> None:
        if reference := typed.text("message"):
            self._desktop.ground.start(self._refer(reference))
        else:
            self._acts.act("next-unread")

    async def _refer(self, reference: str) -> None:
        id_ = await run_async(resolve(reference), self._desktop.ground.call)
        await self._to_mail(id_)

    async def _to_mail(self, id_: str) -> None:
        row = await self._desktop.mail.find(id_)
        self.to_box(Box.INBOX if isinstance(row, InboxRow) else Box.OUTBOX)
        pane = self._desktop.view.pane
        pane.window.unfilter()
        pane.to(row.position)
        self._acts.open(row)

    async def _rooms(self) -> None:
        desktop = self._desktop
        rows = await run_async(all_rooms(joined=False), desktop.ground.call)
        desktop.rooms.learned(map(room_info, rows))
        infos = [self._counted(room_info(row)) for row in rows]
        infos.sort(key=lambda info: (not desktop.rooms.knows(info.room), info.room))
        items = [room_line(one, joined=desktop.rooms.knows(one.room)) for one in infos]

        def chosen(at: int) -> None:
            room = infos[at].room
            if desktop.rooms.knows(room):
                desktop.open_room(room)
            else:
                desktop.command(f"join {room}")

        self._chooser.choose("Rooms (:create ROOM makes one)", items, chosen)

    def _counted(self, info: RoomInfo) -> RoomInfo:
        """What is new in a room, as the header counts it."""
        rooms = self._desktop.rooms
        unread = rooms.unseen(info.room) if rooms.knows(info.room) else info.unread
        return info._replace(unread=unread)


def room_line(info: RoomInfo, *, joined: bool) -> Line:
    """A room to choose: its name, what is new, who is in it and what it is about."""
    unread = f"  {info.unread} new" if info.unread else ""
    topic = f"  {clean_line(info.topic)}" if info.topic else ""
    about = f"  {many(info.members, 'member')}{topic}"
    return [
        ("name", f"#{clean_line(info.room)}"),
        ("new", unread),
        ("dim", about if joined else f"{about}  (Enter joins)"),
    ]
