"""Manual pages in roff: what the parsers say, and what no parser knows.

The same pages come out on every machine and on every day.
"""

import os
import re
from argparse import ArgumentParser, HelpFormatter, _SubParsersAction
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import partial

from argparse_manpage.manpage import Manpage  # type: ignore[import-untyped]

from nimsg import __version__
from nimsg.cli.verbs import VERBS, parser_of
from nimsg.errors import ConfigError, Exit


SUMMARY = "messages whose senders know what was read"
DESCRIPTION = (
    "A server keeps each message in a file until it is asked for, and its sender can "
    "know when it was fetched, opened and acknowledged. Each verb has a page of its "
    "own, and says what it takes with --help."
)
EXITS = {
    Exit.DONE: "done; for client --once: there is new mail",
    Exit.NOTHING_NEW: "client --once: nothing new; search: nothing found",
    Exit.USAGE: "the command line cannot be understood, or a value does not fit",
    Exit.WAITED_IN_VAIN: "waited in vain: the time was over first",
    Exit.REFUSED: (
        'refused; "no such message" and "not yours" are the same refusal; import: '
        "something was not taken"
    ),
    Exit.ENDED: (
        "ended: what was waited for can never come, or the message was recalled"
    ),
    Exit.UNREACHABLE: "no server can be reached, or the connection was lost",
    Exit.INTERNAL: "a fault of nimsg itself",
    Exit.STORAGE: (
        "storage failed: the server's disk, a damaged message, or a disagreement that "
        "check found; check --rebuild: a file had to go to quarantine"
    ),
    Exit.TRY_LATER: (
        "try later: the port or the store is in use, the disk or a mailbox is full, "
        "something was done too often, the server is busy or stopping"
    ),
    Exit.PROTOCOL: (
        "the other side breaks the protocol, or is not shown to be the server that "
        "was meant (TLS)"
    ),
    Exit.LOGIN: "the login was refused",
    Exit.CONFIG: "a setting, file or folder cannot be used, or a library is missing",
    Exit.INTERRUPTED: "interrupted",
}
VARIABLES = {
    "NIMSG_SERVER": "where the server is, as --server",
    "NIMSG_USER": "who you are, as --user",
    "NIMSG_PASSWORD": "the password, or a token",
    "NIMSG_INVITATION": "the invitation that nimsg register uses",
    "NIMSG_VAR": "the folder of the verbs that work on a store, as --var",
    "NIMSG_DEBUG": (
        "set to anything: a fault of nimsg itself prints where it happened"
    ),
}
FILES = {
    "$XDG_CONFIG_HOME/nimsg/config.toml": (
        "settings of a client, read and never written; below ~/.config where "
        "XDG_CONFIG_HOME is not set"
    ),
    "var": "the folder of the store, where neither --var nor NIMSG_VAR names another",
    "var/admin.sock": "where a running server listens to nimsg user and shutdown",
}

# As wide as any text: a line that is broken here could begin with a dot.
ONE_LINE = partial(HelpFormatter, width=100_000)
FIXED_SPACE = "\N{NO-BREAK SPACE}"
POSITIONAL = "positional arguments"
BRACKETS = re.compile(r"\[[^][]*(?:\[[^][]*][^][]*)*]")
# What roff would show as another character, or break a line at.
AS_TYPED = str.maketrans({"`": r"\(ga", "~": r"\(ti", "^": r"\(ha", FIXED_SPACE: r"\ "})
# Ragged on the right, and no word or option is broken.
LAYOUT = ".nh\n.ad l\n"


def page_of(verb: str) -> str:
    """The page of a verb."""
    parser, _ = parser_of(verb)
    sections = {
        "exit status": f"See {reference('nimsg')}.",
        "see also": reference("nimsg"),
    }
    return page(parser, f"nimsg-{verb}", VERBS[verb].help, sections)


