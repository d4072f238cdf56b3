"""Commands of nimsg in fenced blocks, taken apart as a shell takes them apart."""

import re
import shlex
from collections.abc import Iterator

from nimsg.cli.verbs import VERBS, parser_of
from tests.support.pages import fences


PROMPT = re.compile(r"^\w*\$ ")
BREAKS = frozenset("|&;()<>")
GENERAL = ("--help", "--version")


def commands(page: str) -> Iterator[list[str]]:
    """The words behind each `nimsg` in the blocks of a page."""
    for language, lines in fences(page):
        typed = lines if language == "sh" else []
        if language in ("console", "text"):
            typed = [line for line in lines if PROMPT.match(line)]
        for line in "\n".join(typed).replace("\\\n", " ").split("\n"):
            yield from _in_line(PROMPT.sub("", line))


def _in_line(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    words = list(lexer)
    for at, word in enumerate(words):
        if " " in word and "nimsg " in word:
            yield from _in_line(word)
        as_user = words[at - 1 : at] == ["-u"]  # sudo -u nimsg ...
        if (word == "nimsg" and not as_user) or word.endswith("bin/nimsg"):
            yield _until_break(words[at + 1 :])


def _until_break(words: list[str]) -> list[str]:
    end = next((at for at, word in enumerate(words) if BREAKS.issuperset(word)), None)
    return words[:end]


def fault(words: list[str]) -> str:
    """What is wrong with a command, or nothing."""
    if words[:1] in ([option] for option in GENERAL):
        return ""
    if not words or words[0] not in VERBS:
        return f"there is no verb in {words}"
    parser, _ = parser_of(words[0])
    try:
        parser.parse_args(words[1:])
    except SystemExit:
        return f"{words} cannot be parsed"
    return ""
