"""The rules of the house, proven from its syntax (docs/architecture.md).

Each rule is a table and a checker; each checker is also shown a snippet that breaks
the rule, because a checker that cannot fail proves nothing.
"""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support import house
from tests.support.house import House, snippets


TOP = Path(__file__).parent.parent
HOUSE = house.read_house(TOP)

LEAVES = {"errors", "text", "config", "logfile", "logs", "socketpath", "progress"}
BELOW_STORE = {"core", "protocol", *LEAVES}

# Who may import whom, apart from itself and from the version in nimsg/__init__.py.
ALLOWED: dict[str, set[str]] = {
    "": set(),
    "__main__": {"cli"},
    "errors": set(),
    "text": set(),
    "config": {"errors"},
    "logfile": set(),
    "logs": {"logfile"},
    "socketpath": {"errors"},
    "progress": set(),
    "protocol": {"errors", "text"},
    "core": {"protocol", "errors", "text"},
    "store": BELOW_STORE,
    "server": BELOW_STORE | {"store"},
    "client": {"protocol", *LEAVES},
    "archive": {"protocol", *LEAVES},
    "tui": {"client", "protocol", *LEAVES},
    "cli": BELOW_STORE | {"store", "server", "client", "archive", "tui"},
}

PURE = ("protocol", "core")
NOT_PURE = {
    *("asyncio", "socket", "threading", "os", "time", "random", "secrets"),
    *("logging", "sqlite3", "urwid", "pathlib", "subprocess", "concurrent", "select"),
}
# What the screen knows, apart from what draws it and what waits for the server.
SCREEN_MODELS = {
    *("answering", "bodylines", "completing", "completion", "composedesk"),
    *("draftlines", "drafts", "frame", "glyphs", "keys", "keytable", "layout"),
    *("letterdraft", "letterlines", "mailbox", "mailpages", "mailrows", "memberlist"),
    *(
        "openmail",
        "outgoing",
        "palette",
        "people",
        "scroller",
        "shown",
        "spans",
        "status",
    ),
    *("talklines", "talklog", "talkscroll", "windows"),
}
DRAWING_AND_WAITING = {"asyncio", "urwid"}
FILES_AND_CLOCKS = {
    *("open", "input", "print"),
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today"),
    "datetime.date.today",
}

# S0-1: the network is reached through sockets and streams and by nothing else.
NETWORK_MODULES = {
    *("urllib.request", "http", "smtplib", "imaplib", "poplib", "ftplib", "xmlrpc"),
    *("socketserver", "nntplib", "telnetlib", "asyncore", "asynchat", "wsgiref"),
}
FRIENDS = {
    *("urwid", "wcwidth", "msgspec", "argon2", "uvloop", "cryptography"),
    *("argcomplete", "argparse_manpage", "tqdm"),
}
DEPENDENCIES = {
    *("urwid", "wcwidth", "msgspec", "argon2-cffi", "uvloop", "cryptography"),
    *("argcomplete", "argparse-manpage", "tqdm"),
}
NETWORK_LIBRARIES = {
    *(
        "aiohttp",
        "aiosmtpd",
        "anyio",
        "fastapi",
        "flask",
        "grpcio",
        "httpx",
        "httpcore",
    ),
    *("paho-mqtt", "pika", "python-socketio", "pyzmq", "redis", "requests", "rpyc"),
    *("slixmpp", "starlette", "tornado", "trio", "twisted", "urllib3", "uvicorn"),
    *("websocket-client", "websockets", "werkzeug", "zeroconf"),
}

# X3: nothing that came over the wire or from a file is ever run.
UNPICKLERS = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"}
RUNNERS = {"eval", "exec", "compile", "__import__"}
LATE_IMPORT = {"importlib.import_module"}

# The shells own the clocks; everything else is handed the time.
SHELLS = {"server", "client", "tui", "cli", "logs"}
CLOCKS = {"time.time", "time.time_ns"} | (FILES_AND_CLOCKS - {"open", "input", "print"})

