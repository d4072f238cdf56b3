"""The options of `nimsg server`, and the settings that they come to."""

from argparse import ArgumentParser, Namespace
from functools import partial

from nimsg.cli.filled import filled
from nimsg.cli.numbers import number, whole
from nimsg.cli.store import add_var_argument, some_path, var_folder
from nimsg.config import ServerConfig
from nimsg.core.quota import BYTES_PER_MIB
from nimsg.errors import UsageError
from nimsg.logs import LEVELS
from nimsg.protocol.constants import (
    ACCOUNT_LIMITS,
    ADDRESS_LIMITS,
    DEFAULT_PORT,
    AuthMode,
    LockoutScope,
    Registration,
    limit,
)


PORT_MOST = 65_535
LIMIT_MOST = 10**9
SETTABLE = (*ACCOUNT_LIMITS, *ADDRESS_LIMITS, "presence_ms")
# Less would let mail eat the space that the reserve gives up for everything else.
MIN_FREE_LEAST_MIB = 8
RETENTION_MOST_DAYS = 36_500
SECONDS_MOST = 10**9
SHOWN = 32
STANDARD_OUTPUT = "-"


def add_options(parser: ArgumentParser) -> None:
    """All of them, and the three places of old."""
    parser.add_argument("positional_port", metavar="PORT", nargs="?", help="as --port")
    parser.add_argument(
        "positional_block",
        metavar="BLOCK_DURATION",
        nargs="?",
        help="as --block-duration, 1 or more",
    )
    parser.add_argument(
        "positional_timeout",
        metavar="TIMEOUT",
        nargs="?",
        help="as --timeout, 1 or more",
    )
    parser.add_argument(
        "--port", metavar="N", help=f"0 lets the system choose ({DEFAULT_PORT})"
    )
    parser.add_argument(
        "--host",
        type=filled,
        default="127.0.0.1",
        help="where to listen (127.0.0.1)",
    )
    add_var_argument(parser)
    _add_people_arguments(parser)
    _add_login_arguments(parser)
    _add_tls_arguments(parser)
    _add_limit_arguments(parser)
    parser.add_argument(
        "--log", choices=LEVELS, default="warning", help="what to log (warning)"
    )
    parser.add_argument(
        "--prometheus",
        metavar="FILE",
        type=some_path,
        help="keep the figures of `nimsg stats` in a file for a monitor",
    )


def _add_tls_arguments(parser: ArgumentParser) -> None:
    """By what certificate it is known."""
    parser.add_argument(
        "--tls",
        action="store_true",
        help="speak TLS on the loopback too; without --tls-cert the server makes a "
        "certificate of its own",
    )
    parser.add_argument(
        "--tls-cert", metavar="FILE", type=some_path, help="PEM certificate"
    )
    parser.add_argument("--tls-key", metavar="FILE", type=some_path, help="PEM key")


def _add_people_arguments(parser: ArgumentParser) -> None:
    """Who may come in, and how."""
    parser.add_argument(
        "--auth",
        choices=[mode.value for mode in AuthMode],
        default=AuthMode.PASSWORD,
        help="how a name is proven; nick: it is anybody's who uses it first, for as "
        "long; open: knowing it is enough (password)",
    )
    parser.add_argument(
        "--registration",
        choices=[one.value for one in Registration],
        default=Registration.OPEN,
        help="who may make accounts; invite: who has a code of `nimsg user invite`; "
        "closed: only `nimsg user` (open)",
    )
    parser.add_argument(
        "--credentials",
        metavar="FILE",
        type=some_path,
        help="make the accounts of a file of `user password` lines",
    )
    parser.add_argument(
        "--shred-credentials",
        action="store_true",
        help="overwrite and remove that file once its accounts are made",
    )


def _add_login_arguments(parser: ArgumentParser) -> None:
    """When a name is locked, and when a session ends by itself."""
    parser.add_argument(
        "--block-duration",
        metavar="SECONDS",
        help="three wrong passwords in a row lock a name for so long; 0: never (60)",
    )
    parser.add_argument(
        "--lockout-scope",
        choices=[scope.value for scope in LockoutScope],
        default=LockoutScope.ACCOUNT,
        help="account: a locked name is locked for everybody; address: only for the "
        "address that the wrong passwords came from (account)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        help="log people out who have done nothing for so long; 0: never (0)",
    )