def overview() -> str:
    """The page of nimsg itself: what holds for every verb."""
    parser = ArgumentParser(
        prog="nimsg", usage="nimsg VERB ...", description=DESCRIPTION, add_help=False
    )
    parser.add_argument(
        "-V", "--version", action="store_true", help="show the version and exit"
    )
    sections = {
        "verbs": verbs_by_group(),
        "exit status": listed((str(int(code)), text) for code, text in EXITS.items()),
        "environment": listed(VARIABLES.items()),
        "files": listed(FILES.items()),
        "see also": ",\n".join(reference(f"nimsg-{verb}") for verb in sorted(VERBS)),
    }
    return page(parser, "nimsg", SUMMARY, sections)


def page(
    parser: ArgumentParser, name: str, summary: str, sections: Mapping[str, str]
) -> str:
    """A page: what a parser takes, and further sections in roff."""
    date = fixed_date()
    acts = acts_of(parser)
    for act in acts:
        one_line_usage(act)
    taken = one_line_usage(parser).removeprefix(parser.prog).strip()
    for group in parser._action_groups:  # noqa: SLF001 - argparse has no other way
        if group.title == POSITIONAL:
            group.title = "acts" if acts else "arguments"
    made = Manpage(parser, format="single-commands-section")
    made.prog, made.date, made.description = name, date, summary
    made.source, made.manual = f"nimsg {__version__}", "nimsg"
    made.synopsis = [parser.prog, escaped(taken)]
    for heading, content in sections.items():
        made.add_section(heading, "=", content)
    return tidy(str(made))


def acts_of(parser: ArgumentParser) -> list[ArgumentParser]:
    """The parsers of a verb's acts."""
    return [
        act
        for action in parser._actions  # noqa: SLF001 - argparse has no other way
        if isinstance(action, _SubParsersAction)
        for act in action.choices.values()
    ]


def one_line_usage(parser: ArgumentParser) -> str:
    """Make a parser write its usage in one line without colours; that line."""
    parser.formatter_class = ONE_LINE
    vars(parser)["color"] = False  # Python 3.14 colours what a terminal is to show
    words = parser.format_usage().split(maxsplit=1)[1].strip()
    usage = BRACKETS.sub(hold_together, words)
    parser.usage = usage.replace("%", "%%")
    return usage


def hold_together(words: re.Match[str]) -> str:
    """An option and its value stay on one line."""
    return words[0].replace(" ", FIXED_SPACE)


def tidy(text: str) -> str:
    """Lay a page out, without the empty lines that roff would show."""
    heading, rest = text.translate(AS_TYPED).split("\n", 1)
    rest = re.sub(r"\n{2,}(?=\.)", "\n", rest)
    return f"{heading}\n{LAYOUT}" + re.sub(r"\n{2,}", "\n.PP\n", rest)


def fixed_date() -> str:
    """The day that SOURCE_DATE_EPOCH names, else none. Raises `ConfigError`."""
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    if seconds is None:
        return ""
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d")
    except (ValueError, OverflowError, OSError):
        raise ConfigError(
            f"SOURCE_DATE_EPOCH: {seconds!r} is no number of seconds"
        ) from None


# -- pieces of roff


def verbs_by_group() -> str:
    """The table of verbs, as `nimsg --help` orders it."""
    blocks = []
    for group in dict.fromkeys(verb.group for verb in VERBS.values()):
        rows = [
            (name, verb.help) for name, verb in VERBS.items() if verb.group == group
        ]
        blocks.append(f".SS {escaped(group)}\n{listed(rows)}")
    return "\n".join(blocks)


def listed(rows: Iterable[tuple[str, str]]) -> str:
    """Terms with what they mean."""
    return "\n".join(
        f".TP\n\\fB{escaped(term)}\\fR\n{escaped(text)}" for term, text in rows
    )


def reference(page_name: str) -> str:
    """Another page, named as manual pages name each other."""
    return f"\\fB{escaped(page_name)}\\fR(1)"


def escaped(text: str) -> str:
    """A text that roff prints as it is: a dash is a minus, a dot begins no command."""
    safe = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{safe}" if safe.startswith((".", "'")) else safe
