"""Which action a key is, after the remapping of a person."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from nimsg.errors import ConfigError
from nimsg.text import width
from nimsg.tui.keytable import (
    BINDINGS as BINDINGS,
    FORBIDDEN,
    MODAL,
    TYPING as TYPING,
    Binding as Binding,
    Context as Context,
)
from nimsg.tui.spans import Line, line_width


NAMED = {
    **{key: key.capitalize() for key in ("enter", "esc", "tab", "backspace")},
    **{key: key.capitalize() for key in ("insert", "home", "end")},
    **{key: key.capitalize() for key in ("up", "down", "left", "right")},
    **{f"f{n}": f"F{n}" for n in range(1, 13)},
    "delete": "Del",
    "page up": "PgUp",
    "page down": "PgDn",
    " ": "Space",
}
MODIFIERS = {"ctrl": "Ctrl", "meta": "Alt", "shift": "Shift"}
ACTIONS = tuple(dict.fromkeys(binding.action for binding in BINDINGS))
NEEDED = frozenset({"close", "quit", "submit"})
GAP = "  "

Spare = frozenset[str]  # actions
NONE: Spare = frozenset()


class KeyMap:
    """The keys of all contexts.

    `remapped` gives an action other keys, everywhere or, as in `talk.send`, in one
    context. Raises `ConfigError` for an action or key that is unknown, a key that may
    not be bound, and two actions of one context on one key.
    """

    def __init__(self, remapped: Mapping[str, Sequence[str]] | None = None) -> None:
        self._bindings = [
            binding._replace(contexts=(context,))
            for binding in BINDINGS
            for context in binding.contexts
        ]
        # Who names the context knows better than who names the action only.
        for name, written in sorted((remapped or {}).items(), key=_is_exact):
            keys = [written] if isinstance(written, str) else written
            self._remap(name, tuple(_key(name, key) for key in keys))
        self._actions = {context: _actions(self._of(context)) for context in Context}
        for context in set(Context) - MODAL:
            self._check_shadows(context)
        self._footers: dict[tuple[Context, int, Spare], Line] = {}

    def action(self, context: Context, key: str) -> str | None:
        """What a key does there; None for nothing, or for text that is typed."""
        if is_text(key) and context in TYPING:
            return None
        own = self._actions[context].get(key)
        if own is not None or context in MODAL:
            return own
        return self._actions[Context.GLOBAL].get(key)

    def keys_of(self, action: str, context: Context | None = None) -> tuple[str, ...]:
        """The keys of an action, those of all contexts where none is named."""
        found = self._bindings if context is None else self._reached(context)
        keys = [one.keys for one in found if one.action == action]
        return tuple(dict.fromkeys(key for some in keys for key in some))

    def footer(self, context: Context, cells: int, spare: Spare = NONE) -> Line:
        """The keys in one line, as many whole entries as fit; help is kept longest.

        `spare` actions are left out: they do nothing now.
        """
        key = (context, cells, spare)
        if key not in self._footers:
            self._footers[key] = self._footer(context, cells, spare)
        return self._footers[key]

    def _footer(self, context: Context, cells: int, spare: Spare) -> Line:
        useful = [one for one in self._of(context) if one.action not in spare]
        own, shared = [
            [_entry(*entry) for entry in _entries(self._shown(where, context))]
            for where in (useful, self._behind(context))
        ]
        while own and _cells([*own, *shared]) > cells:
            own.pop()
        while shared and _cells([*own, *shared]) > cells:
            shared.pop(0)
        line: Line = []
        for entry in [*own, *shared]:
            line += [("footer", GAP), *entry] if line else entry
        return line

    def help(self, context: Context) -> list[tuple[str, str]]:
        """The keys and what they do, those of the context first."""
        found: dict[str, str] = {}
        for binding in self._shown(self._reached(context), context):
            keys = " ".join(map(key_text, binding.keys))
            found.setdefault(binding.help, keys)
        return [(keys, what) for what, keys in found.items()]

    def _of(self, context: Context) -> list[Binding]:
        return [one for one in self._bindings if context in one.contexts]

    def _behind(self, context: Context) -> list[Binding]:
        """What everywhere does there, but for what the context does itself."""
        if context in MODAL or context is Context.GLOBAL:
            return []
        taken = {key for one in self._of(context) for key in one.keys}
        left = [
            one._replace(keys=tuple(key for key in one.keys if key not in taken))
            for one in self._of(Context.GLOBAL)
        ]
        return [one for one in left if one.keys]

    def _reached(self, context: Context) -> list[Binding]:
        return [*self._of(context), *self._behind(context)]

    def _shown(self, bindings: list[Binding], context: Context) -> list[Binding]:
        """Without the keys that are typed as text."""
        if context not in TYPING:
            return bindings
        left = [
            one._replace(keys=tuple(key for key in one.keys if not is_text(key)))
            for one in bindings
        ]
        return [one for one in left if one.keys]

    def _remap(self, name: str, keys: tuple[str, ...]) -> None:
        where, dot, action = name.rpartition(".")
        if action not in ACTIONS or (dot and where not in set(Context)):
            raise ConfigError(
                f"keys: there is no action {name!r}; the actions are "
                f"{', '.join(ACTIONS)}; one context's is written as talk.send"
            )
        chosen = [one for one in self._bindings if _is_of(one, where, action)]
        if not chosen:
            raise ConfigError(f"keys: there is no action {action!r} in {where}")
        if not keys and action in NEEDED:
            raise ConfigError(f"keys: {name} needs a key, or there is no way out")
        changed = {one: _with_keys(one, keys) for one in chosen}
        if keys and all(one is new for one, new in changed.items()):
            raise ConfigError(
                f"keys: {name} cannot be {', '.join(map(repr, keys))}: that is typed "
                f"as text in {', '.join(sorted(one.contexts[0] for one in chosen))}"
            )
        self._bindings = [changed.get(one, one) for one in self._bindings]

    def _check_shadows(self, context: Context) -> None:
        """Refuse a context's key that hides another action from it."""
        for key, action in self._actions[context].items():
            other = self._actions[Context.GLOBAL].get(key, action)
            if other != action:
                raise ConfigError(
                    f"keys: {key_text(key)} is {other} everywhere, and {action} "
                    f"in {context}"
                )


