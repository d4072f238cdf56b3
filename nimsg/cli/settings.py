"""The options that verbs share, and the settings that come of them."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from nimsg.cli.filled import filled
from nimsg.cli.numbers import number
from nimsg.cli.sources import TIMEOUT_S, Given, Settings, find_settings
from nimsg.client.address import Address, parse_port
from nimsg.errors import UsageError


SECONDS_MOST = 10**9


def add_connection_arguments(parser: ArgumentParser) -> None:
    """The options that every verb of a client has."""
    group = parser.add_argument_group("connection")
    group.add_argument(
        "--server",
        metavar="HOST:PORT",
        type=filled,
        help="where the server is (NIMSG_SERVER; 127.0.0.1:6969)",
    )
    group.add_argument("--user", metavar="NAME", help="who you are (NIMSG_USER)")
    group.add_argument(
        "--password-file",
        metavar="FILE",
        type=filled,
        help="a file of mode 0600 with the password or a token in its first line; "
        "else NIMSG_PASSWORD, else a prompt",
    )
    group.add_argument("--tls", action="store_true", help="TLS on the loopback too")
    group.add_argument(
        "--ca", metavar="FILE", type=filled, help="trust certificates of this CA"
    )
    group.add_argument(
        "--fingerprint",
        metavar="SHA256",
        type=filled,
        help="trust this one certificate",
    )
    group.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=some_seconds,
        default=TIMEOUT_S,
        help="give up on a server that has not answered in so long (10)",
    )
    group.add_argument(
        "--connect-wait",
        metavar="SECONDS",
        type=seconds,
        default=None,
        help="try so long to reach a server that is not there (2; with --once 0)",
    )
    group.add_argument(
        "--no-input", action="store_true", help="never ask, even on a terminal"
    )


# Given, they mean a server over the wire.
WIRED = ("server", "user", "password_file", "tls", "ca", "fingerprint")


def wired(args: Namespace) -> str | None:
    """The first option given that is for a server over the wire; None where none is."""
    given = (name for name in WIRED if getattr(args, name))
    return next((f"--{name.replace('_', '-')}" for name in given), None)


def check_only_var(args: Namespace) -> None:
    """Raises `UsageError` where beside --var a server over the wire is meant too."""
    given = wired(args)
    if given:
        raise UsageError(
            f"--var is for who owns the folder, {given} for a server over the wire: "
            "give one of them"
        )


def add_json_argument(parser: ArgumentParser) -> None:
    """`--json`, the same for every verb."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON object a line, times in UTC"
    )


def seconds(text: str) -> float:
    """A time for an option. Raises `ArgumentTypeError`."""
    return number(text, "seconds", SECONDS_MOST)


def some_seconds(text: str) -> float:
    """A time that is not over at once. Raises `ArgumentTypeError`."""
    if seconds(text) == 0:
        raise ArgumentTypeError("no server answers in no time")
    return seconds(text)


def read_settings(args: Namespace, default_patience_s: float = 2.0) -> Settings:
    """The settings for a command line. Raises `UsageError` or `ConfigError`."""
    return find_settings(given_by(args), default_patience_s)


def given_by(args: Namespace) -> Given:
    """What the options of every verb of a client say."""
    return Given(
        server=args.server,
        user=args.user,
        password_file=args.password_file,
        tls=args.tls,
        ca=args.ca,
        fingerprint=args.fingerprint,
        timeout_s=args.timeout,
        patience_s=args.connect_wait,
        may_ask=not args.no_input,
    )


def address_argument(words: list[str]) -> str | None:
    """`HOST:PORT`, `HOST PORT` or `PORT` as one text. Raises `UsageError`."""
    if len(words) <= 1:
        return words[0] if words else None
    if len(words) == 2 and not words[0].isdecimal():  # noqa: PLR2004 - a pair
        return str(Address(words[0], parse_port(words[1])))
    raise UsageError(f"{' '.join(words)!r} is no server: HOST:PORT, HOST PORT or PORT")
