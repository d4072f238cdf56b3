"""Every place in the store that makes something durable, found in its syntax."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


# The calls that sync, or lead to one; SQLite syncs by what its statements say.
CALLS = frozenset(
    {
        *("fsync", "fdatasync", "syncfs", "_syncfs"),
        *("move_durably", "_sync_each", "sync", "settle", "_checkpoint"),
    }
)
STATEMENTS = re.compile(r"PRAGMA (synchronous|wal_\w+)|(COMMIT)\Z")
DURABLE = "durable"


class Sync(NamedTuple):
    """A place, as `module.Class.function`, and what is called there."""

    where: str
    call: str


def syncs(package: Path) -> set[Sync]:
    """All syncs of the modules in a folder."""
    return {
        Sync(where, call)
        for path in sorted(package.glob("*.py"))
        for where, node in placed(ast.parse(path.read_text("utf-8")), path.stem)
        for call in _calls(node)
    }


def placed(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST]]:
    """Every node with the function it stands in; docstrings are left out."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        inside = where
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inside = f"{where}.{child.name}"
        yield inside, child
        yield from placed(child, inside)


def _calls(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in CALLS:
            yield name
        if any(keyword.arg == DURABLE for keyword in node.keywords):
            yield f"{name} {DURABLE}"
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        statement = STATEMENTS.match(node.value)
        if statement:
            yield statement[1] or statement[2]


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
