"""Who may call what, upon what: the table, and the house that it is tried in."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from nimsg.errors import Data
from nimsg.protocol.results import Invited
from nimsg.protocol.results_people import PrivateInvited
from nimsg.server.app import Server
from tests.support.aioclient import PASSWORD, AioClient, connected, connected_locally
from tests.support.guests import Guest, guest
from tests.support.office import office
from tests.support.requests_table import ID, MINIMAL, ORIGIN


class Row(NamedTuple):
    """What a method comes to for each role, upon what it names.

    anonymous, local    nobody yet, by TCP and by var/admin.sock
    void                like `local`, and what is named is not there
    user, headless      upon what is their own: sent, made or asked by them, or they
    member              a recipient, a member of the room, who was invited
    blocked             the same, blocked since by the one who is named
    left                has deleted the message, has left the room
    other, chief        upon what is none of theirs; the chief is an admin
    missing             upon what is not there
    """

    anonymous: str
    local: str
    void: str
    user: str
    headless: str
    member: str
    blocked: str
    left: str
    other: str
    chief: str
    missing: str


ROLES = Row._fields
NOBODIES = ROLES[:3]
PEOPLE = ROLES[3:]
OWNERS = ("user", "headless")
DONE, NEVER = "done", "not_permitted"


def _anybody(kind: str = DONE) -> Row:
    """For those who are nobody yet."""
    return Row(kind, kind, kind, *["already_logged_in"] * len(PEOPLE))


def _users(kind: str = DONE, **but: str) -> Row:
    """For those who are logged in."""
    row = Row(*["login_required"] * len(NOBODIES), *[kind] * len(PEOPLE))
    return row._replace(**but)


def _sitting(kind: str = DONE, **but: str) -> Row:
    """For those who sit at their client."""
    return _users(kind, **{"headless": "interactive_only", **but})


def _admins() -> Row:
    return _users(NEVER, local=DONE, void=DONE, chief=DONE)


def _locals(kind: str = DONE, void: str = DONE) -> Row:
    """For who owns the machine."""
    return Row(NEVER, kind, void, *[NEVER] * len(PEOPLE))


def _strangers(kind: str, missing: str = "") -> dict[str, str]:
    """The same for all who have no part in what is named."""
    return dict.fromkeys(("left", "other", "chief"), kind) | {
        "missing": missing or kind
    }


_NOT_MINE = _strangers("not_found")
_NOT_IN = _strangers("not_member", "unknown_room")
_NOT_MY_LINK = _strangers("no_private", "unknown_user")
_ABOUT_SELF = {"user": "self_target", "headless": "self_target"}
_SENT = {"user": "not_recipient", "headless": "not_recipient"}
_RECEIVED = dict.fromkeys(("member", "blocked", "left"), "not_sender")
_MADE_BY_OTHERS = dict.fromkeys(("member", "blocked"), NEVER)

# Done, but for who is named with what it comes to for them.
TABLE: dict[str, Row] = {
    "auth.begin": _anybody(),
    "auth.login": _anybody(),
    "auth.nick": _anybody(NEVER),
    "auth.resume": _anybody("bad_resume"),
    "auth.token": _anybody("bad_token"),
    "auth.register": _anybody(),
    "auth.logout": _users(),
    "auth.passwd": _users(),
    "auth.logins": _users(),
    "session.touch": _sitting(),
    "session.ping": _users(),
    "mail.send": _users(
        user="self_recipient",
        headless="self_recipient",
        blocked="all_refused",
        missing="all_refused",
    ),
    "mail.list": _users(),
    "mail.changes": _users(),
    "mail.open": _users(**_NOT_MINE),
    "mail.ack": _users(**_NOT_MINE, **_SENT),
    "mail.status": _users(**_NOT_MINE),
    "mail.recall": _users(**{**_NOT_MINE, **_RECEIVED}),
    "mail.delete": _users(**_NOT_MINE),
    "mail.search": _users(**_NOT_IN),
    "mail.thread": _users(**_NOT_MINE),
    "mail.import": _users(),
    "draft.save": _users(),
    "draft.list": _users(),
    "draft.delete": _users(),
    "presence.list": _users(),
    "presence.since": _users(),
    "presence.seen": _users(missing="unknown_user"),
    "block.add": _users(**_ABOUT_SELF, missing="unknown_user"),
    "block.remove": _users(
        "not_blocked", **_ABOUT_SELF, member=DONE, missing="unknown_user"
    ),
    "block.list": _users(),
    "broadcast.send": _users(),
    "room.create": _users("room_exists", missing=DONE),
    "room.join": _users(
        "already_member", left=DONE, other=DONE, chief=DONE, missing="unknown_room"
    ),
    "room.leave": _users(**_NOT_IN),
    "room.list": _users(),
    "room.members": _users(**_NOT_IN),
    "room.topic": _users(**{**_NOT_IN, **_MADE_BY_OTHERS, "chief": DONE}),
    "room.post": _users(**_NOT_IN),
    "room.history": _users(**_NOT_IN),
    "room.mark": _users(**_NOT_IN),
    "private.invite": _sitting(
        user="self_target", blocked="blocked_by_recipient", missing="unknown_user"
    ),
    "private.answer": _sitting(user="no_private", **_strangers("no_private")),
    "private.stop": _sitting(user="self_target", **_NOT_MY_LINK),
    "server.shutdown": _admins(),
    "server.cancel": _admins(),
    "server.stats": _locals(),
    "token.create": _users(),
    "token.list": _users(),
    "token.revoke": _users("unknown_token", user=DONE, headless=DONE),
    "users.add": _locals("name_taken"),
    "users.list": _locals(),
    "users.import": _locals(void="unknown_user"),
    "users.mail": _locals(void="unknown_user"),
    "users.passwd": _locals(void="unknown_user"),
    "users.role": _locals(void="unknown_user"),
    "users.unlock": _locals(void="unknown_user"),
    "users.sessions": _locals(),
    "users.kick": _locals(void="unknown_user"),
    "users.remove": _locals(void="unknown_user"),
    "users.invite": _locals(),
    "users.invitations": _locals(),
    "users.uninvite": _locals(void="unknown_invitation"),
}


class Things(NamedTuple):
    """What a role names in its calls."""

    user: str
    message: str
    room: str
    token: str
    invitation: str


NOTHING = Things("nobody", ID, "nowhere", "no-token", ID)
House = Mapping[str, Things]


async def furnish(var: Path) -> House:
    """Make everybody, and for each role things of its own to try.

    `friend` has made what is not a role's own, `foe` is blocked by the member.
    """
    async with office(var.parent) as server, AsyncExitStack() as stack:
        friend, foe, victim = [
            await stack.enter_async_context(guest(server, name))
            for name in ("friend", "foe", "victim")
        ]
        del foe, victim
        token = (await friend.make_token()).id
        async with connected_locally(var) as local:
            made = msgspec.convert(await local.call("users.invite"), Invited)
        mine = Things("friend", ID, "hers", token, made.id)
        await friend.create(mine.room)
        house = dict.fromkeys(NOBODIES, mine._replace(user="victim"))
        for role in PEOPLE:
            async with guest(server, role) as one:
                house[role] = await _things(role, one, friend, mine)
        async with connected_locally(var) as local:
            await local.call("users.role", user="chief", role="admin")
        await friend.block("blocked")
    return house | {"void": NOTHING, "missing": NOTHING}


async def _things(role: str, one: Guest, friend: Guest, hers: Things) -> Things:
    room = f"of-{role}"
    if role in OWNERS:
        sent = await one.send("friend")
        await one.create(room)
        token = (await one.make_token()).id
        return Things(role, sent.id, room, token, ID)
    sent = await friend.send("foe" if role in ("other", "chief") else role)
    await friend.create(room)
    if role in ("member", "blocked", "left"):
        await one.join(room)
    if role == "left":
        await one.leave(room)
        await one.delete(sent.id)
    if role == "member":
        await one.block("foe")
    return hers._replace(message=sent.id, room=room)


def _params(method: str, role: str, things: Things) -> Data:
    """What a role asks: the fewest parameters, with its things in place."""
    asked: dict[str, Data] = {
        "auth.begin": {"user": "friend"},
        "auth.login": {"user": "friend", "password": PASSWORD},
        "auth.register": {"user": f"new-{role}", "password": PASSWORD},
        "auth.passwd": {"old": PASSWORD, "new": "another " + PASSWORD},
        "mail.send": {"to": [things.user], "client_id": "1", "body": "hello"},
        "mail.open": {"id": things.message},
        "mail.search": {"room": things.room},
        "mail.import": {"client_id": "1", "origin": ORIGIN, "body": "hello"},
        "token.revoke": {"id": things.token},
        "users.uninvite": {"id": things.invitation},
        "users.import": {"user": things.user, "to": [things.user], "body": "hello"},
    }
    least = MINIMAL[method]
    named = {
        "id": things.message,
        "user": things.user,
        "room": things.room,
        "invitation": things.invitation,
    }
    if method == "block.remove" and things.user == "friend":
        named["user"] = "foe"
    put = {key: value for key, value in named.items() if key in least}
    return {**least, **put, **asked.get(method, {})}


class Trial(NamedTuple):
    """A live server with `friend` and `foe` at their clients, on a house's copy."""

    server: Server
    house: House
    friend: Guest
    foe: Guest

    async def comes_to(self, method: str, role: str) -> str:
        """What a method comes to for a role: `done` or the kind of the refusal."""
        async with self._as(role) as client:
            things = await self._prepare(method, role, client)
            call = client.start(method, dict(_params(method, role, things)))
            if method == "private.invite" and TABLE[method][ROLES.index(role)] == DONE:
                asked = await self.friend.hears(PrivateInvited)
                await self.friend.accept(asked.invitation)
            answer = await call
        return answer.refusal.kind if answer.refusal else DONE

    @asynccontextmanager
    async def _as(self, role: str) -> AsyncIterator[AioClient]:
        async with AsyncExitStack() as stack:
            if role in ("local", "void"):
                var = self.server.config.var
                yield await stack.enter_async_context(connected_locally(var))
                return
            client = await stack.enter_async_context(connected(self.server.port))
            if role != "anonymous":
                device = "headless" if role == "headless" else "line"
                await client.login(role, device)
            yield client

    async def _prepare(self, method: str, role: str, client: AioClient) -> Things:
        """What has to be there first, in memory alone."""
        things = self.house[role]
        if method == "server.cancel":
            self.server.services.countdown.announce(60)
        if method in ("private.answer", "private.stop"):
            return things._replace(invitation=await self._invitation(role, client))
        return things

    async def _invitation(self, role: str, client: AioClient) -> str:
        """One that the role was sent, or has sent, or that is none of theirs."""
        if role in ("anonymous", "local", "void", "missing"):
            return ID
        if role == "user":
            client.begin("private.invite", {"user": "friend"})
            return (await self.friend.hears(PrivateInvited)).invitation
        if role in ("member", "blocked"):
            invitee = Guest(role, client, self.server)
            self.friend.client.begin("private.invite", {"user": role})
            return (await invitee.hears(PrivateInvited)).invitation
        self.friend.client.begin("private.invite", {"user": "foe"})
        asked = (await self.foe.hears(PrivateInvited)).invitation
        await self.foe.decline(asked)
        return asked


@asynccontextmanager
async def trial(folder: Path, house: House) -> AsyncIterator[Trial]:
    """A server on a furnished folder."""
    async with (
        office(folder) as server,
        guest(server, "friend") as friend,
        guest(server, "foe") as foe,
    ):
        yield Trial(server, house, friend, foe)
