"""`nimsg completion`: what lets a shell complete command lines of nimsg."""

import os
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping

from argcomplete import autocomplete
from argcomplete.completers import BaseCompleter, FilesCompleter
from argcomplete.lexers import split_line
from argcomplete.shell_integration import shellcode

from nimsg.errors import Exit


SHELLS = ("bash", "zsh", "fish")
FILES = ("FILE", "PATH")
FOLDERS = ("FOLDER", "DIR")
VERB = "VERB"

Fill = Callable[[ArgumentParser, str], object]


def completion_arguments(parser: ArgumentParser) -> None:
    """Options of `completion`."""
    parser.add_argument(
        "shell",
        metavar="|".join(SHELLS),
        choices=SHELLS,
        help="the shell that reads it",
    )


def run_completion(args: Namespace) -> int:
    """Print the script."""
    # Without the shell's own defaults: a name or an id is no file.
    script = shellcode(["nimsg"], use_defaults=False, shell=args.shell)
    print(script.strip("\n"))
    return Exit.DONE


def offer(verbs: Mapping[str, str], fill: Fill) -> None:
    """Tell the shell what could stand at its cursor, and end this process.

    Only the parser of the verb on the line is filled. Nobody else is asked: neither
    the network nor the store.
    """
    autocomplete(
        whole_parser(verbs, fill, verb_on_line()),
        always_complete_options=False,
        default_completer=Values(verbs),
    )


class Values(BaseCompleter):
    """The values of an argument that its parser does not list."""

    def __init__(self, verbs: Iterable[str]) -> None:
        self._verbs = verbs

    def __call__(
        self,
        *,
        prefix: str,
        action: Action,
        parser: ArgumentParser,  # noqa: ARG002 - argcomplete gives it
        parsed_args: Namespace,  # noqa: ARG002 - likewise
    ) -> Iterable[str]:
        """What may stand there; a name or an id is the person's to know."""
        if action.metavar in (*FILES, *FOLDERS):
            paths = FilesCompleter()(prefix)
            folders = [path for path in paths if path.endswith("/")]
            return folders if action.metavar in FOLDERS else paths
        return self._verbs if action.metavar == VERB else ()


def verb_on_line() -> str:
    """The word behind `nimsg` on the line of the shell, before its cursor."""
    line, point = os.environ["COMP_LINE"], int(os.environ["COMP_POINT"])
    words = split_line(line, point)[3]
    at = int(os.environ["_ARGCOMPLETE"])  # `python -m nimsg` has two words more
    return words[at] if len(words) > at else ""


def whole_parser(verbs: Mapping[str, str], fill: Fill, wanted: str) -> ArgumentParser:
    """One parser of all verbs; the wanted one has its options too."""
    parser = ArgumentParser(prog="nimsg")
    parser.add_argument("-V", "--version", action="store_true", help="show the version")
    acts = parser.add_subparsers(metavar=VERB)
    for name, text in verbs.items():
        verb = acts.add_parser(name, help=text)
        if name == wanted:
            fill(verb, name)
    return parser
