"""The pages say what the code does: tables, commands, examples and links.

A check takes a page's text and returns a line for each fault. Each is shown the page
with something changed, too: a check that cannot fail proves nothing.
"""

import ast
import hashlib
import json
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct

from nimsg.cli import screen
from nimsg.cli.settings import add_connection_arguments, read_settings
from nimsg.cli.sources import CONFIG_KEYS, TYPE_NAMES, config_path, read_config
from nimsg.cli.verbs import VERBS, parser_of
from nimsg.client import login, peerlink
from nimsg.core import countdown, private
from nimsg.errors import KINDS, Exit
from nimsg.logs import LEVELS
from nimsg.protocol import (
    connection,
    drafts,
    results,
    results_people,
    results_rooms,
    results_stats,
)
from nimsg.protocol.constants import (
    FEATURES,
    LIMITS,
    AuthMode,
    CloseReason,
    CopyState,
    Departure,
    Device,
    LinkEnd,
    Notice,
)
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.methods import EVENTS, METHODS, Needs
from nimsg.protocol.origin import Origin
from nimsg.protocol.requests import Params
from nimsg.protocol.results import Result
from nimsg.server.dispatch import HANDLERS
from nimsg.server.people import KEPT
from nimsg.store.accountfile import AccountFile
from nimsg.store.draftfile import DraftFile
from nimsg.store.invitationfile import InvitationFile
from nimsg.store.ledger import Line
from nimsg.store.messagefile import MessageFile
from nimsg.store.roomfile import RoomFile
from nimsg.store.schema import SCHEMA
from nimsg.tui import glyphs, layout
from nimsg.tui.keys import BINDINGS, Context, KeyMap, key_text
from nimsg.tui.palette import THEMES
from nimsg.tui.windows import Kind as WindowKind
from tests.bench.measures import MEASURES
from tests.support import pages, shell, verbs
from tests.support.house import dotted
from tests.support.pages import code, table
from tests.support.process import ServerProcess, environment, nimsg
from tests.support.syncs import syncs
from tests.support.wireshape import default, fields, presence, shape


TOP = Path(__file__).parent.parent
DOCS = TOP / "docs"
PAGES = [
    *(TOP / name for name in ("README.md", "CHANGELOG.md", "var/README.md")),
    *sorted(DOCS.glob("*.md")),
]
MINIMAL = DOCS / "examples" / "minimal_client.py"
ARCHITECTURE_LINES = 120
CLOCKS = {"LoopTimers"}
CONNECTION = "connection options"

# What no page may hold: marks of unfinished work, and places on one machine.
UNWANTED = re.compile(r"TODO|FIXME|XXX|<!-- (?!figures)|/root\b|/home/\w")

# What was asked for; each has its line in docs/features.md. There is no C26, and no
# other N has a line before it works.
ALL_IDS = {
    *(f"R{number}" for number in range(1, 8)),
    *(f"K{number}" for number in range(1, 10)),
    *(f"S0-{number}" for number in range(1, 25)),
    *(f"S1-{number}" for number in range(1, 22)),
    *(f"S2-{number}" for number in range(1, 20)),
    *(f"S3-{number}" for number in range(1, 28)),
    *(f"S4-{number}" for number in range(1, 18)),
    *(f"C{number}" for number in range(1, 28) if number != 26),
    *(f"X{number}" for number in range(1, 18)),
    *(f"N{number}" for number in (1, 4, 7, 12)),
}
# What is seen on the full screen: a test of it stands in each of these lines.
OF_THE_SCREEN = {
    *("S0-6", "S0-7", "S0-16", "S0-24", "S1-2", "S1-13", "S1-16", "S1-17", "S2-8"),
    *("S2-10", "S3-3", "S3-8", "S3-12", "S3-13", "S3-14", "S3-27", "S4-9", "X10"),
    "X13",
}
SCREEN_TESTS = ("tests/tui/", "tests/e2e/test_screen")
SENT_IN = (results, results_people, results_rooms, results_stats, drafts)
COMPLAINTS = 15  # of users of other programs, each answered

# The worked examples of docs/protocol.md, by the version of the digest.
DIGESTS = (
    "Digest",
    "Digest of an imported message",
    "Digest of a message in a room",
)

# What urwid looks at by itself.
READ_BY_URWID = {"NO_COLOR", "COLORTERM"}
WINDOW_NAMES = {
    WindowKind.COMPOSE: "writing",
    WindowKind.ROOM: "a room",
    WindowKind.PRIVATE: "a private link",
}
COMPLAINED = "What users of other programs complain about"

