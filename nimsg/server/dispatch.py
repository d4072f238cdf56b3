"""Which handler answers which method. Who may call it is checked here, once."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, cast

from nimsg.errors import Refusal
from nimsg.protocol.codec import Request
from nimsg.protocol.connection import State
from nimsg.protocol.methods import Method, Needs
from nimsg.protocol.requests import Params
from nimsg.server.context import Context, Reply
from nimsg.server.handlers import (
    auth,
    finding,
    invitations,
    mail,
    tokens,
    transfer,
    users,
)


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
    "auth.token": _takes(auth.token),
    "auth.register": _takes(auth.register),
    "auth.logout": _takes(auth.logout),
    "auth.passwd": _takes(auth.passwd),
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
    "token.create": _takes(tokens.create),
    "token.list": _takes(tokens.list_),
    "token.revoke": _takes(tokens.revoke),
    "users.add": _takes(users.add),
    "users.list": _takes(users.list_),
    "users.import": _takes(transfer.import_for),
    "users.mail": _takes(transfer.read_mail),
    "users.passwd": _takes(users.passwd),
    "users.role": _takes(users.role),
    "users.remove": _takes(users.remove),
    "users.invite": _takes(invitations.invite),
    "users.invitations": _takes(invitations.list_),
    "users.uninvite": _takes(invitations.uninvite),
}


def check_may_call(method: Method, state: State, *, local: bool) -> None:
    """Raises `Refusal` where the connection is not what the method needs."""
    if method.needs is Needs.LOCAL and not local:
        raise Refusal("not_permitted", "only on the server's machine: nimsg user")
    if method.needs is Needs.USER and state is not State.LOGGED_IN:
        raise Refusal("login_required")
    if method.needs is Needs.ANONYMOUS and state is State.LOGGED_IN:
        raise Refusal("already_logged_in")


async def answer(context: Context, request: Request) -> Reply:
    """What the method's handler says. Raises `Refusal`."""
    return await HANDLERS[request.method.name](context, request.params)
