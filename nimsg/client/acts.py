"""What each command of a session does: one table, shared by line mode and screen."""

from collections.abc import Awaitable, Callable

from nimsg.client import acts_mail, acts_people, acts_rooms
from nimsg.client.acts_news import News
from nimsg.client.acts_person import Person
from nimsg.client.acts_private import Privates
from nimsg.client.acts_rooms import RoomBook
from nimsg.client.events import (
    Broadcast,
    Event,
    Invited,
    LinkEnded,
    Presence,
    ShuttingDown,
)
from nimsg.client.lines import said
from nimsg.client.people_answers import LoginRow, RoomMessage
from nimsg.client.registry import Invocation, help_lines, parse
from nimsg.errors import NimsgError, ProtocolFault, Refusal, UsageError
from nimsg.text import many


DONE = "logout"  # the command that ends a session


class Acts:
    """Does what a person asks for, and tells them what happens.

    `me`, `rooms` and `privates` are what its commands work with.
    """

    def __init__(self, me: Person, rooms: RoomBook, privates: Privates) -> None:
        self.me = me
        self.rooms = rooms
        self.privates = privates

    async def greet(self, news: News) -> None:
        """What a person is told first: themselves, the others, #lobby, new mail."""
        me = self.me
        welcome = me.home.welcome
        me.note(f"welcome, {welcome.user}; help lists the commands")
        if welcome.last_login is not None:
            me.note(_last_login(me, welcome.last_login, welcome.failures))
        await acts_people.whoelse(me, Invocation("whoelse", {}))
        await self.rooms.enter()
        await news.enter()

    async def perform(self, line: str) -> bool:
        """Do what a line asks for; whether the session goes on.

        What is refused is said. Raises `ProtocolFault` for a server that breaks the
        protocol.
        """
        home = self.me.home
        home.acted = False
        try:
            typed = parse(line)
            if typed is None:
                return True
            if typed.command == DONE:
                return False
            await ACTS[typed.command](self, typed)
            # What only asks is no sign of a person to the server; typing it is.
            if not home.acted:
                self.privates.touches.now()
        except ProtocolFault as fault:
            if fault.fatal:
                raise
            self.me.note(str(fault))
        except NimsgError as error:
            self.me.note(_why(error))
        return True

    def happened(self, event: Event) -> None:
        """Tell of something that the server says unasked."""
        match event:
            case Presence():
                self._presence(event)
            case Broadcast():
                time = self.me.time(event.at)
                self.me.say(said("to all", event.sender, event.body, time))
            case RoomMessage():
                self.rooms.heard(event)
            case Invited():
                self.privates.invited(event)
            case LinkEnded():
                self.privates.ended(event)
            case ShuttingDown():
                self._shutting_down(event)

    def _presence(self, event: Presence) -> None:
        how = "logged in"
        if event.reason is not None:
            how = acts_people.WENT[event.reason]
        self.me.note(f"{self.me.time(event.at)} {event.user} {how}")

    def _shutting_down(self, event: ShuttingDown) -> None:
        left_s = event.left_s
        time = self.me.time(event.at)
        if left_s is None:
            self.me.note(f"{time} the shutdown is canceled")
        else:
            self.me.note(f"{time} the server shuts down in {left_s} s")


Act = Callable[[Acts, Invocation], Awaitable[None]]


# -- commands that need more than the person


async def _help(acts: Acts, typed: Invocation) -> None:
    command = typed.args["command"]
    topic = command if isinstance(command, str) else None
    acts.me.say_all(help_lines(topic))


async def _start_private(acts: Acts, typed: Invocation) -> None:
    user = _other(acts, typed)
    acts.me.home.acted = True
    acts.privates.start(user)


async def _private(acts: Acts, typed: Invocation) -> None:
    user = _other(acts, typed)
    acts.me.home.acted = True  # it tells the server itself, now and then
    await acts.privates.send(user, typed.text("text"))


async def _stop_private(acts: Acts, typed: Invocation) -> None:
    await acts.privates.stop(typed.text("user"))


def _other(acts: Acts, typed: Invocation) -> str:
    """Whom a private link is to be with."""
    user = typed.text("user")
    if user == acts.me.user:
        raise UsageError("a private link needs somebody else")
    return user


def _plain(act: Callable[[Person, Invocation], Awaitable[None]]) -> Act:
    return lambda acts, typed: act(acts.me, typed)


def _in_rooms(act: Callable[[Person, Invocation, RoomBook], Awaitable[None]]) -> Act:
    return lambda acts, typed: act(acts.me, typed, acts.rooms)


ACTS: dict[str, Act] = {
    "message": _plain(acts_mail.message),
    "broadcast": _plain(acts_people.broadcast),
    "startprivate": _start_private,
    "private": _private,
    "stopprivate": _stop_private,
    "whoelse": _plain(acts_people.whoelse),
    "whoelsesince": _plain(acts_people.whoelsesince),
    "seen": _plain(acts_people.seen),
    "block": _plain(acts_people.block),
    "unblock": _plain(acts_people.unblock),
    "blocks": _plain(acts_people.blocks),
    "inbox": _plain(acts_mail.inbox),
    "outbox": _plain(acts_mail.outbox),
    "open": _plain(acts_mail.open_),
    "reply": _plain(acts_mail.reply),
    "ack": _plain(acts_mail.ack),
    "status": _plain(acts_mail.status),
    "recall": _plain(acts_mail.recall),
    "delete": _plain(acts_mail.delete),
    "search": _plain(acts_mail.search),
    "thread": _plain(acts_mail.thread),
    "rooms": _in_rooms(acts_rooms.list_rooms),
    "create": _in_rooms(acts_rooms.create),
    "join": _in_rooms(acts_rooms.join),
    "leave": _in_rooms(acts_rooms.leave),
    "say": _in_rooms(acts_rooms.say),
    "history": _in_rooms(acts_rooms.history),
    "topic": _in_rooms(acts_rooms.topic),
    "members": _in_rooms(acts_rooms.members),
    "logins": _plain(acts_people.logins),
    "shutdown": _plain(acts_people.shutdown),
    "help": _help,
}


def _why(error: NimsgError) -> str:
    """What was refused, and whom or which room it is about."""
    data = error.data if isinstance(error, Refusal) else {}
    user, room = data.get("user"), data.get("room")
    if isinstance(user, str):
        return f"{user}: {error}"
    return f"#{room}: {error}" if isinstance(room, str) else str(error)


def _last_login(me: Person, last: LoginRow, failures: int) -> str:
    tries = many(failures, "failed try", "failed tries")
    since = f"; {tries} since" if failures else ""
    return f"Last login: {me.time(last.at)} from {last.address}{since}"
