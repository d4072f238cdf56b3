"""What a check costs at its start, and what no verb of a client leaves behind."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nimsg.cli.verbs import VERBS
from tests.support.people import Person, secret_file
from tests.support.process import HANG_S, ServerProcess, environment


HEAVY = {
    *("asyncio", "urwid", "argon2", "msgspec", "dataclasses", "inspect"),
    *("ssl", "tomllib", "logging", "sqlite3", "concurrent.futures", "subprocess"),
    *("hashlib", "random", "encodings.idna", "nimsg.client.people_answers"),
    *("argparse", "gettext", "locale", "pathlib", "unicodedata", "nimsg.client.login"),
}
# Of what is loaded before, the interpreter and how nimsg is installed decide.
RUN_AND_TELL = (
    "import sys; before = set(sys.modules); from nimsg.cli.main import main;"
    "code = main(sys.argv[1:]);"
    "print(code, *sys.modules.keys() - before, file=sys.stderr)"
)
# Verbs of the server's machine, and those that tell a shell about all others.
SERVING = {
    *("server", "check", "user", "demo", "backup", "stats", "completion", "man"),
}

# Lines that are typed; ID is a message.
TYPED = """
send bob -f mine --wait acked --for 0
inbox --user bob --all --json
client --once --user bob
client --user bob
open ID --user bob
open ID --user bob --raw
ack ID --user bob
outbox
status ID
wait ID
recall ID
delete ID
token create x
token list
search x
thread ID
talk
whoelse
whoelsesince 60
seen bob
broadcast x
block bob
blocks --json
unblock bob
room create lab --topic x
room post lab -f mine --since 0
room history lab --after 1 --wait 0
room list --json
logins
shutdown
import mine --format jsonl
export - --format mbox
open no-such-id
inbox --no-such-option
inbox --server 127.0.0.1:1 --connect-wait 0
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("server")
    env = environment(folder)
    with ServerProcess(folder / "var", "--auth", "open", env=env) as server:
        yield server
    # Who is no admin has typed `shutdown`.
    told = server.complaints.splitlines()
    assert all("method=server.shutdown" in line for line in told), told


# -- what is loaded


@pytest.mark.parametrize("mail", [False, True], ids=["nothing new", "new mail"])
@pytest.mark.parametrize("words", [(), ("-q",), ("--json",)], ids=" ".join)
def test_s0_5_a_check_imports_nothing_heavy(
    server: ServerProcess, tmp_path: Path, mail: bool, words: tuple[str, ...]
) -> None:
    reader = f"reader{mail}"
    sender = Person("sender", tmp_path, server.address)
    env = Person(reader, tmp_path, server.address).env
    if mail:
        sender.sends(reader, "-s", "plain", "-m", "x")
    done = subprocess.run(
        [sys.executable, "-c", RUN_AND_TELL, "client", "--once", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=True,
    )
    code, *modules = done.stderr.split()

    assert code == ("0" if mail else "1")
    assert "nimsg.client.blocking" in modules
    assert HEAVY & set(modules) == set()
    assert not [name for name in modules if name.startswith("nimsg.tui")]


# -- what is left behind


@pytest.fixture
def rooms(tmp_path: Path) -> dict[str, Path]:
    """Every folder that a program might write to by itself, by its variable."""
    names = ("HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME")
    more = ("XDG_STATE_HOME", "XDG_RUNTIME_DIR", "cwd")
    found = {name: tmp_path / name.lower() for name in (*names, *more)}
    for room in found.values():
        room.mkdir()
        (room / "mine").write_text("mine", encoding="utf-8")
    return found


def listing(rooms: dict[str, Path]) -> dict[str, tuple[int, int, int]]:
    """Every path in these folders, with its size and when it was changed."""
    seen: dict[str, tuple[int, int, int]] = {}
    for room in rooms.values():
        for path in (room, *room.rglob("*")):
            status = path.lstat()
            seen[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns)
    return seen


def test_s0_15_no_verb_of_a_client_leaves_anything(
    server: ServerProcess, rooms: dict[str, Path]
) -> None:
    variables = {name: str(room) for name, room in rooms.items() if name != "cwd"}
    config = rooms["XDG_CONFIG_HOME"] / "nimsg"
    config.mkdir()
    text = f"server = {json.dumps(server.address)}\nuser = 'ann'\n"
    (config / "config.toml").write_text(text, encoding="utf-8")
    new = secret_file(rooms["HOME"] / "new", "another password")
    env = {**environment(rooms["HOME"]), **variables}
    before = listing(rooms)

    def types(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nimsg", *words],
            cwd=rooms["cwd"],
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=False,
        )
        typed.add(words[0])
        assert "Traceback" not in done.stderr
        assert listing(rooms) == before, words
        return done.stdout.strip()

    typed: set[str] = set()
    types("register", "ann")
    types("register", "bob")
    id_ = types("send", "bob", "-m", "x")
    types("passwd", "--new-password-file", str(new))
    for line in TYPED.strip().splitlines():
        types(*(id_ if word == "ID" else word for word in line.split()))

    assert typed == set(VERBS) - SERVING
