"""Reading the house from its syntax: who imports whom, who calls what.

A house is a module's full name and its syntax tree, for each module. Every checker
takes one and returns a line for each fault, so that it can be shown a bad snippet.
"""

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping, Set as AbstractSet
from functools import cache
from pathlib import Path


ROOT = "nimsg"
House = Mapping[str, ast.Module]
Graph = Mapping[str, AbstractSet[str]]
LATER = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def read_house(top: Path) -> House:
    """Every module below `top / nimsg`."""
    house = {}
    for path in sorted((top / ROOT).rglob("*.py")):
        parts = path.relative_to(top).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        house[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return house


def snippets(**sources: str) -> House:
    """A house of a few lines; `store__disk` is the module nimsg.store.disk."""
    return {
        f"{ROOT}.{name.replace('__', '.')}": ast.parse(source)
        for name, source in sources.items()
    }


def part_of(module: str) -> str:
    """The package or leaf a module belongs to: `store` for nimsg.store.disk."""
    return module.split(".")[1] if "." in module else ""


def within(module: str, name: str) -> bool:
    """Whether a module is the named one or below it."""
    return module == name or module.startswith(name + ".")


def nodes(tree: ast.AST, *, at_import: bool = False) -> Iterator[ast.AST]:
    """The nodes of a tree, or only those that run when it is imported."""
    todo = [tree]
    while todo:
        for child in ast.iter_child_nodes(todo.pop()):
            if not (at_import and isinstance(child, LATER)):
                todo.append(child)
                yield child


@cache
def importing(
    tree: ast.Module, *, at_import: bool
) -> list[ast.Import | ast.ImportFrom]:
    """The imports of a tree, or only those that run when it is imported."""
    every = nodes(tree, at_import=at_import)
    return [node for node in every if isinstance(node, ast.Import | ast.ImportFrom)]


def imports(house: House, module: str, *, at_import: bool = False) -> set[str]:
    """The full names of the modules a module imports."""
    found = set()
    for node in importing(house[module], at_import=at_import):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                whole = f"{source}.{alias.name}"
                # what is no module of ours may be one of others: http.client
                found |= {whole} if whole in house else {source, whole}
    return found


def dotted(node: ast.AST) -> str:
    """A name with its attributes; empty for attributes of anything else."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return owner and f"{owner}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


@cache
def names(tree: ast.Module) -> dict[str, int]:
    """Every dotted name used, imports resolved, with a line where it stands."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {a.asname: a.name for a in node.names if a.asname}
        elif isinstance(node, ast.ImportFrom):
            known |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    used = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute) and dotted(node):
            first, dot, rest = dotted(node).partition(".")
            used[known.get(first, first) + dot + rest] = node.lineno
    return used


def graph(house: House, *, at_import: bool = False) -> Graph:
    """What each module imports; at import time its packages come first."""
    edges = {module: imports(house, module, at_import=at_import) for module in house}
    if at_import:
        for targets in edges.values():
            targets.update(*map(packages, targets))
    return edges


def packages(module: str) -> list[str]:
    """The packages above a module."""
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def reachable(edges: Graph, start: str) -> set[str]:
    """Everything that comes along with a module, itself included."""
    seen: set[str] = set()
    todo = [start]
    while todo:
        module = todo.pop()
        if module not in seen:
            seen.add(module)
            todo += edges.get(module, ())
    return seen


# -- the checkers


def layer_faults(house: House, allowed: Mapping[str, AbstractSet[str]]) -> list[str]:
    """Imports of one part of the house by another that may not."""
    faults = []
    for module in house:
        part = part_of(module)
        if part not in allowed:
            faults.append(f"{module}: no row says whom {part} may import")
            continue
        faults += [
            f"{module} imports {target}"
            for target in sorted(imports(house, module) & house.keys())
            if part_of(target) not in {"", part} | allowed[part]
        ]
    return faults


def import_faults(house: House, banned: Iterable[str]) -> list[str]:
    """Imports of banned modules, or of anything below them."""
    return [
        f"{module} imports {target}"
        for module in house
        for target in sorted(imports(house, module))
        if any(within(target, name) for name in banned)
    ]


def stranger_faults(house: House, friends: AbstractSet[str]) -> list[str]:
    """Imports of what is neither ours, nor Python's, nor a known dependency."""
    known = friends | sys.stdlib_module_names | {ROOT}
    return [
        f"{module} imports {target}"
        for module in house
        for target in sorted(imports(house, module))
        if target.split(".")[0] not in known
    ]


def name_faults(house: House, banned: AbstractSet[str]) -> list[str]:
    """Uses of banned names, under whatever alias."""
    return [
        f"{module}:{line} uses {name}"
        for module, tree in house.items()
        for name, line in names(tree).items()
        if name in banned
    ]


def async_faults(house: House) -> list[str]:
    """Coroutines, and what only they can hold."""
    kinds = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    return [
        f"{module}:{node.lineno} is asynchronous"
        for module, tree in house.items()
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def cycle_faults(house: House) -> list[str]:
    """Modules that import themselves by way of others, inner imports included."""
    edges = graph(house)
    return [
        f"{module} imports itself through {target}"
        for module in house
        for target in sorted(edges[module] & house.keys())
        if module in reachable(edges, target)
    ]


def renamers(house: House) -> dict[str, set[str]]:
    """Who gives files other names: by the system's own call, or by the disk's."""
    found: dict[str, set[str]] = {"system": set(), "disk": set()}
    for module, tree in house.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                way = _renames(node, node.func)
                if way:
                    found[way].add(module)
    return found


def _renames(call: ast.Call, func: ast.Attribute) -> str:
    if dotted(func) in {"os.rename", "os.renames", "os.replace", "shutil.move"}:
        return "system"
    # a text's replace takes two arguments, a value's takes keywords
    one_target = func.attr == "replace" and len(call.args) == 1 and not call.keywords
    return "disk" if func.attr == "rename" or one_target else ""
