"""A town: one real server with passwords, and the people who write to each other."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from nimsg.client import answers
from nimsg.client.address import Security, parse_address
from nimsg.client.blocking import BlockingClient, connect
from tests.support.people import PASSWORD, Person
from tests.support.process import HANG_S, ServerProcess, environment


class Town:
    """A server process and its people. Each has a home of their own."""

    def __init__(self, folder: Path, server: ServerProcess) -> None:
        self.folder = folder
        self.server = server

    def person(self, name: str, secret: str = PASSWORD) -> Person:
        """Somebody who may have an account; the password is in the environment."""
        home = self.folder / "homes" / name
        home.mkdir(parents=True, exist_ok=True)
        return Person(name, home, self.server.address, NIMSG_PASSWORD=secret)

    def settler(self, name: str) -> Person:
        """Somebody who has an account, and a token: that is quicker than a password."""
        with self.client(name, "auth.register") as client:
            made = client.call("token.create", {"label": "home"})
        return self.person(name, answers.text(made, "token"))

    def resident(self, name: str) -> Person:
        """Somebody who has an account and a password."""
        self.client(name, "auth.register").close()
        return self.person(name)

    def client(self, name: str, way: str = "auth.login") -> BlockingClient:
        """A connection of somebody. Close it, or use it in `with`."""
        address = parse_address(self.server.address)
        client = connect(address, Security(), timeout_s=HANG_S)
        client.call(way, {"user": name, "password": PASSWORD})
        return client

    def stranger(self, name: str) -> Person:
        """Somebody who gives no password but at a prompt."""
        person = self.person(name)
        del person.env["NIMSG_PASSWORD"]
        return person


class NewTown(Protocol):
    """Builds a town; options are the server's."""

    def __call__(self, *options: str) -> Town: ...


@pytest.fixture
def new_town(tmp_path: Path) -> Iterator[NewTown]:
    """Builds towns on one store, each behind the other, with options of the server."""
    running: list[ServerProcess] = []

    def build(*options: str) -> Town:
        env = environment(tmp_path)
        server = ServerProcess(tmp_path / "var", *options, env=env)
        running.append(server)
        return Town(tmp_path, server.__enter__())

    yield build
    for server in running:
        server.__exit__()
        assert "Traceback" not in server.complaints


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town of a whole module: who writes there chooses a name of their own."""
    folder = tmp_path_factory.mktemp("town")
    with ServerProcess(folder / "var", env=environment(folder)) as server:
        yield Town(folder, server)
    # Some lock names by wrong passwords.
    told = (" AUDIT ", " are locked for ")
    lines = server.complaints.splitlines()
    assert [line for line in lines if not any(word in line for word in told)] == []