# What the systems before nimsg said on the wire (X17).
THEIR_WORDS = (
    "`{command, data list}`",
    "`type:length`, padded to 16 bytes",
    "`data`, `chr(31)`, `hash`",
    "`msg`, `cmd`",
    "a pickle of the full list, and its hash",
    *(f"`{word}`" for word in ("HELLO", "NICK", "READY", "RETRY", "BYE")),
    "`client_disconnected(user, time)`",
    "`server_shutdown(timeleft)`",
    *("`login`", "`message`", "`broadcast`", "`whoelse`", "`whoelsesince`"),
    *("`block`", "`unblock`", "`startprivate`", "`private`", "`stopprivate`"),
    "`logout`",
)
# Members of the envelope.
OUR_MEMBERS = ("method", "params", "result", "error")

Row = tuple[str, ...]
S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)
Check = Callable[[str], list[str]]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def page(name: str) -> str:
    return read(DOCS / name)


def differences(told: Iterable[Row], true: Iterable[Row]) -> list[str]:
    """What a table says and is not so, and what it leaves out."""
    told, true = list(told), list(true)
    return [
        *(f"told twice: {row}" for row in set(told) if told.count(row) > 1),
        *(f"not so: {row}" for row in told if row not in true),
        *(f"left out: {row}" for row in true if row not in told),
    ]


def rows(text: str, title: str, *columns: str) -> list[Row]:
    """Some columns of a table, freed of marks."""
    return [
        tuple(code(row[column]) for column in columns) for row in table(text, title)
    ]


# -- docs/protocol.md


def method_faults(text: str) -> list[str]:
    told = rows(text, "Methods", "method", "needs", "kind", "params", "result")
    true = [
        (m.name, m.needs.value, m.activity.value, m.params.__name__, m.result.__name__)
        for m in METHODS.values()
    ]
    return differences(told, true)


def event_faults(text: str) -> list[str]:
    true = [(name, kind.__name__) for name, (kind, _) in EVENTS.items()]
    return differences(rows(text, "Events", "event", "params"), true)


def machine_faults(
    text: str, title: str, machine: Mapping[S, Mapping[E, S]]
) -> list[str]:
    """A table of a machine, drawn from the code's."""
    true = [
        (state.value, event.value, after.value)
        for state, events in machine.items()
        for event, after in events.items()
    ]
    return differences(rows(text, title, "state", "event", "next state"), true)


state_faults = partial(machine_faults, title="States", machine=connection.TRANSITIONS)
login_faults = partial(machine_faults, title="States of a login", machine=login.TABLE)
link_faults = partial(
    machine_faults, title="States of a private link", machine=private.TRANSITIONS
)
stop_faults = partial(
    machine_faults, title="States of the server", machine=countdown.TRANSITIONS
)


def word_faults(text: str, title: str, column: str, words: type[StrEnum]) -> list[str]:
    """A table with a row for each word of a kind."""
    return differences(rows(text, title, column), [(word.value,) for word in words])


reason_faults = partial(
    word_faults, title="Closing a connection", column="reason", words=CloseReason
)
ladder_faults = partial(
    word_faults, title="The ladder", column="state", words=CopyState
)
needs_faults = partial(
    word_faults, title="Who may call a method", column="needs", words=Needs
)
mode_faults = partial(word_faults, title="Auth modes", column="auth", words=AuthMode)
device_faults = partial(word_faults, title="Devices", column="device", words=Device)
departure_faults = partial(
    word_faults, title="Departures", column="reason", words=Departure
)
notice_faults = partial(word_faults, title="Notices", column="notice", words=Notice)


def body_faults(text: str) -> list[str]:
    """What #lobby keeps of somebody's going, in the words that it has there."""
    told = rows(text, "Notices", "notice", "body")
    true = [(notice.value, body.format("X")) for notice, body in KEPT.values()]
    return [f"left out: {row}" for row in true if row not in told]


def step_faults(text: str) -> list[str]:
    *steps, last = countdown.STEPS
    told = f"when {', '.join(map(str, steps))} and {last} s are left"
    section = " ".join(pages.sections(text)["Stopping the server"])
    return [] if told in section else [told]


def end_faults(text: str) -> list[str]:
    """How links end, and that they end in every way there is a word for."""
    true = [(*moved, reason) for moved, reason in private.REASONS.items()]
    told = rows(text, "Ends of a link", "state", "event", "reason")
    missing = set(LinkEnd) - {reason for _, _, reason in told}
    return [*differences(told, true), *(f"no end {reason}" for reason in missing)]