# What a verb does not wait for before it has connected.
HEADLESS = ("nimsg.cli.main", "nimsg.cli.once", "nimsg.client.blocking")
HEAVY = {
    *("asyncio", "urwid", "argon2", "msgspec", "dataclasses", "ssl", "tomllib"),
    *("argparse", "gettext", "json", "pathlib", "unicodedata"),
}

VISIBLE = {
    *("pyproject.toml", "nimsg", "tests", "docs", "var"),
    *("README.md", "LICENSE", "CHANGELOG.md", "Makefile"),
}
HIDDEN = {".ci", ".gitignore"}
MADE = {
    *(".git", ".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"),
    *("nimsg.egg-info", "build"),
}


def parts(*wanted: str) -> House:
    """The modules of some parts of the house."""
    return {name: HOUSE[name] for name in HOUSE if house.part_of(name) in wanted}


def others(*unwanted: str) -> House:
    """The modules of all other parts."""
    gone = parts(*unwanted)
    return {name: HOUSE[name] for name in HOUSE if name not in gone}


def declared() -> tuple[set[str], set[str]]:
    """The names of the dependencies, and of those for development."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    table = project["project"]
    extras = [
        line for lines in table["optional-dependencies"].values() for line in lines
    ]
    return library_names(table["dependencies"]), library_names(extras)


def library_names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^\w.-]", line)[0].lower() for line in requirements}


def top_level() -> set[str]:
    """What lies at the top: what git keeps or would keep, else what is there."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if (TOP / ".git").exists():
        done = subprocess.run(listing, cwd=TOP, capture_output=True, check=False)
        if done.returncode == 0:
            return {line.split("/")[0] for line in done.stdout.decode().splitlines()}
    return {
        path.name
        for path in TOP.iterdir()
        if path.name not in MADE and not path.name.startswith(".coverage")
    }


# -- the rules


def test_s2_5_each_part_imports_only_what_the_table_allows() -> None:
    assert house.layer_faults(HOUSE, ALLOWED) == []


def test_s2_5_nobody_imports_cli() -> None:
    assert house.import_faults(others("cli", "__main__"), {"nimsg.cli"}) == []


def test_s2_5_no_module_imports_itself_through_others() -> None:
    assert house.cycle_faults(HOUSE) == []


def test_s2_5_there_are_no_imports_for_types_only() -> None:
    assert house.name_faults(HOUSE, {"typing.TYPE_CHECKING"}) == []


@pytest.mark.parametrize("part", PURE)
def test_pure_parts_touch_no_file_no_clock_and_no_chance(part: str) -> None:
    pure = parts(part)

    assert pure
    assert house.import_faults(pure, NOT_PURE) == []
    assert house.name_faults(pure, FILES_AND_CLOCKS) == []
    assert house.async_faults(pure) == []


def test_what_a_start_does_is_planned_without_the_disk() -> None:
    plan = {"nimsg.store.plan": HOUSE["nimsg.store.plan"]}
    asked = {
        node.attr
        for node in ast.walk(plan["nimsg.store.plan"])
        if isinstance(node, ast.Attribute)
    }

    assert house.import_faults(plan, NOT_PURE - {"pathlib"}) == []
    assert house.name_faults(plan, FILES_AND_CLOCKS) == []
    assert not {"nimsg.store.disk", "nimsg.store.atomic", "nimsg.store.filer"} & (
        house.imports(HOUSE, "nimsg.store.plan")
    )
    assert not asked & {"exists", "glob", "iterdir", "open", "read_bytes", "stat"}


def test_the_models_of_the_screen_are_pure() -> None:
    models = {f"nimsg.tui.{name}" for name in SCREEN_MODELS}
    pure = {name: HOUSE[name] for name in models}
    graph = house.graph(HOUSE)

    assert house.import_faults(pure, NOT_PURE) == []
    assert house.name_faults(pure, FILES_AND_CLOCKS) == []
    assert house.async_faults(pure) == []
    # One that takes up with a widget or a task is no model; a new model is to be named.
    assert models == {
        name
        for name in parts("tui")
        if name != "nimsg.tui" and not brings(graph, name, DRAWING_AND_WAITING)
    }


