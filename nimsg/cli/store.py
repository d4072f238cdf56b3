"""Files and folders on a command line, and which folder a verb works on."""

import os
from argparse import ArgumentParser, Namespace
from pathlib import Path
from shlex import quote

from nimsg.cli.filled import filled


def some_path(text: str) -> Path:
    """A file or folder of a command line. Raises `ArgumentTypeError`."""
    return Path(filled(text))


def add_var_argument(parser: ArgumentParser) -> None:
    """`--var`, the same for every verb that works on a store."""
    parser.add_argument(
        "--var",
        metavar="FOLDER",
        type=some_path,
        help="where everything is kept (NIMSG_VAR; ./var)",
    )


def var_folder(args: Namespace) -> Path:
    """The folder by argument, environment or default."""
    return Path(args.var or os.environ.get("NIMSG_VAR") or "var")


def var_words(args: Namespace) -> str:
    """The folder that was given, to be typed again behind another verb."""
    return f" --var {quote(str(args.var))}" if args.var else ""