def link_frame_faults(text: str) -> list[str]:
    true = [(name, key or "none") for name, key in peerlink.METHODS.items()]
    return differences(rows(text, "On a link", "method", "params"), true)


def their_faults(text: str) -> list[str]:
    """Every word of the earlier systems has its row, and each of ours is one."""
    found = table(text, "Their word, ours")
    told = [(row["their word"],) for row in found]
    ours = {*METHODS, *EVENTS, *KINDS, *peerlink.METHODS, *OUR_MEMBERS}
    for struct in sent_types():
        ours |= {field.encode_name for field in fields(struct)}
    named = {word for row in found for word in re.findall(r"`(.+?)`", row["ours"])}
    return [
        *differences(told, [(word,) for word in THEIR_WORDS]),
        *(f"no such word of ours: {word}" for word in sorted(named - ours)),
    ]


def limit_faults(text: str) -> list[str]:
    told = rows(text, "Limits", "limit", "value", "unit", "bounds")
    return differences(
        told,
        [
            (name, str(row.value), row.unit, code(row.text))
            for name, row in LIMITS.items()
        ],
    )


def feature_faults(text: str) -> list[str]:
    true = [(name, code(meaning)) for name, meaning in FEATURES.items()]
    return differences(rows(text, "Features", "feature", "meaning"), true)


def kind_faults(text: str) -> list[str]:
    true = [
        (name, str(kind.code), str(int(kind.exit)), code(kind.text))
        for name, kind in KINDS.items()
    ]
    return differences(rows(text, "Errors", "kind", "code", "exit", "meaning"), true)


def params_faults(text: str) -> list[str]:
    faults = []
    for params in {method.params for method in METHODS.values()}:
        true = [
            (field.encode_name, code(shape(field.type)), code(default(field)))
            for field in fields(params)
        ]
        columns = ("member", "type and limits", "left out")
        faults += member_faults(text, params, true, columns)
    return faults


def result_faults(text: str) -> list[str]:
    faults = []
    for result in sent_types():
        true = [
            (
                field.encode_name,
                code(shape(field.type)),
                presence(result, field),
            )
            for field in fields(result)
        ]
        faults += member_faults(text, result, true, ("member", "type", "there"))
    return faults


def member_faults(
    text: str, struct: type[Struct], true: Sequence[Row], columns: tuple[str, ...]
) -> list[str]:
    """The section of one type; one without members says so."""
    name = struct.__name__
    if name not in pages.sections(text):
        return [f"no section {name}"]
    if not true:
        return [] if "No members." in pages.sections(text)[name] else [name]
    return [f"{name}: {what}" for what in differences(rows(text, name, *columns), true)]


def sent_types() -> set[type[Struct]]:
    """Every type of object that a server sends."""
    return {
        kind
        for module in SENT_IN
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Struct)
        if kind not in (Result, Struct) and not issubclass(kind, Params)
    }


def digest_faults(text: str) -> list[str]:
    """The worked examples, one for each version."""
    return [f"{title}: {fault}" for title in DIGESTS for fault in _example(text, title)]


def _example(text: str, title: str) -> list[str]:
    """What is wrong by the code, and by hand from the text shown."""
    blocks = {fence.language: fence.lines for fence in fences_of(text, title)}
    (shown,) = blocks["json"]
    told = dict(line.split(maxsplit=1) for line in blocks["text"])
    message = json.loads(shown)
    origin = message.get("origin")
    if origin is not None:
        origin = Origin(sender=origin.pop("from"), **origin)
    of = {key: message[key] for key in ("id", "to", "sent_at", "subject", "body")}
    true = message_digest(
        **of,
        sender=message["from"],
        reply_to=message["reply_to"],
        origin=origin,
        room=message.get("room"),
    )
    by_hand = hashlib.sha256(shown.encode("utf-8")).hexdigest()
    return [
        *([f"digest {true}"] if told["digest"] != true else []),
        *([f"by hand {by_hand}"] if told["digest"] != by_hand else []),
        *(["hash"] if told["hash"] != body_hash(message["body"]) else []),
    ]


def fences_of(text: str, title: str) -> list[pages.Fence]:
    return list(pages.fences("\n".join(pages.sections(text)[title])))


# -- docs/cli.md


