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
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from pathlib import Path

import pytest
from msgspec import Struct

from nimsg.cli.main import VERBS
from nimsg.cli.settings import CONFIG_KEYS, TYPE_NAMES, add_connection_arguments
from nimsg.errors import KINDS, Exit
from nimsg.logs import LEVELS
from nimsg.protocol import results
from nimsg.protocol.connection import TRANSITIONS
from nimsg.protocol.constants import FEATURES, LIMITS, CloseReason, CopyState
from nimsg.protocol.digest import body_hash, message_digest
from nimsg.protocol.methods import EVENTS, METHODS
from nimsg.protocol.results import Result
from nimsg.server.dispatch import HANDLERS
from nimsg.store.accountfile import AccountFile
from nimsg.store.invitationfile import InvitationFile
from nimsg.store.ledger import Line
from nimsg.store.messagefile import MessageFile
from nimsg.store.schema import SCHEMA
from tests.bench.measures import MEASURES
from tests.support import pages, shell, verbs
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
CONNECTION = "connection options"

# What no page may hold: marks of unfinished work, and places on one machine.
UNWANTED = re.compile(r"TODO|FIXME|XXX|<!-- (?!figures)|/root\b|/home/\w")

# What is built, and so has its line in docs/features.md.
BUILT = {
    *(f"R{number}" for number in range(1, 8)),
    *(f"S0-{number}" for number in range(1, 24)),
    *(f"S1-{number}" for number in (1, 3, 4, 5, 7, 8, 9, 13, 18, 19)),
    *(f"S2-{number}" for number in (1, 4, 5, 6, 7, 13, 14, 16, 17, 18)),
    *(f"S4-{number}" for number in (2, 6, 8, 16)),
    *(f"C{number}" for number in (3, 4, 5, 12, 13)),
    *(f"X{number}" for number in (1, 3, 4, 6, 10, 11, 12, 14, 15, 16)),
    *(f"N{number}" for number in (1, 4, 7, 12)),
}

Row = tuple[str, ...]
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


def state_faults(text: str) -> list[str]:
    true = [
        (state.value, event.value, after.value)
        for state, events in TRANSITIONS.items()
        for event, after in events.items()
    ]
    return differences(rows(text, "States", "state", "event", "next state"), true)


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
        for kind in vars(results).values()
        if isinstance(kind, type) and issubclass(kind, Struct)
        if kind not in (Result, Struct)
    }


def reason_faults(text: str) -> list[str]:
    told = rows(text, "Closing a connection", "reason")
    return differences(told, [(reason.value,) for reason in CloseReason])


def ladder_faults(text: str) -> list[str]:
    told = rows(text, "The ladder", "state")
    return differences(told, [(state.value,) for state in CopyState])


def digest_faults(text: str) -> list[str]:
    """The worked example: computed by the code, and by hand from the text shown."""
    blocks = {fence.language: fence.lines for fence in fences_of(text, "Digest")}
    (shown,) = blocks["json"]
    told = dict(line.split(maxsplit=1) for line in blocks["text"])
    message = json.loads(shown)
    of = {key: message[key] for key in ("id", "to", "sent_at", "subject", "body")}
    true = message_digest(**of, sender=message["from"], reply_to=message["reply_to"])
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
    return differences(told, [(name,) for name in sorted(variables())])


def variables() -> set[str]:
    """The environment variables that nimsg reads, from its syntax."""
    return {
        node.args[0].value
        for node in calls()
        if ast.unparse(node.func) == "os.environ.get"
        if isinstance(node.args[0], ast.Constant)
        if isinstance(node.args[0].value, str)
    }


def schema_faults(text: str) -> list[str]:
    told = rows(text, "Schemas", "schema")
    return differences(told, [(f"nimsg.{name}/1",) for name in sorted(schemas())])


def schemas() -> set[str]:
    """What `json_line` is called with; a box gives its own name."""
    names: set[str] = set()
    for node in calls():
        if ast.unparse(node.func).endswith("json_line"):
            first = node.args[0]
            literal = isinstance(first, ast.Constant) and str(first.value)
            names |= {literal} if literal else {"inbox", "outbox"}
    return names


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


# -- docs/features.md


def feature_ids(text: str) -> list[str]:
    told = rows(text, "What is built", "id")
    return differences(told, [(id_,) for id_ in sorted(BUILT)])


def proof_faults(text: str) -> list[str]:
    """Each line names a test that is there, says what it is, and where it is met."""
    faults = []
    for row in table(text, "What is built"):
        proofs = re.findall(r"`([^`]+)`", row["test"])
        faults += [f"{row['id']}: no test {name}" for name in proofs if not there(name)]
        if not (proofs and row["what"] and row["where"]):
            faults.append(f"{row['id']}: an empty cell")
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

# A check, its page, and a change to the page that the check has to see.
CHECKS: list[tuple[Check, str, str, str]] = [
    (method_faults, "protocol.md", "| `mail.list` | user | passive |", "| x | y | z |"),
    (method_faults, "protocol.md", "| `mail.ack` | user |", "| `mail.ack` | local |"),
    (event_faults, "protocol.md", "| `closing` |", "| `closed` |"),
    (state_faults, "protocol.md", "| greeted | login |", "| greeted | close |"),
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
    (verb_faults, "cli.md", "### nimsg recall", "### nimsg unsend"),
    (verb_faults, "cli.md", "| `--md5 HASH` |", "| `--sha HASH` |"),
    (connection_faults, "cli.md", "| `--no-input` |", "| `--no-output` |"),
    (exit_faults, "cli.md", "| 77 | the", "| 79 | the"),
    (key_faults, "cli.md", "| `tls` | true or false |", "| `tls` | a text |"),
    (variable_faults, "cli.md", "| `NIMSG_VAR` |", "| `NIMSG_STORE` |"),
    (schema_faults, "cli.md", "| `nimsg.ack/1` |", "| `nimsg.nod/1` |"),
    (sync_faults, "storage.md", "| `filer.Filer.sync` | `syncfs` |", "| x | y |"),
    (message_file, "storage.md", "| `digest` |", "| `checksum` |"),
    (ledger_line, "storage.md", "| `prev` |", "| `before` |"),
    (account_file, "storage.md", "| `tokens` |", "| `keys` |"),
    (invitation_file, "storage.md", "| `used_by` |", "| `by` |"),
    (index_faults, "storage.md", "| `journal` |", "| `diary` |"),
    (level_faults, "operating.md", "| `debug` |", "| `chatty` |"),
    (server_exit_faults, "operating.md", "| 74 | the disk", "| 73 | the disk"),
    (length_faults, "architecture.md", "\n", "\n\n"),
    (part_faults, "architecture.md", "`socketpath` |", "`sockets` |"),
    (measure_faults, "performance.md", "| `flat` |", "| `steep` |"),
    (feature_ids, "features.md", "| N12 |", "| N13 |"),
    (proof_faults, "features.md", "::test_", "::test_no_"),
]


@pytest.mark.parametrize(
    ("check", "name"),
    list(dict.fromkeys((check, name) for check, name, _, _ in CHECKS)),
)
def test_the_page_tells_the_truth(check: Check, name: str) -> None:
    assert check(page(name)) == []


@pytest.mark.parametrize(("check", "name", "old", "new"), CHECKS)
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
