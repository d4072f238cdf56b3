"""The machine's owner keeps accounts while no server runs, by the same handlers."""

import asyncio
from pathlib import Path

import pytest

from nimsg.errors import Unavailable
from nimsg.protocol.strict import JsonObject
from nimsg.server.offline import call_offline
from tests.support.aioclient import PASSWORD, connected
from tests.support.office import office
from tests.support.post import refused


def users(var: Path) -> list[object]:
    rows = call_offline(var, "users.list", {})["users"]
    assert isinstance(rows, list)
    return [row["user"] for row in rows]


async def test_sec_17_what_was_done_without_a_server_holds_with_one(
    tmp_path: Path,
) -> None:
    chief: JsonObject = {"user": "chief", "password": PASSWORD, "role": "admin"}
    var = tmp_path / "var"
    made = await asyncio.to_thread(call_offline, var, "users.add", chief)
    async with office(tmp_path) as server, connected(server.port) as client:
        welcome = await client.login("chief")

    assert made == {}
    assert welcome["role"] == "admin"


def test_accounts_are_made_and_closed(tmp_path: Path) -> None:
    var = tmp_path / "var"
    for user in ("bob", "eve"):
        call_offline(var, "users.add", {"user": user})
    call_offline(var, "users.remove", {"user": "bob"})

    with refused("name_taken"):
        call_offline(var, "users.add", {"user": "bob"})
    with refused("unknown_user"):
        call_offline(var, "users.role", {"user": "bob", "role": "admin"})
    with refused("invalid_params"):
        call_offline(var, "users.add", {"user": ""})

    assert users(var) == ["bob", "eve"]


def test_nobody_is_logged_in_here(tmp_path: Path) -> None:
    with refused("login_required"):
        call_offline(tmp_path / "var", "mail.list", {})


async def test_a_folder_that_a_server_has_is_not_touched(tmp_path: Path) -> None:
    async with office(tmp_path) as server:
        with pytest.raises(Unavailable):
            await asyncio.to_thread(call_offline, server.config.var, "users.list", {})