def brings(graph: house.Graph, module: str, unwanted: set[str]) -> bool:
    """Whether one of these libraries comes along with a module."""
    reached = house.reachable(graph, module)
    return any(house.within(one, name) for one in reached for name in unwanted)


def test_a_check_for_mail_brings_nothing_of_the_screen() -> None:
    at_import = house.graph(HOUSE, at_import=True)

    assert not brings(at_import, "nimsg.cli.client", {"nimsg.tui", "urwid"})
    assert brings(house.graph(HOUSE), "nimsg.cli.client", {"nimsg.tui"})


def test_s0_1_nothing_but_sockets_reaches_the_network() -> None:
    assert house.import_faults(HOUSE, NETWORK_MODULES) == []
    assert house.stranger_faults(HOUSE, FRIENDS) == []


def test_s2_1_no_network_library_is_declared() -> None:
    needed, for_development = declared()

    assert needed <= DEPENDENCIES
    assert not for_development & NETWORK_LIBRARIES


def test_x3_nothing_received_is_ever_run() -> None:
    assert house.import_faults(HOUSE, UNPICKLERS) == []
    assert house.name_faults(HOUSE, RUNNERS) == []


def test_x3_only_the_command_line_imports_by_a_computed_name() -> None:
    assert house.name_faults(others("cli"), LATE_IMPORT) == []


def test_only_shells_read_a_clock() -> None:
    assert house.name_faults(others(*SHELLS), CLOCKS) == []


def test_files_are_renamed_in_one_place() -> None:
    assert house.renamers(HOUSE) == {
        "system": {"nimsg.store.disk"},
        "disk": {"nimsg.store.atomic", "nimsg.archive.writing"},
    }


@pytest.mark.parametrize("start", HEADLESS)
def test_a_verb_starts_without_what_it_does_not_need(start: str) -> None:
    assert start in HOUSE
    comes_along = house.reachable(house.graph(HOUSE, at_import=True), start)
    assert comes_along & HEAVY == set()


def test_the_top_level_holds_what_it_should_and_nothing_else() -> None:
    found = top_level()

    assert {name for name in found if not name.startswith(".")} == VISIBLE
    assert {name for name in found if name.startswith(".")} <= HIDDEN


# -- every checker can fail


@pytest.mark.parametrize(
    "bad",
    [
        snippets(core__mail="import nimsg.store.disk", store__disk=""),
        snippets(core__mail="from nimsg.store import disk", store__disk=""),
        snippets(core__mail="from nimsg.store.disk import open_", store__disk=""),
        snippets(store__a="def f():\n    from nimsg.server import app", server__app=""),
        snippets(client__a="from nimsg.core.mail import x", core__mail=""),
        snippets(tui__app="import nimsg.server.app", server__app=""),
        snippets(protocol__a="from nimsg.config import x", config=""),
        snippets(errors="from nimsg.text import clean", text=""),
        snippets(progress="from nimsg.errors import Exit", errors=""),
        snippets(archive__mbox="import nimsg.store.disk", store__disk=""),
        snippets(store__a="from nimsg.archive import mbox", archive__mbox=""),
        snippets(helpers="x = 1"),
    ],
)
def test_the_layer_checker_can_fail(bad: House) -> None:
    assert house.layer_faults(bad, ALLOWED)


@pytest.mark.parametrize(
    ("banned", "source"),
    [
        ("nimsg.cli", "from nimsg.cli import main"),
        ("nimsg.cli", "import nimsg.cli.main as m"),
        ("time", "from time import time"),
        ("time", "class A:\n    def f(self):\n        import time"),
        ("urllib.request", "import urllib.request"),
        ("urllib.request", "from urllib import request"),
        ("urllib.request", "from urllib.request import urlopen"),
        ("http", "from http.client import HTTPConnection"),
        ("pickle", "import json, pickle"),
        ("asyncio", "if True:\n    import asyncio.streams"),
    ],
)
def test_the_import_checker_can_fail(banned: str, source: str) -> None:
    assert house.import_faults(snippets(core__a=source), {banned})


