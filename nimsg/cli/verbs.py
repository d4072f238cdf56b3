"""The verbs as a table; of the one that a line begins with the parser is built."""

import os
import sys
from argparse import ArgumentParser, HelpFormatter, Namespace
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from nimsg import __version__
from nimsg.errors import Exit, UsageError


class Verb(NamedTuple):
    """Where a verb lives, and what it does in one line.

    The module holds `<name>_arguments(parser)` and `run_<name>(args) -> int`.
    """

    module: str
    group: str
    help: str


HELP_COLUMNS = 80
VERBS: dict[str, Verb] = {
    "server": Verb("server", "Serving", "run the server"),
    "check": Verb(
        "check", "Serving", "compare files, ledger and index; --rebuild makes it anew"
    ),
    "backup": Verb("backup", "Serving", "copy the store, while a server runs or not"),
    "user": Verb("user", "Serving", "add, invite, list, change and remove accounts"),
    "stats": Verb("stats", "Serving", "show what the server is at, in figures"),
    "shutdown": Verb("shutdown", "Serving", "end the server after a while, or cancel"),
    "client": Verb(
        "client", "Mail", "the full screen; with --once tell whether there is new mail"
    ),
    "talk": Verb("client", "Mail", "read, write and meet others, line by line"),
    "send": Verb("send", "Mail", "send a message, and wait for its readers"),
    "wait": Verb("wait", "Mail", "wait until a message has been read"),
    "inbox": Verb("mailbox", "Mail", "list received messages"),
    "outbox": Verb("mailbox", "Mail", "list sent messages and who has read them"),
    "open": Verb("letter", "Mail", "show a message; its sender sees that you did"),
    "ack": Verb("letter", "Mail", "acknowledge a message"),
    "status": Verb("letter", "Mail", "show who has read a message, and when"),
    "recall": Verb("letter", "Mail", "withdraw a message from who has not opened it"),
    "delete": Verb("letter", "Mail", "remove a message from your own view"),
    "whoelse": Verb("people", "People", "list who else is online"),
    "whoelsesince": Verb(
        "people", "People", "list who else was online in the last seconds"
    ),
    "seen": Verb("people", "People", "tell when somebody was last online"),
    "broadcast": Verb("people", "People", "send a text to everybody who is online"),
    "block": Verb("people", "People", "keep somebody from writing to you"),
    "unblock": Verb("people", "People", "take a block back"),
    "blocks": Verb("people", "People", "list whom you block"),
    "room": Verb("room", "Rooms", "list, make, join, leave, read and write to rooms"),
    "search": Verb("search", "Finding", "find messages by words, people and date"),
    "thread": Verb("thread", "Finding", "show a message with its answers"),
    "import": Verb("importing", "Moving", "take over mbox, Maildir or JSON lines"),
    "export": Verb("exporting", "Moving", "write mail as mbox, Maildir or JSON lines"),
    "register": Verb("account", "Account", "make an account"),
    "passwd": Verb("account", "Account", "change your password"),
    "logins": Verb("logins", "Account", "list your logins and the tries that failed"),
    "token": Verb("account", "Account", "make, list and revoke tokens for scripts"),
    "completion": Verb(
        "completion", "Shell", "print a script that lets Tab complete nimsg"
    ),
    "man": Verb("man", "Shell", "print a manual page"),
    "demo": Verb("demo", "Trying", "watch two people write to each other"),
}


def run_verb(argv: Sequence[str], loaded: Callable[[], object]) -> int:
    """Run the verb that a command line begins with."""
    if argv[1:] and argv[0] == "help":
        return run_verb([*argv[1:], "--help"], loaded)
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(usage())
        return Exit.DONE if argv else Exit.USAGE
    if argv[0] in ("-V", "--version"):
        print(version())
        return Exit.DONE
    if argv[0] not in VERBS:
        kind = "option" if argv[0].startswith("-") else "verb"
        raise UsageError(f"there is no {kind} {argv[0]!r}; see nimsg --help")
    parser, run = parser_of(argv[0])
    loaded()
    try:
        args = parser.parse_args(argv[1:])
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else Exit.USAGE
    return run(args)


def parser_of(name: str) -> tuple[ArgumentParser, Callable[[Namespace], int]]:
    """A verb's parser, and what runs it."""
    text = sentence(VERBS[name].help)
    parser = ArgumentParser(
        prog=f"nimsg {name}", description=text, formatter_class=_help
    )
    return parser, fill(parser, name)


def fill(parser: ArgumentParser, name: str) -> Callable[[Namespace], int]:
    """Give a parser what a verb takes; what runs the verb."""
    module = import_module(f"nimsg.cli.{VERBS[name].module}")
    getattr(module, f"{name}_arguments")(parser)
    run: Callable[[Namespace], int] = getattr(module, f"run_{name}")
    return run


def _help(prog: str) -> HelpFormatter:
    """As wide as the terminal; left to itself argparse imports shutil to know."""
    try:
        columns = os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        columns = HELP_COLUMNS
    return HelpFormatter(prog, width=columns - 2)


def offer_words() -> int:
    """Answer a shell that asks how its line can go on."""
    from nimsg.cli.completion import offer

    offer({name: verb.help for name, verb in VERBS.items()}, fill)
    return Exit.DONE


def usage() -> str:
    """What `nimsg --help` prints."""
    lines = ["usage: nimsg VERB ...     nimsg VERB --help     nimsg --version", ""]
    for group in dict.fromkeys(verb.group for verb in VERBS.values()):
        lines.append(group)
        lines += [
            f"  {name:<13} {verb.help}"
            for name, verb in VERBS.items()
            if verb.group == group
        ]
        lines.append("")
    lines.append("A server keeps each message in a file until it is asked for, and its")
    lines.append("sender can know when it was fetched, opened and acknowledged.")
    return "\n".join(lines)


def version() -> str:
    """What a report about a fault should hold."""
    from importlib.metadata import PackageNotFoundError, version as installed

    try:
        urwid = installed("urwid")
    except PackageNotFoundError:
        urwid = "none"
    python = ".".join(map(str, sys.version_info[:3]))
    term = os.environ.get("TERM", "none")
    return f"nimsg {__version__} (Python {python}, urwid {urwid}, TERM {term})"


def sentence(text: str) -> str:
    """A help line as a sentence."""
    return f"{text[0].upper()}{text[1:]}."
