"""`nimsg client` and `nimsg talk`: sessions; `--once` is the check for scripts."""

import os
from argparse import ArgumentParser, Namespace

from nimsg.cli.once import Check, check
from nimsg.cli.settings import (
    add_connection_arguments,
    add_json_argument,
    address_argument,
    given_by,
    read_settings,
    seconds,
)
from nimsg.client.address import parse_port
from nimsg.errors import UsageError


PLACE = "HOST:PORT, HOST PORT or PORT, the same as --server; then PEER_PORT"


def client_arguments(parser: ArgumentParser) -> None:
    """Options of `client`."""
    add_place_arguments(parser)
    parser.add_argument(
        "--once",
        action="store_true",
        help="list new mail and exit: 0 there is some, 1 there is none",
    )
    parser.add_argument(
        "--open",
        action="store_true",
        help="with --once: open and print each; their senders see that",
    )
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="with --once: only the exit code"
    )
    add_json_argument(parser)
    _add_screen_arguments(parser)
    add_connection_arguments(parser)


def _add_screen_arguments(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("screen")
    group.add_argument(
        "--poll",
        metavar="SECONDS",
        type=seconds,
        help="ask the server so often whether it is there, and with --no-wait what "
        "is new, from 0.5 on (2)",
    )
    group.add_argument(
        "--no-wait",
        action="store_true",
        help="only poll: the server need not hold a question until there is news",
    )
    group.add_argument(
        "--dwell",
        metavar="SECONDS",
        type=seconds,
        help="open a message that the focused preview has shown for so long; 0: only "
        "a key opens (2)",
    )
    group.add_argument(
        "--theme", metavar="NAME", help="dark, light, 16 or mono colours (dark)"
    )
    group.add_argument("--ascii", action="store_true", help="signs of ASCII only")
    group.add_argument("--mouse", action="store_true", help="use the mouse")


def talk_arguments(parser: ArgumentParser) -> None:
    """Options of `talk`."""
    add_place_arguments(parser)
    add_connection_arguments(parser)


def run_talk(args: Namespace) -> int:
    """Talk, line by line."""
    from nimsg.cli.talk import talk

    server, peer_port = place(args)
    args.server = server or args.server
    return talk(read_settings(args), peer_port)


def add_place_arguments(parser: ArgumentParser) -> None:
    """Where the server is, and where this client listens for private links."""
    parser.add_argument("address", nargs="*", metavar="PLACE", help=PLACE)
    parser.add_argument(
        "--peer-port",
        metavar="N",
        help="listen here for private links (the system chooses)",
    )


def place(args: Namespace) -> tuple[str | None, int]:
    """The server that was named, if any, and the peer port (0: any).

    Raises `UsageError`.
    """
    words = list(args.address)
    peer = args.peer_port
    with_peer = len(words) == 3 or (  # noqa: PLR2004 - HOST PORT PEER_PORT
        len(words) == 2 and _has_port(words[0])  # noqa: PLR2004 - PORT PEER_PORT
    )
    if with_peer:
        if peer is not None:
            raise UsageError("PEER_PORT and --peer-port are the same: give one")
        peer = words.pop()
    return address_argument(words), 0 if peer in (None, "0") else parse_port(peer)


def _has_port(word: str) -> bool:
    """Whether this names a server whole: `PORT`, `HOST:PORT`, `[IPV6]:PORT`."""
    if word.startswith("["):
        return "]:" in word
    return word.isdecimal() or word.count(":") == 1


def run_client(args: Namespace) -> int:
    """Show the screen, talk where there is none, or check the mailbox once."""
    if not args.once:
        if args.open or args.quiet or args.json:
            raise UsageError("--open, --quiet and --json go with --once")
        drawn = has_screen() and not args.no_input
        return _run_screen(args) if drawn else run_talk(args)
    server, peer_port = place(args)
    if peer_port:
        raise UsageError("--once opens no private links, and needs no peer port")
    args.server = server or args.server
    return check(Check(given_by(args), args.open, args.quiet, args.json))


def has_screen() -> bool:
    """Whether a person sits at a terminal that can be drawn on."""
    drawable = os.environ.get("TERM", "dumb") not in {"dumb", "unknown", ""}
    return drawable and os.isatty(0) and os.isatty(1)


def _run_screen(args: Namespace) -> int:
    # urwid is not for those who only ask whether there is mail.
    from nimsg.cli.screen import run_screen

    server, peer_port = place(args)
    args.server = server or args.server
    return run_screen(args, peer_port)