def key_text(key: str) -> str:
    """A key as it is shown: `Ctrl-D`, `Alt-Enter`, `PgUp`."""
    modifiers, base = _parts(key)
    shown = NAMED.get(base, base.upper() if "ctrl" in modifiers else base)
    return "-".join([*(MODIFIERS[one] for one in modifiers), shown])


def is_text(key: str) -> bool:
    """Whether a key is a character that can be typed into a field."""
    return len(key) == 1 and key.isprintable()


def _parts(key: str) -> tuple[list[str], str]:
    modifiers: list[str] = []
    while (cut := key.partition(" "))[0] in MODIFIERS and cut[2]:
        modifiers.append(cut[0])
        key = cut[2]
    return modifiers, key


def _key(action: str, written: str) -> str:
    """A key in urwid's words; raises `ConfigError` where there is none."""
    key = re.sub(r"\balt\b", "meta", written)
    key = re.sub(r"(^| )space$", r"\1 ", key)
    if key in FORBIDDEN:
        raise ConfigError(
            f"keys: {action} cannot be {written!r}: the terminal, tmux or screen "
            "keeps it, or it is the same as another key"
        )
    base = _parts(key)[1]
    if not is_text(base) and base not in NAMED:
        raise ConfigError(
            f"keys: {action}: {written!r} is no key; write it as a, ctrl d, "
            "meta enter, page up, space or f5"
        )
    return key


def _is_exact(item: tuple[str, Sequence[str]]) -> bool:
    return "." in item[0]


def _is_of(binding: Binding, where: str, action: str) -> bool:
    return binding.action == action and where in {"", *binding.contexts}


def _with_keys(binding: Binding, keys: tuple[str, ...]) -> Binding:
    """The binding with other keys; itself where all of them are typed as text."""
    if keys and binding.contexts[0] in TYPING:
        keys = tuple(key for key in keys if not is_text(key))
        return binding._replace(keys=keys) if keys else binding
    return binding._replace(keys=keys)


def _actions(bindings: Sequence[Binding]) -> dict[str, str]:
    """What each key does in a context; raises `ConfigError` where that is two."""
    found: dict[str, str] = {}
    for binding in bindings:
        for key in binding.keys:
            other = found.setdefault(key, binding.action)
            if other != binding.action:
                raise ConfigError(
                    f"keys: {key_text(key)} is both {other} and {binding.action} "
                    f"in {binding.contexts[0]}"
                )
    return found


def _entries(bindings: Sequence[Binding]) -> Iterator[tuple[str, str]]:
    """Keys and words of the footer; neighbours of the same word share it."""
    shown = [one for one in bindings if one.footer]
    for word, some in groupby(shown, key=lambda one: one.footer):
        yield "/".join(key_text(one.keys[0]) for one in some), word


def _entry(keys: str, word: str) -> Line:
    return [("footer key", keys), ("footer", f" {word}")]


def _cells(entries: Sequence[Line]) -> int:
    return sum(map(line_width, entries)) + width(GAP) * max(len(entries) - 1, 0)
