"""One person's session on the screen: the desks that know, the windows that show."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from nimsg.client.acts import Acts
from nimsg.client.events import Broadcast, Event, Invited, Presence, ShuttingDown, parse
from nimsg.client.people_answers import RoomMessage, RoomPage
from nimsg.client.roomwords import in_room
from nimsg.errors import NimsgError
from nimsg.protocol.constants import LOBBY, Box
from nimsg.protocol.envelope import ServerEvent
from nimsg.text import many
from nimsg.tui.composeview import ComposeView
from nimsg.tui.composing import Composing
from nimsg.tui.console import Console
from nimsg.tui.draftsview import DraftsView
from nimsg.tui.ground import Above, Ground
from nimsg.tui.keys import Context, KeyMap
from nimsg.tui.layout import members_cols
from nimsg.tui.letterdraft import Draft
from nimsg.tui.maildesk import MailDesk
from nimsg.tui.mailpane import MailPane
from nimsg.tui.mailview import MailView, View
from nimsg.tui.memberlist import Members
from nimsg.tui.messageview import MessageView
from nimsg.tui.peopledesk import PeopleDesk
from nimsg.tui.peopleview import PeopleView
from nimsg.tui.postdesk import PostDesk
from nimsg.tui.privatedesk import PrivateDesk
from nimsg.tui.roomdesk import RoomDesk
from nimsg.tui.talking import ConsoleTalk, PrivateTalk, RoomTalk
from nimsg.tui.talkview import Aside, Style, TalkTitle, TalkView
from nimsg.tui.windows import Kind, Window, Windows


class Desktop:
    """All that one login shows. `run` keeps it up; the rest is called by the app.

    `unsaid` are the lines for rooms that the server has not taken yet.
    """

    def __init__(self, ground: Ground, above: Above, port: int, keys: KeyMap) -> None:
        self.ground = ground
        self._style = Style(ground.glyphs, keys)
        self.windows = Windows()
        self._above = above
        self._views: dict[tuple[Kind, str], View] = {}
        self.unsaid: list[str] = []
        self.mail = MailDesk(ground, self.refresh)
        self.rooms = RoomDesk(ground, self._room_changed, self.open_room, self._page)
        self.post = PostDesk(ground, self.refresh, self.rooms.posted)
        self.console = Console(ground, above.show_text, above.columns, keys)
        me = self.console.person(self.console.note)
        me.ask = above.ask
        self.privates = PrivateDesk(me, ground.tasks, port, ground, self._link_changed)
        self._acts = Acts(me, self.rooms, self.privates)
        self.people = PeopleDesk(
            ground, self._retitle_rooms, self.write_to, self.ask_private
        )
        self.composing = Composing(
            ground, self.post, self.people.people, self, self.mail.boxes
        )
        panes = {
            box: MailPane(
                ground,
                window,
                self.post.outgoing if box is Box.OUTBOX else None,
                self.mail.fill,
            )
            for box, window in self.mail.boxes.items()
        }
        self.view = MailView(panes, MessageView(), ground.glyphs)

    # -- keeping up

    def run(self) -> None:
        """Show what there is, and keep it up until the session ends."""
        ground = self.ground
        for work in (
            self.mail.watch,
            self.mail.ping,
            self.post.save,
            self.post.send,
            self.rooms.keep_marks,
        ):
            ground.tasks.create_task(ground.persist(work))
        for learn in (self.rooms.enter, self.post.enter):
            ground.start(ground.persist(learn))
        self.people.load()

    def heard(self, said: ServerEvent) -> None:
        """Take what the server says unasked."""
        event = parse(said)
        if event is not None:
            self._happened(event)
            self.refresh()

    def returned(self) -> None:
        """The link is back: look for what was missed."""
        self.rooms.returned()
        self.privates.returned()
        self.people.load()
        self.post.returned()
        self.refresh()

    async def leave(self) -> None:
        """Say goodbye: save what is not saved, end links, log out."""
        lasts = (self.post.settle, self.mail.settle, self.rooms.tell_marks)
        for last in lasts if self.ground.home.is_up else ():
            # One that is refused keeps no other from being done.
            with suppress(NimsgError):
                await last()
        await self.privates.close()
        await self.ground.home.log_out()

    def touched(self) -> None:
        """The person has pressed a key."""
        self.composing.touched()
        if quarter_s := self.ground.home.welcome.timeout_s / 4:
            self.privates.touches.soon(quarter_s)

    @property
    def unsent(self) -> list[Draft]:
        """Drafts of which something is only here."""
        return _begun(self.post.drafts.unsaved)

    @property
    def undone(self) -> str:
        """What is left undone where the session ends now; empty for nothing."""
        drafts = self.post.drafts
        # While the link is up, what was typed just now is saved on the way out.
        stay = drafts.failing if self.ground.home.is_up else drafts.unsaved
        unsaved = [draft for draft in _begun(stay) if not draft.is_sending]
        counts = (
            (self.post.outgoing.waiting, "message", "queued"),
            (len(unsaved), "draft", "not saved"),
            (len(self.unsaid), "line", "not said"),
        )
        parts = [f"{many(count, one)} {how}" for count, one, how in counts if count]
        return " and ".join(parts)

    def refresh(self) -> None:
        """Draw what has changed."""
        for view in self._views.values():
            view.refresh()
        self.view.refresh()
        self.ground.redraw()

    def _happened(self, event: Event) -> None:
        ground = self.ground
        if isinstance(event, Presence):
            self.people.people.heard(event)
            self._retitle_rooms()
        if self.current.kind is Kind.ROOM:
            self.rooms.looks_on(self.current.name, event)
        if isinstance(event, Broadcast | Invited):
            ground.bell()
        if isinstance(event, ShuttingDown):
            left_s = event.left_s
            ends_at = None if left_s is None else ground.clock() + left_s * 1000
            if ground.status.ends_at is None and ends_at is not None:
                ground.bell()
            ground.status.ends_at = ends_at
        if isinstance(event, RoomMessage):
            self.rooms.heard(event)
            return
        self._acts.happened(event)
        self.news(Kind.CONSOLE)

    # -- windows

    @property
    def current(self) -> Window:
        """The window that is looked at."""
        return self.windows.current

    def show(self, window: Window) -> None:
        """Look at a window."""
        if window is not self.current:
            self._turn_away()
        self.windows.show(window)
        self.view.show(self._view(window))
        if window.kind is Kind.ROOM:
            self.rooms.look(window.name)
        if window.kind is Kind.PEOPLE:
            self.people.load()
        self.ground.redraw()

    def close(self, window: Window) -> None:
        """Close a window; what was typed in it is there when it is opened again."""
        if window is self.current:
            self._turn_away()
        stays = window.title == f"#{LOBBY}" and self.rooms.knows(LOBBY)
        self.windows.close(window, stays=stays)
        self.show(self.windows.current)

    def _turn_away(self) -> None:
        """The current window is left: its news are old, what comes now is new there."""
        view = self._views.get((self.current.kind, self.current.name))
        if isinstance(view, TalkView):
            view.leave()
        self.ground.status.note, self.ground.status.bad = "", False

    def open(self, kind: Kind, name: str = "") -> None:
        """Open a window and look at it."""
        self.show(self.windows.add(kind, name))

    def open_room(self, room: str) -> None:
        """Look at a room."""
        self.open(Kind.ROOM, room)

    def news(self, kind: Kind, name: str = "", count: int | None = None) -> None:
        """There is something new in a window; it is opened behind the others."""
        if kind is Kind.CONSOLE and self.windows.find(kind) is None:
            return
        window = self.windows.find(kind, name)
        if window is None and not count:
            return
        window = window or self.windows.add(kind, name)
        if window is self.current:
            window.unread = 0
        else:
            window.unread = window.unread + 1 if count is None else count

    def titles(self) -> list[tuple[str, int, bool]]:
        """The windows but the first: title, news, whether it is looked at."""
        return self.windows.titles(self.post.drafts.get, self.ground.glyphs.ellipsis)

    def _view(self, window: Window) -> View | None:
        """What a window shows; None for the mail."""
        if window.kind is Kind.MAIL:
            return None
        key = (window.kind, window.name)
        if key not in self._views:
            make: dict[Kind, Callable[[str], View]] = {
                Kind.COMPOSE: self._compose_view,
                Kind.ROOM: self._room_view,
                Kind.PRIVATE: self._private_view,
                Kind.DRAFTS: lambda _: DraftsView(self.composing),
                Kind.PEOPLE: lambda _: PeopleView(self.people, self.ground.glyphs),
                Kind.CONSOLE: self._console_view,
            }
            self._views[key] = make[window.kind](window.name)
        return self._views[key]

    def _room_view(self, room: str) -> View:
        talk = RoomTalk(self.ground, self.command, self.rooms, room, self.unsaid)
        aside = Aside(self.ground.user, self._members_cols)
        style = self._style._replace(aside=aside)
        view = TalkView(talk, self.rooms.logs[room], TalkTitle(room), style=style)
        view.set_title(*self._room_title(room))
        talk.put_back = view.put_back
        return view

    def _members_cols(self, cols: int) -> int:
        return members_cols(cols, together=self.view.together)

    def _private_view(self, user: str) -> View:
        talk = PrivateTalk(self.ground, self.command, self.privates, user)
        title = TalkTitle(f"private with {user}", "kept nowhere")
        log = self.privates.log(user)
        view = TalkView(talk, log, title, style=self._style)
        talk.put_back = view.put_back
        return view

    def _console_view(self, _: str) -> View:
        talk = ConsoleTalk(self.ground, self.command)
        title = TalkTitle("console", "what was said and done so far")
        return TalkView(
            talk,
            self.console.log,
            title,
            context=Context.CONSOLE,
            style=self._style,
        )

    def _room_title(self, room: str) -> tuple[TalkTitle, Members | None]:
        info = self.rooms.infos.get(room)
        members = self.rooms.roster(room, self.people.people)
        here = members.told if members else ""
        return TalkTitle(f"#{room}", here, info.topic if info else ""), members

    def _retitle_rooms(self) -> None:
        """Who is in the rooms, or is there, is not what it was."""
        for (kind, name), view in self._views.items():
            if kind is Kind.ROOM and isinstance(view, TalkView):
                view.set_title(*self._room_title(name))
        self.refresh()

    def _room_changed(self, room: str) -> None:
        if not self.rooms.knows(room):
            self._views.pop((Kind.ROOM, room), None)
            if (window := self.windows.find(Kind.ROOM, room)) is not None:
                self.close(window)
            return
        if room == LOBBY:
            self.windows.add(Kind.ROOM, room)
        self.news(Kind.ROOM, room, self.rooms.unseen(room))
        self._retitle_rooms()

    def _link_changed(self, user: str) -> None:
        current = self.current
        is_new = self.windows.find(Kind.PRIVATE, user) is None
        if is_new and current.kind is Kind.PEOPLE:
            self.open(Kind.PRIVATE, user)  # it was asked for there
        elif current.kind is not Kind.PRIVATE or current.name != user:
            self.windows.add(Kind.PRIVATE, user).unread += 1
            self.ground.bell()
        self.refresh()

    def _page(self, page: RoomPage) -> None:
        """A page that a command asked for is in the room's own window."""
        if page.messages and self.rooms.knows(room := page.messages[-1].room):
            self.open_room(room)

    def confirm(self, question: str, act: Callable[[], None]) -> None:
        """Do something once y was pressed."""
        self._above.question(
            question, {"y": "yes", "n": "no"}, lambda key: act() if key == "y" else None
        )

    def command(self, line: str) -> bool:
        """Do a command that was typed; False where it cannot be done.

        What needs a room and names none is about the one that is looked at.
        """
        if self.current.kind is Kind.ROOM:
            line = in_room(line, self.current.name, self.rooms.knows)
        return self.console.do(line, self.rooms, self.privates)

    # -- drafts

    def ask_private(self, name: str) -> None:
        """Ask somebody for a private link; to one there is, go."""
        if self.privates.has(name):
            self.open(Kind.PRIVATE, name)
        else:
            self.privates.start(name)

    def write_to(self, name: str) -> None:
        """Begin a message to somebody."""
        self.open_draft(self.post.new(name))

    def open_draft(self, draft: Draft) -> None:
        """Write on a draft; one that waits to be sent is taken back."""
        tried = False
        if draft.is_sending:
            queued = self.post.outgoing.get(draft.client_id)
            if self.post.take_back(draft.client_id) is None:
                self.ground.say("that message is on its way and cannot be changed")
                return
            tried = queued is not None and queued.tried
        self.post.drafts.add(draft)
        self.open(Kind.COMPOSE, draft.client_id)
        if tried:
            self.ground.say("the server may have this already: look in the outbox")

    def close_draft(self, draft: Draft) -> None:
        """Close the window of a draft."""
        self._views.pop((Kind.COMPOSE, draft.client_id), None)
        window = self.windows.find(Kind.COMPOSE, draft.client_id)
        if window is not None:
            self.close(window)

    def discard(self, draft: Draft) -> None:
        """Throw a draft away, after a question where it is being written."""
        if self.windows.find(Kind.COMPOSE, draft.client_id) is None:
            self._discard(draft)
            return
        self.confirm("Throw this draft away?", lambda: self._discard(draft))

    def edit_outside(self, draft: Draft) -> None:
        """Write in another editor; what is here is saved before."""
        self.post.save_now()

        def taken(text: str) -> None:
            draft.edit(self.ground.clock(), body=text)
            self.post.edited()
            view = self._views.get((Kind.COMPOSE, draft.client_id))
            if view is not None:
                view.refresh()

        self._above.edit(draft.body, taken)

    def _discard(self, draft: Draft) -> None:
        self.close_draft(draft)
        self.post.discard(draft)

    def _compose_view(self, client_id: str) -> View:
        draft = self.post.drafts.get(client_id)
        if draft is None:
            draft = self.post.new()
        return ComposeView(self.composing, draft)


def _begun(drafts: Iterable[Draft]) -> list[Draft]:
    """Those that hold, or held, something."""
    return [draft for draft in drafts if not draft.is_untouched]