def verb_faults(text: str) -> list[str]:
    """Every verb has its section with its options, and every section its verb."""
    told = [title for title in pages.sections(text) if title.startswith("nimsg ")]
    faults = []
    for name, parser in verbs.commands():
        if f"nimsg {name}" not in told:
            faults.append(f"no section nimsg {name}")
            continue
        told.remove(f"nimsg {name}")
        shared: list[Row] = [(label,) for label in connection_labels()]
        options = rows(text, f"nimsg {name}", "argument or option")
        if (CONNECTION,) in options:
            options = [row for row in options if row != (CONNECTION,)] + shared
        true = [(label,) for label in verbs.labels(parser)]
        faults += [f"{name}: {what}" for what in differences(options, true)]
    return faults + [f"no verb for {title}" for title in told]


def connection_faults(text: str) -> list[str]:
    told = rows(text, "Connection options", "option")
    return differences(told, [(label,) for label in connection_labels()])


def connection_labels() -> list[str]:
    parser = ArgumentParser()
    add_connection_arguments(parser)
    return verbs.labels(parser)


def exit_faults(text: str) -> list[str]:
    true = [(str(int(code)),) for code in Exit]
    return differences(rows(text, "Exit codes", "code"), true)


def key_faults(text: str) -> list[str]:
    true = [(key, TYPE_NAMES[kind]) for key, kind in CONFIG_KEYS.items()]
    return differences(rows(text, "Keys", "key", "type"), true)


def variable_faults(text: str) -> list[str]:
    told = rows(text, "Environment variables", "variable")
    true = sorted(variables() | READ_BY_URWID | set(screen.EDITORS))
    return differences(told, [(name,) for name in true])


def variables() -> set[str]:
    """The environment variables that nimsg reads, from its syntax."""
    return {
        node.args[0].value
        for node in calls()
        if dotted(node.func) == "os.environ.get"
        if isinstance(node.args[0], ast.Constant)
        if isinstance(node.args[0].value, str)
    }


def window_faults(text: str) -> list[str]:
    """Every kind of window has its row."""
    told = [row for (row,) in rows(text, "Windows", "window")]
    true = [WINDOW_NAMES.get(kind, kind.value) for kind in WindowKind]
    return differences([(name,) for name in told], [(name,) for name in true])


def size_faults(text: str) -> list[str]:
    """The sizes from which on the screen is laid out another way."""
    true = [
        (f"{cols}x{rows}",)
        for cols, rows in (
            (layout.LEAST_COLS, layout.LEAST_ROWS),
            (layout.STACKED_COLS, layout.STACKED_ROWS),
            (layout.BESIDE_COLS, layout.STACKED_ROWS),
            (layout.THREE_COLS, layout.STACKED_ROWS),
        )
    ]
    return differences(rows(text, "Sizes of the screen", "from"), true)


def mark_faults(text: str) -> list[str]:
    """The signs of rows, as terminals with and without Unicode show them."""
    boxes = {"inbox": glyphs.INBOX_STATES, "outbox": glyphs.OUTBOX_STATES}
    names = [
        ("everywhere", "focus"),
        ("boxes", "marked"),
        *((box, name) for box, states in boxes.items() for name in states),
        ("members of a room", "online"),
    ]
    true = [
        ("drafts" if name == "draft" else where, *signs(name)) for where, name in names
    ]
    told = rows(text, "Marks", "where", "sign", "in ASCII")
    return differences(told, true)


def signs(name: str) -> tuple[str, str]:
    """A sign with and without Unicode."""
    first, second = (
        getattr(one, name).strip() or "blank" for one in (glyphs.UNICODE, glyphs.ASCII)
    )
    return first, second


def screen_key_faults(text: str) -> list[str]:
    """The table of keys; where it is not so, the lines that it should have."""
    lines = pages.sections(text)["Keys of the screen"]
    told = [line for line in lines if line.startswith("|")]
    true = key_table_lines()
    return [] if told == true else ["the table is to be:\n" + "\n".join(true)]


def key_table_lines() -> list[str]:
    """The table of keys for docs/cli.md, as `nimsg/tui/keytable.py` has them."""
    found = []
    for binding in BINDINGS:
        where = ", ".join(one for one in Context if one in binding.contexts)
        found.append(
            (list(map(key_text, binding.keys)), binding.help, where, binding.action)
        )
    numbered = [row for row in found if row[-1].startswith("window-")]
    first, last = numbered[0], numbered[-1]
    at = found.index(first)
    found[at : at + len(numbered)] = [
        (
            [f"{first[0][0]} … {last[0][0]}"],
            f"{first[1]} … {last[1].split()[-1]}",
            first[2],
            f"{first[3]} … {last[3]}",
        )
    ]
    return [
        "| key | does | where | action |",
        "|---|---|---|---|",
        *(
            f"| {' '.join(f'`{key}`' for key in keys)} | {does} | {where} "
            f"| `{action}` |"
            for keys, does, where, action in found
        ),
    ]


