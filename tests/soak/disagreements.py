"""Every disagreement that `nimsg check` can name, taken away where it is named."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.soak.mutationtable import Mutation
from tests.support.syncs import placed


STORE = Path(__file__).parents[2] / "nimsg" / "store"
TESTS = "tests/store/test_"
ROT = "tests/store/test_bit_rot.py"
# The modules of the check, and the tests that look at what it says.
MODULES = {
    "check": ("check", "check_files"),
    "check_files": ("check_files", "check_removal", "check_live", "check"),
    "check_ledger": ("check_ledger", "check_live", "check_rooms", "check_journal"),
    "check_index": (
        *("check_index", "check_journal", "check_drafts", "check_rooms"),
        "check_removal",
    ),
    "check_rooms": ("check_rooms",),
    "check_invitations": ("check_invitations",),
    "check_drafts": ("check_drafts",),
    "snapshot": ("check_index", "check_live", "check"),
    "survey": ("check_files", "check_rooms", "check_removal", "salvage"),
}
RULES = {"RULES", "ROOM_RULES", "DRAFT_RULES"}


def disagreements() -> tuple[Mutation, ...]:
    """One for each place that says something, and for each rule of the index."""
    return tuple(one for module in MODULES for one in _of(module))


def _of(module: str) -> Iterator[Mutation]:
    text = (STORE / f"{module}.py").read_text("utf-8")
    tests = tuple(f"{TESTS}{name}.py" for name in MODULES[module])
    for where, node in placed(ast.parse(text), module):
        instead = _instead(node)
        if instead is not None:
            old, new = _without(text, node, instead)
            yield Mutation(where, _words(node), old, new, (*tests, ROT))
        elif isinstance(node, ast.AnnAssign) and _name(node.target) in RULES:
            for rule in getattr(node.value, "elts", ()):
                old, new = _without(text, rule, '"SELECT 1, 2 WHERE 0"')
                yield Mutation(module, _words(rule), old, new, tests)


def _instead(node: ast.AST) -> str | None:
    """What stands in place of a statement that says something; None of others."""
    if not isinstance(node, ast.Expr):
        return None
    if isinstance(node.value, ast.Yield | ast.YieldFrom):
        return "yield from ()" if _strings(node) else None
    if isinstance(node.value, ast.Call):
        said = node.value.func
        if isinstance(said, ast.Call) or _name(said) == "say":
            return "pass"
    return None


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _strings(node: ast.AST) -> list[str]:
    return [
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]


def _words(node: ast.AST) -> str:
    """By what a disagreement is known."""
    words = max(_strings(node), key=len, default=ast.unparse(node))
    return " ".join(words.split())[:44]


def _without(text: str, node: ast.AST, instead: str) -> tuple[str, str]:
    """A piece of the text that is there once, and the same with the node replaced."""
    segment = ast.get_source_segment(text, node)
    assert segment is not None
    lines = text.splitlines(keepends=True)
    at = node.lineno - 1  # type: ignore[attr-defined]
    before = lines[at][: node.col_offset]  # type: ignore[attr-defined]
    while text.count(before + segment) > 1:
        at -= 1
        before = lines[at] + before
    return before + segment, before + instead