@pytest.mark.parametrize(
    "source", ["import httpheaders", "from timeit import timeit", "import urllib.parse"]
)
def test_the_import_checker_takes_whole_names(source: str) -> None:
    bad = {"http", "time", "urllib.request"}

    assert house.import_faults(snippets(core__a=source), bad) == []


@pytest.mark.parametrize(
    "source", ["import requests", "from aiohttp import web", "from . import x"]
)
def test_the_stranger_checker_can_fail(source: str) -> None:
    assert house.stranger_faults(snippets(server__a=source), FRIENDS)


@pytest.mark.parametrize(
    ("banned", "source"),
    [
        ("eval", "eval('1')"),
        ("eval", "run = eval"),
        ("time.time", "import time\nnow = time.time()"),
        ("time.time", "import time as t\nnow = t.time()"),
        ("time.time", "from time import time as now\nnow()"),
        ("time.time", "import time\ndef f(clock=time.time): pass"),
        ("datetime.datetime.now", "from datetime import datetime\ndatetime.now()"),
        ("datetime.datetime.now", "import datetime as d\nd.datetime.now(d.UTC)"),
        ("typing.TYPE_CHECKING", "from typing import TYPE_CHECKING as T\nif T: pass"),
        ("importlib.import_module", "import importlib\nimportlib.import_module('x')"),
    ],
)
def test_the_name_checker_can_fail(banned: str, source: str) -> None:
    assert house.name_faults(snippets(store__a=source), {banned})


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): pass",
        "async def f():\n    await g()",
        "async def f():\n    async with g(): pass",
    ],
)
def test_the_async_checker_can_fail(source: str) -> None:
    assert house.async_faults(snippets(core__a=source))


@pytest.mark.parametrize(
    "bad",
    [
        snippets(a="import nimsg.b", b="import nimsg.a"),
        snippets(a="from nimsg import b", b="def f():\n    from nimsg.a import x"),
        snippets(a="import nimsg.b", b="from nimsg import c", c="import nimsg.a"),
    ],
)
def test_the_cycle_checker_can_fail(bad: House) -> None:
    assert len(house.cycle_faults(bad)) == len(bad)


def test_the_start_checker_can_fail_and_follows_nothing_that_comes_later() -> None:
    built = snippets(
        main="from nimsg.near import x\ndef f():\n    import nimsg.far",
        near="try:\n    import asyncio\nexcept ImportError:\n    pass",
        far="import urwid",
    )
    at_once = house.reachable(house.graph(built, at_import=True), "nimsg.main")
    in_all = house.reachable(house.graph(built), "nimsg.main")

    assert at_once & HEAVY == {"asyncio"}
    assert in_all & HEAVY == {"asyncio", "urwid"}


def test_the_start_checker_sees_what_a_package_brings() -> None:
    built = snippets(main="import nimsg.near.x", near="import ssl", near__x="")
    at_once = house.reachable(house.graph(built, at_import=True), "nimsg.main")

    assert "ssl" in at_once


@pytest.mark.parametrize(
    ("way", "source"),
    [
        ("system", "import os\nos.replace(a, b)"),
        ("system", "import os\nos.rename(a, b)"),
        ("system", "import shutil\nshutil.move(a, b)"),
        ("disk", "self._disk.rename(a, b)"),
        ("disk", "path.rename(other)"),
        ("disk", "path.with_suffix('.x').replace(other)"),
    ],
)
def test_the_renaming_checker_can_fail(way: str, source: str) -> None:
    assert house.renamers(snippets(store__a=source))[way] == {"nimsg.store.a"}


def test_the_renaming_checker_lets_texts_and_values_be_replaced() -> None:
    source = "'a'.replace('b', 'c')\nwhen.replace(tzinfo=UTC)\nstructs.replace(x, y=1)"

    assert house.renamers(snippets(store__a=source)) == {"system": set(), "disk": set()}


def test_a_library_is_known_by_its_bare_name() -> None:
    lines = ["Requests>=2", "httpx[http2]~=0.27", "uvloop; sys_platform != 'win32'"]

    assert library_names(lines) == {"requests", "httpx", "uvloop"}