def theme_faults(text: str) -> list[str]:
    told = rows(text, "nimsg client", "argument or option", "means")
    (means,) = (means for option, means in told if option.startswith("--theme"))
    true = f"{', '.join(THEMES[:-1])} or {THEMES[-1]} colours; {THEMES[0]}"
    return [] if means == true else [f"--theme: {true}"]


def schema_faults(text: str) -> list[str]:
    told = rows(text, "Schemas", "schema")
    return differences(told, [(f"nimsg.{name}/1",) for name in sorted(schemas())])


def schemas() -> set[str]:
    """What `json_line` is called with; a box gives its own name."""
    names: set[str] = set()
    for node in calls():
        if dotted(node.func).endswith("json_line"):
            first = node.args[0]
            literal = isinstance(first, ast.Constant) and str(first.value)
            names |= {literal} if literal else {"inbox", "outbox"}
    return names


@cache
def calls() -> list[ast.Call]:
    """Every call in nimsg."""
    return [
        node
        for path in sorted((TOP / "nimsg").rglob("*.py"))
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.Call)
    ]


# -- docs/storage.md, docs/operating.md, docs/architecture.md


def sync_faults(text: str) -> list[str]:
    true = [tuple(sync) for sync in sorted(syncs(TOP / "nimsg" / "store"))]
    return differences(rows(text, "Every sync", "where", "call"), true)


def file_faults(text: str, title: str, struct: type[Struct]) -> list[str]:
    true = [(field.encode_name,) for field in fields(struct)]
    return differences(rows(text, title, "member"), true)


def index_faults(text: str) -> list[str]:
    true = [(name,) for name in re.findall(r"CREATE TABLE (\w+)", SCHEMA)]
    return differences(rows(text, "Tables", "table"), true)


def level_faults(text: str) -> list[str]:
    return differences(rows(text, "Logs", "level"), [(level,) for level in LEVELS])


def server_exit_faults(text: str) -> list[str]:
    known = {str(int(code)) for code in Exit}
    told = rows(text, "Exit codes of the server", "code")
    return [f"no exit code {row[0]}" for row in told if row[0] not in known]


def length_faults(text: str) -> list[str]:
    count = len(text.splitlines())
    return [f"{count} lines"] if count > ARCHITECTURE_LINES else []


def part_faults(text: str) -> list[str]:
    """Every part of the house has its row."""
    told = {
        name.strip()
        for row in rows(text, "Parts", "part")
        for name in row[0].split(",")
    }
    true = {
        path.stem
        for path in (TOP / "nimsg").iterdir()
        if not path.name.startswith("_") and path.suffix in ("", ".py")
    }
    return differences([(name,) for name in told], [(name,) for name in true])


def owner_faults(text: str) -> list[str]:
    """Every part that a server's services are made of says what it knows."""
    told = {
        name
        for row in rows(text, "Who owns what", "part")
        for name in re.findall(r"\w+", row[0])
    }
    tree = ast.parse(read(TOP / "nimsg" / "server" / "services.py"))
    ours = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        if str(node.module).startswith("nimsg.server.")
        for alias in node.names
    }
    made = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    # Pools are made by what is handed in, and clocks have no state.
    parts = ({name for name in made & ours if name[0].isupper()} | {"Threads"}) - CLOCKS
    return [f"no row for {name}" for name in sorted(parts - told)]


# -- docs/features.md


def feature_ids(text: str) -> list[str]:
    told = rows(text, "What is built", "id")
    return differences(told, [(id_,) for id_ in sorted(ALL_IDS)])


def proof_faults(text: str) -> list[str]:
    """Each line names a test that is there, says what it is, and where it is met."""
    faults = []
    for row in table(text, "What is built"):
        proofs = re.findall(r"`([^`]+)`", row["test"])
        faults += [f"{row['id']}: no test {name}" for name in proofs if not there(name)]
        if not (proofs and row["what"] and row["where"]):
            faults.append(f"{row['id']}: an empty cell")
    return faults


