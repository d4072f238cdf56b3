"""The machine's owner keeps accounts while no server runs, by the same handlers."""

import asyncio
import socket
from contextlib import ExitStack, chdir
from pathlib import Path

import pytest

from nimsg.cli.localstore import local_client
from nimsg.errors import ConfigError, Silent, StorageFailure, Unavailable
from nimsg.protocol.strict import JsonObject
from nimsg.server.offline import serving_offline
from nimsg.store.local import LocalStore
from tests.support.aioclient import PASSWORD, connected
from tests.support.office import office
from tests.support.post import refused


def call(var: Path, method: str, params: JsonObject) -> JsonObject:
    with local_client(var, "a test", make=True) as client:
        return client.call(method, params)


def users(var: Path) -> list[object]:
    rows = call(var, "users.list", {})["users"]
    assert isinstance(rows, list)
    return [row["user"] for row in rows]


async def test_sec_17_what_was_done_without_a_server_holds_with_one(
    tmp_path: Path,
) -> None:
    chief: JsonObject = {"user": "chief", "password": PASSWORD, "role": "admin"}
    made = await asyncio.to_thread(call, tmp_path / "var", "users.add", chief)
    async with office(tmp_path) as server, connected(server.port) as client:
        welcome = await client.login("chief")

    assert made == {}
    assert welcome["role"] == "admin"


def test_accounts_are_made_and_closed(tmp_path: Path) -> None:
    var = tmp_path / "var"
    for user in ("bob", "eve"):
        call(var, "users.add", {"user": user})
    call(var, "users.remove", {"user": "bob"})

    with refused("name_taken"):
        call(var, "users.add", {"user": "bob"})
    with refused("unknown_user"):
        call(var, "users.role", {"user": "bob", "role": "admin"})
    with refused("invalid_params"):
        call(var, "users.add", {"user": ""})

    assert users(var) == ["bob", "eve"]


def test_nobody_is_logged_in_here(tmp_path: Path) -> None:
    with refused("login_required"):
        call(tmp_path / "var", "mail.list", {})


async def test_the_server_that_has_the_folder_answers(tmp_path: Path) -> None:
    async with office(tmp_path) as server:
        var = server.config.var
        await asyncio.to_thread(call, var, "users.add", {"user": "bob"})
        assert await asyncio.to_thread(users, var) == ["bob"]


def test_a_folder_that_somebody_has_is_not_touched(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "var")
    try:
        with pytest.raises(Unavailable):
            call(tmp_path / "var", "users.list", {})
    finally:
        store.close()


def test_a_socket_that_takes_no_more_is_a_server_that_does_not_answer(
    tmp_path: Path,
) -> None:
    var = tmp_path / "var"
    LocalStore(var).close()
    with ExitStack() as held, chdir(var):
        listener = held.enter_context(socket.socket(socket.AF_UNIX))
        listener.bind("admin.sock")
        listener.listen(0)
        while True:
            waiting = held.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            if waiting.connect_ex("admin.sock"):
                break
        with pytest.raises(Silent, match="does not answer"):
            call(var, "users.list", {})


def test_a_folder_without_a_store_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="there is no store in"),
        local_client(tmp_path, "a test"),
    ):
        pass


def test_a_disk_that_fails_ends_it(tmp_path: Path) -> None:
    with pytest.raises(StorageFailure):
        add_without_a_folder(tmp_path / "var")


def add_without_a_folder(var: Path) -> None:
    with serving_offline(var, "a test"), local_client(var, "a test") as client:
        (var / "users").rmdir()
        (var / "users").write_text("")
        client.call("users.add", {"user": "bob"})


def test_what_the_system_refuses_is_raised_to_who_asked(tmp_path: Path) -> None:
    var = tmp_path / "var"
    LocalStore(var).close()
    (var / "admin.sock").mkdir()

    with pytest.raises(IsADirectoryError, match="admin"):
        users(var)