def _add_limit_arguments(parser: ArgumentParser) -> None:
    """How many are served, and how much is kept for how long."""
    parser.add_argument(
        "--max-clients",
        metavar="N",
        type=whole(1, LIMIT_MOST),
        default=4096,
        help="(4096)",
    )
    parser.add_argument(
        "--min-free",
        metavar="MIB",
        type=whole(MIN_FREE_LEAST_MIB, LIMIT_MOST),
        default=64,
        help="refuse mail when less space is free (64)",
    )
    parser.add_argument(
        "--quota",
        metavar="MIB",
        type=whole(0, LIMIT_MOST),
        default=limit("quota_bytes") // BYTES_PER_MIB,
        help="what one account may keep; 0: any (100)",
    )
    parser.add_argument(
        "--quota-messages",
        metavar="N",
        type=whole(0, LIMIT_MOST),
        default=limit("quota_messages"),
        help="how many messages one account may keep; 0: any (100000)",
    )
    parser.add_argument(
        "--limit",
        metavar="NAME=N",
        action="append",
        default=[],
        help="another count for a limit by its name in `hello`, such as "
        "sends_per_minute; 0: none",
    )
    parser.add_argument(
        "--retention",
        metavar="DAYS",
        type=partial(number, what="days", most=RETENTION_MOST_DAYS),
        default=30.0,
        help="keep a text so long after the last person has deleted it (30)",
    )


def config_of(args: Namespace) -> ServerConfig:
    """The settings of a command line. Raises `UsageError`."""
    if args.port is not None and args.positional_port is not None:
        raise UsageError("the port is given twice")
    if (args.tls_cert is None) != (args.tls_key is None):
        raise UsageError("--tls-cert and --tls-key are given together or not at all")
    if args.prometheus is not None and str(args.prometheus) == STANDARD_OUTPUT:
        raise UsageError(
            "--prometheus takes a file; `nimsg stats --prometheus -` prints the figures"
        )
    if args.shred_credentials and args.credentials is None:
        raise UsageError("--shred-credentials goes with --credentials FILE")
    port = port_of(args.port or args.positional_port or str(DEFAULT_PORT))
    return ServerConfig(
        var=var_folder(args),
        host=args.host,
        port=port,
        auth=args.auth,
        registration=args.registration,
        tls_cert=args.tls_cert,
        tls_key=args.tls_key,
        tls=args.tls,
        prometheus=args.prometheus,
        max_clients=args.max_clients,
        min_free_bytes=args.min_free * 1024 * 1024,
        retention_days=args.retention,
        limits=_limits(args),
        block_duration_s=_seconds(
            args.block_duration, args.positional_block, "BLOCK_DURATION", 60
        ),
        lockout_scope=args.lockout_scope,
        idle_timeout_s=_seconds(args.timeout, args.positional_timeout, "TIMEOUT", 0),
    )


def _limits(args: Namespace) -> dict[str, int]:
    """Quotas and the limits that were asked for. Raises `UsageError`."""
    found = {
        "quota_bytes": args.quota * BYTES_PER_MIB,
        "quota_messages": args.quota_messages,
    }
    for text in args.limit:
        name, _, count = text.partition("=")
        if name not in SETTABLE or not _is_number(count, 0):
            raise UsageError(
                f"--limit is NAME=N, with N from 0 (none) to {LIMIT_MOST}, not "
                f"{text[:SHOWN]!r}; names are {', '.join(SETTABLE)}"
            )
        found[name] = int(count)
    return found


def _seconds(
    option: str | None, positional: str | None, name: str, usual: float
) -> float:
    """A time by option, where 0 is never, or by place. Raises `UsageError`."""
    if option is not None and positional is not None:
        raise UsageError(f"the {name} is given twice")
    if positional is not None:
        if not _is_number(positional, 1):
            raise UsageError(
                f"{name} is 1 to {SECONDS_MOST} seconds, not {positional[:SHOWN]!r}; "
                f"{_option(name)} 0 is never"
            )
        return float(positional)
    if option is None:
        return usual
    if not _is_number(option, 0):
        raise UsageError(
            f"{_option(name)} is 0 to {SECONDS_MOST} seconds (0: never), "
            f"not {option[:SHOWN]!r}"
        )
    return float(option)


def _is_number(text: str, least: int) -> bool:
    """Whether a text is a whole number of seconds."""
    digits = text.isdecimal() and len(text) <= len(str(SECONDS_MOST))
    return digits and least <= int(text) <= SECONDS_MOST


def _option(name: str) -> str:
    """The option that says the same as a place on the command line."""
    return f"--{name.lower().replace('_', '-')}"


def port_of(text: str) -> int:
    """A port to listen on, 0 included. Raises `UsageError`."""
    if not text.isdecimal() or int(text) > PORT_MOST:
        raise UsageError(f"{text!r} is no port: a port is 0 to {PORT_MOST}")
    return int(text)
