"""The command line as docs/cli.md tells it: verbs, and a label for each option."""

import argparse
from collections.abc import Iterator

from nimsg.cli.verbs import VERBS, parser_of


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every verb, or every act of a verb that has acts, with its parser."""
    for verb in VERBS:
        parser, _ = parser_of(verb)
        acts = [
            action.choices
            for action in parser._actions
            if isinstance(action, argparse._SubParsersAction)
        ]
        yield from (
            ((f"{verb} {name}", act) for name, act in acts[0].items())
            if acts
            else [(verb, parser)]
        )


def labels(parser: argparse.ArgumentParser) -> list[str]:
    """What a parser takes, in order: `-f, --file FILE`, `[ID]`, `--json`."""
    return [
        label(action)
        for action in parser._actions
        if not isinstance(action, argparse._HelpAction)
    ]


def label(action: argparse.Action) -> str:
    """One option or argument."""
    return " ".join(filter(None, [", ".join(action.option_strings), _values(action)]))


def _values(action: argparse.Action) -> str:
    if action.nargs == 0:
        return ""
    name = str(action.metavar or action.dest.upper())
    if action.choices:
        name = "|".join(map(str, action.choices))
    forms = {"?": f"[{name}]", "*": f"[{name} ...]", "+": f"{name} [{name} ...]"}
    return forms.get(str(action.nargs), name)