def screen_faults(text: str) -> list[str]:
    """What is seen on the full screen is proven there."""
    return [
        f"{row['id']}: no test of the screen"
        for row in table(text, "What is built")
        if row["id"] in OF_THE_SCREEN
        if not any(f"`{place}" in row["test"] for place in SCREEN_TESTS)
    ]


def complaint_faults(text: str) -> list[str]:
    """Each complaint has its number, an answer and a test that is there."""
    found = table(text, COMPLAINED)
    numbers = [(row["no"],) for row in found]
    faults = differences(numbers, [(str(n),) for n in range(1, COMPLAINTS + 1)])
    for row in found:
        proofs = re.findall(r"`(tests/[^`]+)`", row["test"])
        faults += [f"{row['no']}: no test {name}" for name in proofs if not there(name)]
        if not (proofs and row["complaint"] and row["answer"]):
            faults.append(f"{row['no']}: an empty cell")
    return faults


def there(name: str) -> bool:
    """Whether `tests/x/test_y.py::test_z` exists."""
    path, _, function = name.partition("::")
    return function in names_of_tests(TOP / path)


@cache
def names_of_tests(path: Path) -> frozenset[str]:
    """The names of a module's tests; none where there is no module."""
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.walk(ast.parse(read(path)))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_")
    )


# -- every page


def unwanted(text: str) -> list[str]:
    return UNWANTED.findall(text)


def command_faults(text: str) -> list[str]:
    return [fault for words in shell.commands(text) if (fault := shell.fault(words))]


def measure_faults(text: str) -> list[str]:
    true = [(name,) for name in MEASURES]
    return differences(rows(text, "Measures", "measure"), true)


def target_faults(text: str) -> list[str]:
    """The targets of make that a page names."""
    targets = set(re.findall(r"^(\w+):", read(TOP / "Makefile"), re.MULTILINE))
    named = re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)
    return [f"make {name}" for name in named if name not in targets]


message_file = partial(
    file_faults, title="Members of a message file", struct=MessageFile
)
ledger_line = partial(file_faults, title="Members of a ledger line", struct=Line)
account_file = partial(
    file_faults, title="Members of an account file", struct=AccountFile
)
invitation_file = partial(
    file_faults, title="Members of an invitation file", struct=InvitationFile
)
room_file = partial(file_faults, title="Members of a room file", struct=RoomFile)
draft_file = partial(file_faults, title="Members of a draft file", struct=DraftFile)

