"""Who may call what, upon whose message: every cell of the matrix (T17, SEC-9)."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from nimsg.errors import Data
from nimsg.protocol.methods import METHODS
from nimsg.server.app import Server
from tests.support.aioclient import PASSWORD
from tests.support.office import Person, office, people
from tests.support.requests_table import ID, ORIGIN
from tests.support.wire import Wire, at_the_machine, greeted, logged_in, said


class Row(NamedTuple):
    """What a method comes to for each role, upon a message from `sender`.

    A `user` asks for a message that is not there, a `stranger` and a `chief`, whose
    role is admin, for one that is none of theirs, a `deleter` for one deleted by
    this recipient; `local` comes by var/admin.sock.
    """

    anonymous: str
    local: str
    user: str
    stranger: str
    chief: str
    sender: str
    recipient: str
    deleter: str


def anybody(before_login: str) -> Row:
    """For those who are nobody yet."""
    return Row(before_login, before_login, *["already_logged_in"] * 6)


def users(*kinds: str) -> Row:
    """For those who are logged in: one kind for all, or one for each role."""
    return Row("login_required", "login_required", *(kinds * 6)[:6])


DONE, NONE, NEVER = "done", "not_found", "not_permitted"
LOCAL = Row(NEVER, DONE, *[NEVER] * 6)
MATRIX: dict[str, Row] = {
    "auth.begin": anybody(DONE),
    "auth.login": anybody(DONE),
    "auth.token": anybody("bad_token"),
    "auth.register": anybody(DONE),
    "auth.logout": users(DONE),
    "auth.passwd": users(DONE),
    "session.ping": users(DONE),
    "mail.send": users(DONE),
    "mail.list": users(DONE),
    "mail.changes": users(DONE),
    #                    user  stranger chief sender recipient deleter
    "mail.open": users(NONE, NONE, NONE, DONE, DONE, NONE),
    "mail.ack": users(NONE, NONE, NONE, "not_recipient", DONE, NONE),
    "mail.status": users(NONE, NONE, NONE, DONE, DONE, NONE),
    "mail.recall": users(NONE, NONE, NONE, DONE, "not_sender", "not_sender"),
    "mail.delete": users(NONE, NONE, NONE, DONE, DONE, NONE),
    "mail.search": users(DONE),
    "mail.thread": users(NONE, NONE, NONE, DONE, DONE, NONE),
    "mail.import": users(DONE),
    "token.create": users(DONE),
    "token.list": users(DONE),
    "token.revoke": users("unknown_token"),
    "users.add": LOCAL,
    "users.list": LOCAL,
    "users.import": LOCAL,
    "users.mail": LOCAL,
    "users.passwd": LOCAL,
    "users.role": LOCAL,
    "users.remove": LOCAL,
    "users.invite": LOCAL,
    "users.invitations": LOCAL,
    "users.uninvite": LOCAL._replace(local="unknown_invitation"),
}
LOGGED_IN = Row._fields[2:]


def params(method: str, role: str, message: str, token: str) -> Data:
    """What a role asks: for the message, somebody else's token, a victim of its own."""
    victim = f"victim-of-{role}"
    asked: dict[str, Data] = {
        "auth.begin": {"user": "friend"},
        "auth.login": {"user": "friend", "password": PASSWORD},
        "auth.token": {"token": "nimsg_none"},
        "auth.register": {"user": f"new-{role}", "password": PASSWORD},
        "auth.passwd": {"old": PASSWORD, "new": "another " + PASSWORD},
        "mail.send": {"to": ["friend"], "client_id": "1", "body": "hello"},
        "mail.import": {"client_id": "1", "origin": ORIGIN, "body": "hello"},
        "token.create": {"label": "cron"},
        "token.revoke": {"id": token},
        "users.add": {"user": f"new-{role}"},
        "users.import": {
            "user": victim,
            "to": [victim],
            "client_id": "1",
            "origin": ORIGIN,
            "body": "hello",
        },
        "users.mail": {"user": victim},
        "users.passwd": {"user": victim, "password": "another " + PASSWORD},
        "users.role": {"user": victim, "role": "admin"},
        "users.remove": {"user": victim},
    }
    if "id" in METHODS[method].params.__struct_fields__ and method not in asked:
        return {"id": ID if role == "user" else message}
    return asked.get(method, {})


@asynccontextmanager
async def connected_as(server: Server, role: str) -> AsyncIterator[Wire]:
    """A fresh connection of a role."""
    async with AsyncExitStack() as stack:
        if role == "anonymous":
            yield await stack.enter_async_context(greeted(server.port))
        elif role == "local":
            yield await stack.enter_async_context(at_the_machine(server.config.var))
        else:
            yield await stack.enter_async_context(logged_in(server.port, role))


async def populate(server: Server) -> tuple[dict[str, str], str]:
    """Everybody; a message for each role to try, and the token of a friend."""
    victims = [f"victim-of-{role}" for role in Row._fields]
    async with people(server, "friend", *LOGGED_IN, *victims) as (friend, *others):
        by_name: dict[str, Person] = {person.name: person for person in others}
        messages = {}
        for role in Row._fields:
            sent = await by_name["sender"].send("recipient", "deleter")
            messages[role] = sent.id
            await by_name["deleter"].delete(sent.id)
        token = (await friend.make_token()).id
    async with at_the_machine(server.config.var) as wire:
        made = await wire.call("users.role", {"user": "chief", "role": "admin"})
        assert said(made) == "1 done"
    return messages, token


def test_t17_every_method_has_a_row() -> None:
    assert MATRIX.keys() == METHODS.keys()


@pytest.mark.parametrize("method", METHODS)
async def test_t17_s0_19_sec_9_who_may_call(tmp_path: Path, method: str) -> None:
    found = []
    async with office(tmp_path) as server:
        messages, token = await populate(server)
        for role in Row._fields:
            async with connected_as(server, role) as wire:
                asked = params(method, role, messages[role], token)
                found.append(said(await wire.call(method, asked)).split()[1])

    assert Row(*found) == MATRIX[method]
