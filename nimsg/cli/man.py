"""`nimsg man`: manual pages, made from the parsers."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from nimsg.cli import show
from nimsg.cli.manpage import overview, page_of
from nimsg.cli.store import some_path
from nimsg.cli.verbs import VERBS
from nimsg.errors import ConfigError, Exit, UsageError


def man_arguments(parser: ArgumentParser) -> None:
    """Options of `man`."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "verb", metavar="VERB", nargs="?", help="the page of a verb; else the overview"
    )
    which.add_argument(
        "--all",
        metavar="FOLDER",
        type=some_path,
        help="write all pages into this folder",
    )


def run_man(args: Namespace) -> int:
    """Print a page, or write them all."""
    if args.all is not None:
        write_all(args.all)
        return Exit.DONE
    if args.verb is not None and args.verb not in VERBS:
        raise UsageError(f"there is no verb {args.verb!r}; see nimsg --help")
    print(overview() if args.verb is None else page_of(args.verb), end="")
    return Exit.DONE


def write_all(folder: Path) -> None:
    """Write `nimsg.1` and a page for each verb. Raises `ConfigError`."""
    pages = {"nimsg": overview(), **{f"nimsg-{verb}": page_of(verb) for verb in VERBS}}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in pages.items():
            (folder / f"{name}.1").write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from None
    show.note(f"{len(pages)} pages in {folder}")