# A check, its page, and a change to the page that the check has to see.
CHECKS: list[tuple[Check, str, str, str]] = [
    (method_faults, "protocol.md", "| `mail.list` | user | passive |", "| x | y | z |"),
    (method_faults, "protocol.md", "| `mail.ack` | user |", "| `mail.ack` | local |"),
    (event_faults, "protocol.md", "| `closing` |", "| `closed` |"),
    (state_faults, "protocol.md", "| greeted | login |", "| greeted | close |"),
    (login_faults, "protocol.md", "| login | welcome | in |", "| login | x | in |"),
    (link_faults, "protocol.md", "| open | stop | ended |", "| open | stop | open |"),
    (stop_faults, "protocol.md", "| serving | announce |", "| serving | cancel |"),
    (needs_faults, "protocol.md", "| `admin` | from", "| `root` | from"),
    (mode_faults, "protocol.md", "| `nick` | nothing", "| `nickname` | nothing"),
    (device_faults, "protocol.md", "| `line` | a", "| `page` | a"),
    (departure_faults, "protocol.md", "| `lost` | the", "| `bored` | the"),
    (notice_faults, "protocol.md", "| `canceled` |", "| `cancelled` |"),
    (body_faults, "protocol.md", "X unexpectedly", "X suddenly"),
    (step_faults, "protocol.md", "when 60, 30,", "when 60, 45,"),
    (end_faults, "protocol.md", "| open | stop | `stopped` |", "| x | y | `z` |"),
    (link_frame_faults, "protocol.md", "| `bye` | none |", "| `bye` | `why` |"),
    (their_faults, "protocol.md", "| `RETRY` |", "| `AGAIN` |"),
    (their_faults, "protocol.md", "| `mail.send` | to", "| `mail.sent` | to"),
    (limit_faults, "protocol.md", "| 65536 | bytes |", "| 65537 | bytes |"),
    (feature_faults, "protocol.md", "| `long-poll` |", "| `short-poll` |"),
    (kind_faults, "protocol.md", "| `busy` | -32007 | 75 |", "| `busy` | -32007 | 4 |"),
    (params_faults, "protocol.md", "integer, 1 to 500", "integer, 1 to 501"),
    (params_faults, "protocol.md", "### OneUser", "### TwoUsers"),
    (result_faults, "protocol.md", "| `more` |", "| `less` |"),
    (result_faults, "protocol.md", "### Refused", "### Accepted"),
    (reason_faults, "protocol.md", "| `revoked` |", "| `bored` |"),
    (ladder_faults, "protocol.md", "| `acked` | the", "| `liked` | the"),
    (digest_faults, "protocol.md", "Kaffee?", "Tee?"),
    (digest_faults, "protocol.md", '"zone":360', '"zone":0'),
    (digest_faults, "protocol.md", '"room":"lobby"', '"room":"lobbies"'),
    (verb_faults, "cli.md", "### nimsg recall", "### nimsg unsend"),
    (verb_faults, "cli.md", "| `--md5 HASH` |", "| `--sha HASH` |"),
    (connection_faults, "cli.md", "| `--no-input` |", "| `--no-output` |"),
    (exit_faults, "cli.md", "| 77 | the", "| 79 | the"),
    (key_faults, "cli.md", "| `tls` | true or false |", "| `tls` | a text |"),
    (variable_faults, "cli.md", "| `NIMSG_VAR` |", "| `NIMSG_STORE` |"),
    (variable_faults, "cli.md", "| `VISUAL` |", "| `PAGER` |"),
    (window_faults, "cli.md", "| a room |", "| a chamber |"),
    (size_faults, "cli.md", "| 120x20 |", "| 100x20 |"),
    (mark_faults, "cli.md", "| outbox | `f` |", "| outbox | `F` |"),
    (screen_key_faults, "cli.md", "recall it from who", "take it from who"),
    (theme_faults, "cli.md", "`16` or `mono` colours", "`8` or `mono` colours"),
    (schema_faults, "cli.md", "| `nimsg.ack/1` |", "| `nimsg.nod/1` |"),
    (sync_faults, "storage.md", "| `filer.Filer.sync` | `syncfs` |", "| x | y |"),
    (message_file, "storage.md", "| `digest` |", "| `checksum` |"),
    (ledger_line, "storage.md", "| `prev` |", "| `before` |"),
    (account_file, "storage.md", "| `tokens` |", "| `keys` |"),
    (invitation_file, "storage.md", "| `used_by` |", "| `by` |"),
    (room_file, "storage.md", "| `creator` |", "| `founder` |"),
    (
        draft_file,
        "storage.md",
        "| `client_id` | the writer's",
        "| `name` | the writer's",
    ),
    (index_faults, "storage.md", "| `journal` |", "| `diary` |"),
    (level_faults, "operating.md", "| `debug` |", "| `chatty` |"),
    (server_exit_faults, "operating.md", "| 74 | the disk", "| 73 | the disk"),
    (length_faults, "architecture.md", "\n", "\n\n"),
    (part_faults, "architecture.md", "`socketpath` |", "`sockets` |"),
    (owner_faults, "architecture.md", "| `Floods`,", "| `Brooks`,"),
    (owner_faults, "architecture.md", "their `Threads` |", "their threads |"),
    (measure_faults, "performance.md", "| `crowd` |", "| `queue` |"),
    (feature_ids, "features.md", "| N12 |", "| N13 |"),
    (feature_ids, "features.md", "| N7 |", "| N12 |"),
    (proof_faults, "features.md", "::test_", "::test_no_"),
    (proof_faults, "features.md", "`tests/", "`/tests/"),
    (screen_faults, "features.md", "`tests/tui/", "`tests/cli/"),
    (complaint_faults, "features.md", "\n| 7 |", "\n| 8 |"),
    (complaint_faults, "features.md", "::test_", "::test_no_"),
]


def label(value: object) -> str | None:
    """A check that is made of another one is known by the table it reads."""
    return str(value.keywords["title"]) if isinstance(value, partial) else None


@pytest.mark.parametrize(
    ("check", "name"),
    list(dict.fromkeys((check, name) for check, name, _, _ in CHECKS)),
    ids=label,
)
def test_the_page_tells_the_truth(check: Check, name: str) -> None:
    faults = check(page(name))

    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("check", "name", "old", "new"), CHECKS, ids=label)
def test_the_check_can_fail(check: Check, name: str, old: str, new: str) -> None:
    text = page(name)

    assert old in text
    assert check(text.replace(old, new)) != []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TOP)))
def test_links_lead_somewhere_and_nothing_is_left_undone(path: Path) -> None:
    assert pages.broken_links(path) == []
    assert unwanted(read(path)) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(TOP)))
