"""Which handler answers which method. Who may call it is checked here, once."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar, cast

from nimsg.errors import Refusal
from nimsg.protocol.codec import Request
from nimsg.protocol.connection import State
from nimsg.protocol.constants import INTERACTIVE, Device
from nimsg.protocol.methods import Method, Needs
from nimsg.protocol.requests import Params
from nimsg.server.context import Context, Reply
from nimsg.server.handlers import (
    auth,
    blocks,
    drafts,
    finding,
    invitations,
    mail,
    presence,
    private,
    rooms,
    shutdown,
    stats,
    tokens,
    transfer,
    users,
)
from nimsg.server.throttle import COUNTED, Caller


ParamsT = TypeVar("ParamsT", bound=Params)
Handler = Callable[[Context, Params], Awaitable[Reply]]


def _takes(handler: Callable[[Context, ParamsT], Awaitable[Reply]]) -> Handler:
    """The handler as the table holds it.

    The codec decodes each method's parameters into the type of its row, which a
    test compares with the handler's.
    """
    return cast("Handler", handler)


HANDLERS: Final[dict[str, Handler]] = {
    "auth.begin": _takes(auth.begin),
    "auth.login": _takes(auth.login),
    "auth.nick": _takes(auth.nick),
    "auth.resume": _takes(auth.resume),
    "auth.token": _takes(auth.token),
    "auth.register": _takes(auth.register),
    "auth.logout": _takes(auth.logout),
    "auth.passwd": _takes(auth.passwd),
    "auth.logins": _takes(auth.logins),
    "session.touch": _takes(auth.touch),
    "session.ping": _takes(auth.ping),
    "mail.send": _takes(mail.send),
    "mail.list": _takes(mail.list_),
    "mail.changes": _takes(mail.changes),
    "mail.open": _takes(mail.open_),
    "mail.ack": _takes(mail.ack),
    "mail.status": _takes(mail.status),
    "mail.recall": _takes(mail.recall),
    "mail.delete": _takes(mail.delete),
    "mail.search": _takes(finding.search),
    "mail.thread": _takes(finding.thread),
    "mail.import": _takes(transfer.import_),
    "draft.save": _takes(drafts.save),
    "draft.list": _takes(drafts.list_),
    "draft.delete": _takes(drafts.delete),
    "presence.list": _takes(presence.list_),
    "presence.since": _takes(presence.since),
    "presence.seen": _takes(presence.seen),
    "block.add": _takes(blocks.add),
    "block.remove": _takes(blocks.remove),
    "block.list": _takes(blocks.list_),
    "broadcast.send": _takes(presence.broadcast),
    "room.create": _takes(rooms.create),
    "room.join": _takes(rooms.join),
    "room.leave": _takes(rooms.leave),
    "room.list": _takes(rooms.list_),
    "room.members": _takes(rooms.members),
    "room.topic": _takes(rooms.topic),
    "room.post": _takes(rooms.post),
    "room.history": _takes(rooms.history),
    "room.mark": _takes(rooms.mark),
    "private.invite": _takes(private.invite),
    "private.answer": _takes(private.answer),
    "private.stop": _takes(private.stop),
    "server.shutdown": _takes(shutdown.announce),
    "server.cancel": _takes(shutdown.cancel),
    "server.stats": _takes(stats.show),
    "token.create": _takes(tokens.create),
    "token.list": _takes(tokens.list_),
    "token.revoke": _takes(tokens.revoke),
    "users.add": _takes(users.add),
    "users.list": _takes(users.list_),
    "users.import": _takes(transfer.import_for),
    "users.mail": _takes(transfer.read_mail),
    "users.passwd": _takes(users.passwd),
    "users.role": _takes(users.role),
    "users.unlock": _takes(users.unlock),
    "users.sessions": _takes(users.sessions),
    "users.kick": _takes(users.kick),
    "users.remove": _takes(users.remove),
    "users.invite": _takes(invitations.invite),
    "users.invitations": _takes(invitations.list_),
    "users.uninvite": _takes(invitations.uninvite),
}


class Asker(NamedTuple):
    """What is known of who calls; `proven` says that a name is more than a claim."""

    state: State
    device: Device
    role: str
    local: bool
    proven: bool

    @property
    def logged_in(self) -> bool:
        """Whether it is somebody's session."""
        return self.state is State.LOGGED_IN


def check_may_call(method: Method, asker: Asker) -> None:
    """Raises `Refusal` where the connection is not what the method needs."""
    CHECKS[method.needs](asker)


def _anonymous(asker: Asker) -> None:
    if asker.logged_in:
        raise Refusal("already_logged_in")


def _user(asker: Asker) -> None:
    if not asker.logged_in:
        raise Refusal("login_required")


def _interactive(asker: Asker) -> None:
    _user(asker)
    if asker.device not in INTERACTIVE:
        raise Refusal("interactive_only")


def _admin(asker: Asker) -> None:
    if asker.local:
        return
    _user(asker)
    if not asker.proven:
        why = "only on the server's machine: here a name proves nothing"
        raise Refusal("not_permitted", why)
    if asker.role != "admin":
        raise Refusal("not_permitted")


def _local(asker: Asker) -> None:
    if not asker.local:
        raise Refusal("not_permitted", "only on the server's machine: nimsg user")


CHECKS: Final[dict[Needs, Callable[[Asker], None]]] = {
    Needs.ANONYMOUS: _anonymous,
    Needs.USER: _user,
    Needs.INTERACTIVE: _interactive,
    Needs.ADMIN: _admin,
    Needs.LOCAL: _local,
}


def answer(context: Context, request: Request) -> Awaitable[Reply]:
    """What the method's handler says, to be waited for. Raises `Refusal`."""
    name = request.method.name
    if name in COUNTED:
        session = context.session
        caller = Caller(session.uid, session.address, session.name)
        context.services.throttle.count(name, caller, request.params)
    return HANDLERS[name](context, request.params)