def test_commands_on_the_page_can_be_typed(path: Path) -> None:
    assert command_faults(read(path)) == []
    assert target_faults(read(path)) == []


def test_the_commands_of_the_readme_are_found() -> None:
    found = [words[0] for words in shell.commands(read(TOP / "README.md")) if words]

    assert {"server", "register", "send", "client", "outbox", "wait"} <= set(found)
    assert found.count("send") > 3


@pytest.mark.parametrize(
    "line",
    [
        "nimsg sned bob -m hi",
        "nimsg send bob --massage hi",
        "id=$(nimsg send bob -x hi)",
        "PS1='$(nimsg client --twice)'",
        "nimsg wait o1 --until tomorrow | cat",
        "if nimsg send bob -m hi --wait seen; then true; fi",
        "nimsg",
    ],
)
def test_the_command_check_can_fail(line: str) -> None:
    assert command_faults(f"```sh\n{line}\n```\n")
    assert command_faults(f"```console\n$ {line}\nnimsg output\n```\n")


def test_the_checks_of_every_page_can_fail(tmp_path: Path) -> None:
    bad = tmp_path / "bad.md"
    bad.write_text("# A\n[x](missing.md) [y](#nowhere) [z](bad.md#b)\n", "utf-8")

    assert len(pages.broken_links(bad)) == 3
    assert unwanted("TODO: see /home/ann") != []
    assert target_faults("run `make coffee`") == ["make coffee"]


def test_every_handler_and_every_verb_is_on_a_page() -> None:
    assert {row[0] for row in rows(page("protocol.md"), "Methods", "method")} == set(
        HANDLERS
    )
    assert {name.split()[0] for name, _ in verbs.commands()} == set(VERBS)


# -- examples that run


def test_the_example_of_a_config_file_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fence,) = fences_of(page("cli.md"), "An example")
    file = tmp_path / "nimsg" / "config.toml"
    file.parent.mkdir()
    file.write_text("\n".join(fence.lines), encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("NIMSG_SERVER", "NIMSG_USER"):
        monkeypatch.delenv(name, raising=False)
    parser, _ = parser_of("client")
    args = parser.parse_args([])
    config = read_config(config_path())
    options = screen._options(args, read_settings(args), config, 0)

    assert fence.language == "toml"
    assert (options.poll_s, options.dwell_s, options.theme) == (1.0, 0.0, "light")
    assert (options.user, options.bell, options.mouse) == ("ann", True, False)
    keys = KeyMap(options.keys)
    assert keys.keys_of("next-unread") == ("]", "f3")
    assert "ctrl f" in keys.keys_of("search")
    assert "f10" in keys.keys_of("send")


def plain(text: str) -> str:
    """A text without what differs from run to run."""
    text = re.sub(r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}", "TIME", text)
    return re.sub(r"\b\d\d:\d\d\b", "TIME", text)


def shown(text: str, title: str) -> list[str]:
    """The lines of the one block below a heading."""
    (fence,) = fences_of(text, title)
    return fence.lines


def test_the_minimal_client_does_what_its_page_shows(tmp_path: Path) -> None:
    command, *told = shown(page("protocol.md"), "A minimal client")
    with ServerProcess(tmp_path / "var", env=environment(tmp_path)) as server:
        host, _, port = server.address.partition(":")
        done = subprocess.run(
            [sys.executable, str(MINIMAL), host, port],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment(tmp_path, PYTHONPATH=""),
            cwd=tmp_path,
        )

    assert done.stderr == ""
    assert plain(done.stdout) == plain("\n".join(told) + "\n")
    assert command == "$ python docs/examples/minimal_client.py 127.0.0.1 6969"


def test_the_minimal_client_needs_nothing_but_the_standard_library() -> None:
    assert imported(read(MINIMAL)) == {"json", "socket", "struct", "sys"}
    assert imported("import nimsg.errors\nfrom ssl import x") == {"nimsg", "ssl"}


def imported(source: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names


def test_the_picture_in_the_readme_is_the_demo(tmp_path: Path) -> None:
    done = nimsg("demo", env=environment(tmp_path))
    told = plain(done.stdout.decode()).splitlines()
    lines = {line.strip() for line in told}
    picture = shown(read(TOP / "README.md"), "What it looks like")

    assert done.returncode == 0
    assert [line for line in picture if line and plain(line).strip() not in lines] == []
    assert plain("ann$ nimsg outbox --alles") not in lines
